from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    brennan_prediger,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    linearised,
)

PUBLISHED = Path(__file__).parent / "published"
NAN = float("nan")
WEIGHTS = ["identity", "linear", "quadratic", "radical", "ordinal", "ratio", "circular", "bipolar"]
KAPPAS = {
    "fleiss_kappa": fleiss_kappa,
    "gwet_ac": gwet_ac,
    "brennan_prediger": brennan_prediger,
    "conger_kappa": conger_kappa,
}


def matrix(name):
    return pd.read_csv(PUBLISHED / f"{name}.csv", comment="#", index_col="unit").to_numpy()


def quantities(estimate):
    return {
        "estimate": estimate.value,
        "se": estimate.standard_error,
        "pa": estimate.observed_agreement,
        "pe": estimate.chance_agreement,
        "ci95_t.0": estimate.interval.low,
        "ci95_t.1": estimate.interval.high,
    }


def raters(n_units=300, seed=4):
    """Four raters who often agree, a fifth of the ratings missing."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 5, size=(n_units, 1))
    ratings = np.where(rng.random((n_units, 4)) < 0.6, truth, rng.integers(1, 5, (n_units, 4)))
    return np.where(rng.random(ratings.shape) < 0.2, NAN, ratings)


# Values, errors and intervals of R irrCAC, for all weights: test_published_values.py.


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("statistic", KAPPAS)
def test_value_is_that_of_the_coefficient(statistic, weights):
    ratings = raters()

    estimate = linearised(ratings, statistic, categories=range(1, 5), weights=weights)

    other = KAPPAS[statistic](ratings, categories=range(1, 5), weights=weights)
    assert estimate.value == pytest.approx(other.value, abs=1e-12)
    assert estimate.chance_agreement == pytest.approx(other.chance_agreement, abs=1e-12)
    assert (estimate.n_units, estimate.n_ratings) == (other.n_units, other.n_ratings)


@pytest.mark.parametrize(
    ("level", "weights"), [("nominal", "identity"), ("interval", "quadratic"), ("ratio", "ratio")]
)
def test_alpha_at_a_level_is_gwets_with_the_weights_of_that_level(level, weights):
    alpha = linearised(raters(), "krippendorff_alpha", level=level)
    gwets = linearised(raters(), "gwet_alpha", categories=range(1, 5), weights=weights)

    assert alpha.value == pytest.approx(krippendorff_alpha(raters(), level=level).value, abs=1e-12)
    assert gwets.value == pytest.approx(alpha.value, abs=1e-12)
    assert gwets.standard_error == pytest.approx(alpha.standard_error, abs=1e-12)


@pytest.mark.parametrize("statistic", [*KAPPAS, "percent_agreement", "gwet_alpha"])
def test_standard_error_is_close_to_the_jackknifes(statistic):
    ratings = raters()
    ratings = ratings[(~np.isnan(ratings)).sum(axis=1) >= 2]
    options = {"categories": range(1, 5), "weights": "linear"}

    found = linearised(ratings, statistic, **options).standard_error

    left_out = [
        linearised(np.delete(ratings, row, axis=0), statistic, **options).value
        for row in range(len(ratings))
    ]
    n = len(ratings)
    jackknife = np.sqrt((n - 1) / n * np.square(left_out - np.mean(left_out)).sum())
    assert found == pytest.approx(jackknife, rel=0.01)


def test_units_with_one_rating_widen_the_published_interval_of_percent_agreement():
    ratings = np.repeat([[1, 1], [1, 2], [1, NAN]], [80, 20, 50], axis=0)

    estimate = linearised(ratings, "percent_agreement")

    # 50 of 150 units count as 0, the others as 1.5 or 0, instead of 100 with 1 or 0.
    spread = 80 * (1.5 - 0.8) ** 2 + 70 * 0.8**2
    assert estimate.standard_error == pytest.approx(np.sqrt(spread / (150 * 149)))
    assert estimate.standard_error > 1.5 * np.sqrt(0.8 * 0.2 / 100)


@given(st.randoms(use_true_random=False), st.sampled_from([*KAPPAS, "percent_agreement"]))
@settings(max_examples=20, deadline=None)
def test_order_of_units_and_raters_and_empty_ones_do_not_matter(random, statistic):
    ratings = raters(n_units=30)
    rows, columns = (random.sample(range(n), n) for n in ratings.shape)
    padded = np.pad(ratings[rows][:, columns], ((0, 2), (0, 1)), constant_values=NAN)

    found = linearised(padded, statistic, categories=range(1, 5))

    expected = linearised(ratings, statistic, categories=range(1, 5))
    assert quantities(found) == pytest.approx(quantities(expected), abs=1e-12)


def test_limit_above_1_is_kept_where_asked_for():
    ratings = matrix("krippendorff_2011_four_observers")

    capped, open_ended = (
        linearised(ratings, "fleiss_kappa", capped=one, as_published=True).interval.high
        for one in (True, False)
    )

    # .7612 + 2.2010 x .1530, t with 11 degrees of freedom.
    assert open_ended == pytest.approx(1.0980, abs=5e-5)
    assert capped == 1


def rare(n_varied):
    """Fifty units, three ratings each, a yes on some of them."""
    return np.repeat([[1, 0, 1], [0, 0, 0]], [n_varied, 50 - n_varied], axis=0)


MOVED = ["fleiss_kappa", "conger_kappa", "gwet_alpha"]


@pytest.mark.parametrize("statistic", MOVED)
def test_a_rare_code_has_no_interval_but_a_reason(statistic):
    estimate = linearised(rare(9), statistic)

    assert estimate.interval is None
    assert estimate.standard_error > 0
    assert estimate.refusal.startswith("only 9 units have a rating other than 0")


@pytest.mark.parametrize("statistic", MOVED)
def test_ten_units_with_the_rare_code_are_enough(statistic):
    assert linearised(rare(10), statistic).interval is not None


@pytest.mark.parametrize("statistic", ["percent_agreement", "gwet_ac", "brennan_prediger"])
def test_what_no_rare_code_decides_keeps_its_interval(statistic):
    assert linearised(rare(3), statistic, categories=[0, 1]).interval is not None


def test_the_published_interval_of_a_rare_code_is_given_where_asked_for_and_says_so():
    estimate = linearised(rare(9), "fleiss_kappa", as_published=True)

    assert estimate.interval.method == "linearised, t with 49 degrees of freedom, as published"
    assert estimate.refusal is None


def test_systematic_disagreement_is_below_zero():
    # No pair agrees, and every code is as common as the other: (0 - 1/2) / (1 - 1/2).
    estimate = linearised([[0, 1], [1, 0], [0, 1]], "fleiss_kappa")

    assert estimate.value == pytest.approx(-1)


def test_krippendorffs_ordinal_metric_is_refused_with_a_way_out():
    with pytest.raises(RatingsError, match=r"metric moves with the ratings.* jackknife"):
        linearised(raters(), "krippendorff_alpha", level="ordinal")


@pytest.mark.parametrize(
    ("statistic", "options", "message"),
    [
        ("krippendorff_alpha", {}, "needs `level`"),
        ("cohen_kappa", {}, "statistic 'cohen_kappa' is not among"),
        ("fleiss_kappa", {"level": "nominal"}, "level is for krippendorff_alpha only"),
        ("fleiss_kappa", {"confidence": 95}, "confidence is 95"),
        ("gwet_ac", {}, "needs `categories`"),
    ],
)
def test_what_cannot_be_meant_is_refused(statistic, options, message):
    with pytest.raises(RatingsError, match=message):
        linearised(raters(), statistic, **options)


@pytest.mark.parametrize(
    ("statistic", "options"),
    [
        ("fleiss_kappa", {}),
        ("conger_kappa", {}),
        ("gwet_alpha", {}),
        ("krippendorff_alpha", {"level": "nominal"}),
        ("krippendorff_alpha", {"level": "interval"}),
    ],
)
def test_one_code_everywhere_is_undefined_not_perfect(statistic, options):
    with pytest.raises(UndefinedStatisticError, match="all 6 ratings fall in one category"):
        linearised(np.ones((3, 2)), statistic, **options)


def test_no_unit_with_two_ratings_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="none of the 2 units has two ratings"):
        linearised([[1, NAN], [NAN, 2]], "percent_agreement")


@pytest.mark.parametrize(
    "ratings", [[[1, 1], [2, 2], [1, 1]], [[1, 2]]], ids=["all agree", "one unit"]
)
def test_no_interval_where_the_standard_error_is_0(ratings):
    estimate = linearised(ratings, "gwet_ac", categories=[1, 2])

    assert estimate.interval is None
    assert estimate.refusal.startswith("the linearised standard error is 0")
