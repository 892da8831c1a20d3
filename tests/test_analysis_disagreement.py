from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    disagreement_shares,
    krippendorff_alpha,
)

NAN = float("nan")
CODES = [0, 1, 2]


def study(seed, n_units=15, n_raters=6, missing=0.2):
    """Ratings that agree somewhat, some of them missing."""
    rng = np.random.default_rng(seed)
    ratings = rng.integers(0, 3, (n_units, 1)) + rng.integers(0, 2, (n_units, n_raters))
    ratings = np.minimum(ratings, 2).astype(float)
    ratings[rng.random(ratings.shape) < missing] = NAN
    return ratings


def test_disagreement_splits_as_counted_by_hand():
    # One unit, raters of group a say 0, 0, of group b 1, 1. Of 12 ordered pairs 4 lie within and
    # agree, 8 between and disagree. By chance 2 * 2 * 2 / (4 * 3) = 2/3 of the pairs disagree.
    found = disagreement_shares(
        [[0, 0, 1, 1]], rater_groups=list("aabb"), level="nominal", n_resamples=100, seed=1
    )

    frame = found.to_frame().set_index(["first", "second"])
    assert frame["n_pairs"].tolist() == [1, 4, 1]
    assert frame["pair_share"].to_numpy() == pytest.approx([1 / 6, 4 / 6, 1 / 6])
    assert frame["share"].to_numpy() == pytest.approx([0, 1, 0])
    assert frame.loc[("a", "b"), "disagreement"] == pytest.approx(1 / (2 / 3))
    assert (found.within_share, found.between_share) == pytest.approx((0, 1))
    assert found.alpha == pytest.approx(0)
    # Mixed groups {0, 1}, {0, 1} have 1 / (2/3) within and 1/2 / (2/3) between: -.75 in four of
    # the six relabellings, 1.5 in the actual one and its mirror.
    assert found.excess.value == pytest.approx(1.5)
    assert found.test.p_value == pytest.approx(2 / 6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), level=st.sampled_from(["nominal", "ordinal", "interval"]))
def test_shares_of_disagreement_add_up_to_what_alpha_observes(seed, level):
    ratings = study(seed, n_raters=7)

    found = disagreement_shares(
        ratings,
        rater_groups=list("aabbccc"),
        level=level,
        categories=CODES,
        n_permutations=20,
        n_resamples=100,
        seed=1,
    )

    frame = found.to_frame()
    assert frame["share"].sum() == pytest.approx(1)
    assert frame["pair_share"].sum() == pytest.approx(1)
    assert found.within_share + found.between_share == pytest.approx(1)
    expected = krippendorff_alpha(ratings, level=level, categories=CODES).value
    assert found.alpha == pytest.approx(expected)
    assert (frame["pair_share"] * frame["disagreement"]).sum() == pytest.approx(1 - expected)


def test_excess_equals_the_mean_distances_of_pairs_in_a_loop():
    ratings = study(16, n_units=8, n_raters=5)
    groups = list("aabbb")
    apart, weights = {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
    for row in ratings:
        rated = np.flatnonzero(~np.isnan(row))
        for i, j in combinations(rated, 2):
            same = groups[i] == groups[j]
            weights[same] += 1 / (len(rated) - 1)
            apart[same] += (row[i] - row[j]) ** 2 / (len(rated) - 1)
    values = np.concatenate([row[~np.isnan(row)] for row in ratings if (~np.isnan(row)).sum() > 1])
    expected = np.mean([(x - y) ** 2 for x, y in combinations(values, 2)])

    found = disagreement_shares(
        ratings, rater_groups=groups, level="interval", n_resamples=100, seed=1
    )

    by_hand = (apart[False] / weights[False] - apart[True] / weights[True]) / expected
    assert found.excess.value == pytest.approx(by_hand)


def test_raters_of_no_group_are_left_out_of_the_shares_and_counted():
    ratings = study(17, missing=0)

    found = disagreement_shares(
        ratings, rater_groups=[*"aabb", None, None], level="nominal", n_resamples=100, seed=1
    )

    assert found.n_raters_left_out == 2
    expected = krippendorff_alpha(ratings[:, :4], level="nominal").value
    assert found.alpha == pytest.approx(expected)


def test_raters_with_many_more_ratings_leave_the_shares_without_a_test():
    ratings = study(18, n_units=40, n_raters=7, missing=0)
    left_out = np.random.default_rng(1).random((40, 3)).argsort(axis=0) >= 10
    ratings[:, :3][left_out] = NAN

    found = disagreement_shares(
        ratings, rater_groups=list("aaabbbb"), level="nominal", n_resamples=100, seed=1
    )

    assert (found.test, found.null) == (None, None)
    assert "4.0 times as many ratings each" in found.not_tested
    assert found.within_share + found.between_share == pytest.approx(1)


@pytest.mark.parametrize(
    ("ratings", "groups", "reason"),
    [
        ([[0, 0, 0, 0]], "aabb", "all 4 ratings fall in one category"),
        ([[0, 0, 0, 0], [1, 1, 1, 1]], "aabb", "raters never disagree"),
        ([[0, 1], [1, 1]], "ab", "no unit has two ratings of one group"),
    ],
)
def test_what_cannot_be_split_is_undefined(ratings, groups, reason):
    with pytest.raises(UndefinedStatisticError, match=reason):
        disagreement_shares(ratings, rater_groups=list(groups), level="nominal", seed=1)


def test_one_group_is_refused():
    with pytest.raises(RatingsError, match="give two at least"):
        disagreement_shares([[0, 1]], rater_groups=["a", "a"], level="nominal", seed=1)
