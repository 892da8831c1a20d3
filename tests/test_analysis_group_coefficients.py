from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    bootstrap_groups,
    coefficient_difference_test,
    conger_kappa,
    difference_of_coefficients,
    gwet_ac,
    jackknife,
    krippendorff_alpha,
    linearised,
)

NAN = float("nan")
CODES = [0, 1, 2]
THREE_AND_THREE = list("aaabbb")


def study(seed, n_units=15, n_raters=6, missing=0.2):
    """Ratings that agree somewhat, some of them missing."""
    rng = np.random.default_rng(seed)
    ratings = rng.integers(0, 3, (n_units, 1)) + rng.integers(0, 2, (n_units, n_raters))
    ratings = np.minimum(ratings, 2).astype(float)
    ratings[rng.random(ratings.shape) < missing] = NAN
    return ratings


def value_of(statistic, ratings):
    match statistic:
        case "krippendorff_alpha":
            return krippendorff_alpha(ratings, level="ordinal", categories=CODES).value
        case "gwet_ac":
            return gwet_ac(ratings, categories=CODES).value
    return conger_kappa(ratings, categories=CODES).value


@pytest.mark.parametrize("statistic", ["krippendorff_alpha", "gwet_ac", "conger_kappa"])
def test_exact_p_value_equals_a_loop_over_all_relabellings(statistic):
    ratings = study(1)
    differences, over_errors = [], []
    for one in combinations(range(6), 3):
        sides = [ratings[:, list(one)], np.delete(ratings, one, axis=1)]
        first, second = (value_of(statistic, side) for side in sides)
        # Tukey's jackknife of three raters: (3 - 1) / 3 times the sum of squares.
        without = [[value_of(statistic, np.delete(s, r, axis=1)) for r in range(3)] for s in sides]
        error = np.sqrt(2 / 3 * sum(((x - np.mean(x)) ** 2).sum() for x in np.array(without)))
        differences.append(first - second)
        over_errors.append((first - second) / error)

    found = coefficient_difference_test(
        ratings, statistic, rater_groups=THREE_AND_THREE, level="ordinal", categories=CODES, seed=1
    )

    extreme = np.abs(over_errors) >= abs(over_errors[0]) - 1e-9
    assert found.value == pytest.approx(differences[0])
    assert found.test.value == pytest.approx(over_errors[0])
    assert found.null.n_relabellings == 20
    assert found.test.p_value == pytest.approx(extreme.mean())


def test_of_two_raters_the_difference_itself_is_tested():
    ratings = study(21, n_raters=5)
    differences = [
        value_of("gwet_ac", ratings[:, list(one)])
        - value_of("gwet_ac", np.delete(ratings, one, axis=1))
        for one in combinations(range(5), 2)
    ]

    found = coefficient_difference_test(
        ratings, "gwet_ac", rater_groups=list("aabbb"), categories=CODES, seed=1
    )

    assert found.interval is None
    assert found.test.test.endswith("two-sided by |difference|")
    assert found.test.p_value == pytest.approx(
        np.mean(np.abs(differences) >= abs(differences[0]) - 1e-9)
    )


def test_raters_with_few_ratings_are_found_different_as_often_as_promised():
    rng = np.random.default_rng(22)
    found = 0
    for seed in range(100):
        ratings = (rng.random((60, 8)) < rng.beta(1, 2, (60, 1))).astype(float)
        ratings[:, :3][rng.random((60, 3)).argsort(axis=0) >= 20] = NAN
        found += (
            coefficient_difference_test(
                ratings, "gwet_ac", rater_groups=list("aaabbbbb"), categories=[0, 1], seed=seed
            ).test.p_value
            <= 0.05
        )

    # Binomial(100, .05): at most 13 with probability .999. The difference by itself is found in a
    # third of these studies.
    assert found <= 13


def test_standard_errors_are_those_of_the_jackknife_by_raters():
    ratings = study(2, n_units=40)

    found = coefficient_difference_test(
        ratings, "krippendorff_alpha", rater_groups=THREE_AND_THREE, level="nominal", seed=1
    )

    one, other = (
        jackknife(side, "krippendorff_alpha", leave_out="raters", level="nominal")[
            "krippendorff_alpha"
        ].standard_error
        for side in (ratings[:, :3], ratings[:, 3:])
    )
    assert found.first.standard_error == pytest.approx(one)
    assert found.difference.standard_error == pytest.approx(np.hypot(one, other))
    assert "jackknife by raters" in found.interval.method


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_does_not_matter_and_swapping_the_groups_changes_the_sign(seed):
    ratings, rng = study(seed, missing=0), np.random.default_rng(seed)
    order = rng.permutation(6)
    common = {"statistic": "gwet_ac", "categories": CODES, "seed": 1}

    found = coefficient_difference_test(ratings, rater_groups=THREE_AND_THREE, **common)
    mirrored = coefficient_difference_test(
        ratings[rng.permutation(15)][:, order],
        rater_groups=np.array(THREE_AND_THREE)[order],
        compared=("b", "a"),
        **common,
    )

    assert mirrored.value == pytest.approx(-found.value)
    assert mirrored.test.p_value == pytest.approx(found.test.p_value)


def test_a_careless_group_is_found():
    rng = np.random.default_rng(3)
    ratings = np.repeat(rng.integers(0, 3, (40, 1)), 12, axis=1).astype(float)
    ratings[:, 6:] = rng.integers(0, 3, (40, 6))

    found = coefficient_difference_test(
        ratings, "krippendorff_alpha", rater_groups=list("a" * 6 + "b" * 6), level="nominal", seed=1
    )

    assert found.value > 0.8
    # 924 relabellings, of which the actual one and its mirror are the most extreme.
    assert found.test.p_value == pytest.approx(2 / 924)


def test_strata_keep_labels_among_raters_of_the_same_units():
    ratings = np.full((20, 8), NAN)
    ratings[:10, :4], ratings[10:, 4:] = study(4, 10, 4, 0), study(5, 10, 4, 0)

    found = coefficient_difference_test(
        ratings,
        "krippendorff_alpha",
        rater_groups=list("aabbaabb"),
        strata=np.repeat(["x", "y"], 10),
        level="nominal",
        seed=1,
    )

    # Two of four in each stratum: 6 * 6 ways.
    assert found.null.n_relabellings == 36


def test_groups_of_different_units_are_refused():
    ratings = np.full((20, 6), NAN)
    ratings[:10, :3], ratings[10:, 3:] = study(6, 10, 3, 0), study(7, 10, 3, 0)

    with pytest.raises(UndefinedStatisticError, match="no unit in common"):
        coefficient_difference_test(
            ratings, "krippendorff_alpha", rater_groups=THREE_AND_THREE, level="nominal", seed=1
        )


def test_a_group_that_uses_one_code_only_is_named():
    ratings = study(8, missing=0)
    ratings[:, 3:] = 1

    with pytest.raises(UndefinedStatisticError, match="group 'b': all 45 ratings fall in one"):
        coefficient_difference_test(
            ratings, "krippendorff_alpha", rater_groups=THREE_AND_THREE, level="nominal", seed=1
        )


def test_a_group_without_ratings_is_named():
    ratings = study(9, missing=0)
    ratings[:, 3:] = NAN

    with pytest.raises(UndefinedStatisticError, match="group 'b' has no ratings"):
        coefficient_difference_test(
            ratings, "krippendorff_alpha", rater_groups=THREE_AND_THREE, level="nominal", seed=1
        )


def test_a_group_for_each_rater_is_asked_for():
    with pytest.raises(RatingsError, match=r"2 labels \(group\) for 6 rows"):
        difference_of_coefficients(
            study(10), "krippendorff_alpha", rater_groups=["a", "b"], level="nominal", seed=1
        )


def test_difference_on_common_units_equals_that_of_the_shared_bootstrap():
    ratings = study(11, n_units=60, missing=0)
    common = {"rater_groups": THREE_AND_THREE, "level": "nominal", "n_resamples": 500, "seed": 1}

    found = difference_of_coefficients(ratings, "krippendorff_alpha", **common)
    expected = bootstrap_groups(ratings, "krippendorff_alpha", **common).difference(
        "krippendorff_alpha", "a", "b"
    )

    assert found.n_units_left_out == 0
    assert (found.value, found.interval) == (pytest.approx(expected.value), expected.interval)


def test_units_that_one_group_cannot_agree_on_are_left_out_and_counted():
    ratings = study(12, n_units=60, missing=0)
    ratings[:20, 1:3] = NAN

    found = difference_of_coefficients(
        ratings, "gwet_ac", rater_groups=THREE_AND_THREE, categories=CODES, n_resamples=200, seed=1
    )

    assert found.n_units_left_out == 20
    assert found.second.value == pytest.approx(gwet_ac(ratings[20:, 3:], categories=CODES).value)


def test_paired_test_is_close_to_gwets_linearised_one():
    ratings = study(13, n_units=200, missing=0)
    first, second = ratings[:, :3], ratings[:, 3:]
    # Complete data, three ratings a unit: the linearised contribution of a unit to AC1 is
    # (p_a|i - p_e) / (1 - p_e) - 2 (1 - AC1) (p_e|i - p_e) / (1 - p_e).
    stars = []
    for side in (first, second):
        shares = np.stack([(side == code).mean(axis=1) for code in CODES], axis=1)
        pooled = shares.mean(axis=0)
        agreement = (3 * (shares**2).sum(axis=1) - 1) / 2
        chance, of_unit = ((one * (1 - pooled)).sum(axis=-1) / 2 for one in (pooled, shares))
        value = (agreement.mean() - chance) / (1 - chance)
        star = (agreement - chance - 2 * (1 - value) * (of_unit - chance)) / (1 - chance)
        stars.append(star)
        assert linearised(side, "gwet_ac", categories=CODES).standard_error == pytest.approx(
            star.std(ddof=1) / np.sqrt(200)
        )
    paired = stars[0] - stars[1]

    found = difference_of_coefficients(
        ratings, "gwet_ac", rater_groups=THREE_AND_THREE, categories=CODES, n_resamples=200, seed=1
    )

    expected = paired.mean() / (paired.std(ddof=1) / np.sqrt(200))
    assert found.test.value == pytest.approx(expected, rel=0.02, abs=0.02)
    assert found.test.df == 199


def test_no_common_unit_leaves_nothing_to_compare():
    ratings = study(14, missing=0)
    ratings[:, 1:3] = NAN

    with pytest.raises(UndefinedStatisticError, match="none of the 15 units has two ratings from"):
        difference_of_coefficients(
            ratings, "gwet_ac", rater_groups=THREE_AND_THREE, categories=CODES, seed=1
        )


def test_frames_have_one_row_with_both_groups():
    ratings = study(15, n_units=60, missing=0)
    common = {"rater_groups": THREE_AND_THREE, "categories": CODES, "seed": 1}

    tested = coefficient_difference_test(ratings, "gwet_ac", **common).to_frame()
    resampled = difference_of_coefficients(ratings, "gwet_ac", **common).to_frame()

    for frame in (tested, resampled):
        assert len(frame) == 1
        assert {"first_value", "second_value", "difference_low", "test_p_value"} <= set(frame)
