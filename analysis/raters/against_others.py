"""Each rater against the others who rated the same units.

Two questions are kept apart. How far is this rater from the others: a mean with an interval, as
units vary. Could it be chance: were the ratings of each unit dealt out among its raters at random,
how often would this rater get a sum as far out.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from analysis.estimates import Interval
from analysis.intervals.resampling import distinct_rows
from analysis.ratings import FloatArray, IntArray

LONGEST_EXACT = 2**18
"""Above this many possible sums of a rater, the normal approximation takes over."""

ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class ClusteredMeans:
    """A mean for each rater, with the error that comes from which clusters were drawn."""

    n: IntArray
    mean: FloatArray
    standard_error: FloatArray
    """NaN with fewer than two clusters."""

    df: IntArray

    def interval(self, rater: int, confidence: float, *, drawn: str) -> Interval | None:
        """Give the t interval; None where there is one cluster, or where all are alike."""
        error = self.standard_error[rater]
        if not error > ROUNDING:
            return None
        reach = error * stdtrit(self.df[rater], (1 + confidence) / 2)
        mean = float(self.mean[rater])
        return Interval(mean - reach, mean + reach, confidence, method=f"t, {drawn} drawn")

    def refusal(self, rater: int) -> str | None:
        """Say why there is no interval."""
        if self.df[rater] < 1:
            return "one cluster only: nothing is known of how they differ"
        if not self.standard_error[rater] > ROUNDING:
            return f"all {self.df[rater] + 1} clusters give the same value"
        return None


def others_mean(values: FloatArray, unit: IntArray) -> FloatArray:
    """Mean of the other ratings of the unit of each rating, NaN where there is none."""
    n_others = np.bincount(unit)[unit] - 1
    others = np.bincount(unit, values)[unit] - values
    mean: FloatArray = np.full(len(values), np.nan)
    np.divide(others, n_others, out=mean, where=n_others > 0)
    return mean


def clustered_means(
    values: FloatArray, rater: IntArray, cluster: IntArray, n_raters: int
) -> ClusteredMeans:
    """Give the mean of each rater's values, the error with the factor G / (G - 1) of G clusters."""
    n = np.bincount(rater, minlength=n_raters)
    mean = np.bincount(rater, values, n_raters) / np.maximum(n, 1)
    n_clusters, squares = squared_cluster_sums(values - mean[rater], rater, cluster, n_raters)
    variance = np.full(n_raters, np.nan)
    np.divide(n_clusters * squares, n_clusters - 1, out=variance, where=n_clusters >= 2)
    return ClusteredMeans(n, mean, np.sqrt(variance) / np.maximum(n, 1), n_clusters - 1)


def squared_cluster_sums(
    values: FloatArray, rater: IntArray, cluster: IntArray, n_raters: int
) -> tuple[IntArray, FloatArray]:
    """Count each rater's clusters, and square and add up their sums."""
    n_clusters = int(cluster.max(initial=0)) + 1
    cells, cell = np.unique(rater * n_clusters + cluster, return_inverse=True)
    of_rater = cells // n_clusters
    sums = np.bincount(cell, values, len(cells))
    squares = np.bincount(of_rater, np.square(sums), n_raters).astype(float, copy=False)
    return np.bincount(of_rater, minlength=n_raters).astype(np.int64, copy=False), squares


def dealt_at_random(
    values: FloatArray, unit: IntArray, rater: IntArray, n_raters: int, *, step: float = 1.0
) -> FloatArray:
    """Test whether each rater's sum could come from dealing out each unit's ratings at random.

    Given what was said of each unit, every one of its raters is equally likely to have said any of
    it. Units where all said the same do not count. Exact where the values are multiples of `step`,
    else normal with the exact mean and variance.

    Returns
    -------
    (n_raters,)
        Two-sided p-values, twice the smaller tail; 1 where no unit was judged differently.
    """
    whole = np.rint(values / step)
    is_lattice = bool((np.abs(whole * step - values) <= ROUNDING).all())
    n_units = int(unit.max(initial=-1)) + 1
    size = np.bincount(unit, minlength=n_units)
    mean = np.bincount(unit, values, n_units) / np.maximum(size, 1)
    variance = np.bincount(unit, np.square(values - mean[unit]), n_units) / np.maximum(size, 1)
    informative = variance[unit] > ROUNDING
    out = np.ones(n_raters)
    for one in np.unique(rater[informative]):
        rows = informative & (rater == one)
        own = unit[rows]
        p = None
        if is_lattice:
            p = _exact(whole, unit, own, float(whole[rows].sum()))
        if p is None:
            z = (values[rows].sum() - mean[own].sum()) / np.sqrt(variance[own].sum())
            p = 2 * float(ndtr(-abs(z)))
        out[one] = min(1.0, p)
    return out


def _exact(whole: FloatArray, unit: IntArray, own: IntArray, observed: float) -> float | None:
    """Two-sided p of a sum over units; None if there are too many possible sums."""
    among = np.isin(unit, own)
    first = whole[among].min()
    values, place = np.unique(whole[among] - first, return_inverse=True)
    n_sums = int(values[-1]) * len(own) + 1
    if n_sums > LONGEST_EXACT or len(values) > 100:
        return None

    shares = _shares(place, unit[among], own, len(values))
    sums = _distribution_of_sum(shares, values.astype(np.int64), n_sums)
    at = round(observed - first * len(own))
    return max(ROUNDING, 2 * float(min(sums[: at + 1].sum(), sums[at:].sum())))


def _shares(place: IntArray, unit: IntArray, own: IntArray, n_values: int) -> FloatArray:
    """How likely each value is in each of the rater's units, (n_units, n_values)."""
    _, row = np.unique(unit, return_inverse=True)
    counts = np.bincount(row * n_values + place, minlength=len(own) * n_values)
    table = counts.reshape(len(own), n_values).astype(float)
    shares: FloatArray = table / table.sum(axis=1, keepdims=True)
    return shares


def _distribution_of_sum(shares: FloatArray, values: IntArray, n_sums: int) -> FloatArray:
    """Distribution of a sum of independent values: the product of their Fourier transforms."""
    first, _, frequency = distinct_rows(shares)
    transform = np.ones(n_sums // 2 + 1, dtype=np.complex128)
    for row, times in zip(shares[first], frequency, strict=True):
        one = np.zeros(n_sums)
        one[values] = row
        transform *= np.fft.rfft(one) ** times
    return np.maximum(np.fft.irfft(transform, n_sums), 0.0)
