import numpy as np
import pytest

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    difference_of_rates,
    two_way_rate,
)
from analysis.planning import (
    Assumptions,
    Design,
    crossed_ratings,
    difference_power,
    precision_plan,
    rate_standard_error,
)

PHYSICIANS = Assumptions(rate=56 / 713, alpha=0.095)
EQUITY_EXPERTS = Assumptions(rate=155 / 710, alpha=0.114)
DIFFERING = Assumptions(rate=0.2, alpha=0.15, rater_correlation=0.08)


def long(ratings):
    unit, rater = np.nonzero(~np.isnan(ratings))
    return {"indicator": ratings[unit, rater], "units": unit, "raters": rater}


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
