"""Single ratings as people hand them in, one row each, to counts by unit, rater and code."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.intervals.patterns import cluster_numbers
from analysis.ratings import MISSING, Categories, FloatArray, IntArray, code_indices


@dataclass(frozen=True, eq=False)
class Observations:
    """How often each rater gave each code to each unit."""

    table: csr_array
    """(n_units, n_raters * n_categories); the codes of one rater lie side by side."""

    units: tuple[Hashable, ...]
    raters: tuple[Hashable, ...]
    categories: tuple[Hashable, ...]

    @property
    def n_categories(self) -> int:
        """Number of codes that the rubric offers."""
        return len(self.categories)

    def counts(self) -> FloatArray:
        """Ratings of each unit by code, (n_units, n_categories)."""
        code = np.tile(np.eye(self.n_categories), (len(self.raters), 1))
        counts: FloatArray = self.table @ code
        return counts

    def per_rater(self) -> IntArray:
        """Number of ratings by each rater, (n_raters,)."""
        per_column = self.table.sum(axis=0).reshape(len(self.raters), -1)
        return np.asarray(per_column.sum(axis=1), dtype=np.int64)

    def n_blocks(self) -> int:
        """Number of sets of units and raters between which there is no rating."""
        n_units, q = len(self.units), self.n_categories
        cells = self.table.tocoo()
        size = n_units + len(self.raters)
        places = (cells.row, n_units + cells.col // q)
        graph = csr_array((np.ones(cells.nnz), places), shape=(size, size))
        return int(connected_components(graph, directed=False)[0])


def read_observations(
    codes: ArrayLike, *, units: ArrayLike, raters: ArrayLike, categories: Categories | None
) -> Observations:
    """Check single ratings, each array of shape (n_ratings,), and count them.

    Raises
    ------
    RatingsError
        If the arrays differ in length, or a code is missing or not among the categories.
    UndefinedStatisticError
        If there is no rating, or one category only.
    """
    code, known = code_indices(codes, categories)
    if not len(code):
        raise UndefinedStatisticError("there are no ratings")

    missing = code == MISSING
    if missing.any():
        row = int(missing.argmax())
        raise RatingsError(f"row {row} (counted from 0) has no code: leave out what was not rated")
    q = len(known)
    if q < 2:
        raise UndefinedStatisticError(
            f"{known[0]!r} is the only category: there is nothing to decide"
        )
    unit = cluster_numbers(units, len(code), noun="unit")
    rater = cluster_numbers(raters, len(code), noun="rater")
    shape = (int(unit.max()) + 1, (int(rater.max()) + 1) * q)
    cells = (np.ones(len(code)), (unit, rater * q + code))
    table = csr_array(cells, shape=shape)
    table.sum_duplicates()
    return Observations(table, _names(units, unit), _names(raters, rater), known)


def places(labels: tuple[Hashable, ...]) -> IntArray:
    """Give the place of each label in their order, or in that of appearance if they have none.

    What is drawn at random for each label can so be the same whatever the order of the rows.
    """
    label: Callable[[int], Any] = labels.__getitem__
    try:
        order = sorted(range(len(labels)), key=label)
    except TypeError:
        return np.arange(len(labels))
    return np.argsort(np.array(order, dtype=np.int64))


def _names(labels: ArrayLike, numbers: IntArray) -> tuple[Hashable, ...]:
    """The label of each number: numbers are given in order of first occurrence."""
    values = np.asarray(labels, dtype=object)
    return tuple(values[np.unique(numbers, return_index=True)[1]].tolist())
