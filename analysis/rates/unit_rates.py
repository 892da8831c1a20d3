"""Rates of units rather than of ratings: several ratings of one unit become one verdict."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import (
    Estimate,
    Interval,
    RatingsError,
    UndefinedStatisticError,
    frame_of,
)
from analysis.intervals.resampling import Plan
from analysis.rates.t_intervals import check_choice
from analysis.rates.units import RatedUnits, mean_of_units, read_rated_units
from analysis.ratings import IntArray

Rule = Literal["any", "majority", "unanimous"] | int
Ties = Literal["no", "yes", "half"]

TIE = {"no": 0.0, "yes": 1.0, "half": 0.5}


@dataclass(frozen=True)
class AggregatedRate:
    """The share of units with the verdict yes, and what the rule had to decide for it."""

    estimate: Estimate
    """Resamples units, or their clusters: it speaks of units like these, judged by these raters."""

    rule: Rule
    ties: Ties
    """What a tied unit counted as."""

    tied: tuple[Hashable, ...]
    """Units with as many yes as no under `majority`; no other rule has ties."""

    value_if_ties_no: float
    value_if_ties_yes: float
    fewest_ratings: int
    """Of a unit that was counted."""

    most_ratings: int
    n_left_out: int
    """Units with fewer ratings than the rule asks to say yes."""

    note: str | None
    """What a reader must know before comparing this rate with another."""

    @property
    def value(self) -> float:
        """The share of units, 0 to 1."""
        return self.estimate.value

    @property
    def interval(self) -> Interval | None:
        """The interval of the share; None with a refusal in `estimate`."""
        return self.estimate.interval

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def aggregated_rate(
    indicator: ArrayLike,
    *,
    units: ArrayLike,
    rule: Rule,
    seed: int,
    ties: Ties = "no",
    clusters: ArrayLike | None = None,
    raters: ArrayLike | None = None,
    n_resamples: int = 10_000,
    confidence: float = 0.95,
) -> AggregatedRate:
    """Give the share of units that a rule calls yes, with a cluster bootstrap interval.

    The more ratings a unit has, the more likely is any yes, and the less likely are all: where
    units differ in that, or two sets do, compare `expected_at_least` with the same m instead.

    Parameters
    ----------
    indicator : (n_ratings,)
        True or 1 where the rating says yes, no missing values.
    units : (n_ratings,)
        Labels of any type, none missing.
    rule
        `any`: one yes or more; `majority`: more yes than no; `unanimous`: no rating says no; a
        whole number k: k yes or more, units with fewer than k ratings being left out.
    ties
        What a unit with as many yes as no counts as under `majority`.
    clusters : (n_ratings,)
        What is resampled in place of the unit, such as the seed that its question comes from.
    raters : (n_ratings,)
        Labels, to count how many there are.

    Raises
    ------
    RatingsError
        If the indicator holds anything but yes or no, a rule is unknown, or labels do not fit.
    UndefinedStatisticError
        If there are no ratings, or no unit has as many as the rule asks for.
    """
    check_choice("ties", ties, tuple(TIE))
    plan = Plan(n_resamples, seed, "bca", confidence, "units" if clusters is None else "clusters")
    rated = read_rated_units(indicator, units=units, clusters=clusters, raters=raters)
    enough = rated.with_ratings(_fewest(rule))
    if not len(enough):
        raise UndefinedStatisticError(
            f"none of the {len(rated)} units has {rule} ratings: the rule cannot say yes"
        )

    is_tie = _is_tie(enough, rule)
    verdicts = np.where(is_tie, TIE[ties], _says_yes(enough, rule))
    estimate = mean_of_units(verdicts, enough, f"rate of units, {_words(rule)}", plan)
    return AggregatedRate(
        estimate=estimate,
        rule=rule,
        ties=ties,
        tied=tuple(enough.labels[is_tie]),
        value_if_ties_no=float(np.where(is_tie, 0, verdicts).mean()),
        value_if_ties_yes=float(np.where(is_tie, 1, verdicts).mean()),
        fewest_ratings=int(enough.n_ratings.min()),
        most_ratings=int(enough.n_ratings.max()),
        n_left_out=len(rated) - len(enough),
        note=_note(enough, rule),
    )


def _fewest(rule: Rule) -> int:
    """Ratings that a unit needs for the rule to be able to say yes."""
    if isinstance(rule, str) and rule in ("any", "majority", "unanimous"):
        return 1
    if isinstance(rule, bool) or not isinstance(rule, int | np.integer) or rule < 1:
        raise RatingsError(
            f"rule {rule!r}: give 'any', 'majority', 'unanimous', or how many must say yes"
        )
    return int(rule)


def _says_yes(rated: RatedUnits, rule: Rule) -> NDArray[np.bool_]:
    needed: IntArray | int
    match rule:
        case "any":
            needed = 1
        case "majority":
            needed = rated.n_ratings // 2 + 1
        case "unanimous":
            needed = rated.n_ratings
        case _:
            needed = rule
    return np.asarray(rated.n_yes >= needed)


def _is_tie(rated: RatedUnits, rule: Rule) -> NDArray[np.bool_]:
    return np.asarray((2 * rated.n_yes == rated.n_ratings) & (rule == "majority"))


def _words(rule: Rule) -> str:
    return rule if isinstance(rule, str) else f"{rule} or more"


def _note(rated: RatedUnits, rule: Rule) -> str | None:
    fewest, most = rated.n_ratings.min(), rated.n_ratings.max()
    if fewest == most:
        return None
    return (
        f"units have {fewest} to {most} ratings, and {_words(rule)!r} depends on how many: "
        "compare sets with expected_at_least at the same m"
    )
