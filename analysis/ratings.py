"""Ratings as people hand them in, units by raters, to category indices and counts.

All agreement statistics read their input here, so that bad input fails in one place, with its row.
"""

from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import RatingsError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Categories = Sequence[Hashable] | Set[Hashable]
"""Declared codes in rank order, the ones that nobody used included; a set has no ranks."""

MISSING = -1

EXACT_WHOLE = 2.0**53
"""Above it, floating-point numbers are whole by their coarseness, and not by what they mean."""

MOST_COUNTS = 2**27
"""Units times categories that are held in memory, one GiB: far more than codes need, and soon
reached by measurements in which no two numbers are alike."""


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
        If the table is not two-dimensional, holds an infinity, labels that cannot be sorted, a
        code that is not among the categories, or too many codes to be categories.
    """
    values = rating_table(ratings)
    codes, known = _indices(values, categories)
    if len(codes) * len(known) > MOST_COUNTS:
        raise RatingsError(
            f"{len(known)} different codes on {len(codes)} units: these are measurements and no "
            "categories; use `icc`, or round them"
        )
    is_ranked = values.dtype != object if categories is None else not isinstance(categories, Set)
    counts = _counts(codes, len(known))
    return Units(codes, counts, known, categories is not None, is_ranked)


def code_indices(
    codes: ArrayLike, categories: Categories | None
) -> tuple[IntArray, tuple[Hashable, ...]]:
    """Check codes that come one by one.

    Parameters
    ----------
    codes : (n_ratings,)
        Numbers, NaN for missing; or labels, None for missing.
    categories
        Without them, the numbers or labels that occur, in ascending order.

    Returns
    -------
    indices : (n_ratings,)
        Into the categories, -1 for missing.
    categories

    Raises
    ------
    RatingsError
        If there is more than one dimension, or a code is infinite, cannot be sorted, or is not
        among the categories.
    """
    return _indices(_checked(_as_array(codes), n_dimensions=1), categories)


def _indices(
    values: NDArray[Any], categories: Categories | None
) -> tuple[IntArray, tuple[Hashable, ...]]:
    present = ~np.asarray(pd.isna(values), dtype=bool)
    known = _observed(values[present]) if categories is None else _declared(categories)
    codes = np.full(values.shape, MISSING, dtype=np.int64)
    codes[present] = _like(values, known).get_indexer(pd.Index(values[present]))
    unknown = present & (codes == MISSING)
    if unknown.any():
        where = tuple(np.argwhere(unknown)[0])
        raise RatingsError(
            f"{_place(where)}: {values[unknown].tolist()[0]!r} "
            f"is not among the categories {known}; declare it, correct it, or set it to missing"
        )
    return codes, tuple(known)


def _like(values: NDArray[Any], known: list[Any]) -> "pd.Index[Any]":
    """The categories, yes and no as 1 and 0 where the ratings are numbers."""
    are_numbers = all(isinstance(code, Real | np.bool_) for code in known)
    dtype = float if are_numbers and values.dtype != object else None
    index: pd.Index[Any] = pd.Index(known, dtype=dtype)
    return index


def _observed(values: NDArray[Any]) -> list[Any]:
    """The codes that occur, in ascending order; whole numbers without a decimal point."""
    if values.dtype != object:
        numbers = np.unique(values)
        is_whole = bool((numbers % 1 == 0).all()) and np.abs(numbers).max(initial=0) < EXACT_WHOLE
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
    if not all(isinstance(code, Hashable) for code in codes):
        raise RatingsError(f"categories {codes}: give numbers or labels")
    if any(pd.isna(code) is True for code in codes):
        raise RatingsError(f"categories {codes}: missing is not a category")
    if len(set(codes)) < len(codes):
        raise RatingsError(f"categories {codes}: declare each code once")
    return codes


def check_same_index(first: ArrayLike, second: ArrayLike) -> None:
    """Refuse two pandas objects in whose rows the same place is not the same thing.

    Raises
    ------
    RatingsError
        If both have an index, and the indexes differ.
    """
    indexes = [one.index for one in (first, second) if isinstance(one, pd.Series | pd.DataFrame)]
    if len(indexes) == 2 and not indexes[0].equals(indexes[1]):
        raise RatingsError(
            "the two have different indexes: bring them to one, for example with "
            "`a, b = a.align(b, axis=0)`, or give arrays if the rows stand in the same order"
        )


def rating_table(ratings: ArrayLike) -> NDArray[Any]:
    """Check the shape of a table of ratings (n_units, n_raters), whatever is rated.

    Returns
    -------
    (n_units, n_raters)
        Floats where every rating is a number, NaN for missing; else objects as they came.

    Raises
    ------
    RatingsError
        If the table is not two-dimensional, its rows differ in length, it holds an infinity, or
        missing ratings are marked by a mask.
    """
    return _checked(_as_array(ratings), n_dimensions=2)


def _as_array(ratings: ArrayLike) -> NDArray[Any]:
    if isinstance(ratings, np.ma.MaskedArray):
        raise RatingsError("a masked array would lose its mask: give `ratings.filled(np.nan)`")
    try:
        values = np.asarray(ratings)
        if values.dtype.kind in "US":
            values = np.asarray(ratings, dtype=object)  # NaN among text has become the text "nan"
    except ValueError as error:
        raise RatingsError(
            "the rows of the ratings differ in length: fill up with NaN or None"
        ) from error
    return values


def _checked(values: NDArray[Any], *, n_dimensions: Literal[1, 2]) -> NDArray[Any]:
    """Give floats where every rating is a number, else objects."""
    if values.ndim != n_dimensions:
        expected = ("one code for each rating", "units in rows and raters in columns")
        raise RatingsError(
            f"ratings have {values.ndim} dimension(s): give {expected[n_dimensions - 1]}"
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
        where = tuple(np.argwhere(infinite)[0])
        raise RatingsError(
            f"{_place(where)}: {values[where]} is no rating; set it to NaN if it is missing"
        )
    return values


def _place(where: tuple[int, ...]) -> str:
    """Name the row, and in a table the column."""
    names = [f"{name} {number}" for name, number in zip(("row", "column"), where, strict=False)]
    return f"{', '.join(names)} (counted from 0)"


def _counts(codes: IntArray, n_categories: int) -> IntArray:
    present = codes != MISSING
    rows = np.nonzero(present)[0]
    flat = np.bincount(rows * n_categories + codes[present], minlength=len(codes) * n_categories)
    return flat.reshape(len(codes), n_categories).astype(np.int64, copy=False)
