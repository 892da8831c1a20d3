import inspect

import numpy as np
import pandas as pd
import pytest

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    both,
    exactly_one,
    join_members,
    one_or_more,
    pair_patterns,
)

FIRST, SECOND = [True, True, False, False], [True, False, True, False]


def test_exactly_one_is_exclusive_or():
    assert pair_patterns(FIRST, SECOND).exactly_one.tolist() == [False, True, True, False]


def test_one_or_more_is_or():
    assert pair_patterns(FIRST, SECOND).one_or_more.tolist() == [True, True, True, False]


def test_both_is_and_where_the_published_notebook_says_or():
    assert pair_patterns(FIRST, SECOND).both.tolist() == [True, False, False, False]


def test_frame_of_the_patterns_has_a_row_for_each_meeting():
    frame = pair_patterns(FIRST, SECOND).to_frame()

    assert frame.sum().to_dict() == {"exactly_one": 2, "one_or_more": 3, "both": 1}


def test_integers_mean_the_same_as_booleans():
    numbers = pair_patterns([1, 1, 0, 0], [1, 0, 1, 0])

    assert numbers.both.tolist() == pair_patterns(FIRST, SECOND).both.tolist()


def test_one_or_more_is_exactly_one_plus_both():
    rng = np.random.default_rng(1)
    first, second = rng.random((2, 90)) < 0.3
    clusters = np.arange(90) // 3

    one, more, two = (
        float(share(first, second, clusters=clusters, seed=1))
        for share in (exactly_one, one_or_more, both)
    )

    assert more == pytest.approx(one + two, abs=1e-12)


@pytest.mark.parametrize("share", [exactly_one, one_or_more, both])
def test_sides_may_be_exchanged(share):
    rng = np.random.default_rng(2)
    first, second = rng.random((2, 90)) < 0.3
    clusters = np.arange(90) // 3

    there, back = (
        share(*sides, clusters=clusters, seed=3) for sides in ((first, second), (second, first))
    )

    assert there == back


def test_pairs_of_one_seed_widen_the_interval():
    rng = np.random.default_rng(4)
    seed_of_pair = np.repeat(np.arange(40), 5)
    first = np.repeat(rng.random(40) < 0.4, 5)
    second = rng.random(200) < 0.1

    by_pair = one_or_more(first, second, clusters=np.arange(200), seed=5).interval
    by_seed = one_or_more(first, second, clusters=seed_of_pair, seed=5).interval

    assert by_seed.high - by_seed.low > 1.5 * (by_pair.high - by_pair.low)


def test_no_meeting_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="there are no ratings"):
        both([], [], clusters=[], seed=1)


def test_shares_are_functions_that_help_explains():
    assert [inspect.isfunction(share) for share in (exactly_one, one_or_more, both)] == [True] * 3


@pytest.mark.parametrize("missing", [np.nan, None])
def test_missing_judgment_is_refused_with_its_row(missing):
    with pytest.raises(RatingsError, match=r"row 1 .* is nan: leave out what was not rated"):
        pair_patterns([True, missing], [True, False])


@pytest.mark.parametrize("sides", [("yes", "no"), (1, 1), ([[1]], [[0]]), ([2], [1])])
def test_what_is_no_list_of_yes_and_no_is_refused(sides):
    with pytest.raises(RatingsError, match=r"give numbers|dimensions|neither yes"):
        pair_patterns(*sides)


def test_series_of_different_meetings_are_refused():
    with pytest.raises(RatingsError, match="different indexes"):
        pair_patterns(pd.Series([1, 0]), pd.Series([1, 0], index=[1, 0]))


def test_sides_of_different_length_are_refused():
    with pytest.raises(RatingsError, match="2 ratings of question 1 meet 1 of question 2"):
        pair_patterns([True, False], [True])


RATINGS = pd.DataFrame(
    [
        ("q1", "ann", "physician", True),
        ("q1", "bob", "physician", False),
        ("q2", "ann", "physician", True),
        ("q2", "cat", "physician", False),
        ("q2", "eve", "consumer", True),
    ],
    columns=["question_id", "rater_id", "rater_group", "biased"],
)
PAIR = pd.DataFrame({"pair_id": ["p"], "question_1_id": ["q1"], "question_2_id": ["q2"]})


def test_every_rater_of_question_1_meets_every_rater_of_question_2_in_the_group():
    met = join_members(RATINGS, PAIR)

    # Two physicians each; the consumer has nobody to meet.
    assert sorted(zip(met["rater_id_1"], met["rater_id_2"], strict=True)) == [
        ("ann", "ann"),
        ("ann", "cat"),
        ("bob", "ann"),
        ("bob", "cat"),
    ]


def test_meetings_carry_each_side_s_judgment():
    met = join_members(RATINGS, PAIR).set_index(["rater_id_1", "rater_id_2"])

    assert met.loc[("bob", "ann"), ["biased_1", "biased_2"]].tolist() == [False, True]


def test_join_without_a_needed_column_is_refused():
    with pytest.raises(RatingsError, match=r"ratings lack the columns \['biased'\]"):
        join_members(RATINGS.drop(columns="biased"), PAIR)


@pytest.mark.parametrize(
    ("ratings", "pairs", "message"),
    [
        (RATINGS.assign(rater_group=None), PAIR, "row 0 of the ratings .* has no rater_group"),
        (RATINGS, PAIR.assign(question_2_id=None), "row 0 of the pairs .* has no question_2_id"),
        (RATINGS, pd.concat([PAIR, PAIR]), "row 1 of the pairs .* repeats pair 'p'"),
        (RATINGS, PAIR.assign(rater_id_1="x"), r"must not have the columns \['rater_id_1'\]"),
    ],
)
def test_join_that_would_invent_or_double_meetings_is_refused(ratings, pairs, message):
    with pytest.raises(RatingsError, match=message):
        join_members(ratings, pairs)


def test_join_by_one_word_instead_of_a_list_is_refused():
    with pytest.raises(RatingsError, match="by 'rater_group': give a list of columns"):
        join_members(RATINGS, PAIR, by="rater_group")
