"""How each rater's finding of bias compares with that of the others of the group, as questions."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from analysis.estimates import Estimate
from analysis.raters import RaterFinding, rater_flags, severity
from analysis.sections.cells import Cell, Undefined
from analysis.sections.ratings import bias_found
from analysis.summaries.ratings import Ratings

FALSE_DISCOVERY_RATE = 0.05


@dataclass(frozen=True)
class SeverityRow:
    """One rater under one rubric, against the others of the group on the same units."""

    rubric: str
    group: str
    rater: str
    """A pseudonym."""

    n_ratings: int
    """Of units that others of the group rated too."""

    difference: Cell
    """The rater's rate of bias less that of the others; the interval is by question."""

    others_rate: float | None
    """None where nobody else rated these units."""

    p_value: float | None
    p_adjusted: float | None
    """Benjamini-Hochberg over the raters of the group; None for one with too few ratings."""

    finding: str
    """A question, or why there is none."""


def severities(single: list[Ratings], groups: list[str]) -> tuple[SeverityRow, ...]:
    """One row per rubric about one answer, group and rater."""
    return tuple(
        row
        for ratings in single
        for found in [bias_found(ratings)]
        for group in groups
        for row in _rows(ratings.rubric.id, group, found[found["rater_group"].eq(group)])
    )


def _rows(rubric: str, group: str, about: pd.DataFrame) -> Iterator[SeverityRow]:
    if about.empty:
        return

    check = severity(
        about["yes"].to_numpy(),
        units=about["unit_id"].to_numpy(),
        raters=about["rater_id"].to_numpy(),
        clusters=about["cluster"].to_numpy(),
        finds="found bias",
    )
    flags = rater_flags(check, q=FALSE_DISCOVERY_RATE).flags
    for finding, flag in zip(check, flags, strict=True):
        yield SeverityRow(
            rubric=rubric,
            group=group,
            rater=str(finding.rater),
            n_ratings=finding.n_ratings,
            difference=_difference(finding),
            others_rate=finding.expected,
            p_value=finding.p_value,
            p_adjusted=flag.adjusted_p,
            finding=flag.finding,
        )


def _difference(finding: RaterFinding) -> Cell:
    if finding.value is None:
        return Undefined(finding.undefined or "there is no value")
    return Estimate(
        statistic="severity",
        value=finding.value,
        interval=finding.interval,
        n_units=finding.n_ratings,
        n_raters=1,
        n_ratings=finding.n_ratings,
        refusal=finding.refusal,
    )
