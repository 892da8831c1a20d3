"""Could a rater's sum be chance? It is held against dealing out each unit's ratings at random.

Given what was said of each unit, every one of its raters is then equally likely to have said any of
it. A rater's sum over units is a sum of independent draws, whose law can be computed.
"""

from dataclasses import dataclass
from math import isqrt

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtr

from analysis.ratings import FloatArray, IntArray

MOST_SUMS = 2**18
"""Possible sums of a rater up to which the law is exact."""

MOST_VALUES = 100
"""Different values of a rater's units up to which it is."""

MOST_UNITS = 100
"""Units up to which other values are rounded to a grid; the sum of more is as good as normal."""

GRID = 2**14
"""Possible sums on the grid."""

MOST_PARTS = 12
"""Fractions with a denominator up to here are recognised."""

ROUNDING = 1e-12


def dealt_at_random(
    values: FloatArray,
    unit: IntArray,
    rater: IntArray,
    n_raters: int,
    *,
    step: float | None = None,
) -> FloatArray:
    """Test whether each rater's sum could come from dealing out each unit's ratings at random.

    Units where all said the same do not count. The law is exact for whole numbers and simple
    fractions; for other values it is so to about two digits, up to 100 units by rounding to a fine
    grid, and beyond by the normal law.

    Parameters
    ----------
    values, unit, rater : (n_ratings,)
        Units and raters numbered from 0.
    step
        Of which all values are multiples; without it, it is looked for.

    Returns
    -------
    (n_raters,)
        Two-sided p-values, twice the smaller tail; 1 where no unit was judged differently.
    """
    ratings = _ByUnit.of(values, unit)
    step = step or _step_of(values)
    informative = ratings.variance[unit] > ROUNDING * np.square(values).max(initial=0.0)
    p_values = np.ones(n_raters)
    for one in np.unique(rater[informative]):
        rows = informative & (rater == one)
        p = _p_value(ratings, unit[rows], values[rows], step)
        p_values[one] = min(1.0, p)
    return p_values


@dataclass(frozen=True, eq=False)
class _ByUnit:
    """Ratings with those of a unit side by side, and what they are on average."""

    values: FloatArray
    """(n_ratings,), sorted by unit."""

    start: IntArray
    """Where each unit begins, (n_units,)."""

    size: IntArray
    mean: FloatArray
    variance: FloatArray

    @classmethod
    def of(cls, values: FloatArray, unit: IntArray) -> "_ByUnit":
        size = np.bincount(unit)
        mean = np.bincount(unit, values) / np.maximum(size, 1)
        variance = np.bincount(unit, np.square(values - mean[unit])) / np.maximum(size, 1)
        by_unit = values[np.argsort(unit, kind="stable")]
        return cls(by_unit, np.cumsum(size) - size, size, mean, variance)

    def among(self, own: IntArray) -> tuple[FloatArray, IntArray]:
        """Give all ratings of some units, and the place of the unit among these."""
        size = self.size[own]
        row = np.repeat(np.arange(len(own)), size)
        within = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
        return self.values[self.start[own][row] + within], row


def _step_of(values: FloatArray) -> float | None:
    """Of what all values are multiples: 1, one half, ...; None if nothing so simple."""
    for parts in range(1, MOST_PARTS + 1):
        whole = np.rint(values * parts)
        if np.allclose(whole, values * parts, rtol=0, atol=1e-9):
            return 1 / parts
    return None


def _p_value(ratings: _ByUnit, own: IntArray, given: FloatArray, step: float | None) -> float:
    """Two-sided p of the sum of what a rater gave to their own units."""
    among, row = ratings.among(own)
    span = float(np.ptp(among)) * len(own)
    is_exact = step is not None and span / step <= MOST_SUMS
    if is_exact and len(np.unique(among)) <= MOST_VALUES:
        return _tails(among, row, given, step or 1.0)
    if len(own) <= MOST_UNITS:
        # Sums that tie may lie some steps apart once their parts are rounded.
        return _tails(among, row, given, span / GRID, slack=min(len(own), 4 * isqrt(len(own))))
    z = (given - ratings.mean[own]).sum() / np.sqrt(ratings.variance[own].sum())
    return 2 * float(ndtr(-abs(z)))


def _tails(
    among: FloatArray, row: IntArray, given: FloatArray, step: float, *, slack: int = 0
) -> float:
    """Twice the smaller tail of the law of a sum over units, one value of each."""
    n_units = len(given)
    places = np.rint((among - among.min()) / step).astype(np.int64)
    at = int(np.rint((given - among.min()) / step).sum())
    values, column = np.unique(places, return_inverse=True)
    counts = np.bincount(row * len(values) + column, minlength=n_units * len(values))
    shares = counts.reshape(n_units, -1) / np.bincount(row)[:, None]
    law = _law_of_sum(shares, values, int(values[-1]) * n_units + 1)
    below, above = law[: at + slack + 1].sum(), law[max(0, at - slack) :].sum()
    return max(ROUNDING, 2 * float(min(below, above)))


def _law_of_sum(shares: FloatArray, values: IntArray, n_sums: int) -> FloatArray:
    """Law of a sum of independent values: the product of their Fourier transforms."""
    laws, frequency = np.unique(shares, axis=0, return_counts=True)
    length = next_fast_len(n_sums, real=True)
    transform = np.ones(length // 2 + 1, dtype=np.complex128)
    for law, times in zip(laws, frequency, strict=True):
        one = np.zeros(length)
        one[values] = law
        transform *= rfft(one) ** times
    law_of_sum: FloatArray = np.maximum(irfft(transform, length)[:n_sums], 0.0)
    return law_of_sum
