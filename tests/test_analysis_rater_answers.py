import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    gold_accuracy,
    krippendorff_alpha,
    position_preference,
    repeated_agreement,
)


def test_position_preference_is_exact_and_leaves_out_ties():
    shown = ["A", "B"] * 6
    preferred = ["A", "B"] * 4 + ["A", "A", "neither", "neither"]

    found = position_preference(shown, preferred, raters=["r"] * 12)

    # 9 of 10 for the first: 2 (1 + 10) / 2^10; Clopper-Pearson .555 to .997 (Pearson's charts).
    assert (found["r"].value, found["r"].n_ratings) == (0.9, 10)
    assert found["r"].p_value == pytest.approx(22 / 1024)
    assert found["r"].interval.low == pytest.approx(0.555, abs=5e-4)
    assert found.note == "2 of 12 ratings without a preference do not count"


def test_rater_without_any_preference_has_a_reason():
    found = position_preference(["A"], ["neither"], raters=["r"])

    with pytest.raises(UndefinedStatisticError, match="never had a preference"):
        found["r"]


def test_unknown_preference_is_refused_with_the_row():
    with pytest.raises(RatingsError, match=r"row 1 .*preferred: 'left'"):
        position_preference(["A", "B"], ["A", "left"], raters=["r", "r"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sides": ("A", "A")}, "must differ"),
        ({"ties": "neither"}, r"give a list of codes, such as \['neither'\]"),
        ({"shown_first": pd.Series(["A", "B"], index=[1, 0])}, "different indexes"),
    ],
)
def test_codes_of_sides_and_ties_that_cannot_be_meant_are_refused(options, message):
    given = {"shown_first": ["A", "B"], "preferred": pd.Series(["A", "A"]), **options}

    with pytest.raises(RatingsError, match=message):
        position_preference(
            given.pop("shown_first"), given.pop("preferred"), raters=["r", "s"], **given
        )


def test_no_preferences_are_undefined():
    with pytest.raises(UndefinedStatisticError, match="there are no preferences"):
        position_preference([], [], raters=[])


@pytest.mark.parametrize(
    ("codes", "gold", "categories", "message"),
    [
        # Text "1" is never the number 1: every rater would be wrong throughout.
        ([1, 2], ["1", "2"], None, "mix labels of several types"),
        (["x", "y"], ["x", "z"], ["x", "y"], "row 1, column 1 .*'z' is not among"),
    ],
)
def test_known_answers_in_other_codes_are_refused(codes, gold, categories, message):
    with pytest.raises(RatingsError, match=message):
        gold_accuracy(codes, gold, raters=["a", "a"], categories=categories)


def test_gold_accuracy_counts_known_answers_only():
    codes, gold = ["x", "y", "x", "x", "y"], ["x", "x", None, "x", "y"]

    found = gold_accuracy(codes, gold, raters=list("aaabb"))

    assert (found["a"].value, found["b"].value) == (0.5, 1.0)
    assert found["a"].expected == 1.0
    # One right of two, when three of four are right: chance of at most one is 1/2.
    assert found["a"].p_value == pytest.approx(0.5)
    assert found.note == "1 of 5 ratings without a known answer do not count"


def test_gold_without_a_known_answer_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="none of the rated units"):
        gold_accuracy(["x"], [None], raters=["a"])


def test_repeated_agreement_compares_the_first_rating_with_the_second():
    # a sees u1 (0, 0), u2 (0, 1), u3 (1, 1, 0); b sees u1 twice the same, u2 once.
    codes = [0, 0, 0, 1, 1, 1, 0, 0, 0, 1]
    units = ["u1", "u1", "u2", "u2", "u3", "u3", "u3", "u1", "u1", "u2"]
    raters = ["a"] * 7 + ["b"] * 3

    found = repeated_agreement(codes, units=units, raters=raters, order=range(10), level="nominal")

    assert (found["a"].value, found["b"].value) == pytest.approx((2 / 3, 1.0))
    expected = krippendorff_alpha([[0, 0], [0, 1], [1, 1]], level="nominal")
    assert found["a"].alpha == pytest.approx(expected.value)
    assert found["b"].alpha_refusal == "all 2 ratings fall in one category"
    assert found.note == "1 third or later ratings of a unit left out"


def test_interval_of_alpha_with_oneself_is_that_of_fishers_z():
    rng = np.random.default_rng(6)
    first = rng.integers(2, size=40)
    second = np.where(np.arange(40) < 3, 1 - first, first)
    units, raters = [*range(40)] * 2, ["r"] * 80

    found = repeated_agreement(
        np.r_[first, second], units=units, raters=raters, order=range(80), level="nominal"
    )["r"]

    assert found.alpha_low < found.alpha < found.alpha_high < 1
    pairs = np.column_stack([first, second])
    left_out = [
        krippendorff_alpha(np.delete(pairs, row, axis=0), level="nominal").value
        for row in range(40)
    ]
    error = np.sqrt(39 / 40 * np.square(left_out - np.mean(left_out)).sum())
    reach = t.ppf(0.975, 39) * error / (1 - found.alpha**2)
    assert np.arctanh(found.alpha_high) - np.arctanh(found.alpha) == pytest.approx(reach)


def test_no_repeated_unit_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="no rater rated a unit twice"):
        repeated_agreement([0, 1], units=[1, 1], raters=["a", "b"], order=[1, 2], level="nominal")
