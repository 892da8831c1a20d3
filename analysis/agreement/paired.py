"""Two raters' codes of the same units, read side by side."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import RatingsError
from analysis.ratings import Categories, FloatArray, Units, check_same_index, read_units


def read_pairs(a: ArrayLike, b: ArrayLike, categories: Categories | None) -> Units:
    """Read both raters' codes; units that one of them missed are still among them.

    Raises
    ------
    RatingsError
        If the lists differ in length, two pandas Series differ in their index (the same place
        would then not be the same unit), or a code is not among the categories.
    """
    check_same_index(a, b)
    first, second = _as_list(a), _as_list(b)
    if first.shape != second.shape or first.ndim != 1:
        raise RatingsError(f"two lists of one length, not shapes {first.shape} and {second.shape}")
    return read_units(np.column_stack([first, second]), categories)


def pair_table(first: NDArray[np.int64], second: NDArray[np.int64], n: int) -> FloatArray:
    """Count units by first and second code, (n, n); a unit with a code below 0 is left out."""
    both = (first >= 0) & (second >= 0)
    cells = np.bincount(first[both] * n + second[both], minlength=n * n)
    return cells.reshape(n, n).astype(float)


def table_of(units: Units) -> FloatArray:
    """Count the units that both raters coded, (n_categories, n_categories), first in rows."""
    first, second = units.codes.T
    return pair_table(first, second, len(units.categories))


def left_out(units: Units) -> str | None:
    """Say how many units one rater only has coded."""
    n_single = int((units.per_unit == 1).sum())
    return f"{n_single} of {len(units)} units were coded by one rater only" if n_single else None


def _as_list(codes: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(codes, dtype=object)
    except ValueError as error:
        raise RatingsError(f"give one code for each unit: {error}") from error
