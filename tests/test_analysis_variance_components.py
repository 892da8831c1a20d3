import time

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from analysis import RatingsError, UndefinedStatisticError, mean_squares, variance_components

NAN = float("nan")


def crossed(*, n_units, n_raters, seed, missing=0.0):
    rng = np.random.default_rng(seed)
    ratings = rng.normal(size=(n_units, 1)) + 0.7 * rng.normal(size=n_raters)
    ratings = ratings + rng.normal(size=(n_units, n_raters))
    ratings[rng.random(ratings.shape) < missing] = NAN
    return ratings


@given(st.integers(0, 10_000), st.integers(3, 12), st.integers(2, 8))
@settings(max_examples=25, deadline=None)
def test_complete_table_has_the_components_of_the_analysis_of_variance(seed, n_units, n_raters):
    ratings = crossed(n_units=n_units, n_raters=n_raters, seed=seed)
    squares = mean_squares(ratings)
    unit = (squares.units - squares.residual) / n_raters
    rater = (squares.raters - squares.residual) / n_units
    assume(min(unit, rater) > 1e-3)

    parts = variance_components(ratings)

    found = (parts.unit, parts.rater, parts.residual, parts.mean)
    assert found == pytest.approx((unit, rater, squares.residual, ratings.mean()), abs=1e-6)


def test_components_with_missing_ratings_equal_those_of_statsmodels():
    ratings = crossed(n_units=8, n_raters=5, seed=2, missing=0.25)
    unit, rater = np.nonzero(~np.isnan(ratings))
    table = pd.DataFrame({"y": ratings[unit, rater], "unit": unit, "rater": rater, "all": 1})
    model = smf.mixedlm(
        "y ~ 1",
        table,
        groups="all",
        re_formula="0",
        vc_formula={"rater": "0 + C(rater)", "unit": "0 + C(unit)"},
    ).fit(reml=True)

    parts = variance_components(ratings)

    # Its optimiser stops after four digits, so its log-likelihood cannot exceed ours.
    found = (parts.rater, parts.unit, parts.residual)
    assert found == pytest.approx((*model.vcomp, model.scale), rel=2e-3)
    assert parts.log_likelihood == pytest.approx(model.llf, abs=1e-5)
    assert parts.log_likelihood >= model.llf - 1e-9
    assert parts.mean_standard_error == pytest.approx(model.bse["Intercept"], rel=2e-3)


def test_log_likelihood_equals_the_normal_density_of_contrasts():
    ratings = crossed(n_units=5, n_raters=4, seed=1, missing=0.2)
    parts = variance_components(ratings)
    unit, rater = np.nonzero(~np.isnan(ratings))
    y, n = ratings[unit, rater], len(unit)
    covariance = (
        parts.unit * (unit[:, None] == unit)
        + parts.rater * (rater[:, None] == rater)
        + parts.residual * np.eye(n)
    )
    # Orthonormal contrasts lose log(n)/2 against Patterson and Thompson's form of REML.
    contrasts = np.linalg.svd(np.ones((1, n)))[2][1:]

    density = multivariate_normal(cov=contrasts @ covariance @ contrasts.T).logpdf(contrasts @ y)

    assert parts.log_likelihood == pytest.approx(density - np.log(n) / 2, abs=1e-8)


def test_components_do_not_care_which_factor_has_more_levels():
    ratings = crossed(n_units=9, n_raters=4, seed=5, missing=0.3)

    parts, turned = variance_components(ratings), variance_components(ratings.T)

    assert (turned.rater, turned.unit) == pytest.approx((parts.unit, parts.rater), rel=1e-6)


def test_raters_who_differ_less_than_chance_have_component_zero_and_a_note():
    # Rater means are equal by construction, so that JMS = 0 < EMS.
    ratings = crossed(n_units=20, n_raters=4, seed=3)
    ratings -= ratings.mean(axis=0)

    parts = variance_components(ratings)

    # One-way then: MSW pools residual and rater sums of squares.
    squares = mean_squares(ratings)
    assert parts.rater == 0
    assert parts.note == "at the lower limit of 0: rater"
    assert parts.unit == pytest.approx((squares.units - parts.residual) / 4, abs=1e-6)


def test_neither_units_nor_raters_that_differ_leave_the_plain_variance():
    # All unit and rater means are 0: REML's optimum is the sample variance, 8 / 7.
    ratings = [[1, -1], [-1, 1], [1, -1], [-1, 1]]

    parts = variance_components(ratings)

    assert (parts.unit, parts.rater) == (0, 0)
    assert parts.residual == pytest.approx(8 / 7)


def test_empty_rows_and_columns_change_nothing():
    ratings = crossed(n_units=6, n_raters=4, seed=4, missing=0.2)
    padded = np.pad(ratings, ((1, 0), (0, 1)), constant_values=NAN)

    assert variance_components(padded) == variance_components(ratings)


def test_thousands_of_units_by_hundreds_of_raters_take_seconds():
    ratings = crossed(n_units=4600, n_raters=262, seed=0, missing=0.986)
    start = time.process_time()

    parts = variance_components(ratings)

    assert time.process_time() - start < 5
    truth = (1, 0.49, 1)
    assert (parts.unit, parts.rater, parts.residual) == pytest.approx(truth, rel=0.2)


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        ([[1, 2, 3]], "two of each"),
        ([[1, 2, NAN, NAN], [NAN, NAN, 4, 1]], "units must share raters"),
        ([[1, 2], [3, 4], [5, 6]], "explain every rating"),
    ],
)
def test_components_without_a_value_say_why(ratings, reason):
    with pytest.raises(UndefinedStatisticError, match=reason):
        variance_components(ratings)


def test_labels_have_no_variance():
    with pytest.raises(RatingsError, match="labels: give numbers"):
        variance_components([["yes", "no"], ["no", "no"]])
