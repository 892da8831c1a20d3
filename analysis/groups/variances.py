"""The variance of a statistic of groups, if raters and units like these are drawn anew."""

from dataclasses import dataclass

import numpy as np

from analysis.intervals.two_way import two_way_total
from analysis.rates.t_intervals import NEGLIGIBLE, satterthwaite_df
from analysis.ratings import FloatArray, IntArray

FEWEST = 3
"""With two raters in a group there is one difference to know their variance by."""


@dataclass(frozen=True)
class ClusteredVariance:
    """A variance with its degrees of freedom, or why there is none."""

    total: float
    df: float
    method: str
    refusal: str | None = None

    @property
    def standard_error(self) -> float | None:
        """The square root; None where there is no variance."""
        return None if self.refusal else float(np.sqrt(self.total))


def clustered_variance(
    influence: FloatArray, *, raters: IntArray, side: IntArray, units: IntArray | None
) -> ClusteredVariance:
    """Give the variance of a sum over ratings, for raters drawn anew within their groups.

    With units these are drawn anew too, the same for all groups, so that what makes a unit easy
    cancels in a difference: `analysis.intervals.two_way`, each group with its own number of raters.

    Parameters
    ----------
    influence : (n_ratings,)
        What each rating adds to the error of the estimate.
    raters, side, units : (n_ratings,)
        The group of the rater under `side`.
    """
    cells = raters if units is None else units * (int(raters.max()) + 1) + raters
    groups = [side == one for one in np.unique(side)]
    n_raters = [len(np.unique(raters[one])) for one in groups]
    n_units = FEWEST if units is None else len(np.unique(units))
    if min(*n_raters, n_units) < FEWEST:
        refusal = f"fewer than {FEWEST} raters in a group, or units: how they differ is not known"
        return ClusteredVariance(np.nan, np.nan, "", refusal)

    of_raters = [_clustered(influence[one], raters[one]) for one in groups]
    if units is None:
        total, parts, method = sum(of_raters), [], "clustered by rater"
    else:
        of_units = _clustered(influence, units)
        of_cells = sum(_clustered(influence[one], cells[one]) for one in groups)
        total = two_way_total(
            of_units, sum(of_raters), of_cells, n_units=n_units, n_raters=sum(n_raters)
        ).total
        parts, method = [(of_units, n_units)], "clustered by rater and by unit"
    if total < NEGLIGIBLE:
        return ClusteredVariance(np.nan, np.nan, "", "all raters give the same value")
    df = satterthwaite_df(total, [*parts, *zip(of_raters, n_raters, strict=True)])
    return ClusteredVariance(total, df, method)


def _clustered(influence: FloatArray, clusters: IntArray) -> float:
    """Sum of squared cluster sums, with the factor G / (G - 1) of few clusters G."""
    _, number = np.unique(clusters, return_inverse=True)
    sums = np.bincount(number, influence)
    return float(np.square(sums).sum() * len(sums) / (len(sums) - 1))
