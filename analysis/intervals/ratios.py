"""One sum over another, with an interval that resamples clusters of unequal size."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import Estimate, RatingsError, UndefinedStatisticError
from analysis.intervals.patterns import Part, cluster_numbers, patterns_of
from analysis.intervals.resampling import Method, Plan, replicates, resampled_interval
from analysis.ratings import FloatArray


def ratio_of_sums(
    numerator: ArrayLike,
    denominator: ArrayLike,
    clusters: ArrayLike,
    *,
    statistic: str = "ratio",
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    method: Method = "bca",
    units: ArrayLike | None = None,
    raters: ArrayLike | None = None,
) -> Estimate:
    """Give one sum over another, resampling clusters of unequal size.

    Both sums are recomputed in every resample, so that the size of a cluster varies as it does.

    Parameters
    ----------
    numerator, denominator : (n_rows,)
        Finite numbers, no denominator below 0.
    clusters : (n_rows,)
    units, raters : (n_rows,)
        Labels, to count how many there are; without `units` the clusters are counted.

    Raises
    ------
    RatingsError
        If lists differ in length, or hold what is no finite number.
    UndefinedStatisticError
        If the denominators sum to 0.

    References
    ----------
    Davison and Hinkley (1997), Bootstrap Methods and their Application, sections 2.4 and 3.8.
    """
    plan = Plan(n_resamples, seed, method, confidence, drawn="clusters")
    above, below = _checked_sums(numerator, denominator)
    labels = cluster_numbers(clusters, len(above))
    sums = [np.bincount(labels, above), np.bincount(labels, below)]
    patterns, part = patterns_of(np.column_stack(sums)), ratio_part()
    (replicated,) = replicates(patterns, [part], plan)
    return resampled_interval(replicated, patterns, part, plan).estimate(
        statistic,
        float(above.sum() / below.sum()),
        n_units=int(labels.max()) + 1 if units is None else n_distinct(units, len(above)),
        n_raters=n_distinct(raters, len(above)),
        n_ratings=len(above),
    )


def _checked_sums(numerator: ArrayLike, denominator: ArrayLike) -> tuple[FloatArray, FloatArray]:
    above, below = finite_numbers(numerator), finite_numbers(denominator)
    if len(above) != len(below) or (below < 0).any():
        raise RatingsError("give one denominator, not below 0, for each numerator")
    if below.sum() == 0:
        raise UndefinedStatisticError("there is nothing to divide by: the denominators sum to 0")
    return above, below


def ratio_part() -> Part:
    """The first of two sums over the second."""

    def value(sums: FloatArray) -> FloatArray:
        above, below = sums[..., 0], sums[..., 1]
        ratio: FloatArray = np.full(below.shape, np.nan)
        np.divide(above, below, out=ratio, where=below > 0)
        return ratio

    return Part(slice(0, 2), value)


def finite_numbers(values: ArrayLike) -> FloatArray:
    """Check that there is one finite number for each rating."""
    try:
        numbers = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise RatingsError(f"give numbers, or True and False: {error}") from error
    if numbers.ndim != 1:
        raise RatingsError(f"{numbers.ndim} dimensions: give one number for each rating")
    if not np.isfinite(numbers).all():
        row = int(np.isfinite(numbers).argmin())
        raise RatingsError(
            f"row {row} (counted from 0) is {numbers[row]}: leave out what was not rated"
        )
    return numbers


def n_distinct(labels: ArrayLike | None, n_rows: int) -> int:
    """Count the labels, one of which belongs to each rating; 0 if there are none."""
    if labels is None:
        return 0
    series = pd.Series(np.asarray(labels, dtype=object))
    if len(series) != n_rows:
        raise RatingsError(f"{len(series)} labels for {n_rows} ratings: give one for each")
    return int(series.nunique())
