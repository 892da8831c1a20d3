"""Ratings of two groups in long form: who rated what, in which group, in which stratum."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from analysis.estimates import UndefinedStatisticError
from analysis.groups.exchangeability import exchangeability, unequal_work
from analysis.groups.reading import (
    Labels,
    cell_sums,
    profiles,
    read_labels,
    side_of_raters,
    two_groups,
)
from analysis.groups.relabelling import Relabelling
from analysis.ratings import IntArray


@dataclass(frozen=True, eq=False)
class GroupedRatings:
    """The ratings of two groups, as far as both have rated in their stratum."""

    names: tuple[Hashable, Hashable]
    kept: NDArray[np.bool_]
    """(n_rows given,): which rows are these ratings."""

    side: IntArray
    """(n_ratings,), 0 for the first group, 1 for the second"""

    strata: Labels
    raters: Labels
    units: Labels | None

    def __len__(self) -> int:
        return len(self.side)

    def take(self, rows: NDArray[np.bool_]) -> "GroupedRatings":
        """Keep some of these ratings."""
        kept = self.kept.copy()
        kept[self.kept] = rows
        units = None if self.units is None else self.units.keep(rows)
        strata, raters = self.strata.keep(rows), self.raters.keep(rows)
        return GroupedRatings(self.names, kept, self.side[rows], strata, raters, units)

    def relabelling(self) -> Relabelling:
        """Let labels change places among raters who worked in the same strata."""
        labels = side_of_raters(self.side, self.raters)
        strata = profiles(self.raters.codes, self.strata.codes, len(self.raters))
        return Relabelling(labels, strata)

    def presence(self) -> csr_array:
        """Count the ratings of each unit by each rater; without units, of all by each rater."""
        rows = np.zeros(len(self), dtype=np.int64) if self.units is None else self.units.codes
        shape = (1 if self.units is None else len(self.units), len(self.raters))
        return csr_array((np.ones(len(self)), (rows, self.raters.codes)), shape=shape)

    def unequal_work(self, relabelling: Relabelling, *, seed: int) -> str | None:
        """Say that raters of one group gave many more ratings each, if so."""
        return unequal_work(self.presence(), relabelling, seed=seed)

    def left_out(self) -> list[str]:
        """Say how many ratings were left out, if any."""
        n = len(self.kept) - len(self)
        what = "of other groups, or of strata that one group rated alone"
        return [f"{n} ratings left out: {what}"] if n else []

    def design_notes(self, relabelling: Relabelling, *, seed: int) -> list[str]:
        """Say how far the groups rated the same units, and what was left out.

        Raises
        ------
        UndefinedStatisticError
            If they rated different ones, so that labels of raters are not exchangeable.
        """
        notes = self.left_out()
        if self.units is None:
            return [
                *notes,
                "whether the groups rated the same units is not known: `units` not given",
            ]
        found = exchangeability(self.presence(), relabelling, seed=seed)
        if found.refusal:
            raise UndefinedStatisticError(found.refusal)
        return [*notes, f"{found.share:.0%} of the groups' ratings fall alike on the units"]


def read_grouped(
    n_rows: int,
    *,
    groups: ArrayLike,
    raters: ArrayLike,
    units: ArrayLike | None,
    strata: ArrayLike | None,
    compared: tuple[Hashable, Hashable] | None,
) -> GroupedRatings:
    """Check the labels of ratings, and keep those in strata that both groups have rated.

    Raises
    ------
    RatingsError
        If lists differ in length, a label is missing, or it is not clear which two groups are
        meant.
    UndefinedStatisticError
        If no stratum has ratings of both groups.
    """
    names, side = two_groups(read_labels(groups, n_rows, "group"), compared)
    given = np.zeros(n_rows) if strata is None else strata
    every = GroupedRatings(
        names=names,
        kept=np.ones(n_rows, dtype=bool),
        side=side,
        strata=read_labels(given, n_rows, "stratum"),
        raters=read_labels(raters, n_rows, "rater"),
        units=None if units is None else read_labels(units, n_rows, "unit"),
    )
    of_both = every.take(side >= 0)
    sides = cell_sums(of_both.strata.codes, of_both.side, (len(of_both.strata), 2))
    is_shared: NDArray[np.bool_] = np.all(sides > 0, axis=1)
    in_both = is_shared[of_both.strata.codes]
    if not in_both.any():
        raise UndefinedStatisticError("no stratum has ratings of both groups")
    return of_both.take(in_both)
