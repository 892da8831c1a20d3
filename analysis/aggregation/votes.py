"""What most raters of a unit said. A tie is a tie: every winner is shown."""

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.ratings import Categories, FloatArray, IntArray, Units, read_units

Labels = tuple[tuple[Hashable, ...], ...]
"""One set of codes for each unit: one code, several where they tie, none where nobody rated."""

TIE = 1e-9


@dataclass(frozen=True, eq=False)
class MajorityVote:
    """The code or codes that most raters gave to each unit."""

    counts: IntArray = field(repr=False)
    """(n_units, n_categories)"""

    categories: tuple[Hashable, ...]

    @property
    def n_ratings(self) -> IntArray:
        """Ratings of each unit, (n_units,)."""
        totals: IntArray = self.counts.sum(axis=1)
        return totals

    @property
    def labels(self) -> Labels:
        """The winners of each unit."""
        return winners(self.counts, self.categories)

    @property
    def shares(self) -> FloatArray:
        """Share of a unit's ratings that each winner has, (n_units,); 0 where nobody rated."""
        top: FloatArray = self.counts.max(axis=1) / np.maximum(self.n_ratings, 1)
        return top

    @property
    def n_tied(self) -> int:
        """Units with more than one winner."""
        return int((_is_top(self.counts).sum(axis=1) > 1).sum())

    @property
    def n_unrated(self) -> int:
        """Units without a rating, and so without a winner."""
        return int((self.n_ratings == 0).sum())

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each unit, in the order of the ratings."""
        labels = self.labels
        return pd.DataFrame(
            {
                "labels": pd.Series(labels, dtype=object),
                "n_winners": [len(one) for one in labels],
                "share": self.shares,
                "n_ratings": self.n_ratings,
            }
        )


@dataclass(frozen=True, eq=False)
class ThresholdVote:
    """Whether at least k raters of each unit gave a code."""

    code: Hashable
    k: int
    n_chosen: IntArray = field(repr=False)
    """Raters who gave the code, (n_units,)."""

    n_ratings: IntArray = field(repr=False)
    """(n_units,)"""

    @property
    def is_reached(self) -> NDArray[np.bool_]:
        """(n_units,)"""
        reached: NDArray[np.bool_] = self.n_chosen >= self.k
        return reached

    @property
    def n_out_of_reach(self) -> int:
        """Units with fewer than k ratings, which could not have reached k."""
        return int((self.n_ratings < self.k).sum())

    @property
    def share(self) -> float:
        """Share of units that reach k, among those with at least k ratings; 0 to 1."""
        within_reach = self.n_ratings >= self.k
        if not within_reach.any():
            raise UndefinedStatisticError(f"no unit has {self.k} ratings")
        return float(self.is_reached[within_reach].mean())

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each unit, in the order of the ratings."""
        return pd.DataFrame(
            {
                "is_reached": self.is_reached,
                "is_within_reach": self.n_ratings >= self.k,
                "n_chosen": self.n_chosen,
                "n_ratings": self.n_ratings,
            }
        )


def majority_vote(ratings: ArrayLike, categories: Categories | None = None) -> MajorityVote:
    """Find the code that most raters of each unit gave (a plurality); ties stay ties.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing; or labels, None for missing.
    categories
        Declared codes, to catch others.

    Raises
    ------
    RatingsError
        If the table or the codes cannot be what was meant.
    UndefinedStatisticError
        If there are neither ratings nor declared codes.
    """
    units = _read(ratings, categories)
    return MajorityVote(units.counts, units.categories)


def k_of_m_vote(
    ratings: ArrayLike, k: int, *, code: Hashable, categories: Categories | None = None
) -> ThresholdVote:
    """Find the units to which at least k raters gave a code: k = 1 is any, k = m unanimous.

    The more ratings a unit has, the sooner it reaches k: compare sets only at equal numbers of
    ratings, or after `expected_at_least`.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing.
    code
        What is counted, such as the code for bias.
    categories
        Declared codes; needed for a code that nobody used.

    Raises
    ------
    RatingsError
        If table or codes cannot be what was meant, or k is no whole number above 0.
    UndefinedStatisticError
        If there are neither ratings nor declared codes.
    """
    units = _read(ratings, categories)
    if not isinstance(k, int | np.integer) or k < 1:
        raise RatingsError(f"k is {k!r}: give a whole number of raters")
    if code not in units.categories:
        raise RatingsError(f"code {code!r} is not among the categories {list(units.categories)}")
    return ThresholdVote(code, k, units.counts[:, units.categories.index(code)], units.per_unit)


def _read(ratings: ArrayLike, categories: Categories | None) -> Units:
    units = read_units(ratings, categories)
    if not units.categories:
        raise UndefinedStatisticError("there are no ratings, and no categories are declared")
    return units


def winners(scores: NDArray[np.number], categories: tuple[Hashable, ...]) -> Labels:
    """Give the categories with the highest score (n_units, n_categories) of each unit.

    A score of 0 does not win; scores that differ by rounding tie.
    """
    top = _is_top(scores)
    names = [(category,) for category in categories]
    labels = [names[first] for first in top.argmax(axis=1)]
    for row in np.flatnonzero(top.sum(axis=1) != 1):
        labels[row] = tuple(categories[column] for column in np.flatnonzero(top[row]))
    return tuple(labels)


def _is_top(scores: NDArray[np.number]) -> NDArray[np.bool_]:
    top: NDArray[np.bool_] = (scores >= scores.max(axis=1, keepdims=True) - TIE) & (scores > 0)
    return top
