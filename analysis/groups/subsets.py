"""A coefficient of many subsets of the raters at once.

The counts of a unit for some raters are a sum over these raters, so those of many subsets are one
matrix product.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.agreement.coefficients import Coefficient
from analysis.intervals.resampling import distinct_rows
from analysis.ratings import MISSING, FloatArray, IntArray, Units


@dataclass(frozen=True, eq=False)
class Subsets:
    """Distinct units, ready to be counted for any subset of the raters."""

    units: Units
    """One unit of each pattern of codes."""

    frequency: IntArray
    """(n_patterns,), units of each pattern"""

    choices: NDArray[np.float32]
    """(n_raters, n_patterns * n_categories), 1 where the rater chose the category."""

    @property
    def numbers_each(self) -> int:
        """Numbers held in memory for one subset, about."""
        return 8 * max(int(self.choices.shape[1]), self.units.codes.size)

    def counts(self, members: NDArray[np.bool_]) -> IntArray:
        """Ratings of the members per unit and category, (n_subsets, n_patterns, n_categories)."""
        shape = (len(members), len(self.units), len(self.units.categories))
        counts: IntArray = (members.astype(np.float32) @ self.choices).astype(np.int64)
        return counts.reshape(shape)

    def contributions(self, chosen: Coefficient, members: NDArray[np.bool_]) -> FloatArray:
        """What each unit adds to the sums of the coefficient, (n_subsets, n_patterns, n_columns).

        Parameters
        ----------
        members : (n_subsets, n_raters)
        """
        n_subsets, n_units = len(members), len(self.units)
        counts = self.counts(members).reshape(n_subsets * n_units, -1)
        codes = np.empty((len(counts), 0), dtype=np.int64)
        if chosen.needs_raters:
            codes = np.where(members[:, None, :], self.units.codes, MISSING)
            codes = codes.reshape(len(counts), -1)
        each = chosen.per_unit(replace(self.units, codes=codes, counts=counts))
        return each.reshape(n_subsets, n_units, -1)

    def values(self, chosen: Coefficient, members: NDArray[np.bool_]) -> FloatArray:
        """Give the coefficient of each subset, (n_subsets,); NaN where there is none."""
        return chosen.value(
            np.einsum("sup,u->sp", self.contributions(chosen, members), self.frequency)
        )

    def of(self, members: NDArray[np.bool_]) -> Units:
        """Keep the ratings of these raters, (n_raters,), on all units."""
        codes = np.repeat(self.units.codes, self.frequency, axis=0)[:, members]
        counts = np.repeat(self.counts(members[None])[0], self.frequency, axis=0)
        return replace(self.units, codes=codes, counts=counts)


def subsets_of(units: Units) -> Subsets:
    """Gather equal units, and lay out who chose what."""
    first, _, frequency = distinct_rows(units.codes)
    distinct = units.take(first)
    chose = distinct.codes.T[:, :, None] == np.arange(len(units.categories))
    choices = chose.reshape(distinct.codes.shape[1], -1).astype(np.float32)
    return Subsets(distinct, frequency, choices)
