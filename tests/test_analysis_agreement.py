from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    brennan_prediger,
    category_kappa,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
    specific_agreement,
)

PUBLISHED = Path(__file__).parent / "published"
FIVE = [1, 2, 3, 4, 5]
NAN = float("nan")


def matrix(name):
    """Units by raters, NaN for missing."""
    return pd.read_csv(PUBLISHED / f"{name}.csv", comment="#", index_col="unit").to_numpy()


def two_raters(name):
    """Both raters' codes, one entry a unit, from a table of counts."""
    table = pd.read_csv(PUBLISHED / f"{name}.csv", comment="#")
    units = table.loc[table.index.repeat(table["n_units"])]
    return units["first"].to_numpy(), units["second"].to_numpy()


def fourteen_raters():
    counts = matrix("fleiss_wikipedia")
    return np.array([np.repeat(FIVE, row) for row in counts])


@pytest.mark.parametrize(
    ("name", "level", "published"),
    [
        ("krippendorff_2011_four_observers", "nominal", Fraction(113, 152)),
        ("krippendorff_2011_four_observers", "ordinal", Fraction(108577, 133160)),
        ("krippendorff_2011_four_observers", "interval", Fraction(951, 1120)),
        ("krippendorff_2011_four_observers", "ratio", Fraction(18222619, 22852465)),
        ("krippendorff_2011_binary", "nominal", Fraction(2, 21)),
        ("krippendorff_2011_nominal", "nominal", Fraction(155, 224)),
        ("krippendorff_wikipedia", "nominal", Fraction(56, 81)),
        ("krippendorff_wikipedia", "interval", Fraction(643, 793)),
        ("fleiss_1971_diagnoses", "nominal", Fraction(5477, 12637)),
    ],
)
def test_alpha_equals_published_value(name, level, published):
    alpha = krippendorff_alpha(matrix(name), level=level)

    assert alpha.value == pytest.approx(float(published), abs=1e-12)


def test_alpha_counts_pairable_ratings_only():
    alpha = krippendorff_alpha(matrix("krippendorff_2011_four_observers"), level="nominal")

    # 40 pairable values; unit 12 has a single rating.
    assert (alpha.n_units, alpha.n_raters, alpha.n_ratings) == (11, 4, 40)


# Gwet (2014), irrCAC: the same ratings as Krippendorff's data C, which it calls cac.raw4raters.
@pytest.mark.parametrize(
    ("coefficient", "weights", "published"),
    [
        (gwet_ac, "identity", 0.775444068126995),
        (gwet_ac, "linear", 0.8587391364326112),
        (gwet_ac, "quadratic", 0.914000723551605),
        (gwet_ac, "ordinal", 0.8989397699075113),
        (fleiss_kappa, "identity", 0.7611692754224112),
        (fleiss_kappa, "linear", 0.8179447670973093),
        (fleiss_kappa, "quadratic", 0.8649350649350653),
        (fleiss_kappa, "ordinal", 0.8502061893970346),
        (conger_kappa, "identity", 0.7628174413033062),
        (conger_kappa, "linear", 0.813776319966141),
        (conger_kappa, "quadratic", 0.8577106562225335),
        (conger_kappa, "ordinal", 0.8436595251881869),
        (brennan_prediger, "identity", 0.7727272727272727),
        (brennan_prediger, "linear", 0.8484848484848484),
        (brennan_prediger, "quadratic", 0.9015151515151518),
        (brennan_prediger, "ordinal", 0.8863636363636358),
    ],
)
def test_coefficient_equals_gwets_value_with_missing_ratings(coefficient, weights, published):
    ratings = matrix("krippendorff_2011_four_observers")

    estimate = coefficient(ratings, categories=FIVE, weights=weights)

    assert estimate.value == pytest.approx(published, abs=1e-9)


def test_percent_agreement_equals_gwets_value_with_missing_ratings():
    ratings = matrix("krippendorff_2011_four_observers")
    assert float(percent_agreement(ratings)) == pytest.approx(0.8181818181818182, abs=1e-9)


# Fleiss (1971) and, for Gwet's, Conger's and Brennan-Prediger's, R irrCAC and irr.
@pytest.mark.parametrize(
    ("coefficient", "published"),
    [
        (fleiss_kappa, 0.43024452006014086),
        (conger_kappa, 0.44180854032933303),
        (gwet_ac, 0.4478845158445642),
        (brennan_prediger, 0.4444444444444444),
        (percent_agreement, 0.5555555555555556),
    ],
)
def test_coefficient_equals_published_value_for_six_psychiatrists(coefficient, published):
    estimate = coefficient(matrix("fleiss_1971_diagnoses"), categories=FIVE)

    assert estimate.value == pytest.approx(published, abs=1e-10)


def test_fleiss_kappa_of_one_diagnosis_equals_published_value():
    ratings = matrix("fleiss_1971_diagnoses")
    published = pd.read_csv(PUBLISHED / "fleiss_1971_kappas.csv", comment="#")

    found = [float(category_kappa(ratings, category=one)) for one in published["diagnosis"]]

    assert found == pytest.approx(published["kappa"].tolist(), abs=1e-9)


@pytest.mark.parametrize(
    ("coefficient", "published"),
    [
        (fleiss_kappa, 0.20993070442195522),
        (brennan_prediger, 0.2225274725274725),  # statsmodels: Randolph's free-marginal kappa
        (percent_agreement, 0.378021978021978),
    ],
)
def test_coefficient_equals_published_value_for_fourteen_raters(coefficient, published):
    estimate = coefficient(fourteen_raters(), categories=FIVE)

    assert estimate.value == pytest.approx(published, abs=1e-12)


COHEN_1968 = 1 - np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]]) / 6
FCE_1969 = np.array([[1, 0, 0.4444], [0, 1, 0.6667], [0.4444, 0.6667, 1]])


@pytest.mark.parametrize(
    ("name", "weights", "published"),
    [
        ("cohen_1968", "identity", 0.49152542372881347),  # .492 in print
        ("cohen_1968", COHEN_1968, 0.3478260869565216),  # .348 in print
        ("fleiss_cohen_everitt_1969", "identity", 0.4285714285714287),  # .429 in print
        ("fleiss_cohen_everitt_1969", FCE_1969, 0.5070699648667978),  # .507 in print
        ("fleiss_cohen_everitt_1969", "linear", 0.49230769230769245),
        ("fleiss_cohen_everitt_1969", "quadratic", 0.566666666666667),
        ("stuart_1955_vision", "identity", 0.5953888280894342),
        ("stuart_1955_vision", "linear", 0.652380429500598),
        ("stuart_1955_vision", "quadratic", 0.702334252490098),
    ],
)
def test_cohen_kappa_equals_published_value(name, weights, published):
    first, second = two_raters(name)

    kappa = cohen_kappa(first, second, categories=sorted(set(first)), weights=weights)

    assert kappa.value == pytest.approx(published, abs=1e-10)


def test_fleiss_kappa_of_two_raters_equals_scotts_pi():
    ratings = np.column_stack(two_raters("fleiss_cohen_everitt_1969"))
    assert fleiss_kappa(ratings).value == pytest.approx(0.4272076372315035, abs=1e-10)


# Feinstein and Cicchetti (1990): the same agreement, different kappas.
@pytest.mark.parametrize(
    ("case", "po", "kappa", "positive", "negative", "pabak", "scott_pi"),
    [
        (1, 0.85, 0.699519230769, 0.842105263158, 0.857142857143, 0.7, 0.699248120301),
        (2, 0.85, 0.318181818182, 0.914285714286, 0.4, 0.7, 0.314285714286),
        (3, 0.60, 0.130434782609, 0.692307692308, 0.428571428571, 0.2, 0.120879120879),
        (4, 0.60, 0.259259259259, 0.555555555556, 0.636363636364, 0.2, 0.191919191919),
    ],
)
def test_paradox_tables_equal_published_values(
    case, po, kappa, positive, negative, pabak, scott_pi
):
    cells = pd.read_csv(PUBLISHED / "feinstein_cicchetti_1990.csv", comment="#", index_col="case")
    ratings = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], cells.loc[case], axis=0)

    found = [
        percent_agreement(ratings),
        cohen_kappa(*ratings.T, categories=[0, 1]),
        specific_agreement(ratings, category=1, categories=[0, 1]),
        specific_agreement(ratings, category=0, categories=[0, 1]),
        brennan_prediger(ratings, categories=[0, 1]),
        fleiss_kappa(ratings, categories=[0, 1]),
    ]

    assert [float(estimate) for estimate in found] == pytest.approx(
        [po, kappa, positive, negative, pabak, scott_pi], abs=1e-10
    )


def test_two_ordinals_differ_on_the_same_ratings():
    ratings = matrix("krippendorff_2011_four_observers")

    # .8154 with Krippendorff's metric (2011), .8336 with Gwet's weights (irrCAC documentation).
    alpha = krippendorff_alpha(ratings, level="ordinal").value
    assert alpha == pytest.approx(0.8154, abs=5e-5)
    assert alpha != pytest.approx(0.8336, abs=5e-3)


@given(st.integers(2, 40), st.floats(0.05, 0.95), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_free_marginal_kappa_follows_from_rate_and_alpha(n_units, rate, seed):
    ratings = np.random.default_rng(seed).random((n_units, 3)) < rate
    assume(0 < ratings.mean() < 1)

    alpha = krippendorff_alpha(ratings, level="nominal").value
    kappa = brennan_prediger(ratings, categories=[0, 1]).value

    # Expected disagreement is 2 p (1 - p) N / (N - 1): alpha draws two ratings without replacement.
    p, n = ratings.mean(), ratings.size
    observed = 1 - 2 * p * (1 - p) * n / (n - 1) * (1 - alpha)
    assert kappa == pytest.approx(2 * observed - 1, abs=1e-12)


# Pfohl et al. (2024), Mixed MMQA-OMAQ, two codes, three ratings on each of 238 units. Published:
# the rate, and kappa .738 and .395. With x units split, observed agreement is 1 - 2x / (3 * 238),
# so kappa asks for x = 47 and x = 108; the rate asks for 56 and 155 yes. Alpha follows.
@pytest.mark.parametrize(
    ("units_by_yes", "n_yes", "kappa", "alpha"),
    [((189, 44, 3, 2), 56, 0.738, 0.095), ((115, 106, 2, 15), 155, 0.395, 0.114)],
)
def test_ratings_with_the_published_rate_and_kappa_have_the_implied_alpha(
    units_by_yes, n_yes, kappa, alpha
):
    ratings = np.repeat(np.tri(4, 3, -1), units_by_yes, axis=0)

    assert ratings.sum() == n_yes
    assert brennan_prediger(ratings, categories=[0, 1]).value == pytest.approx(kappa, abs=2e-3)
    assert krippendorff_alpha(ratings, level="nominal").value == pytest.approx(alpha, abs=5e-3)


def test_systematic_disagreement_is_below_zero():
    # Two units, each split 0 against 1: D_o = 1; D_e = 2 * 2 * 2 / (4 * 3) = 2/3; 1 - 3/2.
    assert krippendorff_alpha([[0, 1], [1, 0]], level="nominal").value == pytest.approx(-0.5)
    # p_a = 0, p_e = 1/2 for all three.
    for coefficient in (fleiss_kappa, gwet_ac, brennan_prediger):
        assert coefficient([[0, 1], [1, 0]], categories=[0, 1]).value == pytest.approx(-1)


@pytest.mark.parametrize(
    "undefined",
    [
        lambda ratings: krippendorff_alpha(ratings, level="nominal"),
        lambda ratings: krippendorff_alpha(ratings, level="ordinal", categories=[1, 2, 3]),
        lambda ratings: fleiss_kappa(ratings, categories=[1, 2]),
        lambda ratings: conger_kappa(ratings, categories=[1, 2]),
    ],
)
def test_one_code_everywhere_is_undefined_not_perfect(undefined):
    with pytest.raises(UndefinedStatisticError, match="all 12 ratings fall in one category"):
        undefined(np.ones((4, 3)))


@pytest.mark.parametrize("coefficient", [gwet_ac, brennan_prediger, percent_agreement])
def test_one_code_everywhere_is_full_agreement_where_chance_is_not_observed(coefficient):
    assert coefficient(np.ones((4, 3)), categories=[1, 2]).value == 1


def test_no_unit_with_two_ratings_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="none of the 2 units has two ratings"):
        gwet_ac([[1, NAN], [NAN, 2]], categories=[1, 2])


def test_specific_agreement_on_a_code_that_nobody_used_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="falls in category 3"):
        specific_agreement([[1, 2], [1, 1]], category=3, categories=[1, 2, 3])


def test_cohen_kappa_refuses_lists_of_different_length():
    with pytest.raises(RatingsError, match="two lists of one length"):
        cohen_kappa([1, 2], [1], categories=[1, 2])
