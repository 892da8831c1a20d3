"""The variance of a statistic of groups, if raters and units like these are drawn anew."""

from dataclasses import dataclass

import numpy as np

from analysis.intervals.two_way import two_way_total, two_way_variance
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
    groups = [side == one for one in np.unique(side)]
    # Clustered by rater and by rater once more, the variance is that of raters alone.
    drawn = raters if units is None else units
    if min(len(np.unique(one[group])) for one in (raters, drawn) for group in groups) < FEWEST:
        refusal = f"fewer than {FEWEST} raters in a group, or units: how they differ is not known"
        return ClusteredVariance(np.nan, np.nan, "", refusal)

    within = [two_way_variance(influence[one], drawn[one], raters[one]) for one in groups]
    of_raters = sum(one.raters for one in within)
    parts = [(one.raters, one.n_raters) for one in within]
    total, method = of_raters, "clustered by rater"
    if units is not None:
        crossed = two_way_variance(influence, units, raters)
        cells = sum(one.cells for one in within)
        total = two_way_total(
            crossed.units, of_raters, cells, n_units=crossed.n_units, n_raters=crossed.n_raters
        ).total
        parts, method = [(crossed.units, crossed.n_units), *parts], "clustered by rater and by unit"
    if total < NEGLIGIBLE:
        return ClusteredVariance(np.nan, np.nan, "", "all raters give the same value")
    return ClusteredVariance(total, satterthwaite_df(total, parts), method)
