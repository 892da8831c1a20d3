import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    krippendorff_alpha,
)
from analysis.planning import (
    Assumptions,
    beta_binomial_ratings,
    crossed_ratings,
    pilot_assumptions,
)
from analysis.planning.simulation import latent_correlation

PHYSICIANS = Assumptions(rate=56 / 713, alpha=0.095)
EQUITY_EXPERTS = Assumptions(rate=155 / 710, alpha=0.114)
DIFFERING = Assumptions(rate=0.2, alpha=0.15, rater_correlation=0.08)


def long(ratings):
    unit, rater = np.nonzero(~np.isnan(ratings))
    return {"indicator": ratings[unit, rater], "units": unit, "raters": rater}


# Pfohl et al. (2024), Mixed MMQA-OMAQ: free-marginal kappa of bias .738 and .395, from three
# ratings of each answer; the alphas are those that kappa and rate imply.
@pytest.mark.parametrize(("assumed", "kappa"), [(PHYSICIANS, 0.738), (EQUITY_EXPERTS, 0.395)])
def test_rate_and_alpha_imply_the_free_marginal_kappa(assumed, kappa):
    assert assumed.free_marginal_kappa == pytest.approx(kappa, abs=0.001)


@pytest.mark.parametrize("assumed", [PHYSICIANS, EQUITY_EXPERTS])
def test_analysis_recovers_what_the_beta_recipe_was_given(assumed):
    ratings = beta_binomial_ratings(assumed, n_units=40_000, raters_per_unit=3, seed=5)

    assert ratings.mean() == pytest.approx(assumed.rate, abs=0.005)
    alpha = krippendorff_alpha(ratings, level="nominal").value
    assert alpha == pytest.approx(assumed.alpha, abs=0.015)


def test_seed_that_is_no_whole_number_is_refused():
    with pytest.raises(RatingsError, match="seed is -1"):
        crossed_ratings(DIFFERING, n_units=5, n_raters=3, raters_per_unit=2, seed=-1)


def test_beta_recipe_refuses_raters_that_differ():
    with pytest.raises(RatingsError, match="use crossed_ratings"):
        beta_binomial_ratings(DIFFERING, n_units=5, raters_per_unit=2, seed=1)


def test_crossed_ratings_have_the_correlations_asked_for():
    ratings = crossed_ratings(DIFFERING, n_units=1_500, n_raters=600, raters_per_unit=100, seed=3)

    found = pilot_assumptions(**long(ratings))

    assert found.rate == pytest.approx(0.2, abs=0.02)
    assert found.alpha == pytest.approx(0.15, abs=0.02)
    assert found.rater_correlation == pytest.approx(0.08, abs=0.015)


@given(
    n_units=st.integers(2, 40), n_raters=st.integers(1, 9), share=st.floats(0, 1), seed=st.just(1)
)
@settings(max_examples=30, deadline=None)
def test_every_unit_is_rated_as_often_as_planned_and_raters_share_evenly(
    n_units, n_raters, share, seed
):
    k = max(1, round(share * n_raters))

    rated = ~np.isnan(
        crossed_ratings(DIFFERING, n_units=n_units, n_raters=n_raters, raters_per_unit=k, seed=seed)
    )

    assert set(rated.sum(axis=1)) == {k}
    assert np.ptp(rated.sum(axis=0)) <= 1


def test_latent_correlation_of_a_median_split_is_known_in_closed_form():
    # With rate 1/2, P(both yes) = 1/4 + arcsin(r) / (2 pi), so the ratings correlate by
    # (2 / pi) arcsin(r): one third at r = 1/2.
    assert latent_correlation(0.5, 1 / 3) == pytest.approx(0.5, abs=1e-6)


def test_pilot_of_four_ratings_by_hand():
    # Units 1 and 2 x raters a and b: yes yes / yes no. S = 3, rate 3/4.
    # Ordered pairs within units: 4, both yes 2 -> 1/2. Within raters: a 2 of 2, b 0 of 2 -> 1/2.
    # Neither: 12 - 4 - 4 = 4 pairs, 3 x 2 - 2 - 2 = 2 both yes -> 1/2. No covariance is left.
    found = pilot_assumptions([1, 1, 1, 0], units=[1, 1, 2, 2], raters=list("abab"))

    assert (found.rate, found.alpha, found.rater_correlation) == (0.75, 0.0, 0.0)


@given(order=st.permutations(range(12)))
@settings(max_examples=20)
def test_pilot_does_not_depend_on_the_order_of_ratings(order):
    yes = np.array([1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0])
    units, raters = np.repeat([1, 2, 3, 4], 3), np.tile([1, 2, 3], 4)

    shuffled = pilot_assumptions(yes[order], units=units[order], raters=raters[order])

    straight = pilot_assumptions(yes, units=units, raters=raters)
    assert shuffled.alpha == pytest.approx(straight.alpha, abs=1e-12)


def test_pilot_of_raters_who_nearly_agree_keeps_its_high_alpha():
    # Units 1 to 8 x raters a and b; both say yes to four and no to four, but b slips on unit 8.
    # S = 9 of 16. Within units: both yes 2 x 4 of 16 pairs. Within raters: 4 x 3 + 5 x 4 = 32 of
    # 112. Neither: 240 - 16 - 112 = 112 pairs, 72 - 8 - 32 = 32 both yes.
    yes = np.array([[1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 1]])
    raters, units = np.indices(yes.shape)

    found = pilot_assumptions(yes.ravel(), units=units.ravel(), raters=raters.ravel())

    chance = 32 / 112
    assert found.alpha == pytest.approx((8 / 16 - chance) / (9 / 16 - chance))
    assert found.alpha > 0.7


def test_pilot_that_leaves_nothing_to_chance_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="units and raters explain all differences"):
        pilot_assumptions([1, 1, 1, 0, 0, 0], units=[1, 1, 1, 2, 2, 2], raters=[1, 2, 3] * 2)


def test_pilot_whose_far_pairs_agree_more_than_yes_is_frequent_is_undefined():
    # Rate 1/2. The pairs that share neither unit nor rater, (1, a) with (2, b), both say yes: an
    # expected square of 1, and a "variance" of -1/2.
    with pytest.raises(UndefinedStatisticError, match="units and raters explain all differences"):
        pilot_assumptions([1, 0, 0, 1], units=[1, 1, 2, 2], raters=list("abab"))


def test_pilot_without_variation_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="all 4 ratings are the same"):
        pilot_assumptions([0, 0, 0, 0], units=[1, 1, 2, 2], raters=[1, 2, 1, 2])


def test_pilot_with_one_rating_per_unit_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="units with two ratings"):
        pilot_assumptions([0, 1, 0, 1], units=[1, 2, 3, 4], raters=[1, 1, 2, 2])


def test_pilot_with_a_rater_twice_on_a_unit_names_the_row():
    with pytest.raises(RatingsError, match=r"row 2 \(counted from 0\) rates a unit"):
        pilot_assumptions([0, 1, 1, 1], units=[1, 1, 1, 2], raters=[1, 2, 1, 2])


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        ((0.0, 0.1, 0.0), "leaves nothing to estimate"),
        ((0.2, -0.1, 0.0), "below 0 cannot be planned"),
        ((0.2, 0.6, 0.5), "less than 1"),
        ((float("nan"), 0.1, 0.0), "leaves nothing to estimate"),
        ((0.2, float("nan"), 0.0), "below 0 cannot be planned"),
        ((0.2, 0.1, float("nan")), "below 0|less than 1"),
    ],
)
def test_assumptions_that_cannot_be_are_refused(numbers, complaint):
    with pytest.raises(RatingsError, match=complaint):
        Assumptions(*numbers)
