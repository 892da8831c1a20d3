"""Rates of a yes-or-no judgment: the published interval, the clustered one and the two-way one.

The published interval resamples ratings as if they were independent. Several ratings of one answer
are not, so the clustered interval resamples answers, and speaks of these raters. The two-way
interval speaks of raters like these.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import Estimate, RatingsError, frame_of
from analysis.intervals.patterns import patterns_of
from analysis.intervals.ratios import n_distinct, ratio_of_sums, ratio_part
from analysis.intervals.resampling import CHUNK_NUMBERS, Method, Plan, resampled_interval
from analysis.rates.indicators import yes_or_no
from analysis.rates.populations import INDEPENDENT, speaking_of, these_raters
from analysis.rates.two_way import two_way_rate
from analysis.ratings import FloatArray

PUBLISHED_RESAMPLES = 1000
PUBLISHED_SEED = 101
"""Pfohl et al. (2024), Nature Medicine 30, 3590: settings of the authors' analysis code."""

LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Rate:
    """One rate with its intervals."""

    row_level: Estimate
    """The published way: ratings resampled as if independent."""

    clustered: Estimate | None
    """Units (or the seeds they come from) resampled whole; None if no clusters were given."""

    two_way: Estimate | None = None
    """For raters like these on units like these; None unless units and raters were given."""

    @property
    def value(self) -> float:
        """The share of ratings that say yes, 0 to 1."""
        return self.row_level.value

    def to_frame(self) -> pd.DataFrame:
        """Give one row, columns named for the interval they belong to; nothing is rounded."""
        return frame_of([self])


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
    """Give the share of ratings that say yes, with the intervals that these labels allow.

    Parameters
    ----------
    indicator : (n_ratings,)
        True or 1 where the rating says yes, no missing values.
    clusters : (n_ratings,)
        What is resampled whole: the unit, or the seed that its question comes from. It takes the
        place of the unit in the two-way interval too.
    n_resamples, seed
        Of the clustered interval. The row-level one always has 1,000 resamples and seed 101, as
        published.
    units, raters : (n_ratings,)
        Labels, to count how many there are, and with both for the two-way interval.

    Raises
    ------
    RatingsError
        If the indicator holds anything but yes or no, or lists differ in length.
    UndefinedStatisticError
        If there are no ratings.
    """
    row_level = row_level_bca(indicator, confidence=confidence, units=units, raters=raters)
    clustered = two_way = None
    if clusters is not None:
        clustered = cluster_bca(
            indicator,
            clusters,
            n_resamples=n_resamples,
            seed=seed,
            confidence=confidence,
            units=units,
            raters=raters,
        )
    if units is not None and raters is not None:
        two_way = two_way_rate(
            indicator, units=units, raters=raters, clusters=clusters, confidence=confidence
        )
    return Rate(row_level, clustered, two_way)


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
        If `x` holds anything but yes or no, or the seed is too large for the published generator.
    UndefinedStatisticError
        If there are no ratings.

    References
    ----------
    Pfohl et al. (2024), Nature Medicine 30, 3590, analysis code.
    """
    values = yes_or_no(x)
    sums = np.column_stack([values, np.ones_like(values)])
    part, patterns = ratio_part(), patterns_of(sums)
    plan = Plan(n_resamples, seed, "bca", confidence, drawn="ratings")
    if seed > LARGEST_SEED:
        raise RatingsError(f"seed is {seed}: the published generator takes 0 to {LARGEST_SEED}")
    replicated = _legacy_means(values, n_resamples, seed)
    estimate = resampled_interval(replicated, patterns, part, plan).estimate(
        "rate",
        float(values.mean()),
        n_units=len(values) if units is None else n_distinct(units, len(values)),
        n_raters=n_distinct(raters, len(values)),
        n_ratings=len(values),
    )
    return speaking_of(INDEPENDENT, estimate)


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
    values = yes_or_no(x)
    estimate = ratio_of_sums(
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
    return speaking_of(these_raters("clusters"), estimate)


def _legacy_means(values: FloatArray, n_resamples: int, seed: int) -> FloatArray:
    """Resample as the published analysis did: NumPy's frozen generator, one row a resample."""
    rng = np.random.RandomState(seed)
    is_yes, n = values == 1, len(values)
    chunk = max(1, CHUNK_NUMBERS // n)
    sizes = [min(chunk, n_resamples - start) for start in range(0, n_resamples, chunk)]
    yes = [np.count_nonzero(is_yes[rng.randint(0, n, (size, n))], axis=1) for size in sizes]
    return np.concatenate(yes) / n
