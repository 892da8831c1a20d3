"""What the models refuse, and in which words."""

from functools import partial
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    compare,
    design_matrix,
    logistic_mixed_model,
    ordinal_mixed_model,
    proportional_odds,
)

LEVELS = [0, 1, 2]
UNIT = np.repeat(np.arange(20), 6)
RATER = np.tile(np.arange(6), 20)


@pytest.fixture
def codes():
    return np.random.default_rng(5).integers(0, 3, 120)


@pytest.fixture
def x():
    return pd.DataFrame({"x": np.random.default_rng(6).standard_normal(120)})


def test_text_becomes_an_indicator_named_as_in_r():
    frame = pd.DataFrame({"temp": ["warm", "cold", "warm"], "age": [30, 40, 50]})

    covariates = design_matrix(frame)

    assert covariates.to_dict("list") == {"tempwarm": [1, 0, 1], "age": [30, 40, 50]}


def test_column_that_is_there_twice_is_refused():
    frame = pd.DataFrame([["a", "b"], ["b", "a"]], columns=["g", "g"])
    with pytest.raises(RatingsError, match=r"columns \['g'\] occur twice"):
        design_matrix(frame)


def test_reference_level_is_the_one_left_out():
    frame = pd.DataFrame({"group": ["a", "b", "c"]})
    assert list(design_matrix(frame, reference={"group": "b"})) == ["groupa", "groupc"]


@pytest.mark.parametrize(
    ("frame", "arguments", "words"),
    [
        ({"g": ["a", None]}, {}, "row 1 .*column 'g'"),
        ({"g": ["a", "a"]}, {}, r"the level \['a'\] only"),
        ({"g": ["a", "b"]}, {"columns": ["h"]}, r"\['h'\] are not among \['g'\]"),
        ({"g": ["a", "b"]}, {"reference": {"g": "c"}}, r"reference 'c' is not among \['a', 'b'\]"),
        ({"g": [1, 2]}, {"reference": {"g": 1}}, "holds numbers: it has no reference level"),
    ],
)
def test_design_matrix_refuses(frame, arguments, words):
    with pytest.raises(RatingsError, match=words):
        design_matrix(pd.DataFrame(frame), **arguments)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x.assign(y=2 * x["x"] + 3), "column 'y' is a combination of|column 'x' is a"),
        (lambda x: x.assign(one=1.0), r"columns \['one'\] do not vary"),
        (lambda x: x.assign(x=x["x"].where(x.index != 7)), "row 7 .*column 'x'"),
        (lambda x: x.replace(x.iloc[3, 0], np.inf), "row 3 .*column 'x': inf is no covariate"),
        (lambda x: x.assign(g="text"), "column 'g' holds no numbers: code it with `design_matrix`"),
        (lambda x: x.iloc[:5], "5 rows of covariates for 120 ratings"),
        (lambda x: pd.concat([x, x], axis=1), r"columns \['x'\] occur twice"),
        (lambda x: x.assign(**{"1": x["x"] ** 2}).rename(columns={"x": 1}), r"\['1'\] occur twice"),
        (lambda x: x.rename(columns={"x": "(Intercept)"}), "named as other parameters are: rename"),
        (lambda x: x + 1e9, r"columns \['x'\] vary too little beside their size"),
        (lambda x: x["x"], "`fixed` is a Series: give a data frame"),
    ],
)
def test_bad_covariates_are_refused_by_name(codes, x, change, words):
    with pytest.raises(RatingsError, match=words):
        proportional_odds(codes, change(x), categories=LEVELS)


def test_a_missing_code_is_refused_with_its_row(codes):
    with pytest.raises(RatingsError, match=r"row 4 .*has no code"):
        proportional_odds(np.where(np.arange(120) == 4, np.nan, codes), categories=LEVELS)


def test_an_unknown_code_is_refused_with_its_row(codes):
    with pytest.raises(RatingsError, match=r"row 4, .* 9\.0 is not among the categories"):
        proportional_odds(np.where(np.arange(120) == 4, 9.0, codes), categories=LEVELS)


def test_one_code_everywhere_has_no_model():
    with pytest.raises(UndefinedStatisticError, match="all 120 ratings are 1: nothing to model"):
        proportional_odds(np.ones(120), categories=LEVELS)


def test_an_unused_category_has_no_threshold_and_is_noted(codes):
    model = proportional_odds(codes, categories=[0, 1, 1.5, 2])

    assert list(model.thresholds) == ["0|1", "1|2"]
    assert "nobody used [1.5]" in model.note


@pytest.mark.parametrize(
    "fit", [proportional_odds, partial(ordinal_mixed_model, random={"unit": UNIT})]
)
def test_a_covariate_that_separates_the_codes_is_named(codes, x, fit):
    never = pd.DataFrame({"x": x["x"], "never": (RATER == 0).astype(float)})
    separated = np.where(RATER == 0, 0, codes)

    with pytest.raises(UndefinedStatisticError, match=r"separated by \['never'\]"):
        fit(separated, never, categories=LEVELS)


def test_a_covariate_that_nearly_separates_the_codes_is_estimated(codes, x):
    nearly = pd.DataFrame({"rarely": (RATER == 0).astype(float)})
    codes = np.where((RATER == 0) & (UNIT > 0), 0, np.maximum(codes, 1))

    assert proportional_odds(codes, nearly, categories=LEVELS).coefficients["rarely"].value < -3


def test_units_that_always_get_the_same_code_have_no_finite_sd():
    with pytest.raises(UndefinedStatisticError, match="the sd of 'unit' grows without bound"):
        logistic_mixed_model(UNIT % 2, random={"unit": UNIT})


@pytest.mark.parametrize(
    ("random", "words"),
    [
        ({"unit": np.zeros(120)}, "all 120 ratings have the same 'unit'"),
        ({"unit": np.arange(120)}, "each 'unit' has one rating"),
    ],
)
def test_a_factor_without_a_spread_is_refused(codes, random, words):
    with pytest.raises(UndefinedStatisticError, match=words):
        ordinal_mixed_model(codes, categories=LEVELS, random=random)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"random": {}}, "names no factor"),
        ({"random": UNIT}, "names no factor: give labels by name"),
        ({"random": {"unit": UNIT[:9]}}, "9 labels of 'unit' for 120 ratings"),
        ({"random": {"unit": [None, *UNIT[1:]]}}, "row 0 .*has no label of 'unit'"),
        ({"random": {"unit": UNIT, "question": UNIT + 7}}, "divide the ratings alike"),
        ({"random": {"unit": UNIT}, "n_quadrature": 0}, "n_quadrature is 0: a whole number from 1"),
        ({"random": {"unit": UNIT}, "n_quadrature": 2.5}, r"n_quadrature is 2\.5: a whole number"),
        (
            {"random": {"unit": UNIT, "rater": RATER}, "n_quadrature": 7},
            "n_quadrature is 7 for 2 factors",
        ),
        ({"random": {"unit": UNIT}, "confidence": 95}, "confidence is 95: between 0 and 1"),
    ],
)
def test_bad_random_factors_are_refused(codes, arguments, words):
    with pytest.raises(RatingsError, match=words):
        ordinal_mixed_model(codes, categories=LEVELS, **arguments)


def test_a_factor_of_few_levels_is_noted(codes):
    codes = np.minimum(codes + UNIT % 3, 2)

    model = ordinal_mixed_model(codes, categories=LEVELS, random={"third": UNIT % 3})

    assert "3 levels of 'third' say little of their sd" in model.note


def test_compare_refuses_models_of_different_ratings(codes, x):
    small = proportional_odds(codes[:60], categories=LEVELS)
    large = proportional_odds(codes, x, categories=LEVELS)

    with pytest.raises(RatingsError, match="the models are of different ratings"):
        compare(small, large)


def test_compare_refuses_models_that_are_not_nested(codes, x):
    first = proportional_odds(codes, x, categories=LEVELS)
    second = proportional_odds(codes, x.rename(columns={"x": "y"}), categories=LEVELS)

    with pytest.raises(RatingsError, match=r"it lacks \['x'\]"):
        compare(first, second)


def test_comparing_a_slope_gives_plain_chi_squared(codes, x):
    test = compare(
        proportional_odds(codes, categories=LEVELS), proportional_odds(codes, x, categories=LEVELS)
    )

    # Two-sided tail of a standard normal at the root of the statistic.
    assert test.note is None
    assert test.p_value == pytest.approx(2 * (1 - NormalDist().cdf(test.value**0.5)), abs=1e-9)


def test_wald_test_refuses_an_unknown_name(codes, x):
    with pytest.raises(RatingsError, match=r"\['y'\]: give some of \['x'\]"):
        proportional_odds(codes, x, categories=LEVELS).wald_test("y")
