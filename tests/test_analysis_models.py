from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import expit
from scipy.stats import chi2

from analysis import (
    RatingsError,
    compare,
    design_matrix,
    logistic_mixed_model,
    ordinal_mixed_model,
    proportional_odds,
)

PUBLISHED = Path(__file__).parent / "published"
BITTERNESS = [1, 2, 3, 4, 5]


@pytest.fixture(scope="module")
def wine():
    return pd.read_csv(PUBLISHED / "randall_1989_wine.csv", comment="#")


@pytest.fixture(scope="module")
def treatment(wine):
    return design_matrix(wine, ["temp", "contact"])


@pytest.fixture(scope="module")
def fit_wine(wine, treatment):
    """Fit the wine with these random factors; without any, the proportional-odds model."""

    def fit(*factors, n_quadrature=1):
        if not factors:
            return proportional_odds(wine["rating"], treatment, categories=BITTERNESS)
        return ordinal_mixed_model(
            wine["rating"],
            treatment,
            categories=BITTERNESS,
            random={factor: wine[factor] for factor in factors},
            n_quadrature=n_quadrature,
        )

    return fit


def found_values(model):
    """The quantities of the published case, by their names there."""
    fixed = {**model.coefficients, **model.thresholds}
    found = {f"coef.{name}": estimate.value for name, estimate in fixed.items()}
    found |= {f"se.{name}": estimate.standard_error for name, estimate in fixed.items()}
    if model.sds:
        found["sd"] = model.sds["judge"].value
        found["se.ST1"] = model.log_sds["judge"].standard_error
    return found | {"loglik": model.log_likelihood}


def simulated(seed, *, n_units=200, n_raters=20, per_unit=5, slope=0.8, sds=(1.2, 0.8)):
    """Three levels of bias; half of the raters are of the other group."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(n_units), per_unit)
    rater = np.concatenate([rng.permutation(n_raters)[:per_unit] for _ in range(n_units)])
    group = (rater % 2).astype(float)
    effects = sds[0] * rng.standard_normal(n_units)[unit]
    effects += sds[1] * rng.standard_normal(n_raters)[rater]
    latent = slope * group + effects + rng.logistic(size=len(unit))
    codes = (latent > 1.0).astype(int) + (latent > 2.5)
    return codes, pd.DataFrame({"group": group}), {"unit": unit, "rater": rater}


# Randall (1989), R ordinal::clm and clmm.
@pytest.mark.parametrize(
    ("case", "factors", "n_quadrature"),
    [
        ("clm_proportional_odds", [], 1),
        ("clmm_random_judge_agq20", ["judge"], 20),
        ("clmm_random_judge_laplace", ["judge"], 1),
    ],
)
def test_model_equals_r_within_published_tolerance(fit_wine, case, factors, n_quadrature):
    published = pd.read_csv(PUBLISHED / "values" / "randall_1989_wine_clmm.csv", comment="#")
    expected = published[published["statistic"] == case].set_index("quantity")

    found = found_values(fit_wine(*factors, n_quadrature=n_quadrature))

    assert set(found) == set(expected.index)
    for quantity, row in expected.iterrows():
        assert found[quantity] == pytest.approx(row["value"], abs=row["tolerance"]), quantity


def test_likelihood_ratio_of_judges_equals_published_value(fit_wine):
    test = compare(fit_wine(), fit_wine("judge"))

    # Christensen (2019): LR.stat 9.853, Pr(>Chisq) .001696 on 1 df; at its limit, half of that.
    assert test.value == pytest.approx(9.853, abs=5e-4)
    assert test.p_value == pytest.approx(0.001696 / 2, abs=1e-6)


def test_likelihood_ratio_of_two_sds_says_that_its_p_value_is_too_large(fit_wine):
    test = compare(fit_wine(), fit_wine("judge", "bottle"))

    # exp(-9.853 / 2): the tail of chi-squared with two degrees of freedom, not mixed.
    assert test.p_value == pytest.approx(np.exp(-9.853 / 2), abs=1e-5)
    assert "2 sds of 0 are the least possible" in test.note


def test_likelihood_ratio_of_slopes_and_one_sd_mixes_both_degrees_of_freedom(wine, fit_wine):
    test = compare(proportional_odds(wine["rating"], categories=BITTERNESS), fit_wine("judge"))

    assert test.df == 3  # two slopes, one sd
    assert test.p_value == pytest.approx((chi2.sf(test.value, 2) + chi2.sf(test.value, 3)) / 2)


def test_compare_refuses_models_integrated_in_different_ways(fit_wine):
    with pytest.raises(RatingsError, match="approximate differently: fit both alike"):
        compare(fit_wine("judge", n_quadrature=5), fit_wine("judge", "bottle"))


def test_wald_test_of_one_coefficient_is_its_squared_z(fit_wine):
    # 3.062997 / .595376 = 5.14464; squared, 26.4674.
    assert fit_wine("judge").wald_test("tempwarm").value == pytest.approx(26.467, abs=5e-3)


def test_intraclass_correlation_is_the_judges_share_of_latent_variance(fit_wine):
    # 1.131133^2 / (1.131133^2 + pi^2 / 3) = 1.279462 / 4.569330.
    found = fit_wine("judge").intraclass_correlations["judge"]

    assert found.value == pytest.approx(0.28001, abs=5e-5)
    assert found.interval.low < found.value < found.interval.high


def test_error_of_an_intraclass_correlation_follows_from_that_of_the_sds():
    codes, fixed, random = simulated(4, n_units=80)
    model = ordinal_mixed_model(codes, fixed, categories=[0, 1, 2], random=random)

    def share(sds):
        return sds[0] ** 2 / (sds @ sds + np.pi**2 / 3)

    sds = np.array([model.sds["unit"].value, model.sds["rater"].value])
    steps = 1e-6 * np.eye(2)
    slopes = np.array([(share(sds + step) - share(sds - step)) / 2e-6 for step in steps])
    labels = ["sd[unit]", "sd[rater]"]
    error = np.sqrt(slopes @ model.covariance.loc[labels, labels].to_numpy() @ slopes)
    assert model.intraclass_correlations["unit"].standard_error == pytest.approx(error, rel=1e-6)


def test_table_has_the_published_p_value(fit_wine):
    table = fit_wine("judge").to_frame().set_index("statistic")

    # Christensen (2019): tempwarm Pr(>|z|) 2.68e-07.
    assert table.loc["tempwarm", "p_value"] == pytest.approx(2.68e-7, abs=5e-9)
    assert table.loc[["1|2", "sd[judge]"], ["p_value", "odds_ratio"]].isna().all(axis=None)


def test_odds_ratio_is_the_exponentiated_coefficient(fit_wine):
    model = fit_wine("judge")
    # exp(1.834885) = 6.26441 and exp(1.834885 +- 1.959964 * .512529) = (2.294, 17.106).
    contact = model.odds_ratios["contactyes"]

    assert contact.value == pytest.approx(6.2644, abs=5e-3)
    assert contact.standard_error == pytest.approx(6.2644 * 0.512529, abs=1e-2)
    assert contact.interval.low == pytest.approx(2.294, abs=2e-3)
    assert contact.interval.high == pytest.approx(17.106, abs=2e-2)


def test_mode_of_a_judge_is_where_his_penalised_likelihood_is_largest(wine, treatment, fit_wine):
    model = fit_wine("judge")
    edges = np.array([-np.inf, *(e.value for e in model.thresholds.values()), np.inf])
    slopes = [e.value for e in model.coefficients.values()]
    own = wine["judge"] == 7
    linear, rating = treatment[own].to_numpy() @ slopes, wine.loc[own, "rating"].to_numpy()

    def penalised(effect):
        below = expit(edges[rating - 1] - linear - effect)
        at_most = expit(edges[rating] - linear - effect)
        return -np.log(at_most - below).sum() + effect**2 / model.sds["judge"].value ** 2 / 2

    best = minimize_scalar(penalised, options={"xtol": 1e-10}).x
    bend = (penalised(best + 0.01) - 2 * penalised(best) + penalised(best - 0.01)) / 0.01**2
    shown = model.modes["judge"].set_index("level").loc[7]
    assert shown["mode"] == pytest.approx(best, abs=1e-5)
    assert shown["standard_error"] == pytest.approx(bend**-0.5, abs=1e-4)


def test_crossed_model_recovers_what_was_simulated():
    fits = []
    for seed in range(8):
        codes, fixed, random = simulated(seed, n_raters=40)
        fits.append(ordinal_mixed_model(codes, fixed, categories=[0, 1, 2], random=random))

    truth = {"group": 0.8, "0|1": 1.0, "1|2": 2.5, "sd[unit]": 1.2, "sd[rater]": 0.8}
    table = pd.concat([fit.to_frame() for fit in fits])
    for name, true in truth.items():
        rows = table[table["statistic"] == name]
        error = rows["value"].std() / np.sqrt(len(rows))
        # Laplace's approximation takes some percent off an sd of 1.2 with five ratings a unit.
        assert rows["value"].mean() == pytest.approx(true, abs=3 * error + 0.05 * true), name


def test_leaving_out_units_and_raters_halves_the_standard_error():
    codes, fixed, random = simulated(1)

    honest = ordinal_mixed_model(codes, fixed, categories=[0, 1, 2], random=random)
    naive = proportional_odds(codes, fixed, categories=[0, 1, 2])

    ratio = naive.coefficients["group"].standard_error / honest.coefficients["group"].standard_error
    assert ratio < 0.5


def test_logistic_model_is_the_ordinal_one_of_two_codes():
    codes, fixed, random = simulated(2, n_units=80)
    yes = (codes > 0).astype(int)

    logistic = logistic_mixed_model(yes, fixed, random=random)
    ordinal = ordinal_mixed_model(yes, fixed, categories=[0, 1], random=random)

    assert logistic.log_likelihood == ordinal.log_likelihood
    assert logistic.coefficients["group"] == ordinal.coefficients["group"]
    assert logistic.coefficients["(Intercept)"].value == -ordinal.thresholds["0|1"].value
    assert logistic.covariance.loc["(Intercept)", "group"] == pytest.approx(
        -ordinal.covariance.loc["0|1", "group"]
    )


def test_order_of_ratings_and_names_of_levels_do_not_matter():
    codes, fixed, random = simulated(3, n_units=60)
    order = np.random.default_rng(0).permutation(len(codes))
    renamed = {name: [f"{name} {label}" for label in random[name][order]] for name in random}

    first = logistic_mixed_model(codes > 0, fixed, random=random)
    second = logistic_mixed_model(codes[order] > 0, fixed.iloc[order], random=renamed)

    assert second.to_frame()["value"].tolist() == pytest.approx(
        first.to_frame()["value"].tolist(), abs=1e-5
    )


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_turning_the_scale_round_turns_every_sign(seed):
    rng = np.random.default_rng(seed)
    codes, fixed = rng.integers(0, 3, 60), pd.DataFrame({"x": rng.standard_normal(60)})
    assume(len(set(codes)) == 3)

    up = proportional_odds(codes, fixed, categories=[0, 1, 2])
    down = proportional_odds(codes, fixed, categories=[2, 1, 0])

    assert down.log_likelihood == pytest.approx(up.log_likelihood)
    assert down.coefficients["x"].value == pytest.approx(-up.coefficients["x"].value, abs=1e-9)
    assert down.thresholds["2|1"].value == pytest.approx(-up.thresholds["1|2"].value, abs=1e-9)


def test_unit_of_a_covariate_does_not_matter(wine, treatment, fit_wine):
    fine = treatment.assign(tempwarm=treatment["tempwarm"] * 1e-4)

    model = ordinal_mixed_model(
        wine["rating"], fine, categories=BITTERNESS, random={"judge": wine["judge"]}
    )

    assert model.coefficients["tempwarm"].value == pytest.approx(
        1e4 * fit_wine("judge").coefficients["tempwarm"].value, rel=1e-5
    )


def test_sd_at_its_limit_is_zero_and_says_so(fit_wine):
    model = fit_wine("judge", "bottle")

    bottle = model.sds["bottle"]
    assert (bottle.value, bottle.interval, bottle.standard_error) == (0.0, None, None)
    assert "largest at 0" in bottle.refusal
    assert "the sd of 'bottle' is 0" in model.note
    # The bottles add nothing, so that all else is as without them.
    assert model.log_likelihood == pytest.approx(fit_wine("judge").log_likelihood, abs=1e-8)
    assert model.intraclass_correlations["bottle"].value == 0
    assert (model.modes["bottle"]["mode"] == 0).all()


def test_progress_ends_at_the_end(wine, treatment):
    told = []

    ordinal_mixed_model(
        wine["rating"],
        treatment,
        categories=BITTERNESS,
        random={"judge": wine["judge"]},
        progress=lambda done, total: told.append((done, total)),
    )

    assert len(told) > 2
    assert told[-1][0] == told[-1][1]
