"""Comparing groups of raters: the crossed model behind one call, and GEE."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    gee_logistic,
    group_odds_ratios,
    logistic_mixed_model,
    ordinal_mixed_model,
)

LEVELS = [0, 1, 2]


@pytest.fixture(scope="module")
def study():
    """100 units by 12 raters, six in each group; group B is more severe by 1 on the logit scale."""
    rng = np.random.default_rng(11)
    unit, rater = (index.ravel() for index in np.indices((100, 12)))
    group = np.where(rater < 6, "A", "B")
    latent = (group == "B") + 1.2 * rng.standard_normal(100)[unit]
    latent = latent + 0.5 * rng.standard_normal(12)[rater] + rng.logistic(size=1200)
    codes = (latent > 1).astype(int) + (latent > 2.5)
    return pd.DataFrame({"code": codes, "unit": unit, "rater": rater, "group": group})


def odds(study, **changes):
    return group_odds_ratios(
        study["code"],
        **{
            "groups": study["group"],
            "units": study["unit"],
            "raters": study["rater"],
            "categories": LEVELS,
            **changes,
        },
    )


def test_group_odds_ratio_is_that_of_the_crossed_model(study):
    found = odds(study)

    model = ordinal_mixed_model(
        study["code"],
        pd.DataFrame({"groupB": (study["group"] == "B").astype(float)}),
        categories=LEVELS,
        random={"unit": study["unit"], "rater": study["rater"]},
    )
    slope = model.coefficients["groupB"]
    assert found.odds_ratios["B"].value == pytest.approx(np.exp(slope.value))
    # Student's t with 12 - 2 = 10 degrees of freedom: 2.228139.
    assert found.odds_ratios["B"].interval.high == pytest.approx(
        np.exp(slope.value + 2.228139 * slope.standard_error), rel=1e-6
    )
    assert (found.odds_ratios["B"].n_units, found.odds_ratios["B"].n_raters) == (100, 12)


def test_test_of_two_groups_is_the_squared_t_test(study):
    found = odds(study)

    slope = found.model.coefficients["groupB"]
    t = slope.value / slope.standard_error
    assert found.test.value == pytest.approx(t**2)
    assert found.test.p_value == pytest.approx(2 * t_distribution.sf(abs(t), 10))


def test_test_of_three_groups_shares_wald_among_its_degrees_of_freedom(study):
    found = odds(study, groups=np.array(["A", "B", "C"])[study["rater"] % 3])

    wald = found.model.wald_test("groupB", "groupC")
    assert found.test.value == pytest.approx(wald.value / 2)
    assert found.test.p_value == pytest.approx(f_distribution.sf(wald.value / 2, 2, 9))


def test_turning_the_reference_inverts_the_odds_ratio(study):
    forward, backward = odds(study), odds(study, reference="B")

    assert backward.odds_ratios["A"].value == pytest.approx(
        1 / forward.odds_ratios["B"].value, rel=1e-4
    )
    assert backward.to_frame()["reference"].tolist() == ["B"]


def test_limits_of_few_raters_are_wider_than_normal_ones(study):
    found = odds(study)

    normal = found.model.odds_ratios["groupB"].interval
    assert found.odds_ratios["B"].interval.low < normal.low
    assert found.odds_ratios["B"].interval.high > normal.high


def test_a_group_of_one_rater_is_refused(study):
    alone = np.where(study["rater"] == 11, "C", study["group"])
    with pytest.raises(UndefinedStatisticError, match="group 'C' has one rater"):
        odds(study, groups=alone)


def test_one_group_is_nothing_to_compare(study):
    with pytest.raises(UndefinedStatisticError, match="one group only"):
        odds(study, groups=np.full(1200, "A"))


def test_a_rater_in_two_groups_is_refused(study):
    groups = study["group"].where(study.index != 0, "B")
    with pytest.raises(RatingsError, match=r"rater 0 is in the groups \['B', 'A'\]"):
        odds(study, groups=groups)


def test_a_missing_group_is_refused_with_its_row(study):
    with pytest.raises(RatingsError, match=r"row 3 .*has no group"):
        odds(study, groups=study["group"].where(study.index != 3))


def test_an_unknown_reference_is_refused(study):
    with pytest.raises(RatingsError, match=r"reference 'C' is not among the groups \['A', 'B'\]"):
        odds(study, reference="C")


def test_gee_of_a_rate_equals_the_hand_calculation(study):
    yes, cluster = (study["code"] > 0).to_numpy(), study["rater"].to_numpy()
    yes, cluster = yes[:1175], cluster[:1175]  # clusters of 98 and 97

    gee = gee_logistic(yes, clusters=cluster, working="independence")

    # Mancl and DeRouen: residuals of a cluster of n_i, summed, over its leverage 1 - n_i / N.
    rate, size = yes.mean(), np.bincount(cluster)
    residual = np.bincount(cluster, yes - rate) / (1 - size / 1175)
    error = np.sqrt((residual**2).sum()) / (1175 * rate * (1 - rate))
    found = gee.coefficients["(Intercept)"]
    assert found.value == pytest.approx(logit(rate), abs=1e-9)
    assert found.standard_error == pytest.approx(error, rel=1e-6)
    # 12 clusters, 11 degrees of freedom: 2.200985.
    assert found.interval.low == pytest.approx(logit(rate) - 2.200985 * error, rel=1e-6)


def test_gee_of_two_groups_gives_the_odds_ratio_of_their_rates(study):
    yes, is_b = study["code"] > 0, study["group"] == "B"

    gee = gee_logistic(yes, pd.DataFrame({"B": is_b.astype(float)}), clusters=study["rater"])

    rates = yes[is_b].mean(), yes[~is_b].mean()
    assert gee.odds_ratios["B"].value == pytest.approx(
        np.exp(logit(rates[0]) - logit(rates[1])), rel=1e-6
    )
    assert expit(gee.coefficients["(Intercept)"].value) == pytest.approx(rates[1], abs=1e-7)


def test_names_of_clusters_do_not_matter_to_gee(study):
    names = ["rater " + str(11 - rater) for rater in study["rater"]]

    first = gee_logistic(study["code"] > 0, clusters=study["rater"])
    second = gee_logistic(study["code"] > 0, clusters=names)

    assert second.to_frame()["standard_error"].tolist() == pytest.approx(
        first.to_frame()["standard_error"].tolist()
    )
    assert second.working_correlation == pytest.approx(first.working_correlation)


def test_averaged_odds_ratio_lies_nearer_to_one_than_that_of_the_mixed_model(study):
    yes, fixed = study["code"] > 0, pd.DataFrame({"B": (study["group"] == "B").astype(float)})

    averaged = gee_logistic(yes, fixed, clusters=study["rater"]).odds_ratios["B"].value
    random = {"unit": study["unit"], "rater": study["rater"]}
    conditional = logistic_mixed_model(yes, fixed, random=random).odds_ratios["B"].value

    assert 1 < averaged < conditional


def test_gee_refuses_few_clusters(study):
    few = study[study["rater"].isin([0, 1, 2, 6, 7, 8])]
    with pytest.raises(UndefinedStatisticError, match="6 clusters for 0 covariates"):
        gee_logistic(few["code"] > 0, clusters=few["rater"])


def test_gee_refuses_a_covariate_that_separates(study):
    fixed = pd.DataFrame({"B": (study["group"] == "B").astype(float)})
    yes = (study["code"] > 0) & (study["group"] == "A")
    with pytest.raises(UndefinedStatisticError, match=r"separated by \['B'\]"):
        gee_logistic(yes, fixed, clusters=study["unit"])


def test_gee_refuses_an_unknown_working_correlation(study):
    with pytest.raises(RatingsError, match="working 'ar1' is not among"):
        gee_logistic(study["code"] > 0, clusters=study["unit"], working="ar1")
