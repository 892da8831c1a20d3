from itertools import combinations
from math import log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import RatingsError, UndefinedStatisticError, grasp, krippendorff_alpha, xrr
from analysis.agreement.alpha import Alpha
from analysis.groups.cohesion import (
    cross_negentropy,
    negentropy,
    plurality_size,
    voting_agreement,
)
from analysis.groups.cohesion import xrr as many_xrr

NAN = float("nan")
ONCE = np.ones(1)
NOMINAL = Alpha(2, 1 - np.eye(2))


def counts(*units):
    """One grouping, its ratings per unit and code."""
    return np.array([units])


def study(seed=1, n_units=12, n_raters=6, n_codes=3):
    return np.random.default_rng(seed).integers(0, n_codes, (n_units, n_raters)).astype(float)


def six_raters(ratings, **more):
    return grasp(
        ratings,
        axes={"gender": list("ffffmm"), "age": [1, 1, 2, 2, 3, 3]},
        categories=[0, 1, 2],
        seed=1,
        **{"n_permutations": 99, **more},
    )


def test_negentropy_equals_the_one_computed_by_hand():
    # Shares (1, 0): ln 2 - 0; shares (1/2, 1/2): ln 2 - ln 2. Their mean: ln 2 / 2.
    found = negentropy(counts([2, 0], [1, 1]), np.ones(2))

    assert found[0] == pytest.approx(log(2) / 2)


@pytest.mark.parametrize(("cohesion", "by_hand"), [(plurality_size, 1 / 2), (negentropy, 0)])
def test_single_ratings_do_not_count_as_cohesion(cohesion, by_hand):
    # The first unit is split evenly; the second has one rating, which agrees with itself only.
    found = cohesion(counts([2, 2], [1, 0]), np.ones(2))

    assert found[0] == pytest.approx(by_hand)


def test_cross_negentropy_equals_the_one_computed_by_hand():
    # The group says code 0, the others (2, 0): q = (2 + .5) / (2 + 1) = 5 / 6, ln 2 + ln 5 / 6.
    alike = cross_negentropy(counts([2, 0]), counts([2, 0]), ONCE, smoothing=0.5)
    # The others say code 1: q = .5 / 3 = 1 / 6, ln 2 + ln 1 / 6; without smoothing minus infinity.
    apart = cross_negentropy(counts([2, 0]), counts([0, 2]), ONCE, smoothing=0.5)

    assert (alike[0], apart[0]) == pytest.approx((log(5 / 3), log(1 / 3)))


def test_xrr_equals_the_one_computed_by_hand():
    # First group 110, 000, 111, 010, second 11, 00, 10, 00, four units: d_o = 7 / 24, d_e = 1 / 2.
    first = counts([1, 2], [3, 0], [0, 3], [2, 1])
    second = counts([0, 2], [2, 0], [1, 1], [2, 0])

    found = many_xrr(first, second, np.ones(4), NOMINAL)

    assert found[0] == pytest.approx(1 - (7 / 24) / (1 / 2))


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_reliability_equals_alpha_and_xrr_of_the_agreement_package(level):
    ratings = study(2)
    ratings[np.random.default_rng(3).random(ratings.shape) < 0.2] = NAN

    found = six_raters(ratings, level=level)

    own, others = ratings[:, :4], ratings[:, 4:]
    within = krippendorff_alpha(own, level=level, categories=[0, 1, 2]).value
    across = xrr(own, others, level=level, categories=[0, 1, 2]).value
    assert found.cell("gender", "f", "reliability", "within").value == pytest.approx(within)
    assert found.cell("gender", "f", "reliability", "across").value == pytest.approx(across)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_voting_agreement_without_ties_is_alpha_of_two_voters(level):
    ratings = np.random.default_rng(4).integers(0, 2, (9, 8)).astype(float)
    ratings[:, 3] = ratings[:, 0]
    first, second = ratings[:, [0, 1, 3]], ratings[:, 5:]
    votes = np.column_stack([np.median(first, axis=1), np.median(second, axis=1)])
    alpha = Alpha(2, None if level == "ordinal" else 1 - np.eye(2))

    sides = [
        np.stack([(side == 0).sum(1), (side == 1).sum(1)], 1)[None] for side in (first, second)
    ]
    found = voting_agreement(*sides, np.ones(9), alpha)

    assert found[0] == pytest.approx(krippendorff_alpha(votes, level=level).value)


def test_a_tied_vote_is_split():
    # Votes (1/2, 1/2) against (1, 0), then (0, 1) against (0, 1). Half a disagreement in two
    # units, N = 4 votes: 1.5 for code 0, 2.5 for code 1. alpha = 1 - 3 (2 * .5) / (2 * 1.5 * 2.5).
    found = voting_agreement(counts([1, 1], [0, 2]), counts([2, 0], [0, 2]), np.ones(2), NOMINAL)

    assert found[0] == pytest.approx(1 - 3 / 7.5)


def test_quantities_are_the_ratio_the_difference_and_the_largest_ratio():
    answer = np.random.default_rng(5).integers(0, 3, (12, 1))
    ratings = np.where(study(5) < 1, study(6), answer)

    found = six_raters(ratings)

    ratios = []
    for group in (1, 2, 3):
        within, across, gai, difference = (
            found.cell("age", group, "plurality", quantity).value
            for quantity in ("within", "across", "gai", "difference")
        )
        assert (gai, difference) == pytest.approx((within / across, within - across))
        ratios.append(gai)
    assert found.cell("age", None, "plurality", "dsi").value == max(ratios)


def test_exact_p_value_is_the_smaller_tail_doubled():
    ratings = study(6, n_raters=5)
    sizes = []
    for one in combinations(range(5), 2):
        own = ratings[:, list(one)]
        sizes.append(np.mean([np.bincount(row.astype(int)).max() / 2 for row in own]))

    found = grasp(ratings, axes={"age": [1, 1, 2, 2, 2]}, categories=[0, 1, 2], seed=1)

    cell = found.cell("age", 1, "plurality", "within")
    upper = np.mean(np.array(sizes) >= sizes[0] - 1e-9)
    lower = np.mean(np.array(sizes) <= sizes[0] + 1e-9)
    assert (found.is_exact, found.n_relabellings) == (True, 10)
    assert cell.p_value == pytest.approx(min(1, 2 * min(upper, lower)))


def test_profiles_are_shuffled_whole():
    ratings = study(7)
    labels = list("ffffmm")

    found = grasp(
        ratings, axes={"gender": labels, "again": labels}, categories=[0, 1, 2], seed=1
    ).to_frame()

    same = [found[found["axis"] == axis].drop(columns="axis") for axis in ("gender", "again")]
    pd.testing.assert_frame_equal(*(one.reset_index(drop=True) for one in same))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_of_raters_and_units_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    ratings, labels = study(seed, n_units=6, n_raters=5), np.array(list("ffmmm"))
    units, raters = rng.permutation(6), rng.permutation(5)

    straight = grasp(ratings, axes={"g": labels}, categories=[0, 1, 2], seed=1).to_frame()
    shuffled = grasp(
        ratings[units][:, raters], axes={"g": labels[raters]}, categories=[0, 1, 2], seed=2
    ).to_frame()

    for column in ("value", "p_value"):
        assert shuffled[column].to_numpy() == pytest.approx(straight[column], nan_ok=True)


def test_groups_of_opposite_minds_stand_out():
    rng = np.random.default_rng(8)
    answer = rng.integers(0, 2, (30, 1))
    ratings = np.where(np.arange(16) < 8, answer, 1 - answer).astype(float)
    ratings[rng.random(ratings.shape) < 0.1] = 0

    found = grasp(ratings, axes={"g": list("a" * 8 + "b" * 8)}, categories=[0, 1], seed=1)

    cell = found.cell("g", "a", "reliability", "difference")
    assert cell.value > 1
    # 1,000 random shuffles, the actual labels added: the smallest p-value is 2 / 1001.
    assert cell.p_value < 0.01
    assert cell.p_adjusted >= cell.p_value


def test_ratio_to_a_cohesion_below_the_limit_is_refused():
    rng = np.random.default_rng(9)
    answer = rng.integers(0, 2, (30, 1))
    ratings = np.where(np.arange(8) < 4, answer, 1 - answer).astype(float)

    cell = grasp(ratings, axes={"g": list("aaaabbbb")}, categories=[0, 1], seed=1).cell(
        "g", "a", "reliability"
    )

    assert np.isnan(cell.value)
    assert np.isnan(cell.p_value)
    assert "below 0.02" in cell.refusal


def test_a_group_of_one_has_no_cohesion():
    cell = grasp(study(10), axes={"g": list("abbbbb")}, categories=[0, 1, 2], seed=1).cell(
        "g", "a", "plurality", "within"
    )

    assert np.isnan(cell.value)
    assert "no unit has two ratings of the group" in cell.refusal


def test_a_group_with_units_of_its_own_gets_no_p_value():
    ratings = np.full((20, 6), NAN)
    ratings[:10, :3], ratings[10:, 3:] = study(11, 10, 3), study(12, 10, 3)

    cell = grasp(ratings, axes={"g": list("aaabbb")}, categories=[0, 1, 2], seed=1).cell(
        "g", "a", "plurality", "within"
    )

    assert np.isfinite(cell.value)
    assert np.isnan(cell.p_value)
    assert "no unit in common" in cell.refusal


def test_a_group_of_raters_with_many_more_ratings_gets_no_p_value():
    ratings = study(19, n_units=40, n_raters=7)
    left_out = np.random.default_rng(1).random((40, 3)).argsort(axis=0) >= 10
    ratings[:, :3][left_out] = NAN

    cell = grasp(ratings, axes={"g": list("aaabbbb")}, categories=[0, 1, 2], seed=1).cell(
        "g", "a", "plurality", "within"
    )

    assert np.isfinite(cell.value)
    assert np.isnan(cell.p_value)
    assert "4.0 times as many ratings each" in cell.refusal


def test_raters_without_attribute_are_in_no_group_nor_among_the_others():
    ratings = study(13)

    found = grasp(ratings, axes={"g": [*"aabb", None, None]}, categories=[0, 1, 2], seed=1)
    without = grasp(ratings[:, :4], axes={"g": list("aabb")}, categories=[0, 1, 2], seed=1)

    for quantity in ("within", "across"):
        one, other = (each.cell("g", "a", "reliability", quantity) for each in (found, without))
        assert one.value == pytest.approx(other.value)


def test_raters_without_ratings_are_counted():
    ratings = study(14)
    ratings[:, 5] = NAN

    assert six_raters(ratings).n_raters_left_out == 1


def test_axes_come_as_a_frame_too():
    frame = pd.DataFrame({"gender": list("ffffmm"), "age": [1, 1, 2, 2, 3, 3]})

    found = grasp(study(15), axes=frame, categories=[0, 1, 2], n_permutations=99, seed=1)

    pd.testing.assert_frame_equal(found.to_frame(), six_raters(study(15)).to_frame())


def test_an_axis_of_another_length_is_refused():
    with pytest.raises(RatingsError, match=r"2 labels \(attribute 'g'\) for 6 rows"):
        grasp(study(), axes={"g": ["a", "b"]}, categories=[0, 1, 2], seed=1)


def test_an_axis_of_one_group_is_refused():
    with pytest.raises(RatingsError, match="'g' has fewer than two groups"):
        grasp(study(), axes={"g": ["a"] * 6}, categories=[0, 1, 2], seed=1)


def test_entropy_without_smoothing_is_refused():
    with pytest.raises(RatingsError, match="smoothing is 0"):
        six_raters(study(), smoothing=0)


def test_raters_who_cannot_change_places_are_refused():
    ratings = np.full((4, 2), NAN)
    ratings[:2, 0], ratings[2:, 1] = [0, 1], [1, 2]

    with pytest.raises(UndefinedStatisticError, match="relabelling changes nothing"):
        grasp(ratings, axes={"g": ["a", "b"]}, strata=[0, 0, 1, 1], categories=[0, 1, 2], seed=1)


def test_an_axis_that_goes_with_the_strata_leaves_the_others_alone():
    ratings = np.full((20, 8), NAN)
    ratings[:10, :4], ratings[10:, 4:] = study(16, 10, 4), study(17, 10, 4)

    found = grasp(
        ratings,
        axes={"site": list("xxxxyyyy"), "g": list("aabbaabb")},
        strata=np.repeat(["x", "y"], 10),
        categories=[0, 1, 2],
        seed=1,
    )

    refused, tested = (found.cell(*of, "plurality", "within") for of in (("site", "x"), ("g", "a")))
    assert "relabelling changes nothing" in refused.refusal
    assert 0 < tested.p_value <= 1


def test_a_cell_that_is_not_there_is_refused():
    with pytest.raises(KeyError, match="'race'"):
        six_raters(study()).cell("race", "a", "reliability")
