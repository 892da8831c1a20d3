from typing import get_args

import numpy as np
import pytest

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    brennan_prediger,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    specific_agreement,
    weights_from_disagreement,
)
from analysis.agreement.weights import WeightsName, agreement_weights


# Five ranks; the first row, distances 0 to 4.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("identity", [1, 0, 0, 0, 0]),
        ("linear", [1, 3 / 4, 2 / 4, 1 / 4, 0]),
        ("quadratic", [1, 15 / 16, 12 / 16, 7 / 16, 0]),
        ("radical", [1, 1 / 2, 1 - np.sqrt(1 / 2), 1 - np.sqrt(3 / 4), 0]),
        ("ordinal", [1, 1 - 1 / 10, 1 - 3 / 10, 1 - 6 / 10, 0]),  # 1 - C(d + 1, 2) / C(5, 2)
    ],
)
def test_weights_fall_with_the_distance_as_named(name, expected):
    assert agreement_weights(name, range(5))[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "codes", "expected"),
    [
        # sin(pi d / 4) squared is 1/2, 1, 1/2 for d of 1, 2, 3: the last code is next to the first.
        ("circular", "NESW", [[1, 1 / 2, 0, 1 / 2], [1 / 2, 1, 1 / 2, 0]]),
        # d squared over (s - 2)(8 - s), s the sum of two ranks from 1 to 4.
        ("bipolar", "abcd", [[1, 1 - 1 / 5, 1 - 4 / 8, 0], [1 - 1 / 5, 1, 1 - 1 / 9, 1 - 4 / 8]]),
        # ((a - b) / (a + b)) squared: 1, 1 and (2 / 4) squared; 0 against 0 is no difference.
        ("ratio", [0, 1, 3], [[1, 0, 0], [0, 1, 3 / 4]]),
        # Labels count as 1, 2, 3: 1/9, 1/4 and 1/25, over the largest.
        ("ratio", "abc", [[1, 1 - 4 / 9, 0], [1 - 4 / 9, 1, 1 - 4 / 25]]),
    ],
)
def test_weights_of_other_scales_follow_their_formulas(name, codes, expected):
    weights = agreement_weights(name, list(codes))

    assert weights[:2] == pytest.approx(np.array(expected), abs=1e-12)
    assert (weights == weights.T).all()


@pytest.mark.parametrize("name", get_args(WeightsName))
def test_weights_are_1_for_the_same_code_and_0_for_the_farthest(name):
    weights = agreement_weights(name, range(6))

    assert (np.diagonal(weights) == 1).all()
    assert weights.min() == 0


def test_ratio_weights_of_codes_below_zero_are_refused():
    with pytest.raises(RatingsError, match=r"needs a zero point: -1\.0 is below it"):
        fleiss_kappa([[-1, 1], [1, 1]], weights="ratio")


def test_ratio_weights_know_the_distances_of_numbers_with_gaps():
    ratings = [[1, 2], [5, 5], [2, 2], [1, 5]]

    kappa = fleiss_kappa(ratings, weights="ratio").value

    assert kappa == fleiss_kappa(ratings, weights="ratio", categories=[1, 2, 5]).value


@pytest.mark.parametrize("name", ["circular", "bipolar"])
def test_weights_that_depend_on_the_ends_of_the_scale_ask_for_them(name):
    with pytest.raises(RatingsError, match=f"weights '{name}' count ranks: give `categories`"):
        fleiss_kappa([[1, 2], [3, 3], [2, 2]], weights=name)


def test_disagreement_becomes_agreement_on_any_scale():
    disagreement = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]])

    weights = weights_from_disagreement(disagreement)

    assert weights[0] == pytest.approx([1, 5 / 6, 1 / 2])
    assert (weights_from_disagreement(10 * disagreement) == weights).all()


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(3), "with itself must be 0"),
        (np.zeros((2, 2)), "some above 0"),
        ([[0, -1], [-1, 0]], "none below 0"),
        ([[0, 1], [2, 0]], "symmetric"),
        ([0, 1], "one row and column a category"),
        ([[0, 1], [2]], "disagreement: give a number for each two categories"),
    ],
)
def test_what_is_no_disagreement_is_refused(matrix, message):
    with pytest.raises(RatingsError, match=message):
        weights_from_disagreement(matrix)


def test_disagreement_given_as_agreement_is_named():
    with pytest.raises(RatingsError, match="need `weights_from_disagreement`"):
        cohen_kappa([1, 2], [2, 2], weights=1 - np.eye(2))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("cubic", "weights 'cubic' are not among"),
        (np.eye(3), r"shape \(3, 3\) for 2 categories"),
        (np.array([[1, 0.2], [0.1, 1]]), "symmetric"),
        (np.ones((2, 2)), "some below 1"),
        ([["all", "none"], ["none", "all"]], "weights: give a number for each two categories"),
        (lambda one, other: one == other, "weights: give a number for each two categories"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    with pytest.raises(RatingsError, match=message):
        gwet_ac([[1, 2]], categories=[1, 2], weights=weights)


def test_a_single_declared_category_is_refused_where_chance_needs_two():
    with pytest.raises(RatingsError, match="at least two"):
        brennan_prediger([[1, 1]], categories=[1])


A, B = [2, 3, 4, 2, 3, 4, 4], [2, 4, 4, 3, 3, 4, 2]
LABELS = {2: "low", 3: "some", 4: "high"}


@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic", "radical", "ordinal"])
def test_cohen_kappa_of_codes_without_a_gap_needs_no_categories(weights):
    without = cohen_kappa(A, B, weights=weights).value

    # Ranks beyond those that occur scale all disagreement alike, observed and by chance.
    assert cohen_kappa(A, B, categories=range(1, 8), weights=weights).value == pytest.approx(
        without
    )


def test_unweighted_kappa_of_labels_needs_no_categories():
    first, second = ([LABELS[code] for code in codes] for codes in (A, B))

    assert cohen_kappa(first, second).value == pytest.approx(cohen_kappa(A, B).value)


def test_a_matrix_of_weights_is_enough_where_its_size_fits():
    linear = agreement_weights("linear", range(3))

    assert cohen_kappa(A, B, weights=linear).value == cohen_kappa(A, B, weights="linear").value
    with pytest.raises(RatingsError, match=r"shape \(4, 4\) for 3 categories: give `categories`"):
        cohen_kappa(A, B, weights=np.eye(4))


@pytest.mark.parametrize(
    ("codes", "categories"),
    [
        ({2: 2, 3: 3, 4: 5}, None),
        ({2: 2, 3: 2.5, 4: 3}, None),
        (LABELS, None),
        (LABELS, set(LABELS.values())),
    ],
    ids=["gap", "halves", "labels", "set"],
)
def test_weights_that_count_ranks_ask_for_the_ranks(codes, categories):
    first, second = ([codes[code] for code in rater] for rater in (A, B))

    with pytest.raises(RatingsError, match="weights 'quadratic' count ranks: give `categories`"):
        cohen_kappa(first, second, categories=categories, weights="quadratic")


@pytest.mark.parametrize("coefficient", [gwet_ac, brennan_prediger])
def test_coefficients_that_count_categories_say_where_these_come_from(coefficient):
    with pytest.raises(RatingsError, match=r"needs `categories`: how many .* from the rubric"):
        coefficient([[1, 2], [1, 1]])


@pytest.mark.parametrize("weights", ["identity", "linear", "ratio"])
@pytest.mark.parametrize("coefficient", [fleiss_kappa, conger_kappa])
def test_kappas_of_codes_that_occur_are_undefined_where_all_are_one(coefficient, weights):
    with pytest.raises(UndefinedStatisticError, match="all 6 ratings fall in one category"):
        coefficient(np.ones((2, 3)), weights=weights)


@pytest.mark.parametrize("coefficient", [fleiss_kappa, conger_kappa])
def test_kappas_of_no_ratings_at_all_are_undefined(coefficient):
    with pytest.raises(UndefinedStatisticError, match="none of the 2 units has two ratings"):
        coefficient(np.full((2, 3), np.nan))


def test_cohen_kappa_of_raters_who_never_met_counts_the_units():
    with pytest.raises(UndefinedStatisticError, match="none of the 2 units has two ratings"):
        cohen_kappa([1, np.nan], [np.nan, 1])


def test_weights_that_merge_all_codes_in_use_do_not_claim_that_one_was_used():
    merged = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1.0]])

    with pytest.raises(
        UndefinedStatisticError, match=r"weights take all codes that occur as the s"
    ):
        fleiss_kappa([[1, 2], [2, 1], [1, 1]], categories=[1, 2, 3], weights=merged)


def test_specific_agreement_on_a_code_that_does_not_occur_asks_for_the_categories():
    with pytest.raises(RatingsError, match=r"category 3 is not among .*give `categories`"):
        specific_agreement([[1, 2], [1, 1]], category=3)
