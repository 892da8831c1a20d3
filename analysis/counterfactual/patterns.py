"""Counterfactual pairs: is one answer biased, one or more, or both?

The two answers of a pair were judged apart. As published, every rater of question 1 is set against
every rater of question 2 within a rater group; each such meeting is one row here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate, RatingsError
from analysis.intervals.ratios import ratio_of_sums

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PairPatterns:
    """What holds in each meeting of two ratings, (n_meetings,) each."""

    exactly_one: BoolArray
    one_or_more: BoolArray
    both: BoolArray

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each meeting."""
        return pd.DataFrame(vars(self))


class ShareOfMeetings:
    """Share of meetings that show a pattern; decorates the pattern as a function of two sides."""

    def __init__(self, pattern: Callable[[BoolArray, BoolArray], BoolArray]) -> None:
        self.pattern = pattern
        self.name = pattern.__name__
        self.__doc__ = f"{pattern.__doc__}\n\n{self.__call__.__doc__}"

    def __call__(
        self,
        biased_1: ArrayLike,
        biased_2: ArrayLike,
        *,
        clusters: ArrayLike,
        n_resamples: int = 10_000,
        seed: int,
        confidence: float = 0.95,
        units: ArrayLike | None = None,
    ) -> Estimate:
        """Give the share with an interval that resamples clusters.

        Parameters
        ----------
        biased_1, biased_2 : (n_meetings,)
            As for `pair_patterns`.
        clusters : (n_meetings,)
            What is resampled whole, see `question_clusters`: pairs that share a question or a
            seed are not independent.
        units : (n_meetings,)
            Pair ids, to count the pairs; without them the clusters are counted.

        Raises
        ------
        RatingsError
            If a value is neither yes nor no, or the lists differ in length.
        UndefinedStatisticError
            If there is no meeting.
        """
        met = self.pattern(*_sides(biased_1, biased_2))
        return ratio_of_sums(
            met,
            np.ones(len(met)),
            clusters,
            statistic=self.name,
            n_resamples=n_resamples,
            seed=seed,
            confidence=confidence,
            units=units,
        )


@ShareOfMeetings
def exactly_one(first: BoolArray, second: BoolArray) -> BoolArray:
    """Share of meetings in which one answer was judged biased and the other not."""
    return first ^ second


@ShareOfMeetings
def one_or_more(first: BoolArray, second: BoolArray) -> BoolArray:
    """Share of meetings in which an answer was judged biased, or both were."""
    return first | second


@ShareOfMeetings
def both(first: BoolArray, second: BoolArray) -> BoolArray:
    """Share of meetings in which both answers were judged biased."""
    return first & second


def pair_patterns(biased_1: ArrayLike, biased_2: ArrayLike) -> PairPatterns:
    """Compare the two answers of each meeting: exclusive or, or, and.

    The authors' notebook has a defect here: its rows "one answer" and "both answers" are computed
    by the same expression, `(a + b) == True`, which on booleans means one or more, on integers
    exactly one, and never both. So our exactly-one and both differ from the published figure 4,
    and one-or-more is the row to compare with it.

    Parameters
    ----------
    biased_1, biased_2 : (n_meetings,)
        Whether the answer to question 1 (2) was judged biased; booleans or 0 and 1, none missing.

    Raises
    ------
    RatingsError
        If a value is neither yes nor no, or the lists differ in length.

    References
    ----------
    Pfohl et al. (2024), Nature Medicine 30, 3590, analysis code for figure 4.
    """
    sides = _sides(biased_1, biased_2)
    return PairPatterns(*(share.pattern(*sides) for share in (exactly_one, one_or_more, both)))


def join_members(
    ratings: pd.DataFrame, pairs: pd.DataFrame, *, by: Sequence[str] = ("rater_group",)
) -> pd.DataFrame:
    """Set every rating of question 1 against every rating of question 2 of its pair.

    Parameters
    ----------
    ratings
        One row for each rating of a single answer: `question_id`, `rater_id`, `biased`, and the
        columns of `by`.
    pairs
        One row for each pair: `pair_id`, `question_1_id`, `question_2_id`; further columns, such
        as the cluster, are kept.
    by
        What the two ratings must share: the rater group, and the source where there are several.

    Returns
    -------
    One row for each meeting: the columns of `pairs` and `by`, and `rater_id_1, biased_1,
    rater_id_2, biased_2`. A pair with an unrated side has no row.

    Raises
    ------
    RatingsError
        If a column is missing, or `pairs` has one of the columns of `by`.
    """
    _need_columns(ratings, ["question_id", "rater_id", "biased", *by], "ratings")
    _need_columns(pairs, ["pair_id", "question_1_id", "question_2_id"], "pairs")
    shared = sorted(set(by) & set(pairs.columns))
    if shared:
        raise RatingsError(f"pairs must not have the columns {shared}: they come from the ratings")

    own = ratings[["question_id", "rater_id", "biased", *by]]
    first = pairs.merge(own.rename(columns=_side_names(1)), on="question_1_id")
    return first.merge(own.rename(columns=_side_names(2)), on=["question_2_id", *by])


def _side_names(side: int) -> dict[str, str]:
    return {
        "question_id": f"question_{side}_id",
        "rater_id": f"rater_id_{side}",
        "biased": f"biased_{side}",
    }


def _need_columns(frame: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise RatingsError(f"{name} lack the columns {missing}; they have {list(frame.columns)}")


def _booleans(values: ArrayLike) -> BoolArray:
    flags = np.asarray(values)
    known = pd.Series(flags).isin([0, 1]).to_numpy()
    if not known.all():
        row = int(known.argmin())
        raise RatingsError(f"row {row} (counted from 0) is {flags[row]!r}: neither yes nor no")
    return flags.astype(bool)


def _sides(biased_1: ArrayLike, biased_2: ArrayLike) -> tuple[BoolArray, BoolArray]:
    first, second = _booleans(biased_1), _booleans(biased_2)
    if len(first) != len(second):
        raise RatingsError(f"{len(first)} ratings of question 1 meet {len(second)} of question 2")
    return first, second
