import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import RatingsError, UndefinedStatisticError, k_of_m_vote, majority_vote

NAN = float("nan")


def test_majority_is_the_most_frequent_code_and_a_tie_stays_a_tie():
    vote = majority_vote([[1, 1, 0], [1, 0, NAN], [0, 2, 2], [NAN, NAN, NAN]], [0, 1, 2])

    assert vote.labels == ((1,), (0, 1), (2,), ())
    assert vote.shares.tolist() == pytest.approx([2 / 3, 1 / 2, 2 / 3, 0])
    assert (vote.n_tied, vote.n_unrated) == (1, 1)
    assert vote.n_ratings.tolist() == [3, 2, 3, 0]


def test_two_of_three_codes_win_with_less_than_half():
    vote = majority_vote([["a", "a", "b", "b", "c"]])

    assert vote.labels == (("a", "b"),)
    assert vote.shares.tolist() == [0.4]


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_majority_does_not_care_in_which_order_raters_stand(seed):
    rng = np.random.default_rng(seed)
    ratings = rng.integers(0, 3, size=(6, 5))

    shuffled = rng.permuted(ratings, axis=1)

    categories = [0, 1, 2]
    assert majority_vote(shuffled, categories).labels == majority_vote(ratings, categories).labels


def test_threshold_goes_from_any_to_unanimous():
    ratings = [[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]]

    shares = [k_of_m_vote(ratings, k, code=1).share for k in (1, 2, 3)]

    assert shares == [0.75, 0.5, 0.25]


def test_units_that_could_not_reach_the_threshold_are_counted_and_left_out_of_the_share():
    vote = k_of_m_vote([[1, 1], [1, NAN], [0, 1]], 2, code=1)

    assert vote.is_reached.tolist() == [True, False, False]
    assert (vote.n_out_of_reach, vote.share) == (1, 0.5)


def test_share_without_a_unit_within_reach_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="no unit has 3 ratings"):
        _ = k_of_m_vote([[1, 1], [1, 0]], 3, code=1).share


def test_neither_ratings_nor_declared_codes_leave_nothing_to_count():
    with pytest.raises(UndefinedStatisticError, match="no categories are declared"):
        majority_vote([[NAN, NAN]])


@pytest.mark.parametrize(
    ("k", "code", "message"), [(0, 1, "k is 0"), (1.5, 1, "k is 1.5"), (1, 7, "7 is not among")]
)
def test_bad_threshold_is_refused(k, code, message):
    with pytest.raises(RatingsError, match=message):
        k_of_m_vote([[1, 0]], k, code=code)


def test_code_that_the_rubric_lacks_is_refused():
    with pytest.raises(RatingsError, match="row 0, column 1"):
        majority_vote([[1, 9]], [0, 1])


def test_frames_have_one_row_for_each_unit():
    frame = majority_vote([[1, 1, 0], [1, 0, NAN]], [0, 1]).to_frame()
    assert frame["labels"].tolist() == [(1,), (0, 1)]
    assert frame["n_winners"].tolist() == [1, 2]

    threshold = k_of_m_vote([[1, 1, 0], [1, 0, NAN]], 2, code=1).to_frame()
    assert threshold["is_reached"].tolist() == [True, False]
