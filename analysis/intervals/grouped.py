"""Bootstrap intervals by group of raters and of the differences between groups.

Groups that rated the same units go up and down with them together. All groups are computed on the
same resamples of units, so that the interval of a difference knows it.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.agreement.weights import Level, Weights
from analysis.estimates import Estimate, RatingsError
from analysis.intervals.asked import Statistics
from analysis.intervals.blocks import LabelledCategories, Ratings, read_block
from analysis.intervals.bootstrapping import ResampledBlocks, resampled_blocks
from analysis.intervals.estimate_sets import EstimateSet
from analysis.intervals.patterns import Part
from analysis.intervals.resampling import Method, Plan, resampled_interval
from analysis.progress import Progress, silent
from analysis.ratings import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class GroupEstimates(Mapping[Hashable, EstimateSet]):
    """The estimates of each group of raters, by its label, and the differences between them."""

    groups: Mapping[Hashable, EstimateSet]
    resampled: ResampledBlocks = field(repr=False)
    """What the groups have in common, one block a group."""

    def __getitem__(self, group: Hashable) -> EstimateSet:
        if group not in self.groups:
            raise KeyError(f"{group!r} is not among the groups {list(self.groups)}")
        return self.groups[group]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    def difference(self, statistic: str, group_1: Hashable, group_2: Hashable) -> Estimate:
        """Give the statistic in group 1 less that in group 2, both on the same resamples.

        Raises
        ------
        KeyError
            If the statistic was not asked for, or there is no such group.
        UndefinedStatisticError
            If it has no value in one of the groups.
        """
        first, second = self[group_1][statistic], self[group_2][statistic]
        ours, sides = self.resampled, [self._side(group) for group in (group_1, group_2)]
        one, other = (ours.parts[side][statistic] for side in sides)
        replicated = np.subtract(*(ours.replicated[side][statistic] for side in sides))
        carriers = [ours.blocks[side].carriers(statistic) for side in sides]
        return resampled_interval(
            replicated, ours.patterns, _minus(one, other), ours.plan
        ).estimate(
            f"{statistic}, {group_1} minus {group_2}",
            first.value - second.value,
            n_units=int(np.any(carriers, axis=0).sum()),
            n_raters=first.n_raters + second.n_raters,
            n_ratings=first.n_ratings + second.n_ratings,
            refusal=self._little_variation(statistic, group_1, group_2),
        )

    def _side(self, group: Hashable) -> int:
        """Which of the blocks is the group's."""
        return list(self.groups).index(group)

    def _little_variation(self, statistic: str, *groups: Hashable) -> str | None:
        """Why a difference gets no interval: the groups that vary too little, if any."""
        reasons = [
            f"{group}: {refusal}"
            for group in groups
            if (refusal := self.resampled.blocks[self._side(group)].little_variation(statistic))
        ]
        return "; ".join(reasons) or None

    def to_frame(self) -> pd.DataFrame:
        """One row for each group and statistic, the group in the first column."""
        frames = []
        for group, estimates in self.groups.items():
            frame = estimates.to_frame()
            frame.insert(0, "group", pd.Series([group] * len(frame), dtype=object))
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)


def bootstrap_groups(
    ratings: Ratings,
    statistics: Statistics,
    *,
    rater_groups: ArrayLike,
    seed: int,
    level: Level | None = None,
    categories: LabelledCategories | None = None,
    weights: Weights = "identity",
    n_resamples: int = 10_000,
    clusters: ArrayLike | None = None,
    method: Method = "bca",
    confidence: float = 0.95,
    progress: Progress = silent,
) -> GroupEstimates:
    """Estimate agreement within each group of raters, and how it differs, on the same resamples.

    The intervals speak of these raters on units like these. Whether groups of raters like these
    differ is another question: there, labels of raters are permuted.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing; or labels, None for missing. A unit that one group alone rated
        counts for that group.
    rater_groups : (n_raters,)
        The group of each column.
    statistics, level, categories, weights, clusters, method
        See `bootstrap`.

    Returns
    -------
    Estimates by group, in the order in which the groups occur; `difference` compares two.

    Raises
    ------
    RatingsError
        If table, groups, codes, clusters, names or numbers cannot be what was meant.
    """
    block = read_block(
        ratings,
        statistics,
        level=level,
        categories=categories,
        weights=weights,
        clusters=clusters,
    )
    plan = Plan(n_resamples, seed, method, confidence, block.drawn)
    columns = _columns_by_group(rater_groups, block.units.codes.shape[1])
    blocks = [block.of_raters(ours) for ours in columns.values()]
    resampled = resampled_blocks(blocks, plan, progress)
    estimates = {group: resampled.estimates(i) for i, group in enumerate(columns)}
    return GroupEstimates(estimates, resampled)


def _columns_by_group(rater_groups: ArrayLike, n_raters: int) -> dict[Hashable, IntArray]:
    labels = pd.Series(np.asarray(rater_groups, dtype=object))
    if len(labels) != n_raters:
        raise RatingsError(f"{len(labels)} groups for {n_raters} raters: give one for each column")
    if labels.isna().any():
        column = int(labels.isna().to_numpy().argmax())
        raise RatingsError(
            f"the rater in column {column} (counted from 0) has no group: give one, or leave the "
            "column out"
        )
    return {group: np.flatnonzero(labels == group) for group in labels.unique()}


def _minus(one: Part, other: Part) -> Part:
    """The difference of two statistics as a statistic of the sums of both."""

    def value(sums: FloatArray) -> FloatArray:
        return one.of(sums) - other.of(sums)

    return Part(slice(None), value)
