"""Ratings as people hand them in, units by raters, to category indices and counts.

All agreement statistics read their input here, so that bad input fails in one place, with its row.
"""

from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import RatingsError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Categories = Sequence[Hashable] | Set[Hashable]
"""Declared codes in rank order, the ones that nobody used included; a set has no ranks."""

MISSING = -1


@dataclass(frozen=True, eq=False)
class Units:
    """The ratings of each unit, as indices into the categories."""

    codes: IntArray
    """(n_units, n_raters), -1 for missing."""

    counts: IntArray
    """(n_units, n_categories)"""

    categories: tuple[Hashable, ...]
    is_declared: bool = True
    """Whether the categories were given; else they are those that occur."""

    is_ranked: bool = True
    """Whether their order is one of rank: not so for a set, nor for labels that merely occur."""

    @property
    def has_rank_distances(self) -> bool:
        """Whether it is known how many ranks lie between two categories.

        Where codes are whole numbers without a gap, it is: categories beyond the first and the
        last that occur would scale all distances alike, which no kappa notices.
        """
        if self.is_declared or not self.is_ranked:
            return self.is_ranked
        numbers = np.array(self.categories, dtype=float)
        return bool((numbers % 1 == 0).all() and (np.diff(numbers) == 1).all())

    @property
    def per_unit(self) -> IntArray:
        """Ratings of each unit, (n_units,)."""
        totals: IntArray = self.counts.sum(axis=1)
        return totals

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: NDArray[Any]) -> "Units":
        """Keep some units, given by index or by mask."""
        return replace(self, codes=self.codes[rows], counts=self.counts[rows])

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
        Numbers, NaN for missing; or labels, None for missing.
    categories
        Without them, the numbers or labels that occur, in ascending order.

    Raises
    ------
    RatingsError
        If the table is not two-dimensional, holds an infinity, labels that cannot be sorted, or
        a code that is not among the categories.
    """
    values = _as_table(ratings)
    present = ~np.asarray(pd.isna(values), dtype=bool)
    known = _observed(values[present]) if categories is None else _declared(categories)
    codes = np.full(values.shape, MISSING, dtype=np.int64)
    codes[present] = pd.Index(known).get_indexer(pd.Index(values[present]))
    unknown = present & (codes == MISSING)
    if unknown.any():
        row, column = np.argwhere(unknown)[0]
        raise RatingsError(
            f"row {row}, column {column} (counted from 0): {values[row].tolist()[column]!r} "
            f"is not among the categories {known}; declare it, correct it, or set it to missing"
        )
    is_ranked = values.dtype != object if categories is None else not isinstance(categories, Set)
    counts = _counts(codes, len(known))
    return Units(codes, counts, tuple(known), categories is not None, is_ranked)


def _observed(values: NDArray[Any]) -> list[Any]:
    """The codes that occur, in ascending order; whole numbers without a decimal point."""
    if values.dtype != object:
        numbers = np.unique(values)
        is_whole = bool((numbers % 1 == 0).all())
        return list(numbers.astype(np.int64).tolist() if is_whole else numbers.tolist())
    try:
        return sorted(set(values.tolist()))
    except TypeError as error:
        raise RatingsError(
            "the ratings mix labels of several types: give `categories`, all codes in rank order"
        ) from error


def _declared(categories: Categories) -> list[Any]:
    if isinstance(categories, str) or not isinstance(categories, Iterable):
        raise RatingsError(f"categories {categories!r}: give a list of all codes")
    # The order of a set changes from run to run, and resamples would follow it.
    is_set = isinstance(categories, Set)
    codes: list[Any] = sorted(categories, key=repr) if is_set else list(categories)
    if any(pd.isna(code) for code in codes):
        raise RatingsError(f"categories {codes}: missing is not a category")
    if len(set(codes)) < len(codes):
        raise RatingsError(f"categories {codes}: declare each code once")
    return codes


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


def _counts(codes: IntArray, n_categories: int) -> IntArray:
    present = codes != MISSING
    rows = np.nonzero(present)[0]
    flat = np.bincount(rows * n_categories + codes[present], minlength=len(codes) * n_categories)
    return flat.reshape(len(codes), n_categories).astype(np.int64, copy=False)
