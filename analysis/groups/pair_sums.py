"""Pairs of ratings of one unit, within groups and over all, as sums over units."""

from dataclasses import dataclass

import numpy as np

from analysis.agreement.alpha import mean_ranks
from analysis.agreement.corrected import quotient
from analysis.groups.subsets import Subsets
from analysis.ratings import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class PairSums:
    """What disagreement within and between groups is made of; every unit has two ratings or more.

    Columns: pairs within groups by pair of codes, all pairs by pair of codes, weight of the pairs
    within groups, weight of all pairs, ratings by code. The weight of a unit's ordered pairs is
    1 / (m - 1), as in alpha.
    """

    subsets: Subsets
    n_groups: int
    distance: FloatArray | None
    """Squared distances of the codes; None for the ordinal metric."""

    @property
    def n_categories(self) -> int:
        """Codes that the rubric offers."""
        return len(self.subsets.units.categories)

    def of_groups(self, labels: IntArray) -> FloatArray:
        """Count each group's ratings, (n_groups, n_labellings, n_patterns, n_categories)."""
        counts = [self.subsets.counts(labels == group) for group in range(self.n_groups)]
        stacked: FloatArray = np.stack(counts).astype(float)
        return stacked

    def per_unit(self, labels: IntArray) -> FloatArray:
        """What each unit adds, (n_labellings, n_patterns, n_columns).

        Parameters
        ----------
        labels : (n_labellings, n_raters)
            Every rater has a group.
        """
        counts = self.of_groups(labels)
        everyone = counts.sum(axis=0)
        m = everyone.sum(axis=-1, keepdims=True)
        of_group = counts.sum(axis=-1, keepdims=True)
        within = self.code_pairs(counts, counts).sum(axis=0) / (m - 1)
        overall = self.code_pairs(everyone, everyone) / (m - 1)
        weight = (of_group * (of_group - 1)).sum(axis=0) / (m - 1)
        columns: FloatArray = np.concatenate([within, overall, weight, m, everyone], axis=-1)
        return columns

    def sums(self, labels: IntArray) -> FloatArray:
        """Add up the units, (n_labellings, n_columns)."""
        sums: FloatArray = np.einsum("lup,u->lp", self.per_unit(labels), self.subsets.frequency)
        return sums

    def code_pairs(self, one: FloatArray, other: FloatArray) -> FloatArray:
        """Count ordered pairs of unequal codes, a rating of one set with one of the other."""
        low, high = np.triu_indices(self.n_categories, k=1)
        pairs: FloatArray = one[..., low] * other[..., high] + one[..., high] * other[..., low]
        return pairs

    def distances(self, sums: FloatArray) -> FloatArray:
        """Distance of each pair of unequal codes over that expected by chance, (..., n_pairs)."""
        low, high = np.triu_indices(self.n_categories, k=1)
        margins = sums[..., -self.n_categories :]
        if self.distance is None:
            ranks = mean_ranks(margins)
            distance = np.square(ranks[..., low] - ranks[..., high])
        else:
            distance = np.broadcast_to(self.distance[low, high], (*sums.shape[:-1], len(low)))
        n = margins.sum(axis=-1, keepdims=True)
        by_chance = 2 * margins[..., low] * margins[..., high] / (n * (n - 1))
        expected = (by_chance * distance).sum(axis=-1, keepdims=True)
        return quotient(distance, expected)

    def means(self, sums: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Mean disagreement within groups, between groups, and of all pairs; NaN where none."""
        n_pairs = self.n_categories * (self.n_categories - 1) // 2
        distances = self.distances(sums)
        within = (sums[..., :n_pairs] * distances).sum(axis=-1)
        overall = (sums[..., n_pairs : 2 * n_pairs] * distances).sum(axis=-1)
        weight, m = sums[..., 2 * n_pairs], sums[..., 2 * n_pairs + 1]
        return (
            quotient(within, weight),
            quotient(overall - within, m - weight),
            quotient(overall, m),
        )

    def excess(self, sums: FloatArray) -> FloatArray:
        """Mean disagreement between groups less that within groups."""
        within, between, _ = self.means(sums)
        return between - within
