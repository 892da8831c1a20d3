from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    krippendorff_alpha,
    set_alpha,
)
from analysis.agreement.sets import set_coefficient, set_distances, set_units

NAN = float("nan")
UNSEEN = [NAN, NAN, NAN]
A, AB, NONE = [1, 0, 0], [1, 1, 0], [0, 0, 0]
# Of two raters: one set within the other, both empty, both A.
THREE = [[A, AB], [NONE, NONE], [A, A]]

tables = st.integers(2, 5).flatmap(
    lambda n_raters: nps.arrays(int, (6, n_raters, 3), elements=st.integers(0, 1))
)


def distance_of(one, other, name):
    """MASI, Jaccard or nominal distance of two sets, straight from the definitions."""
    if name == "nominal" or one == other:
        return float(one != other)
    jaccard = len(one & other) / len(one | other)
    if name == "jaccard":
        return 1 - jaccard
    return 1 - jaccard * (2 / 3 if one <= other or other <= one else 1 / 3)


def alpha_of_pairs(chosen, name):
    """Alpha from all ordered pairs of ratings, in the unit and in the whole table."""
    units = [[frozenset(np.flatnonzero(row)) for row in unit] for unit in chosen]
    every = [one for unit in units for one in unit]
    within = sum(
        sum(distance_of(*pair, name) for pair in permutations(unit, 2)) / (len(unit) - 1)
        for unit in units
    )
    across = sum(distance_of(*pair, name) for pair in permutations(every, 2))
    return None if across == 0 else 1 - (len(every) - 1) * within / across


@pytest.mark.parametrize(
    ("one", "other", "masi", "jaccard"),
    [
        ("ab", "ab", 0, 0),
        ("", "", 0, 0),
        ("a", "ab", 1 - 1 / 2 * 2 / 3, 1 / 2),
        ("ab", "bc", 1 - 1 / 3 * 1 / 3, 2 / 3),
        ("a", "b", 1, 1),
        ("", "ab", 1, 1),
    ],
)
def test_distances_follow_their_definitions(one, other, masi, jaccard):
    sets = [frozenset(one), frozenset(other)]

    assert set_distances(sets, "masi")[0, 1] == pytest.approx(masi)
    assert set_distances(sets, "jaccard")[0, 1] == pytest.approx(jaccard)


# Six ratings, A three times, none twice, AB once; D_o is 2 d(A, AB) / 6 and D_e, over 6 x 5,
# 2 (3 d(A, AB) + 3 x 2 + 2) with d(A, AB) of 2/3, 1/2 and 1.
@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        ("masi", 1 - 5 * (4 / 3) / 20),
        ("jaccard", 1 - 5 * 1 / 19),
        ("nominal", 1 - 5 * 2 / 22),
    ],
)
def test_alpha_of_sets_equals_the_hand_calculation(distance, expected):
    alpha = set_alpha(THREE, distance=distance)

    assert alpha.value == pytest.approx(expected, abs=1e-12)
    assert (alpha.n_units, alpha.n_raters, alpha.n_ratings) == (3, 2, 6)


@given(tables, st.sampled_from(["masi", "jaccard", "nominal"]))
@settings(max_examples=30, deadline=None)
def test_alpha_of_sets_equals_all_pairs_counted_one_by_one(chosen, distance):
    expected = alpha_of_pairs(chosen, distance)
    assume(expected is not None)

    assert set_alpha(chosen, distance=distance).value == pytest.approx(expected, abs=1e-12)


@given(tables, st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_order_of_units_raters_and_options_does_not_matter(chosen, random):
    assume(alpha_of_pairs(chosen, "nominal") is not None)
    units, raters, options = (random.sample(range(n), n) for n in chosen.shape)

    moved = chosen[units][:, raters][:, :, options]

    assert set_alpha(moved).value == pytest.approx(set_alpha(chosen).value, abs=1e-12)


def test_one_option_alone_is_an_item_of_yes_or_no():
    chosen = np.array(THREE)[:, :, [1]]

    alone = krippendorff_alpha(chosen[:, :, 0], level="nominal").value

    assert set_alpha(chosen).value == pytest.approx(alone)


def test_raters_and_units_that_are_missing_do_not_count():
    padded = [[*unit, UNSEEN] for unit in THREE] + [[UNSEEN] * 3, [AB, UNSEEN, UNSEEN]]

    alpha = set_alpha(padded)

    assert alpha.value == pytest.approx(set_alpha(THREE).value)
    assert (alpha.n_units, alpha.n_raters, alpha.n_ratings) == (3, 2, 6)


def test_sets_that_never_meet_are_below_zero():
    # D_o = 1, D_e = 2 x 2 x 2 / (4 x 3).
    assert set_alpha([[A, [0, 1, 0]], [[0, 1, 0], A]]).value == pytest.approx(-0.5)


def test_sets_are_named_by_their_options():
    units = set_units(THREE, options=["age", "sex", "other"])

    assert set(units.categories) == {frozenset(), frozenset({"age"}), frozenset({"age", "sex"})}


def test_more_options_than_bits_in_a_number_stay_apart():
    chosen = np.zeros((3, 2, 70))
    chosen[[0, 1], :, [3, 69]] = 1

    assert len(set_units(chosen).categories) == 3
    assert set_alpha(chosen).value == 1


def test_sets_can_be_resampled():
    chosen = np.random.default_rng(2).random((60, 3, 3)) < [[[0.2]], [[0.8]]] * 30
    units = set_units(chosen)
    coefficient = set_coefficient(units, "masi")

    sums = coefficient.per_unit(units)

    assert float(coefficient.value(sums.sum(axis=0))) == set_alpha(chosen).value
    left_out = coefficient.value(sums.sum(axis=0) - sums[:1])
    assert left_out == pytest.approx([set_alpha(chosen[1:]).value])


@pytest.mark.parametrize(
    ("chosen", "options", "message"),
    [
        ([[A, [1, NAN, 0]]], None, r"unit 0, rater 1 \(counted from 0\) lacks some options"),
        ([[A, [1, 2, 0]]], None, r"unit 0, rater 1 \(counted from 0\) holds other than 0 and 1"),
        ([A, AB], None, r"shape \(2, 3\): give units by raters by options"),
        ([[A, AB]], ["one", "two"], "name each of 3 once"),
        ([[["x", "y"]]], None, "give 1 for chosen, 0 for not"),
    ],
)
def test_what_is_no_choice_is_refused_with_its_place(chosen, options, message):
    with pytest.raises(RatingsError, match=message):
        set_alpha(chosen, options=options)


def test_unknown_distance_is_refused():
    with pytest.raises(RatingsError, match="distance 'dice' is not among"):
        set_alpha(THREE, distance="dice")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([[NONE, NONE], [NONE, NONE]], "all 4 ratings fall in one category"),
        ([[A, UNSEEN], [UNSEEN, AB]], "none of the 2 units has two ratings"),
        ([[UNSEEN, UNSEEN]], "none of the 1 units has two ratings"),
    ],
)
def test_sets_that_do_not_vary_or_meet_are_undefined(chosen, message):
    with pytest.raises(UndefinedStatisticError, match=message):
        set_alpha(chosen)
