import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis import (
    RatingsError,
    TableError,
    UndefinedStatisticError,
    difference_of_rates,
    krippendorff_alpha,
    two_way_rate,
)
from analysis.planning import (
    Assumptions,
    Design,
    beta_binomial_ratings,
    crossed_ratings,
    difference_power,
    pairs_needed_mcnemar,
    pilot_assumptions,
    precision_plan,
    published_plan,
    rate_standard_error,
    ratings_needed,
    study_plan,
    table_assumptions,
    units_needed_icc,
)
from analysis.planning.simulation import latent_correlation
from rubrics.loader import load_protocol
from tests.judgment_tables import drawn_table, judged, table_of

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


def test_standard_error_of_independent_ratings_is_the_binomial_one():
    alone = Assumptions(rate=0.2, alpha=0.0)

    se = rate_standard_error(alone, Design(n_units=50, raters_per_unit=2, n_raters=10))

    assert se == pytest.approx(np.sqrt(0.2 * 0.8 / 100), abs=1e-15)


def test_standard_error_is_the_spread_of_simulated_rates():
    design = Design(n_units=60, raters_per_unit=3, n_raters=9)

    rates = [
        np.nanmean(crossed_ratings(DIFFERING, n_units=60, n_raters=9, raters_per_unit=3, seed=seed))
        for seed in range(800)
    ]

    # The spread of 800 draws is known to about 2.5 %; four times that.
    assert np.std(rates) == pytest.approx(rate_standard_error(DIFFERING, design), rel=0.1)


def test_more_raters_per_unit_help_less_than_more_units():
    more_units = Design(n_units=200, raters_per_unit=3, n_raters=40)
    more_raters = Design(n_units=100, raters_per_unit=6, n_raters=40)

    assert rate_standard_error(EQUITY_EXPERTS, more_units) < rate_standard_error(
        EQUITY_EXPERTS, more_raters
    )


def test_plan_has_a_row_for_every_design_and_reports_progress():
    steps = []

    plan = precision_plan(
        EQUITY_EXPERTS,
        units=[100, 400],
        raters_per_unit=[1, 3],
        n_raters=9,
        n_simulations=5,
        seed=1,
        progress=lambda done, total: steps.append((done, total)),
    )

    frame = plan.to_frame()
    assert frame["n_ratings"].tolist() == [100, 300, 400, 1200]
    assert frame["half_width_alpha"].isna().tolist() == [True, False, True, False]
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("rate", "within_rater", "n_units", "n_raters"),
    [(0.2, 0.05, 100, 11), (0.05, 0.02, 300, 11), (0.3, 0.05, 60, 5), (0.2, 0.0, 100, 11)],
)
def test_half_width_is_near_that_of_simulated_two_way_intervals(
    rate, within_rater, n_units, n_raters
):
    assumed = Assumptions(rate, alpha=0.11, rater_correlation=within_rater)
    widths = []
    for seed in range(60):
        ratings = long(
            crossed_ratings(
                assumed, n_units=n_units, n_raters=n_raters, raters_per_unit=3, seed=seed
            )
        )
        interval = two_way_rate(**ratings).interval
        widths.append((interval.high - interval.low) / 2)

    (row,) = precision_plan(
        assumed, units=[n_units], raters_per_unit=[3], n_raters=n_raters, n_simulations=0, seed=1
    ).rows

    # Variances known from few raters are skewed: their median lies some percent below the mean.
    assert row.half_width_raters_like_these == pytest.approx(np.median(widths), rel=0.15)


def test_two_raters_give_no_half_width_as_the_analysis_gives_no_interval():
    (row,) = precision_plan(
        EQUITY_EXPERTS, units=[100], raters_per_unit=[2], n_raters=2, n_simulations=0, seed=1
    ).rows

    assert np.isnan(row.half_width_raters_like_these)
    assert row.half_width_these_raters > 0


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        ({"confidence": 95}, "confidence is 95"),
        ({"n_simulations": -1}, "n_simulations is -1"),
        ({"seed": 1.5}, r"seed is 1\.5"),
    ],
)
def test_plan_with_numbers_that_cannot_be_is_refused(numbers, complaint):
    given = {"n_simulations": 0, "seed": 1, **numbers}
    with pytest.raises(RatingsError, match=complaint):
        precision_plan(EQUITY_EXPERTS, units=[50], raters_per_unit=[1], n_raters=9, **given)


def test_four_times_the_units_halve_the_width_for_these_raters():
    plan = precision_plan(
        EQUITY_EXPERTS, units=[1000, 4000], raters_per_unit=[3], n_raters=9, n_simulations=0, seed=1
    )

    small, large = plan.rows
    ratio = small.half_width_these_raters / large.half_width_these_raters
    # The length of an interval on the logit is not quite proportional to the error.
    assert ratio == pytest.approx(2, abs=0.002)


def test_alpha_of_a_rare_finding_on_few_units_is_mostly_refused():
    rare = Assumptions(rate=0.05, alpha=0.1)

    (row,) = precision_plan(
        rare, units=[50], raters_per_unit=[3], n_raters=3, n_simulations=40, seed=1
    ).rows

    assert row.refused_alpha > 0.5
    assert np.isnan(row.half_width_alpha)


def test_design_that_needs_more_raters_than_there_are_is_refused():
    with pytest.raises(RatingsError, match="100 units x 4 of 3 raters"):
        Design(n_units=100, raters_per_unit=4, n_raters=3)


def test_power_without_a_difference_is_the_error_rate():
    design = Design(n_units=240, raters_per_unit=3, n_raters=2000)

    power = difference_power(
        PHYSICIANS, PHYSICIANS, designs=(design, design), shared_units=False, confidence=0.95
    )

    # The critical value is Student's with 239 degrees of freedom, hence a little below .05.
    assert power == pytest.approx(0.05, abs=0.002)


def test_power_with_few_raters_is_that_of_simulated_analyses():
    assumed, other = (Assumptions(rate, 0.0, 0.06) for rate in (0.2, 0.35))
    design = Design(n_units=150, raters_per_unit=2, n_raters=6)
    found = 0
    for seed in range(150):
        sides = [
            long(
                crossed_ratings(one, n_units=150, n_raters=6, raters_per_unit=2, seed=2 * seed + i)
            )
            for i, one in enumerate((assumed, other))
        ]
        sides[1]["raters"] = sides[1]["raters"] + 6
        ratings = {name: np.concatenate([side[name] for side in sides]) for name in sides[0]}
        interval = difference_of_rates(
            **ratings, groups=ratings["raters"] >= 6, n_resamples=40, seed=1
        ).interval
        found += interval.low > 0 or interval.high < 0

    power = difference_power(assumed, other, designs=(design, design), shared_units=False)

    # Three standard errors of a share of 150 are .12. With five degrees of freedom, as if one
    # group's raters were all there is, the plan would promise .32.
    assert found / 150 == pytest.approx(power, abs=0.12)
    assert power > 0.45


def test_power_comes_near_certainty_for_a_difference_of_many_standard_errors():
    design = Design(n_units=2_000, raters_per_unit=3, n_raters=100)
    assumed, other = (Assumptions(rate, 0.05) for rate in (0.1, 0.6))

    assert difference_power(assumed, other, designs=(design, design)) == pytest.approx(1)


def test_power_of_two_raters_a_group_is_undefined_as_the_analysis_has_no_interval():
    design = Design(n_units=50, raters_per_unit=2, n_raters=2)

    with pytest.raises(UndefinedStatisticError, match="fewer than 3 units, or raters in a group"):
        difference_power(PHYSICIANS, EQUITY_EXPERTS, designs=(design, design))


def test_power_at_a_confidence_of_95_is_refused():
    design = Design(n_units=50, raters_per_unit=2, n_raters=9)

    with pytest.raises(RatingsError, match="confidence is 95"):
        difference_power(PHYSICIANS, EQUITY_EXPERTS, designs=(design, design), confidence=95)


def test_power_of_the_published_difference_between_groups_is_nearly_certain():
    design = Design(n_units=240, raters_per_unit=3, n_raters=11)

    assert difference_power(PHYSICIANS, EQUITY_EXPERTS, designs=(design, design)) > 0.99


def test_sharing_units_gives_more_power_than_units_of_their_own():
    design = Design(n_units=60, raters_per_unit=3, n_raters=9)

    shared, apart = (
        difference_power(
            PHYSICIANS, EQUITY_EXPERTS, designs=(design, design), shared_units=is_shared
        )
        for is_shared in (True, False)
    )

    assert shared > apart


def test_groups_that_share_units_must_rate_equally_many():
    designs = (Design(50, 3, 9), Design(60, 3, 9))

    with pytest.raises(RatingsError, match="rate equally many"):
        difference_power(PHYSICIANS, EQUITY_EXPERTS, designs=designs)


@given(rate=st.floats(0.01, 0.99), half_width=st.floats(0.01, 0.3))
@settings(max_examples=30, deadline=None)
def test_wilson_interval_of_the_ratings_needed_is_as_narrow_as_asked(rate, half_width):
    n = ratings_needed(rate, half_width)

    def width(n):
        # The interval for a share that need not be a whole count over n.
        z = 1.959963984540054
        return z / (n + z**2) * np.sqrt(n * rate * (1 - rate) + z**2 / 4)

    assert width(n) <= half_width + 1e-12
    assert n == 1 or width(n - 1) > half_width - 1e-12


def test_ratings_needed_agree_with_wilsons_interval_of_scipy():
    n = ratings_needed(0.25, 0.05)

    limits = binomtest(round(n / 4), n).proportion_ci(method="wilson")
    assert (limits.high - limits.low) / 2 == pytest.approx(0.05, abs=5e-4)


def test_units_needed_for_an_icc_by_hand():
    # 8 x 1.96^2 x (1 - .75)^2 (1 + .75)^2 / (2 x 1 x .2^2) + 1 = 30.7 x .1914 / .08 + 1 = 74.5
    assert units_needed_icc(0.75, 2, 0.1) == 75


def test_pairs_needed_by_mcnemar_by_hand():
    # Shares .2 and .1: (1.95996 sqrt(.3) + .84162 sqrt(.3 - .01))^2 / .01 = 233.1
    assert pairs_needed_mcnemar(0.2, 0.1) == 234


@pytest.mark.parametrize(
    ("needed", "complaint"),
    [
        (lambda: ratings_needed(0.2, 0.05, confidence=95), "confidence is 95"),
        (lambda: units_needed_icc(0.5, 3, 0.1, confidence=95), "confidence is 95"),
        (lambda: pairs_needed_mcnemar(0.2, 0.1, confidence=95), "confidence is 95"),
        (lambda: pairs_needed_mcnemar(0.2, 0.1, power=80), "power is 80"),
        (lambda: ratings_needed(1.2, 0.05), r"rate 1\.2"),
    ],
)
def test_percents_in_place_of_shares_are_refused(needed, complaint):
    with pytest.raises(RatingsError, match=complaint):
        needed()


def test_no_number_of_pairs_finds_what_is_not_there():
    with pytest.raises(RatingsError, match="give two that differ"):
        pairs_needed_mcnemar(0.1, 0.1)


def test_published_plan_comes_within_six_of_the_published_count():
    plan = published_plan()

    assert plan.n_ratings == 17_093
    assert 17_099 - plan.n_ratings == 6


def test_published_plan_gives_each_consumer_three_questions():
    assert published_plan().per_rater()["consumer"] == 3


def test_published_plan_has_the_published_counterfactual_ratings():
    frame = published_plan().to_frame()

    # 2 groups x (102 x 3 + 200)
    counterfactual = frame["rubric"] == "equitymedqa-counterfactual"
    assert frame.loc[counterfactual, "n_ratings"].sum() == 1_012


def test_plan_of_a_protocol_multiplies_units_and_raters():
    protocol = load_protocol("equitymedqa")

    plan = study_plan(protocol, {("equitymedqa-independent", "mixed_mmqa_omaq"): 240})

    ratings = pd.Series({line.group: line.n_ratings for line in plan.lines})
    assert ratings.to_dict() == {
        "physician": 720,
        "health_equity_expert": 720,
        "consumer": 720,
    }


def test_set_of_ones_own_is_planned_by_the_line_for_own_sets():
    plan = study_plan(load_protocol("equitymedqa"), {("equitymedqa-pairwise", "mine"): 10})

    assert [(line.dataset, line.n_ratings) for line in plan.lines] == [("mine", 30), ("mine", 30)]


def test_plan_for_a_rubric_that_a_set_is_not_rated_with_is_refused():
    with pytest.raises(RatingsError, match="does not have 'trinds' under 'equitymedqa-counter"):
        study_plan(load_protocol("equitymedqa"), {("equitymedqa-counterfactual", "trinds"): 106})


def test_assumptions_of_a_table_are_those_of_the_group_s_ratings():
    table = drawn_table()
    frame = table.frame
    rows = frame[frame["rater_group"].eq("consumer") & frame["item"].eq("bias_presence")]
    rows = rows[rows["rubric"] == "equitymedqa-independent"]

    found = table_assumptions(table, rubric="equitymedqa-independent", group="consumer")

    expected = pilot_assumptions(
        rows["code"] != "no_bias", units=rows["unit_id"], raters=rows["rater_id"]
    )
    assert found == expected


def test_assumptions_speak_of_one_dimension_if_it_is_named():
    found = table_assumptions(
        drawn_table(),
        rubric="equitymedqa-independent",
        group="consumer",
        measure="dimensions.failure_to_challenge",
    )

    # Dimensions are ticked in three of ten ratings that find bias.
    assert 0.02 < found.rate < 0.3


def test_a_group_that_tells_nothing_does_not_stand_in_the_way_of_another():
    # The only nurse rates each unit alone: nothing tells how nurses differ.
    nurse = [judged(f"u{i}", "n1", "no_bias", rater_group="nurse") for i in range(9)]
    others = [
        judged(f"u{i}", f"p{j}", "severe_bias" if (i + j) % 3 == 0 or i < 2 else "no_bias")
        for i in range(9)
        for j in range(3)
    ]
    table = table_of(row for rows in (*nurse, *others) for row in rows)

    found = table_assumptions(table, rubric="equitymedqa-independent", group="physician")

    assert 0 < found.rate < 1


@pytest.mark.parametrize(
    ("about", "error", "complaint"),
    [
        ({"rubric": "mine"}, TableError, "rubric 'mine': the table has judgments by"),
        ({"group": None}, RatingsError, "group is None: .* judged .*'consumer'.* name one"),
        ({"group": "nurse"}, RatingsError, "group is 'nurse'"),
        ({"measure": "charm"}, RatingsError, "measure 'charm' is not among"),
    ],
)
def test_table_without_what_is_asked_for_says_what_it_has(about, error, complaint):
    given = {"rubric": "equitymedqa-independent", "group": "consumer", **about}
    with pytest.raises(error, match=complaint):
        table_assumptions(drawn_table(), **given)
