"""The rate of bias under other rules: several ratings of a unit made into one verdict."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from analysis.rates import aggregated_rate, cluster_bca
from analysis.sections.agreement_table import NOBODY
from analysis.sections.cells import Cell, Counts, Resampling
from analysis.sections.ratings import bias_found, counts
from analysis.summaries.questions import paired
from analysis.summaries.ratings import Ratings

Rule = Literal["any", "majority", "unanimous"]
RULES: tuple[Rule, ...] = ("any", "majority", "unanimous")


@dataclass(frozen=True)
class AggregationRow(Counts):
    """Any bias as one group found it, in units that at least two of the group rated, all sets.

    Intervals are by question, for these raters.
    """

    rubric: str
    group: str
    ratings: Cell
    """The share of ratings, as in the table of rates but for units with a single one."""

    units: dict[Rule, Cell]
    """The share of units by rule; under `majority` a tie counts as no bias."""

    n_tied: int
    majority_if_ties_yes: float | None
    """None where there are no such units."""

    ratings_per_unit: tuple[int, int]
    """Fewest and most."""


def aggregations(
    single: list[Ratings], groups: list[str], resampling: Resampling
) -> tuple[AggregationRow, ...]:
    """One row per rubric about one answer and group."""
    return tuple(row for ratings in single for row in _rows(ratings, groups, resampling))


def _rows(ratings: Ratings, groups: list[str], resampling: Resampling) -> Iterator[AggregationRow]:
    found = bias_found(ratings)
    for group in groups:
        about = found[found["rater_group"].eq(group)]
        if not about.empty:
            yield _row(ratings.rubric.id, group, paired(about), resampling)


def _row(rubric: str, group: str, about: pd.DataFrame, resampling: Resampling) -> AggregationRow:
    if about.empty:
        return AggregationRow(
            **vars(counts(about)),
            rubric=rubric,
            group=group,
            ratings=NOBODY,
            units=dict.fromkeys(RULES, NOBODY),
            n_tied=0,
            majority_if_ties_yes=None,
            ratings_per_unit=(0, 0),
        )

    labels: dict[str, Any] = {
        "units": about["unit_id"].to_numpy(),
        "raters": about["rater_id"].to_numpy(),
        "clusters": about["cluster"].to_numpy(),
        "n_resamples": resampling.n_resamples,
        "seed": resampling.seed,
    }
    yes = about["yes"].to_numpy()
    by_rule = {rule: aggregated_rate(yes, rule=rule, **labels) for rule in RULES}
    majority = by_rule["majority"]
    return AggregationRow(
        **vars(counts(about)),
        rubric=rubric,
        group=group,
        ratings=cluster_bca(yes, **labels),
        units={rule: found.estimate for rule, found in by_rule.items()},
        n_tied=len(majority.tied),
        majority_if_ties_yes=majority.value_if_ties_yes,
        ratings_per_unit=(majority.fewest_ratings, majority.most_ratings),
    )
