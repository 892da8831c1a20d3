"""Rates of a yes-or-no judgment, with the published interval and the clustered one.

The published interval resamples ratings as if they were independent. Several ratings of one answer
are not: where the same unit is rated more than once, the clustered interval is the honest one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest

from analysis.estimates import Estimate, Interval, RatingsError, UndefinedStatisticError
from analysis.intervals.ratios import finite_numbers, n_distinct, ratio_of_sums, ratio_part
from analysis.intervals.resampling import (
    CHUNK_NUMBERS,
    Method,
    Plan,
    patterns_of,
    resampled_interval,
)
from analysis.ratings import FloatArray

PUBLISHED_RESAMPLES = 1000
PUBLISHED_SEED = 101
"""Pfohl et al. (2024), Nature Medicine 30, 3590: settings of the authors' analysis code."""


@dataclass(frozen=True)
class Rate:
    """One rate with both of its intervals."""

    row_level: Estimate
    """The published way: ratings resampled as if independent."""

    clustered: Estimate | None
    """Units (or the seeds they come from) resampled whole; None if no clusters were given."""


def rate(
    indicator: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    units: ArrayLike | None = None,
    raters: ArrayLike | None = None,
) -> Rate:
    """Give the share of ratings that say yes, with the row-level and the clustered interval.

    Parameters
    ----------
    indicator : (n_ratings,)
        True or 1 where the rating says yes, no missing values.
    clusters : (n_ratings,)
        What is resampled whole: the unit, or the seed that its question comes from.
    n_resamples, seed
        Of the clustered interval. The row-level one always has 1,000 resamples and seed 101, as
        published.
    units, raters : (n_ratings,)
        Labels, to count how many there are.

    Raises
    ------
    RatingsError
        If the indicator holds anything but yes or no, or lists differ in length.
    UndefinedStatisticError
        If there are no ratings.
    """
    row_level = row_level_bca(indicator, confidence=confidence, units=units, raters=raters)
    if clusters is None:
        return Rate(row_level, None)

    clustered = cluster_bca(
        indicator,
        clusters,
        n_resamples=n_resamples,
        seed=seed,
        confidence=confidence,
        units=units,
        raters=raters,
    )
    return Rate(row_level, clustered)


def row_level_bca(
    x: ArrayLike,
    *,
    n_resamples: int = PUBLISHED_RESAMPLES,
    seed: int = PUBLISHED_SEED,
    confidence: float = 0.95,
    units: ArrayLike | None = None,
    raters: ArrayLike | None = None,
) -> Estimate:
    """Give the rate with the published interval: BCa over ratings taken as independent.

    Equal to `scipy.stats.bootstrap((x,), np.mean, n_resamples=1000, method="bca",
    random_state=101)`, whose leave-one-out step would need memory quadratic in the ratings. As
    there, the limits move with the seed and with the order of the ratings, by about .01 in the
    published cells.

    Parameters
    ----------
    x : (n_ratings,)
        True or 1 where the rating says yes, no missing values.
    units, raters : (n_ratings,)
        Labels, to count how many there are; without `units` every rating counts as one.

    Raises
    ------
    RatingsError
        If `x` holds anything but yes or no.
    UndefinedStatisticError
        If there are no ratings.

    References
    ----------
    Pfohl et al. (2024), Nature Medicine 30, 3590, analysis code.
    """
    values = _indicator(x)
    sums = np.column_stack([values, np.ones_like(values)])
    part, patterns = ratio_part(), patterns_of(sums)
    plan = Plan(n_resamples, seed, "bca", confidence, drawn="ratings")
    replicated = _legacy_means(values, n_resamples, seed)
    resampled = resampled_interval(replicated, patterns, part, plan)
    return Estimate(
        statistic="rate",
        value=float(values.mean()),
        interval=resampled.interval,
        n_units=len(values) if units is None else n_distinct(units, len(values)),
        n_raters=n_distinct(raters, len(values)),
        n_ratings=len(values),
        n_resamples=n_resamples,
        refusal=resampled.refusal,
    )


def cluster_bca(
    x: ArrayLike,
    clusters: ArrayLike,
    *,
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    method: Method = "bca",
    units: ArrayLike | None = None,
    raters: ArrayLike | None = None,
) -> Estimate:
    """Give the rate with an interval that resamples clusters with all their ratings.

    Parameters
    ----------
    x : (n_ratings,)
        True or 1 where the rating says yes, no missing values.
    clusters : (n_ratings,)
        Label of the unit, or of the seed that its question comes from.
    units, raters : (n_ratings,)
        Labels, to count how many there are; without `units` the clusters are counted.

    Raises
    ------
    RatingsError
        If `x` holds anything but yes or no, or lists differ in length.
    UndefinedStatisticError
        If there are no ratings.
    """
    values = _indicator(x)
    return ratio_of_sums(
        values,
        np.ones_like(values),
        clusters,
        statistic="rate",
        n_resamples=n_resamples,
        seed=seed,
        confidence=confidence,
        method=method,
        units=units,
        raters=raters,
    )


def wilson(k: int, n: int, *, confidence: float = 0.95) -> Estimate:
    """Give the share k / n with Wilson's interval: right if all n ratings are independent.

    Raises
    ------
    RatingsError
        If k does not lie from 0 to n.
    UndefinedStatisticError
        If n is 0.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 857-872.
    """
    if not 0 <= k <= n:
        raise RatingsError(f"{k} of {n}: a count lies from 0 to the number of ratings")
    if n == 0:
        raise UndefinedStatisticError("there are no ratings")

    limits = binomtest(k, n).proportion_ci(confidence, method="wilson")
    interval = Interval(float(limits.low), float(limits.high), confidence, method="Wilson")
    return Estimate("rate", k / n, interval, n_units=n, n_raters=0, n_ratings=n)


def _legacy_means(values: FloatArray, n_resamples: int, seed: int) -> FloatArray:
    """Resample as the published analysis did: NumPy's frozen generator, one row a resample."""
    rng = np.random.RandomState(seed)
    chunk = max(1, CHUNK_NUMBERS // len(values))
    sizes = [min(chunk, n_resamples - start) for start in range(0, n_resamples, chunk)]
    means = [
        values[rng.randint(0, len(values), (size, len(values)))].mean(axis=1) for size in sizes
    ]
    return np.concatenate(means)


def _indicator(x: ArrayLike) -> FloatArray:
    values = finite_numbers(x)
    strange = (values != 0) & (values != 1)
    if strange.any():
        row = int(strange.argmax())
        raise RatingsError(
            f"row {row} (counted from 0) is {values[row]}: neither yes (1) nor no (0)"
        )
    if len(values) == 0:
        raise UndefinedStatisticError("there are no ratings")
    return values
