from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    jensen_shannon,
    total_variation,
    wasserstein,
)
from analysis.groups.distances import jensen_shannon_of, total_variation_of, wasserstein_of

ALL = [total_variation, jensen_shannon, wasserstein]
shares = st.lists(st.integers(0, 20), min_size=4, max_size=4).filter(sum)


def distribution(counts):
    return np.array(counts) / sum(counts)


def four_raters(distance, **more):
    """Raters 0 and 1, group a, say 0, 0, 1, 1; raters 2 and 3, group b, 1, 2, 2, 2."""
    return distance(
        [0, 0, 1, 1, 1, 2, 2, 2],
        raters=[0, 0, 1, 1, 2, 2, 3, 3],
        groups=list("aaaabbbb"),
        units=[0, 1] * 4,
        categories=[0, 1, 2],
        n_resamples=200,
        seed=1,
        **more,
    )


@pytest.mark.parametrize(
    ("distance", "by_hand"),
    [
        # Shares (1/2, 1/2, 0) and (0, 1/4, 3/4).
        (total_variation, 3 / 4),
        # Entropy of (1/4, 3/8, 3/8) less the mean of 1 and H(1/4).
        (
            jensen_shannon,
            0.5 + 0.75 * np.log2(8 / 3) - (1 + 0.25 * 2 + 0.75 * np.log2(4 / 3)) / 2,
        ),
        # Cumulated 1/2, 1, 1 against 0, 1/4, 1.
        (wasserstein, 1 / 2 + 3 / 4),
    ],
)
def test_distance_equals_the_one_computed_by_hand(distance, by_hand):
    assert four_raters(distance).value == pytest.approx(by_hand)


@settings(max_examples=30, deadline=None)
@given(first=shares, second=shares)
def test_distances_equal_those_of_scipy(first, second):
    p, q = distribution(first), distribution(second)
    scale = np.arange(4)

    assert total_variation_of(p, q) == pytest.approx(np.abs(p - q).sum() / 2)
    # SciPy gives the square root, and in nats without a base.
    assert jensen_shannon_of(p, q) == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-9)
    assert wasserstein_of(p, q) == pytest.approx(wasserstein_distance(scale, scale, p, q))


@settings(max_examples=30, deadline=None)
@given(first=shares, second=shares)
def test_distances_are_symmetric_and_bounded(first, second):
    p, q = distribution(first), distribution(second)

    for distance, largest in ((total_variation_of, 1), (jensen_shannon_of, 1), (wasserstein_of, 3)):
        assert 0 <= distance(p, q) <= largest + 1e-12
        assert distance(p, q) == pytest.approx(distance(q, p))
        assert distance(p, p) == pytest.approx(0)


def test_groups_without_a_code_in_common_are_as_far_apart_as_can_be():
    for distance, largest in ((total_variation, 1), (jensen_shannon, 1), (wasserstein, 2)):
        found = distance(
            [0, 0, 2, 2], raters=[0, 1, 2, 3], groups=list("aabb"), units=[0] * 4,
            categories=[0, 1, 2], n_resamples=100, seed=1,
        )  # fmt: skip
        assert found.value == pytest.approx(largest)


def test_exact_p_value_equals_a_loop_over_all_relabellings():
    codes = np.random.default_rng(2).integers(0, 3, (5, 6))
    units, raters = np.indices(codes.shape)
    means = []
    for one in combinations(range(6), 2):
        mask = np.isin(np.arange(6), one)
        p, q = (np.bincount(codes[:, m].ravel(), minlength=3) for m in (mask, ~mask))
        means.append(np.abs(np.cumsum(p / p.sum() - q / q.sum())).sum())

    found = wasserstein(
        codes.ravel(), raters=raters.ravel(), units=units.ravel(),
        groups=(raters.ravel() >= 2), categories=[0, 1, 2], n_resamples=100, seed=1,
    )  # fmt: skip

    assert found.null.n_relabellings == 15
    assert found.test.p_value == pytest.approx(np.mean(np.array(means) >= means[0] - 1e-9))


def test_without_raters_labels_stay_within_units():
    # Unit 0 has codes 0 and 1, unit 1 codes 1 and 2, a rating from each group: of the four ways
    # to deal the labels, shares (1, 1, 0) against (0, 1, 1) and the mirror are 1 apart in total
    # variation of two ratings each: (1/2 + 1/2) / 2. The two others are equally far apart or not.
    found = total_variation(
        [0, 1, 1, 2], groups=list("abab"), units=[0, 0, 1, 1], categories=[0, 1, 2],
        n_resamples=100, seed=1,
    )  # fmt: skip

    # The others: (1/2, 0, 1/2) against (0, 1, 0), 1 apart.
    assert found.value == pytest.approx(1 / 2)
    assert found.null.n_relabellings == 4
    assert found.test.p_value == 1
    assert "each rating taken as a rater of its own" in found.test.note


def test_chance_alone_makes_a_distance():
    rng = np.random.default_rng(3)
    units, raters = np.indices((40, 12))
    codes = rng.integers(0, 5, units.size)

    found = total_variation(
        codes, raters=raters.ravel(), units=units.ravel(), groups=raters.ravel() < 6,
        categories=range(5), n_permutations=500, n_resamples=200, seed=1,
    )  # fmt: skip

    assert found.value > 0
    assert found.null.median > 0
    assert found.test.p_value > 0.05
    assert found.interval.low > 0


def test_renaming_the_codes_does_not_change_total_variation():
    named = total_variation(
        list("xxyyyzzz"), raters=[0, 0, 1, 1, 2, 2, 3, 3], groups=list("aaaabbbb"),
        units=[0, 1] * 4, categories=["x", "y", "z"], n_resamples=200, seed=1,
    )  # fmt: skip

    # Shares 1/2, 1/2, 0 against 0, 1/4, 3/4.
    assert named.value == four_raters(total_variation).value == 0.75


def test_shares_of_both_groups_are_given_by_code():
    frame = four_raters(total_variation).shares_frame()

    assert frame["a"].tolist() == [0.5, 0.5, 0]
    assert frame["b"].tolist() == [0, 0.25, 0.75]


def test_raters_with_many_more_ratings_leave_a_distance_without_a_test():
    # Three raters rate 10 of 40 units, four rate all.
    rng = np.random.default_rng(4)
    units = np.concatenate([*(rng.permutation(40)[:10] for _ in "abc"), np.tile(np.arange(40), 4)])
    raters = np.repeat(np.arange(7), [10] * 3 + [40] * 4)

    found = total_variation(
        rng.integers(0, 3, len(units)), groups=raters < 3, units=units, raters=raters,
        categories=[0, 1, 2], n_resamples=100, seed=1,
    )  # fmt: skip

    assert (found.test, found.null) == (None, None)
    assert "4.0 times as many ratings each" in found.not_tested
    assert found.interval is not None
    assert found.to_frame()["not_tested"].tolist() == [found.not_tested]


@pytest.mark.parametrize("distance", ALL)
def test_groups_without_a_common_unit_are_refused(distance):
    with pytest.raises(UndefinedStatisticError, match="no unit in common"):
        distance(
            [0, 1, 1, 0], raters=[0, 1, 2, 3], groups=list("aabb"), units=[0, 0, 1, 1],
            categories=[0, 1], seed=1,
        )  # fmt: skip


def test_steps_between_codes_without_order_are_refused():
    with pytest.raises(RatingsError, match="counts ranks"):
        wasserstein(["x"], groups=["a"], units=[0], categories={"x", "y"}, seed=1)


def test_a_missing_code_is_refused_with_its_row():
    with pytest.raises(RatingsError, match=r"row 1 \(counted from 0\) has no code"):
        total_variation([0, None], groups=["a", "b"], units=[0, 0], categories=[0, 1], seed=1)


def test_strata_without_raters_are_refused():
    with pytest.raises(RatingsError, match="give `raters`"):
        total_variation(
            [0, 1], groups=["a", "b"], units=[0, 0], strata=[0, 0], categories=[0, 1], seed=1
        )
