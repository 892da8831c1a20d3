from itertools import product
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
    binomial_test,
    cluster_sign_test,
    mcnemar,
    mcnemar_counts,
    sign_test,
    wilcoxon_signed_rank,
)
from analysis.pairs.sign_flips import drawn_p_value, exact_p_value

PUBLISHED = Path(__file__).parent / "published"
DEPRESSION = pd.read_csv(PUBLISHED / "hollander_wolfe_depression.csv", comment="#")
TIED = [3, 3, -1, 2, 0, 0, -2, 4, 1, 5]
SCORES = st.lists(st.integers(-4, 4), min_size=1, max_size=9)


def approval():
    """Both judgments of each of 1,600 people, 1 for approval."""
    table = pd.read_csv(PUBLISHED / "agresti_approval.csv", comment="#")
    people = table.loc[table.index.repeat(table["n_people"])]
    return (people["first"] == "approve"), (people["second"] == "approve")


def flips(values):
    """Every way in which the signs of the values can fall, one a row."""
    return np.array(list(product([1, -1], repeat=len(values)))) * np.abs(values)


# Agresti, Categorical Data Analysis, table 10.1; R mcnemar.test and binom.test.
@pytest.mark.parametrize(
    ("method", "p_value"),
    [("exact", 3.715936139571442e-05), ("midp", 2.89338951761549e-05)],
)
def test_mcnemar_p_value_equals_published_value(method, p_value):
    assert mcnemar(*approval(), method=method).p_value == pytest.approx(p_value, abs=1e-12)


@pytest.mark.parametrize(
    ("method", "chi2"), [("chi2", 17.35593220338983), ("chi2_corrected", 16.81779661016949)]
)
def test_mcnemar_chi_squared_equals_published_value(method, chi2):
    test = mcnemar(*approval(), method=method)

    assert (test.value, test.df) == (pytest.approx(chi2, abs=1e-9), 1)


def test_mcnemar_gives_both_kinds_of_disagreement_and_the_paired_difference():
    test = mcnemar(*approval())

    # 944 of 1,600 less 880 of 1,600.
    assert (test.b, test.c) == (150, 86)
    assert test.difference == pytest.approx(0.04, abs=1e-12)


def test_midp_is_the_exact_p_less_the_chance_of_what_was_seen():
    # b = 1, c = 5: exact p is 2 (1 + 6) / 64 = 14/64; the mid-p takes off 6/64.
    assert mcnemar_counts(b=1, c=5, method="exact").p_value == pytest.approx(14 / 64)
    assert mcnemar_counts(b=1, c=5, method="midp").p_value == pytest.approx(8 / 64)


@pytest.mark.parametrize("method", ["exact", "midp", "chi2", "chi2_corrected"])
def test_equal_disagreement_has_p_one(method):
    assert mcnemar_counts(b=4, c=4, method=method).p_value == pytest.approx(1)


@pytest.mark.parametrize("method", ["exact", "midp", "chi2", "chi2_corrected"])
def test_no_disagreement_has_p_one_and_says_so(method):
    test = mcnemar([1, 0, 1], [1, 0, 1], method=method)

    assert test.p_value == 1
    assert test.note.startswith("no pair disagrees")


def test_difference_is_unknown_without_the_number_of_pairs():
    assert mcnemar_counts(b=3, c=1).difference is None


def test_mcnemar_refuses_more_disagreements_than_pairs():
    with pytest.raises(RatingsError, match="b 3, c 4 of 5 pairs"):
        mcnemar_counts(b=3, c=4, n_pairs=5)


def test_mcnemar_refuses_lists_of_different_length():
    with pytest.raises(RatingsError, match="2 first and 1 second judgments"):
        mcnemar([1, 0], [1])


def test_mcnemar_refuses_what_is_neither_yes_nor_no():
    with pytest.raises(RatingsError, match=r"row 1 .* is 2.0: neither yes"):
        mcnemar([1, 2], [1, 0])


def test_unknown_method_is_refused():
    with pytest.raises(RatingsError, match="method 'fisher' is not among"):
        mcnemar_counts(b=1, c=1, method="fisher")


def test_binomial_test_two_sided_counts_all_that_is_no_more_likely():
    # 3 of 4 at 1/4: P(3) + P(4) = 12/256 + 1/256; no count below is as unlikely.
    assert binomial_test(3, 4, share=0.25).p_value == pytest.approx(13 / 256)


def test_binomial_test_of_no_ratings_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="there are no ratings"):
        binomial_test(0, 0)


def test_binomial_test_refuses_more_than_all():
    with pytest.raises(RatingsError, match="4 of 3"):
        binomial_test(4, 3)


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


def test_five_copies_of_one_choice_are_one_observation():
    # Four units, five ratings each, all for the same side: 2 (1/2)^4, where rows give 2 (1/2)^20.
    signs, units = np.ones(20), np.repeat(np.arange(4), 5)

    assert cluster_sign_test(signs, clusters=units, seed=1).p_value == pytest.approx(1 / 8)
    assert sign_test(signs).p_value == pytest.approx(2**-19)


def test_cluster_sign_test_of_single_ratings_is_the_sign_test():
    signs = [1, 1, 1, 0, 1, -1, 1]

    clustered = cluster_sign_test(signs, clusters=range(7), seed=1)

    assert clustered.p_value == pytest.approx(sign_test(signs).p_value)


@given(st.lists(st.tuples(st.integers(-1, 1), st.integers(0, 5)), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_cluster_sign_test_counts_every_way_to_flip_whole_clusters(rows):
    signs, clusters = (np.array(column) for column in zip(*rows, strict=True))

    test = cluster_sign_test(signs, clusters=clusters, seed=1)

    leaning = np.array([signs[clusters == cluster].sum() for cluster in np.unique(clusters)])
    sums = np.abs(flips(leaning).sum(axis=1))
    assert test.p_value == pytest.approx((sums >= abs(leaning.sum())).mean())


def test_drawn_p_value_is_near_the_exact_one():
    weights = np.array([1, 1, 2, 3, 3, 5])

    drawn = drawn_p_value(weights, 13, "greater", n_permutations=40_000, seed=1)

    # Monte Carlo error of a share near .1 from 40,000 draws: .0015.
    assert drawn == pytest.approx(exact_p_value(weights, 13, "greater"), abs=0.006)


def test_drawn_p_value_is_never_zero():
    drawn = drawn_p_value(np.ones(90, dtype=int), 90, "two-sided", n_permutations=99, seed=1)

    assert drawn == 1 / 100


def test_many_clusters_are_drawn_and_say_so():
    signs = np.tile([1, 1, 1, -1], 5000)

    test = cluster_sign_test(signs, clusters=np.arange(20_000), seed=1, n_permutations=999)

    assert "999 draws" in test.test
    assert test.p_value == 1 / 1000


def test_clusters_that_lean_neither_way_have_p_one():
    test = cluster_sign_test([1, -1, 1, -1], clusters=["a", "a", "b", "b"], seed=1)

    assert (test.p_value, test.n) == (1, 0)


def test_cluster_sign_test_refuses_a_rating_without_a_cluster():
    with pytest.raises(RatingsError, match=r"row 1 .* no cluster label"):
        cluster_sign_test([1, 1], clusters=["a", None], seed=1)


def test_frame_of_a_test_has_its_counts():
    frame = sign_test([1, -1, 0]).to_frame()

    assert frame.loc[0, ["n_positive", "n_negative", "n_zero"]].tolist() == [1, 1, 1]
