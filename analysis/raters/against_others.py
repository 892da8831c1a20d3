"""How far each rater is from the others who rated the same units: a mean, with its error."""

from dataclasses import dataclass

import numpy as np

from analysis.intervals.clustered_errors import ClusteredError, clustered_errors
from analysis.ratings import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class RaterMeans:
    """A mean for each rater, with the error that comes from which clusters were drawn."""

    n: IntArray
    mean: FloatArray
    errors: list[ClusteredError]


def others_mean(values: FloatArray, unit: IntArray) -> FloatArray:
    """Mean of the other ratings of the unit of each rating, NaN where there is none."""
    n_others = np.bincount(unit)[unit] - 1
    others = np.bincount(unit, values)[unit] - values
    mean: FloatArray = np.full(len(values), np.nan)
    np.divide(others, n_others, out=mean, where=n_others > 0)
    return mean


def rater_means(
    values: FloatArray, rater: IntArray, cluster: IntArray, n_raters: int
) -> RaterMeans:
    """Give the mean of each rater's values; 0 for a rater without any."""
    n = np.bincount(rater, minlength=n_raters)
    mean = np.bincount(rater, values, n_raters) / np.maximum(n, 1)
    influence = (values - mean[rater]) / n[rater]
    return RaterMeans(n, mean, clustered_errors(influence, cluster, rater, n_sums=n_raters))
