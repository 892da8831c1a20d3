"""A coefficient of many subsets of the raters at once.

The counts of a unit for some raters are a sum over these raters, so those of many subsets are one
matrix product.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.agreement.coefficients import Coefficient
from analysis.intervals.patterns import distinct_rows
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

    def values(self, chosen: Coefficient, members: NDArray[np.bool_]) -> FloatArray:
        """Give the coefficient of each subset, (n_subsets,); NaN where there is none.

        Parameters
        ----------
        members : (n_subsets, n_raters)
        """
        codes = None
        if chosen.needs_raters:
            codes = np.where(members[:, None, :], self.units.codes, MISSING)
        return chosen.value(self._sums(self._contributions(chosen, self.counts(members), codes)))

    def without_one(self, chosen: Coefficient, members: NDArray[np.bool_]) -> FloatArray:
        """Give the coefficient of each subset without each of its raters.

        A rater who leaves takes one rating off each unit that he or she rated. What the units
        contribute then depends on the code taken off only, so it is found once for each code, and
        summed for each rater.

        Returns
        -------
        (n_subsets, n_raters)
            NaN for raters outside the subset, and where there is no value.
        """
        if chosen.needs_raters:
            values = self._without_one_by_one(chosen, members)
        else:
            sums = self._sums(self._contributions(chosen, self.counts(members)))
            values = chosen.value(sums[:, None, :] + self._changes(chosen, members))
        return np.where(members, values, np.nan)

    def _changes(self, chosen: Coefficient, members: NDArray[np.bool_]) -> FloatArray:
        """How the sums change without each rater, (n_subsets, n_raters, n_columns)."""
        counts = self.counts(members)
        contributions = self._contributions(chosen, counts)
        changes = []
        for code in range(counts.shape[-1]):
            fewer = counts.copy()
            fewer[..., code] = np.maximum(fewer[..., code] - 1, 0)
            changes.append(self._contributions(chosen, fewer) - contributions)
        by_code = np.stack(changes, axis=2) * self.frequency[:, None, None]
        by_choice = by_code.reshape(len(members), self.choices.shape[1], -1)
        changed: FloatArray = self.choices.astype(float) @ by_choice
        return changed

    def _without_one_by_one(self, chosen: Coefficient, members: NDArray[np.bool_]) -> FloatArray:
        others = ~np.eye(members.shape[1], dtype=bool)
        return np.stack([self.values(chosen, members & other) for other in others], axis=1)

    def _sums(self, contributions: FloatArray) -> FloatArray:
        """Add up the units, (n_subsets, n_columns)."""
        sums: FloatArray = np.einsum("sup,u->sp", contributions, self.frequency)
        return sums

    def _contributions(
        self, chosen: Coefficient, counts: IntArray, codes: IntArray | None = None
    ) -> FloatArray:
        """What each unit adds to the sums of the coefficient, (n_subsets, n_patterns, n_columns).

        Parameters
        ----------
        counts : (n_subsets, n_patterns, n_categories)
        codes : (n_subsets, n_patterns, n_raters)
            For coefficients to which it matters who gave which rating.
        """
        n_subsets, n_units, n_categories = counts.shape
        flat = counts.reshape(-1, n_categories)
        by_rater = np.empty((len(flat), 0), np.int64)
        if codes is not None:
            by_rater = codes.reshape(len(flat), -1)
        each = chosen.per_unit(replace(self.units, codes=by_rater, counts=flat))
        return each.reshape(n_subsets, n_units, -1)


def subsets_of(units: Units) -> Subsets:
    """Gather equal units, and lay out who chose what."""
    first, _, frequency = distinct_rows(units.codes)
    distinct = units.take(first)
    chose = distinct.codes.T[:, :, None] == np.arange(len(units.categories))
    choices = chose.reshape(distinct.codes.shape[1], -1).astype(np.float32)
    return Subsets(distinct, frequency, choices)
