"""Do preferences lean to the answer shown first, or to the longer one? Neither should matter."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import (
    Estimate,
    Interval,
    RatingsError,
    UndefinedStatisticError,
    frame_of,
)
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.ratios import ratio_of_sums
from analysis.pairs.sign_tests import SignTest, cluster_sign_test
from analysis.progress import Progress, silent
from analysis.rates.codes import read_codes
from analysis.ratings import IntArray


@dataclass(frozen=True)
class Leaning:
    """How far preferences lean to a side."""

    share: Estimate
    """Of the ratings with a preference, those for this side; 1/2 if it has no pull."""

    test: SignTest
    """Sign flips of clusters: positive signs are preferences for this side."""

    n_ties: int
    """Other ratings without a preference; they are left out."""

    n_alike: int
    """Ratings of units in which neither side is this one, such as answers of one length."""

    @property
    def value(self) -> float:
        """The share, 0 to 1."""
        return self.share.value

    @property
    def interval(self) -> Interval | None:
        """That of the share."""
        return self.share.interval

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def position_bias(
    shown_first: ArrayLike,
    preferred: ArrayLike,
    *,
    sides: tuple[Hashable, Hashable] = ("A", "B"),
    ties: Collection[Hashable] = ("neither",),
    clusters: ArrayLike,
    seed: int,
    n_resamples: int = 10_000,
    confidence: float = 0.95,
    raters: ArrayLike | None = None,
    progress: Progress = silent,
) -> Leaning:
    """Give the share of preferences that went to the answer shown first.

    It tells position from quality only where the order was drawn at random for each rating; where
    it was not, fit `shown_first` in `davidson`. One rater's leaning: `position_preference`.

    Parameters
    ----------
    shown_first : (n_ratings,)
        Which side of the unit was shown first.
    preferred : (n_ratings,)
        Which side was preferred, or a code of no preference.
    sides, ties
        Codes of the two sides, and those of no preference.
    clusters : (n_ratings,)
        What is resampled whole: the unit, or the seed that its question comes from.
    n_resamples, seed
        Of the interval, and of the test where its ways are too many to be counted.
    raters : (n_ratings,)
        Labels, to count how many there are.

    Raises
    ------
    RatingsError
        If lists differ in length, or a code is neither a side nor a tie.
    UndefinedStatisticError
        If no rating has a preference.
    """
    marked, chosen = read_sides(shown_first, preferred, sides, ties)
    if (marked == 0).any():
        row = int((marked == 0).argmax())
        raise RatingsError(f"row {row} (counted from 0): no side was shown first; leave it out")
    return _leaning(
        "position_bias", marked, chosen, clusters, seed, n_resamples, confidence, raters, progress
    )


def length_bias(
    longer: ArrayLike,
    preferred: ArrayLike,
    *,
    sides: tuple[Hashable, Hashable] = ("A", "B"),
    ties: Collection[Hashable] = ("neither",),
    clusters: ArrayLike,
    seed: int,
    n_resamples: int = 10_000,
    confidence: float = 0.95,
    raters: ArrayLike | None = None,
    progress: Progress = silent,
) -> Leaning:
    """Give the share of preferences that went to the longer answer.

    A source that writes more and better makes the same number as raters who like length: compare
    within a source, or look at `length_slope`, before calling it a bias.

    Parameters
    ----------
    longer : (n_ratings,)
        Which side of the unit is the longer answer, or a code of `ties` if both are equally long.
    preferred : (n_ratings,)
        Which side was preferred, or a code of no preference.
    sides, ties, clusters, n_resamples, seed, raters
        As for `position_bias`.

    Raises
    ------
    RatingsError
        If lists differ in length, or a code is neither a side nor a tie.
    UndefinedStatisticError
        If no rating has a preference between answers of different length.
    """
    marked, chosen = read_sides(longer, preferred, sides, ties)
    return _leaning(
        "length_bias", marked, chosen, clusters, seed, n_resamples, confidence, raters, progress
    )


def _leaning(
    statistic: str,
    marked: IntArray,
    chosen: IntArray,
    clusters: ArrayLike,
    seed: int,
    n_resamples: int,
    confidence: float,
    raters: ArrayLike | None,
    progress: Progress,
) -> Leaning:
    signs = marked * chosen
    decided = signs != 0
    labels = cluster_numbers(clusters, len(signs))
    who = None if raters is None else cluster_numbers(raters, len(signs), noun="rater")[decided]
    if not decided.any():
        raise UndefinedStatisticError(f"none of the {len(signs)} ratings leans either way")
    share = ratio_of_sums(
        signs[decided] > 0,
        np.ones(int(decided.sum())),
        labels[decided],
        statistic=statistic,
        n_resamples=n_resamples,
        seed=seed,
        confidence=confidence,
        raters=who,
    )
    test = cluster_sign_test(signs, clusters=labels, seed=seed, progress=progress)
    n_alike = int((marked == 0).sum())
    return Leaning(share, test, n_ties=int((~decided).sum()) - n_alike, n_alike=n_alike)


def read_sides(
    marked: ArrayLike,
    preferred: ArrayLike,
    sides: tuple[Hashable, Hashable],
    ties: Collection[Hashable],
) -> tuple[IntArray, IntArray]:
    """Give 1 for the first side, -1 for the second and 0 for neither, of both lists."""
    if isinstance(ties, str) or len(sides) != 2:
        raise RatingsError(f"sides {sides!r} and ties {ties!r}: give two sides and a list of ties")
    codes = [*sides, *ties]
    points = np.array([1, -1] + [0] * len(ties))
    chosen = read_codes(preferred, codes, noun="preference")
    return points[read_codes(marked, codes, noun="side", n_rows=len(chosen))], points[chosen]
