import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    length_bias,
    length_slope,
    position_bias,
    sign_test,
)

LEANINGS = pytest.mark.parametrize("leaning", [position_bias, length_bias])


@LEANINGS
def test_share_is_of_the_ratings_with_a_preference(leaning):
    # A at the front and chosen 3 times, B at the front and chosen once; 1 against; 2 ties.
    marked = ["A", "A", "A", "B", "B", "A", "B"]
    preferred = ["A", "A", "A", "B", "A", "neither", "neither"]

    found = leaning(marked, preferred, clusters=range(7), seed=1)

    assert (found.value, found.share.n_ratings, found.n_ties) == (4 / 5, 5, 2)


@LEANINGS
def test_test_of_single_ratings_is_the_sign_test(leaning):
    found = leaning(["A"] * 7, ["A"] * 6 + ["B"], clusters=range(7), seed=1)

    # At most one against, on either side: 2 (7 + 1) of 2^7 ways.
    assert found.test.p_value == pytest.approx(16 / 128)
    assert found.test.p_value == pytest.approx(sign_test([1] * 6 + [-1]).p_value)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("AB")), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_exchanging_both_sides_moves_nothing(rows):
    other = {"A": "B", "B": "A"}
    marked, preferred = zip(*rows, strict=True)
    clusters = np.arange(len(rows)) // 2

    there = position_bias(marked, preferred, clusters=clusters, seed=1)

    turned = [[other[side] for side in sides] for sides in (marked, preferred)]
    assert position_bias(*turned, clusters=clusters, seed=1) == there


def test_copies_of_a_judgment_are_one_observation():
    marked, preferred = np.tile(["A", "B"], 20), np.tile(["A", "A"], 20)
    preferred[:16] = marked[:16]

    found = position_bias(
        np.repeat(marked, 4), np.repeat(preferred, 4), clusters=np.repeat(range(40), 4), seed=1
    )

    once = position_bias(marked, preferred, clusters=range(40), seed=1)
    assert found.test.p_value == pytest.approx(once.test.p_value)
    assert found.interval.low == pytest.approx(once.interval.low)


def test_answers_of_one_length_are_left_out_and_counted():
    longer, preferred = ["A", "B", "neither", "A"], ["A", "A", "A", "neither"]

    found = length_bias(longer, preferred, clusters=range(4), seed=1)

    assert (found.value, found.n_alike, found.n_ties) == (1 / 2, 1, 1)


def test_position_bias_needs_to_know_who_was_first():
    with pytest.raises(RatingsError, match=r"row 1 .* no side was shown first"):
        position_bias(["A", "neither"], ["A", "A"], clusters=[1, 2], seed=1)


@LEANINGS
def test_ties_alone_are_undefined(leaning):
    with pytest.raises(UndefinedStatisticError, match="none of the 2 ratings leans either way"):
        leaning(["A", "B"], ["neither", "neither"], clusters=[1, 2], seed=1)


@LEANINGS
def test_code_of_no_side_is_refused_with_its_row(leaning):
    with pytest.raises(RatingsError, match=r"row 1 .* 'left' is not among \['A', 'B', 'neither'\]"):
        leaning(["A", "B"], ["A", "left"], clusters=[1, 2], seed=1)


@LEANINGS
def test_lists_of_different_length_are_refused(leaning):
    with pytest.raises(RatingsError, match="2 entries of side for 1 rows"):
        leaning(["A", "B"], ["A"], clusters=[1, 2], seed=1)


def test_frame_has_the_share_and_the_test():
    frame = position_bias(["A", "B"], ["A", "A"], clusters=[1, 2], seed=1).to_frame()

    assert frame.loc[0, ["share_value", "test_p_value"]].tolist() == [0.5, 1.0]


@pytest.mark.parametrize("change", [{"ties": "neither"}, {"sides": ("A", "B", "C")}])
def test_codes_that_are_no_two_sides_and_a_list_of_ties_are_refused(change):
    with pytest.raises(RatingsError, match="give two sides and a list of ties"):
        position_bias(["A"], ["B"], **change, clusters=[1], seed=1)


def lengths(n_rows, slope, seed):
    rng = np.random.default_rng(seed)
    first, second = rng.lognormal(5, 0.5, (2, n_rows))
    chance = 1 / (1 + np.exp(-slope * np.log2(first / second)))
    return first, second, np.where(rng.random(n_rows) < chance, "A", "B")


def test_length_slope_equals_a_logistic_model_through_the_origin():
    first, second, preferred = lengths(300, 0.7, seed=1)
    units = np.repeat(np.arange(100), 3)

    found = length_slope(first, second, preferred, clusters=units)

    oracle = sm.GLM(preferred == "A", np.log2(first / second), family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": units}
    )
    # With one coefficient, statsmodels' factor (N - 1) / (N - k) is 1.
    assert found.value == pytest.approx(oracle.params[0], abs=1e-9)
    assert found.standard_error == pytest.approx(oracle.bse[0], rel=1e-8)


def test_length_slope_of_one_ratio_is_a_log_odds():
    # Twice as long, preferred 6 of 8 times: log 3 for one doubling.
    found = length_slope([200] * 8, [100] * 8, ["A"] * 6 + ["B"] * 2, clusters=range(8))

    assert found.value == pytest.approx(np.log(3))


def test_length_slope_does_not_depend_on_the_unit_of_length():
    first, second, preferred = lengths(60, 0.5, seed=2)

    words, letters = (
        length_slope(first * scale, second * scale, preferred, clusters=range(60)).value
        for scale in (1, 6)
    )

    assert letters == pytest.approx(words)


def test_length_slope_without_a_preference_for_the_shorter_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="no finite slope fits"):
        length_slope([2, 1], [1, 2], ["A", "B"], clusters=[1, 2])


def test_length_slope_of_one_cluster_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="one cluster only"):
        length_slope([2, 2], [1, 1], ["A", "B"], clusters=[1, 1])


def test_length_of_nothing_is_refused_with_its_row():
    with pytest.raises(RatingsError, match=r"row 1 .* a length is not above 0"):
        length_slope([2, 0], [1, 1], ["A", "B"], clusters=[1, 2])


def test_length_beyond_all_measure_is_undefined_and_not_nan():
    first, second, preferred = lengths(60, 0.5, seed=3)
    first[0], preferred[0] = 1e300, "A"

    with pytest.raises(UndefinedStatisticError, match="the fit did not settle"):
        length_slope(first, second, preferred, clusters=range(60))
