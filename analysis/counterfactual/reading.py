"""Judgments of counterfactual pairs, added up by the clusters they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate
from analysis.intervals.patterns import Part, cluster_numbers, patterns_of
from analysis.intervals.resampling import Plan, replicates, resampled_interval
from analysis.progress import Progress
from analysis.ratings import FloatArray, IntArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Origins:
    """Which cluster each rating comes from, and which rater."""

    clusters: IntArray
    """(n_ratings,) numbered from 0 without a gap."""

    raters: IntArray | None
    """(n_ratings,)"""

    def take(self, kept: BoolArray) -> "Origins":
        """Keep some ratings, and number their clusters anew."""
        clusters = cluster_numbers(self.clusters[kept], int(kept.sum()))
        return Origins(clusters, None if self.raters is None else self.raters[kept])

    def counts(self, kept: BoolArray) -> tuple[int, int, int]:
        """Count the clusters, raters (0 where unknown) and ratings of those kept."""
        n_raters = 0 if self.raters is None else len(np.unique(self.raters[kept]))
        return len(np.unique(self.clusters[kept])), n_raters, int(kept.sum())


class Asked(NamedTuple):
    """A statistic of the summed columns, and the ratings that carry it, (n_ratings,)."""

    part: Part
    carriers: BoolArray


def read_origins(clusters: ArrayLike, raters: ArrayLike | None, n_ratings: int) -> Origins:
    """Number the clusters, and the raters where they are known.

    Raises
    ------
    RatingsError
        If a label is missing, or there is not one for each rating.
    """
    who = None if raters is None else cluster_numbers(raters, n_ratings, noun="rater")
    return Origins(cluster_numbers(clusters, n_ratings), who)


def joint_estimates(
    columns: FloatArray,
    asked: Mapping[str, Asked],
    origins: Origins,
    plan: Plan,
    progress: Progress,
) -> dict[str, Estimate]:
    """Estimate several statistics on the same resamples of clusters.

    Parameters
    ----------
    columns : (n_ratings, n_columns)
        What each rating adds to the sums.
    asked
        Statistics of the sums, by name.
    origins
    plan
    progress
    """
    sums = [np.bincount(origins.clusters, column) for column in columns.T]
    patterns = patterns_of(np.column_stack(sums).astype(float, copy=False))
    drawn = replicates(patterns, [one.part for one in asked.values()], plan, progress)
    estimates = {}
    for (name, one), replicated in zip(asked.items(), drawn, strict=True):
        n_units, n_raters, n_ratings = origins.counts(one.carriers)
        estimates[name] = resampled_interval(replicated, patterns, one.part, plan).estimate(
            name,
            float(one.part.of(patterns.total())),
            n_units=n_units,
            n_raters=n_raters,
            n_ratings=n_ratings,
        )
    return estimates
