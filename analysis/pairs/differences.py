"""Two lists of numbers that belong together, read as the difference within each pair."""

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.intervals.ratios import finite_numbers
from analysis.ratings import FloatArray, check_same_index

INDEPENDENT = "each row is taken as independent of the others"
DIGITS = 12
"""Numbers that agree to so many digits of the largest one are the same but for rounding, unless
all are whole."""


def read_differences(x: ArrayLike, y: ArrayLike | None) -> FloatArray:
    """Give x less y (or x itself), equal ones equal to the last bit, (n_pairs,).

    Raises
    ------
    RatingsError
        If a number is missing or infinite, or the lists differ in length, or in index.
    UndefinedStatisticError
        If there are no pairs.
    """
    first = finite_numbers(x)
    second = np.zeros(len(first)) if y is None else finite_numbers(y)
    if y is not None:
        check_same_index(x, y)
    if len(first) != len(second):
        raise RatingsError(f"{len(first)} and {len(second)} numbers: give pairs")
    if not len(first):
        raise UndefinedStatisticError("there are no pairs")

    if not (first % 1).any() and not (second % 1).any():
        return first - second
    largest = max(np.abs(first).max(), np.abs(second).max())
    # 0.3 - 0.2 and 0.2 - 0.1 are a tie, though not in binary.
    shares: FloatArray = (first - second) / (largest or 1.0)
    return shares.round(DIGITS)


def signs_note(n_pairs: int, n_zero: int, more: str) -> str:
    """Say how many pairs have no difference, and what else a reader must know."""
    if n_zero == n_pairs:
        return f"none of the {n_pairs} pairs has a difference, so nothing speaks against; {more}"
    return f"{n_zero} of {n_pairs} pairs have no difference; {more}"


def named(test: str, alternative: str) -> str:
    """Name a test with its side, where it has one."""
    return test if alternative == "two-sided" else f"{test}, {alternative}"
