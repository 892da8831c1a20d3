"""The variance of a sum over ratings when units are alike and raters are alike.

Ratings of one unit resemble each other, and so do those of one rater. An interval for raters like
these on units like these needs both.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import UndefinedStatisticError, frame_of
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.ratios import finite_numbers
from analysis.ratings import FloatArray, IntArray


@dataclass(frozen=True)
class TwoWayVariance:
    """A variance, and the one-way variances that it is made of."""

    total: float
    """units + raters - cells, and no less than the larger of the first two."""

    units: float
    """If units (or clusters of them) alone were drawn anew."""

    raters: float
    """If raters alone were drawn anew."""

    cells: float
    """What the other two both contain: each rater's ratings of one unit taken as one draw."""

    n_units: int
    n_raters: int

    @property
    def standard_error(self) -> float:
        """The square root of the total."""
        return float(np.sqrt(self.total))

    @property
    def df(self) -> int:
        """Degrees of freedom of the t interval: the fewer of units and raters, less one."""
        return min(self.n_units, self.n_raters) - 1

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def two_way_variance(influence: ArrayLike, units: ArrayLike, raters: ArrayLike) -> TwoWayVariance:
    """Give the variance of the sum of the influences, clustered by unit and by rater.

    Parameters
    ----------
    influence : (n_ratings,)
        What each rating adds to the estimate's error: for a rate p of N ratings x, (x - p) / N;
        for the logit of that rate, the same over p (1 - p).
    units, raters : (n_ratings,)
        Labels of any type, none missing. What is resampled whole, such as the seed that questions
        come from, takes the place of the unit.

    Raises
    ------
    RatingsError
        If the lists differ in length, or hold what is no finite number or no label.
    UndefinedStatisticError
        If there are fewer than two units or raters.

    References
    ----------
    Cameron, Gelbach and Miller (2011), Journal of Business & Economic Statistics 29(2), 238-249.
    """
    values = finite_numbers(influence)
    unit = cluster_numbers(units, len(values), noun="unit")
    rater = cluster_numbers(raters, len(values), noun="rater")
    n_units, n_raters = (int(labels.max(initial=-1)) + 1 for labels in (unit, rater))
    if min(n_units, n_raters) < 2:
        raise UndefinedStatisticError(
            f"{n_units} unit(s) and {n_raters} rater(s): two of each at least, or nothing is known "
            "of how they differ"
        )

    _, cell = np.unique(unit * n_raters + rater, return_inverse=True)
    by_unit, by_rater, by_cell = (one_way_variance(values, one) for one in (unit, rater, cell))
    return two_way_total(by_unit, by_rater, by_cell, n_units=n_units, n_raters=n_raters)


def two_way_total(
    units: float, raters: float, cells: float, *, n_units: int, n_raters: int
) -> TwoWayVariance:
    """Put the three variances together: inclusion and exclusion, with a floor.

    Where the cells outweigh what units or raters share, the difference can fall below the larger
    one-way variance, even below 0; the larger one stands then.
    """
    total = max(units + raters - cells, units, raters)
    return TwoWayVariance(total, units, raters, cells, n_units, n_raters)


def one_way_variance(influence: FloatArray, clusters: IntArray) -> float:
    """Give the variance of the sum of the influences, clustered one way.

    Parameters
    ----------
    influence, clusters : (n,)
        As in `two_way_variance`; the clusters numbered from 0 without a gap.

    Returns
    -------
    The sum of squared cluster sums, with the factor G / (G - 1) of few clusters G; NaN for one
    cluster, which shows nothing of how clusters differ.

    References
    ----------
    Cameron and Miller (2015), Journal of Human Resources 50, 317-372.
    """
    sums = np.bincount(clusters, influence)
    if len(sums) < 2:
        return float("nan")
    return float(np.square(sums).sum() * len(sums) / (len(sums) - 1))


def one_way_variances(
    influence: FloatArray, clusters: IntArray, sums: IntArray, *, n_sums: int
) -> tuple[IntArray, FloatArray]:
    """Give the same for several sums at once, such as one for each rater.

    Parameters
    ----------
    sums : (n,)
        Which sum each influence belongs to. A cluster can have a part in several.

    Returns
    -------
    n_clusters, variances : (n_sums,)
    """
    n_labels = int(clusters.max(initial=0)) + 1
    cells, cell = np.unique(sums * n_labels + clusters, return_inverse=True)
    of_sum = cells // n_labels
    squares = np.square(np.bincount(cell, influence, len(cells)))
    n_clusters = np.bincount(of_sum, minlength=n_sums).astype(np.int64, copy=False)
    variances: FloatArray = np.full(n_sums, np.nan)
    total = n_clusters * np.bincount(of_sum, squares, n_sums)
    np.divide(total, n_clusters - 1, out=variances, where=n_clusters >= 2)
    return n_clusters, variances
