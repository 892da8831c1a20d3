"""Ratings as people hand them in, units by raters, to category indices and counts.

All agreement statistics read their input here, so that bad input fails in one place, with its row.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import RatingsError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Categories = Sequence[Hashable]
"""Declared codes in rank order, the ones that nobody used included."""

MISSING = -1


@dataclass(frozen=True, eq=False)
class Units:
    """The ratings of each unit, as indices into the categories."""

    codes: IntArray
    """(n_units, n_raters), -1 for missing."""

    counts: IntArray
    """(n_units, n_categories)"""

    categories: tuple[Hashable, ...]

    @property
    def per_unit(self) -> IntArray:
        """Ratings of each unit, (n_units,)."""
        totals: IntArray = self.counts.sum(axis=1)
        return totals

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: NDArray[Any]) -> "Units":
        """Keep some units, given by index or by mask."""
        return Units(self.codes[rows], self.counts[rows], self.categories)

    def pairable(self) -> "Units":
        """Keep the units with two ratings or more: the only ones where raters can agree."""
        return self.take(self.per_unit >= 2)

    def n_raters(self) -> int:
        """Count the raters with a rating."""
        return int((self.codes != MISSING).any(axis=0).sum())


def read_units(ratings: ArrayLike, categories: Categories | None) -> Units:
    """Check a table of ratings and count each unit's ratings per category.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing; or labels, None for missing, if `categories` is given.
    categories
        Without them, the numbers that occur, in ascending order.

    Raises
    ------
    RatingsError
        If the table is not two-dimensional, holds an infinity, text without declared categories,
        or a code that is not among the categories.
    """
    values = _as_table(ratings)
    if values.dtype == object and categories is None:
        raise RatingsError("the ratings are labels: give `categories`, all labels in rank order")

    present = ~np.asarray(pd.isna(values), dtype=bool)
    declared = np.unique(values[present]).tolist() if categories is None else list(categories)
    _check_categories(declared)
    codes = np.full(values.shape, MISSING, dtype=np.int64)
    codes[present] = pd.Index(declared).get_indexer(pd.Index(values[present]))
    unknown = present & (codes == MISSING)
    if unknown.any():
        row, column = np.argwhere(unknown)[0]
        raise RatingsError(
            f"row {row}, column {column} (counted from 0): {values[row].tolist()[column]!r} "
            f"is not among the categories {declared}; declare it, correct it, or set it to missing"
        )
    return Units(codes, _counts(codes, len(declared)), tuple(declared))


def _as_table(ratings: ArrayLike) -> NDArray[Any]:
    """Give floats where every rating is a number, else objects."""
    try:
        values = np.asarray(ratings)
        if values.dtype.kind in "US":
            values = np.asarray(ratings, dtype=object)  # NaN among text has become the text "nan"
    except ValueError as error:
        raise RatingsError(
            "the rows of the ratings differ in length: fill up with NaN or None"
        ) from error
    if values.ndim != 2:
        raise RatingsError(
            f"ratings have {values.ndim} dimension(s): give units in rows and raters in columns"
        )
    if values.dtype == object:
        return _numbers_if_all(values)
    if values.dtype.kind not in "biuf":
        raise RatingsError(f"ratings of type {values.dtype}: give numbers or labels")
    return _finite(values.astype(float))


def _numbers_if_all(values: NDArray[Any]) -> NDArray[Any]:
    present = ~np.asarray(pd.isna(values), dtype=bool)
    if not all(isinstance(value, Real | np.bool_) for value in values[present]):
        return values

    numbers = np.full(values.shape, np.nan)
    numbers[present] = values[present].astype(float)
    return _finite(numbers)


def _finite(values: FloatArray) -> FloatArray:
    infinite = np.isinf(values)
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise RatingsError(
            f"row {row}, column {column} (counted from 0): {values[row, column]} is no rating; "
            "set it to NaN if it is missing"
        )
    return values


def _check_categories(categories: list[Any]) -> None:
    if any(pd.isna(category) for category in categories):
        raise RatingsError(f"categories {categories}: missing is not a category")
    if len(set(categories)) < len(categories):
        raise RatingsError(f"categories {categories}: declare each code once")


def _counts(codes: IntArray, n_categories: int) -> IntArray:
    present = codes != MISSING
    rows = np.nonzero(present)[0]
    flat = np.bincount(rows * n_categories + codes[present], minlength=len(codes) * n_categories)
    return flat.reshape(len(codes), n_categories).astype(np.int64, copy=False)
