from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    mcnemar,
    sign_test,
    wilcoxon_signed_rank,
)
from tests.comparisons import flips

PUBLISHED = Path(__file__).parent / "published"
DEPRESSION = pd.read_csv(PUBLISHED / "hollander_wolfe_depression.csv", comment="#")
TIED = [3, 3, -1, 2, 0, 0, -2, 4, 1, 5]
SCORES = st.lists(st.integers(-4, 4), min_size=1, max_size=9)


@pytest.mark.parametrize("test", [mcnemar, sign_test, wilcoxon_signed_rank])
def test_series_of_different_pairs_are_refused(test):
    with pytest.raises(RatingsError, match="different indexes"):
        test(pd.Series([1, 0]), pd.Series([1, 0], index=[1, 0]))


# Hollander and Wolfe (1973), p. 29; R wilcox.test help page.
@pytest.mark.parametrize(("alternative", "p"), [("greater", 0.01953125), ("two-sided", 0.0390625)])
def test_signed_rank_test_equals_published_value(alternative, p):
    test = wilcoxon_signed_rank(DEPRESSION["x"], DEPRESSION["y"], alternative=alternative)

    assert (test.value, test.p_value) == (40, pytest.approx(p, abs=1e-12))


def test_sign_test_equals_published_value():
    test = sign_test(DEPRESSION["x"], DEPRESSION["y"])

    assert (test.n_positive, test.n_negative) == (7, 2)
    assert test.p_value == pytest.approx(0.1796875, abs=1e-12)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("zeros", ["wilcox", "pratt"])
def test_normal_signed_rank_test_equals_scipy_with_ties_and_zeros(zeros, alternative):
    test = wilcoxon_signed_rank(
        TIED, zeros=zeros, method="normal_corrected", alternative=alternative
    )

    oracle = wilcoxon(
        TIED, zero_method=zeros, correction=True, method="asymptotic", alternative=alternative
    )
    assert test.p_value == pytest.approx(oracle.pvalue, abs=1e-12)


@given(SCORES)
@settings(max_examples=30, deadline=None)
def test_exact_signed_rank_test_counts_every_way_the_signs_can_fall(scores):
    test = wilcoxon_signed_rank(scores, alternative="greater")

    other = np.array([score for score in scores if score])
    ranks = pd.Series(np.abs(other)).rank().to_numpy()
    sums = (flips(ranks).clip(min=0)).sum(axis=1)
    assert test.p_value == pytest.approx((sums >= test.value).mean())


def test_zeros_move_v_as_each_rule_says():
    # |d| = 3, 1, 0 with signs +, -. wilcox: ranks 2, 1, V = 2. pratt: ranks 3, 2, V = 3.
    # zsplit: half of the zero's rank 1 on top, V = 3.5.
    found = [wilcoxon_signed_rank([3, -1, 0], zeros=z).value for z in ("wilcox", "pratt", "zsplit")]

    assert found == [2, 3, 3.5]


def test_split_zeros_do_not_move_the_p_value():
    split, pratt = (
        wilcoxon_signed_rank(TIED, zeros=zeros).p_value for zeros in ("zsplit", "pratt")
    )

    assert split == pratt


def test_zeros_and_ties_are_counted():
    test = wilcoxon_signed_rank(TIED)

    # Sizes 1, 1, 2, 2, 3, 3, 4, 5 and two zeros.
    assert (test.n_zero, test.n_tied, test.n) == (2, 6, 8)


def test_differences_that_are_equal_but_for_rounding_are_ties():
    # 0.3 - 0.2 < 0.2 - 0.1 in binary.
    assert wilcoxon_signed_rank([0.3, 0.2], [0.2, 0.1]).n_tied == 2


@pytest.mark.parametrize(
    "times",
    [[1_700_000_000_001, 1_700_000_000_002], [10**13, 1, 2]],
    ids=["late times", "one far off"],
)
def test_small_differences_of_whole_numbers_are_no_ties_however_large_another_is(times):
    others = [times[0] - 1] + [0 if time < 10 else time - 2 for time in times[1:]]

    test = wilcoxon_signed_rank(times, others)

    assert (test.n_zero, test.n_tied) == (0, 2 if len(times) == 3 else 0)


@pytest.mark.parametrize("test", [sign_test, wilcoxon_signed_rank])
def test_no_difference_anywhere_has_p_one_and_says_so(test):
    found = test([1, 2], [1, 2])

    assert (found.p_value, found.n) == (1, 0)
    assert found.note.startswith("none of the 2 pairs has a difference")


@pytest.mark.parametrize("test", [sign_test, wilcoxon_signed_rank])
def test_tests_say_that_rows_are_taken_as_independent(test):
    assert "independent" in test(DEPRESSION["x"], DEPRESSION["y"]).note


@given(SCORES, st.sampled_from([sign_test, wilcoxon_signed_rank]))
@settings(max_examples=30, deadline=None)
def test_exchanging_the_sides_exchanges_the_alternatives(scores, test):
    there = test(scores, alternative="greater").p_value
    back = test([-score for score in scores], alternative="less").p_value

    assert there == pytest.approx(back)


@pytest.mark.parametrize("test", [sign_test, wilcoxon_signed_rank])
def test_no_pairs_are_undefined(test):
    with pytest.raises(UndefinedStatisticError, match="there are no pairs"):
        test([])


@pytest.mark.parametrize("test", [sign_test, wilcoxon_signed_rank])
def test_pairs_of_different_number_are_refused(test):
    with pytest.raises(RatingsError, match="2 and 1 numbers: give pairs"):
        test([1, 2], [1])


def test_missing_number_is_refused_with_its_row():
    with pytest.raises(RatingsError, match=r"row 1 .* is nan"):
        wilcoxon_signed_rank([1, float("nan")])


def test_frame_of_a_test_has_its_counts():
    frame = sign_test([1, -1, 0]).to_frame()

    assert frame.loc[0, ["n_positive", "n_negative", "n_zero"]].tolist() == [1, 1, 1]
