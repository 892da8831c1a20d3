"""An agreement coefficient with and without one rater, and how sure the difference is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.special import stdtrit

from analysis.agreement.coefficients import Coefficient
from analysis.estimates import UndefinedStatisticError
from analysis.intervals.patterns import (
    Patterns,
    ValueOfSums,
    cluster_sums,
    distinct_rows,
    patterns_of,
)
from analysis.ratings import MISSING, FloatArray, IntArray, Units

ROUNDING = 1e-12


@dataclass(frozen=True)
class Without:
    """The coefficient of all raters but one."""

    without: float | None
    difference: float | None
    """With all raters less without this one: below 0 where agreement rises without."""

    difference_low: float | None
    difference_high: float | None
    difference_refusal: str | None
    """Why the difference, or its interval, is missing."""


def without_each_rater(
    units: Units, chosen: Coefficient, *, clusters: IntArray | None, confidence: float
) -> Iterator[Without]:
    """Leave out one rater after the other; intervals are from the jackknife over units.

    Raises
    ------
    UndefinedStatisticError
        If the coefficient of all raters has no value.
    """
    rated = units.per_unit >= 1
    units = units.take(rated)
    _, pattern, _ = distinct_rows(units.codes if chosen.needs_raters else units.counts)
    numbers = None if clusters is None else _without_gaps(clusters[rated])
    for rater in range(units.codes.shape[1]):
        patterns = _patterns(units, pattern, chosen, rater, numbers)
        yield _compare(units, patterns, chosen, rater, confidence)


def _compare(
    units: Units, patterns: Patterns, chosen: Coefficient, rater: int, confidence: float
) -> Without:
    with_all, without = _values(chosen, patterns.total())
    if np.isnan(with_all):
        raise UndefinedStatisticError(chosen.reason(units))
    if np.isnan(without):
        reason = f"without this rater, {chosen.reason(_left(units, rater))}"
        return Without(None, None, None, None, reason)
    difference = float(with_all - without)
    reach, refusal = jackknife_reach(partial(_difference, chosen), patterns, confidence)
    if reach is None:
        return Without(float(without), difference, None, None, refusal)
    return Without(float(without), difference, difference - reach, difference + reach, None)


def _left(units: Units, rater: int) -> Units:
    """The ratings of all others."""
    codes, counts = units.codes.copy(), units.counts.copy()
    rated = codes[:, rater] != MISSING
    counts[rated, codes[rated, rater]] -= 1
    codes[:, rater] = MISSING
    return replace(units, codes=codes, counts=counts)


def _patterns(
    units: Units, pattern: IntArray, chosen: Coefficient, rater: int, clusters: IntArray | None
) -> Patterns:
    """What units (or clusters of them) contribute with the rater, then without."""
    first, both, frequency = distinct_rows(np.column_stack([pattern, units.codes[:, rater]]))
    some = units.take(first)
    sums = np.hstack([chosen.per_unit(some), chosen.per_unit(_left(some, rater))])
    if clusters is None:
        return Patterns(sums, frequency)
    return patterns_of(cluster_sums(sums, both, clusters))


def _without_gaps(clusters: IntArray) -> IntArray:
    """Number anew the clusters that are left."""
    _, numbers = np.unique(clusters, return_inverse=True)
    return numbers.astype(np.int64, copy=False)


def _values(chosen: Coefficient, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    with_all, without = np.split(sums, 2, axis=-1)
    return chosen.value(with_all), chosen.value(without)


def _difference(chosen: Coefficient, sums: FloatArray) -> FloatArray:
    with_all, without = _values(chosen, sums)
    return with_all - without


def jackknife_reach(
    value: ValueOfSums, patterns: Patterns, confidence: float
) -> tuple[float | None, str | None]:
    """Half the width of the t interval from leaving out one unit (or cluster) after the other.

    Returns
    -------
    The half width and None, or None and the reason why there is none.
    """
    n, times = int(patterns.frequency.sum()), patterns.frequency
    if n < 2:
        return None, "one unit or cluster only: nothing to leave out"
    left_out = value(patterns.total() - patterns.sums)
    if np.isnan(left_out).any():
        return None, "without one of the units or clusters the coefficient has no value"
    spread = times @ np.square(left_out - np.average(left_out, weights=times))
    error = np.sqrt((n - 1) / n * spread)
    if error <= ROUNDING:
        return None, "leaving out any unit or cluster gives the same value"
    return float(error * stdtrit(n - 1, (1 + confidence) / 2)), None
