"""Rates of units as they would be if every unit had the same number of ratings.

`any` rises with the number of ratings of a unit, so that a set that was rated more often looks
worse. Standardised to m ratings, sets can be compared.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import hypergeom

from analysis.estimates import (
    Estimate,
    Interval,
    RatingsError,
    UndefinedStatisticError,
    frame_of,
)
from analysis.intervals.resampling import Plan
from analysis.rates.proportions import is_whole
from analysis.rates.units import mean_of_units, read_rated_units


@dataclass(frozen=True)
class StandardizedRate:
    """The share of units expected to have k yes or more among m ratings."""

    estimate: Estimate
    """Resamples units, or their clusters: it speaks of units like these, judged by these raters."""

    k: int
    m: int
    n_left_out: int
    """Units with fewer than m ratings."""

    @property
    def value(self) -> float:
        """The expected share of units, 0 to 1."""
        return self.estimate.value

    @property
    def interval(self) -> Interval | None:
        """The interval of the share; None with a refusal in `estimate`."""
        return self.estimate.interval

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def expected_any(
    indicator: ArrayLike,
    *,
    units: ArrayLike,
    m: int,
    seed: int,
    clusters: ArrayLike | None = None,
    raters: ArrayLike | None = None,
    n_resamples: int = 10_000,
    confidence: float = 0.95,
) -> StandardizedRate:
    """Give the share of units expected to have a yes among m of their ratings.

    `expected_at_least` with k = 1: the mean over units of 1 - C(n - y, m) / C(n, m), where n is
    the number of ratings of a unit and y how many of them say yes.
    """
    return expected_at_least(
        indicator,
        units=units,
        k=1,
        m=m,
        seed=seed,
        clusters=clusters,
        raters=raters,
        n_resamples=n_resamples,
        confidence=confidence,
    )


def expected_at_least(
    indicator: ArrayLike,
    *,
    units: ArrayLike,
    k: int,
    m: int,
    seed: int,
    clusters: ArrayLike | None = None,
    raters: ArrayLike | None = None,
    n_resamples: int = 10_000,
    confidence: float = 0.95,
) -> StandardizedRate:
    """Give the share of units expected to have k yes or more among m of their ratings.

    The m ratings are drawn from those of the unit without replacement (rarefaction), so each unit
    adds a hypergeometric probability. `unanimous` is k = m, a strict `majority` k = m // 2 + 1.

    Parameters
    ----------
    indicator : (n_ratings,)
        True or 1 where the rating says yes, no missing values.
    units : (n_ratings,)
        Labels of any type, none missing. Units with fewer than m ratings are left out and counted.
    k, m
        Whole numbers, 1 up to m.
    clusters : (n_ratings,)
        What is resampled in place of the unit, such as the seed that its question comes from.
    raters : (n_ratings,)
        Labels, to count how many there are.

    Raises
    ------
    RatingsError
        If the indicator holds anything but yes or no, k does not lie from 1 to m, or labels do not
        fit.
    UndefinedStatisticError
        If there are no ratings, or no unit has m.

    References
    ----------
    Hurlbert (1971), Ecology 52, 577-586, for rarefaction.
    """
    if not (is_whole(k) and is_whole(m)) or not 1 <= k <= m:
        raise RatingsError(f"{k!r} of {m!r}: give whole numbers, k from 1 to m")
    k, m = int(k), int(m)
    plan = Plan(n_resamples, seed, "bca", confidence, "units" if clusters is None else "clusters")
    rated = read_rated_units(indicator, units=units, clusters=clusters, raters=raters)
    enough = rated.with_ratings(m)
    if not len(enough):
        raise UndefinedStatisticError(f"none of the {len(rated)} units has {m} ratings")

    chance = np.asarray(hypergeom.sf(k - 1, enough.n_ratings, enough.n_yes, m), dtype=float)
    estimate = mean_of_units(chance, enough, f"rate of units, {k} or more of {m}", plan)
    return StandardizedRate(estimate, k, m, len(rated) - len(enough))
