"""All checks of all raters in one frame, with what is more than chance, worded as questions.

A flag asks to talk with the rater. It is no reason to leave out ratings: in a study of equity, the
rater who differs may be the one who sees what the others miss, and a panel from which minority
views were removed will agree on less.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from analysis.estimates import Interval, RatingsError, frame_of
from analysis.raters.findings import RaterCheck, RaterFinding

Status = Literal["question", "nothing unusual", "too few to say", "not tested", "no value"]
FEWEST = 20


@dataclass(frozen=True)
class RaterFlag:
    """One check of one rater, seen beside those of all other raters."""

    rater: Hashable
    check: str
    value: float | None
    expected: float | None
    interval: Interval | None
    p_value: float | None
    adjusted_p: float | None
    """Benjamini-Hochberg over the raters of this check with enough ratings."""

    n_ratings: int
    status: Status
    finding: str
    """A question where the status is `question`; else why there is none."""


@dataclass(frozen=True)
class RaterFlags:
    """What all checks say of all raters."""

    flags: tuple[RaterFlag, ...]
    q: float
    """Expected share of chance findings among the questions of one check, at most."""

    fewest: int

    @property
    def questions(self) -> tuple[RaterFlag, ...]:
        """What is worth asking, the surest first."""
        asked = [flag for flag in self.flags if flag.status == "question"]
        return tuple(sorted(asked, key=lambda flag: flag.adjusted_p or 0.0))

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each rater and check; nothing is rounded."""
        return frame_of(self.flags)


def rater_flags(
    *checks: RaterCheck[RaterFinding], q: float = 0.05, fewest: int = FEWEST
) -> RaterFlags:
    """Gather checks, adjust their p-values over the raters, and ask where it is more than chance.

    Parameters
    ----------
    checks
        Results of `severity`, `drift`, `leave_one_out_agreement`, `straight_lining`, `too_fast`,
        `position_preference`, `gold_accuracy`, `repeated_agreement` and the like.
    q
        False discovery rate within each check. Checks are not adjusted for one another.
    fewest
        With fewer ratings, nothing is asked and the p-value does not take part.

    Raises
    ------
    RatingsError
        If no check is given or one twice, or `q` or `fewest` cannot be.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    """
    if not checks:
        raise RatingsError("give at least one check, such as severity(...)")
    if twice := [name for name, n in Counter(one.check for one in checks).items() if n > 1]:
        raise RatingsError(f"the checks {twice} come twice: give each once")
    if not 0 < q < 1 or fewest < 1:
        raise RatingsError(f"q is {q}, fewest {fewest}: q from 0 to 1, fewest at least 1")

    flags = tuple(flag for check in checks for flag in _flags(check, q, fewest))
    return RaterFlags(flags, q, fewest)


def _flags(check: RaterCheck[RaterFinding], q: float, fewest: int) -> Iterator[RaterFlag]:
    tested = {
        one.rater: one.p_value
        for one in check
        if one.p_value is not None and one.n_ratings >= fewest
    }
    adjusted = dict(zip(tested, _adjust(list(tested.values())), strict=True))
    for one in check:
        status, finding = _say(one, adjusted.get(one.rater), q, fewest)
        yield RaterFlag(
            rater=one.rater,
            check=check.check,
            value=one.value,
            expected=one.expected,
            interval=one.interval,
            p_value=one.p_value,
            adjusted_p=adjusted.get(one.rater),
            n_ratings=one.n_ratings,
            status=status,
            finding=finding,
        )


def _adjust(p_values: list[float]) -> list[float]:
    return list(false_discovery_control(np.array(p_values))) if p_values else []


def _say(one: RaterFinding, adjusted: float | None, q: float, fewest: int) -> tuple[Status, str]:
    if one.undefined:
        return "no value", f"No value: {one.undefined}."
    if one.n_ratings < fewest:
        return "too few to say", f"Too few to say: {one.n_ratings} ratings, {fewest} are needed."
    if adjusted is None:
        return "not tested", f"Not tested: {one.refusal or 'hold the interval against expected'}."
    if adjusted > q or one.question is None:
        return (
            "nothing unusual",
            f"No more than chance may bring about (adjusted p {adjusted:.2g}).",
        )
    return "question", one.question
