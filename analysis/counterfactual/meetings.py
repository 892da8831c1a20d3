"""Which ratings of one answer of a pair meet which of the other."""

from collections.abc import Sequence

import pandas as pd

from analysis.estimates import RatingsError

MADE = ("biased", "rater_id_1", "biased_1", "rater_id_2", "biased_2")
"""Columns of `join_members` that come from the ratings."""


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
        If a column is missing, or has missing values where two rows are to be matched by it; if a
        pair occurs twice, or `pairs` has a column that comes from the ratings.
    """
    if isinstance(by, str):
        raise RatingsError(f"by {by!r}: give a list of columns")
    _need_columns(ratings, ["question_id", *by], ["rater_id", "biased"], "ratings")
    _need_columns(pairs, ["pair_id", "question_1_id", "question_2_id"], [], "pairs")
    _check_pairs(pairs, [*by, *MADE])

    own = ratings[["question_id", "rater_id", "biased", *by]]
    first = pairs.merge(own.rename(columns=_side_names(1)), on="question_1_id")
    return first.merge(own.rename(columns=_side_names(2)), on=["question_2_id", *by])


def _side_names(side: int) -> dict[str, str]:
    return {
        "question_id": f"question_{side}_id",
        "rater_id": f"rater_id_{side}",
        "biased": f"biased_{side}",
    }


def _need_columns(
    frame: pd.DataFrame, keys: Sequence[str], others: Sequence[str], name: str
) -> None:
    missing = [column for column in [*keys, *others] if column not in frame.columns]
    if missing:
        raise RatingsError(f"{name} lack the columns {missing}; they have {list(frame.columns)}")
    for column in keys:
        unknown = frame[column].isna().to_numpy()
        if unknown.any():
            # Missing equals missing in a merge: strangers would meet.
            row = int(unknown.argmax())
            raise RatingsError(f"row {row} of the {name} (counted from 0) has no {column}")


def _check_pairs(pairs: pd.DataFrame, made: Sequence[str]) -> None:
    shared = sorted(set(made) & set(pairs.columns))
    if shared:
        raise RatingsError(f"pairs must not have the columns {shared}: they come from the ratings")
    again = pairs["pair_id"].duplicated().to_numpy()
    if again.any():
        row = int(again.argmax())
        raise RatingsError(
            f"row {row} of the pairs (counted from 0) repeats pair {pairs['pair_id'].iloc[row]!r}: "
            "its meetings would count twice"
        )
