"""Codes as people hand them in, read in one place so that a strange one fails with its row."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import RatingsError
from analysis.ratings import IntArray


def read_codes(
    chosen: ArrayLike, codes: Sequence[Hashable], *, noun: str, n_rows: int | None = None
) -> IntArray:
    """Give the place of each chosen code among the codes that there are, (n_rows,).

    Parameters
    ----------
    chosen : (n_rows,)
        One code for each row, none missing.
    codes
        All codes, each once.
    noun
        What the codes are of, for messages.
    n_rows
        How many there must be; without it, as many as there are.

    Raises
    ------
    RatingsError
        If a code is declared twice or missing, a choice is none of them, or there is not one for
        each row.
    """
    _check_declared(codes, noun)
    values = as_series(chosen, noun)
    if n_rows is not None and len(values) != n_rows:
        raise RatingsError(f"{len(values)} entries of {noun} for {n_rows} rows: give one for each")
    try:
        places = pd.Index(list(codes), dtype=object).get_indexer(pd.Index(values, dtype=object))
    except TypeError as error:
        raise RatingsError(f"{noun}: give numbers or labels: {error}") from error
    if (places < 0).any():
        row = int((places < 0).argmax())
        raise RatingsError(
            f"row {row} (counted from 0), {noun}: {values[row]!r} is not among {list(codes)}; "
            "correct it, or leave out what was not rated"
        )
    return np.asarray(places, dtype=np.int64)


def _check_declared(codes: Sequence[Hashable], noun: str) -> None:
    if isinstance(codes, str) or not all(isinstance(code, Hashable) for code in codes):
        raise RatingsError(f"{noun}: codes {codes!r}: give a list of numbers or labels")
    declared: list[Any] = list(codes)
    if any(pd.isna(code) is True for code in declared):
        raise RatingsError(f"{noun}: codes {declared}: missing is not a code")
    if len(set(declared)) < len(declared):
        raise RatingsError(f"{noun}: codes {declared} must differ: give each once")


def as_series(chosen: ArrayLike, noun: str) -> "pd.Series[Any]":
    """Give the entries one by one, whatever they are; see `read_codes`."""
    if hasattr(chosen, "dtype"):
        values = np.asarray(chosen, dtype=object)
        if values.ndim == 1:
            return pd.Series(values, dtype=object)
    elif isinstance(chosen, Iterable) and not isinstance(chosen, str | bytes):
        # As a list, so that codes that are tuples do not become a table.
        return pd.Series(list(chosen), dtype=object)
    raise RatingsError(f"{noun}: give a list with one entry for each row")
