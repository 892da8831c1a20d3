import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    binomial_test,
    cluster_sign_test,
    sign_test,
)
from analysis.pairs.sign_flips import drawn_p_value, exact_p_value
from tests.comparisons import flips


def test_binomial_test_two_sided_counts_all_that_is_no_more_likely():
    # 3 of 4 at 1/4: P(3) + P(4) = 12/256 + 1/256; no count below is as unlikely.
    assert binomial_test(3, 4, share=0.25).p_value == pytest.approx(13 / 256)


def test_binomial_test_of_no_ratings_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="there are no ratings"):
        binomial_test(0, 0)


@pytest.mark.parametrize(("k", "message"), [(4, "4 of 3"), (1.5, "1.5 of 3"), (None, "None of 3")])
def test_binomial_test_refuses_what_is_no_count(k, message):
    with pytest.raises(RatingsError, match=message):
        binomial_test(k, 3)


def test_binomial_test_refuses_a_share_above_1():
    with pytest.raises(RatingsError, match=r"share is 1\.5: it lies from 0 to 1"):
        binomial_test(1, 3, share=1.5)


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": None}, "seed is None: give a whole number"),
        ({"seed": -1}, "seed is -1"),
        ({"n_permutations": 10.5}, "n_permutations is 10.5"),
        ({"n_permutations": 0}, "n_permutations is 0: give a whole number, not below 1"),
    ],
)
def test_draws_that_could_not_be_repeated_are_refused(change, message):
    with pytest.raises(RatingsError, match=message):
        cluster_sign_test([1, -1], **({"clusters": [1, 2], "seed": 1} | change))
