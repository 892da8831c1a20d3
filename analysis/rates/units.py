"""The ratings of each unit counted, and a mean over units with its bootstrap interval."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate, RatingsError
from analysis.intervals.patterns import cluster_numbers, patterns_of
from analysis.intervals.ratios import n_distinct, ratio_part
from analysis.intervals.resampling import Plan, replicates, resampled_interval
from analysis.rates.indicators import yes_or_no
from analysis.rates.populations import speaking_of, these_raters
from analysis.ratings import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class RatedUnits:
    """How many ratings each unit has, and how many of them say yes, each (n_units,)."""

    labels: NDArray[Any]
    n_ratings: IntArray
    n_yes: IntArray
    clusters: IntArray
    """What the unit is resampled with, numbered; the unit itself if nothing was given."""

    n_raters: int

    def __len__(self) -> int:
        return len(self.labels)

    def with_ratings(self, fewest: int) -> "RatedUnits":
        """Keep the units that have so many ratings or more."""
        kept = self.n_ratings >= fewest
        return replace(
            self,
            labels=self.labels[kept],
            n_ratings=self.n_ratings[kept],
            n_yes=self.n_yes[kept],
            clusters=pd.factorize(self.clusters[kept])[0].astype(np.int64),
        )


def read_rated_units(
    indicator: ArrayLike,
    *,
    units: ArrayLike,
    clusters: ArrayLike | None,
    raters: ArrayLike | None,
) -> RatedUnits:
    """Count the ratings of each unit.

    Raises
    ------
    RatingsError
        If a judgment is neither yes nor no, a label is missing, lists differ in length, or one
        unit lies in two clusters.
    UndefinedStatisticError
        If there are no ratings.
    """
    values = yes_or_no(indicator)
    unit = cluster_numbers(units, len(values), noun="unit")
    cluster = unit if clusters is None else cluster_numbers(clusters, len(values))
    first = np.unique(unit, return_index=True)[1]
    labels = np.asarray(units, dtype=object)[first]
    _check_nested(unit, cluster, first, labels)
    return RatedUnits(
        labels=labels,
        n_ratings=np.bincount(unit).astype(np.int64),
        n_yes=np.bincount(unit, values).astype(np.int64),
        clusters=cluster[first],
        n_raters=n_distinct(raters, len(values)),
    )


def mean_of_units(per_unit: FloatArray, rated: RatedUnits, statistic: str, plan: Plan) -> Estimate:
    """Give the mean over units, resampling their clusters whole."""
    sums = np.column_stack([np.bincount(rated.clusters, per_unit), np.bincount(rated.clusters)])
    part, patterns = ratio_part(), patterns_of(sums.astype(float))
    (replicated,) = replicates(patterns, [part], plan)
    estimate = resampled_interval(replicated, patterns, part, plan).estimate(
        statistic,
        float(per_unit.mean()),
        n_units=len(rated),
        n_raters=rated.n_raters,
        n_ratings=int(rated.n_ratings.sum()),
    )
    return speaking_of(these_raters(plan.drawn), estimate)


def _check_nested(unit: IntArray, cluster: IntArray, first: IntArray, labels: NDArray[Any]) -> None:
    strays = cluster != cluster[first][unit]
    if strays.any():
        row = int(strays.argmax())
        label: Hashable = labels[unit[row]]
        raise RatingsError(
            f"row {row} (counted from 0): unit {label!r} has two cluster labels; give it one"
        )
