import krippendorff
import numpy as np
import pytest
from scipy import stats

from analysis import bootstrap
from analysis.agreement.coefficients import coefficient
from analysis.intervals.patterns import distinct_rows
from analysis.ratings import read_units

NAN = float("nan")


def simulated(n_units, n_raters=3, *, agreement=0.5, shares=(0.6, 0.3, 0.1), seed=0):
    """Ratings 1, 2, 3: with this probability the unit's own code, else one by chance."""
    rng = np.random.default_rng(seed)
    own = rng.choice([1.0, 2.0, 3.0], (n_units, 1), p=shares)
    chance = rng.choice([1.0, 2.0, 3.0], (n_units, n_raters), p=shares)
    return np.where(rng.random((n_units, n_raters)) < agreement, own, chance)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_every_resample_has_the_alpha_of_the_krippendorff_package(level):
    ratings = simulated(60)
    ratings[np.random.default_rng(1).random(ratings.shape) < 0.2] = NAN
    units = read_units(ratings, [1, 2, 3])
    alpha = coefficient("krippendorff_alpha", units, level=level)
    first, pattern, _ = distinct_rows(units.counts)
    sums = alpha.per_unit(units.take(first))
    draws = np.random.default_rng(2).integers(0, 60, (100, 60))

    ours = [
        float(alpha.value(np.bincount(pattern[draw], minlength=len(first)) @ sums))
        for draw in draws
    ]

    loop = [
        krippendorff.alpha(
            reliability_data=ratings[draw].T, level_of_measurement=level, value_domain=[1, 2, 3]
        )
        for draw in draws
    ]
    np.testing.assert_allclose(ours, loop, rtol=0, atol=1e-12)


def test_interval_has_the_law_of_a_loop_over_units():
    ratings = simulated(80)
    draws = np.random.default_rng(3).integers(0, 80, (4000, 80))
    loop = [
        krippendorff.alpha(reliability_data=ratings[draw].T, level_of_measurement="ordinal")
        for draw in draws
    ]

    result = bootstrap(
        ratings, ["krippendorff_alpha"], level="ordinal", seed=4, method="percentile"
    )

    # Monte Carlo error of a 2.5 % quantile of 4,000: about .003 here; the width is about .2.
    interval = result["krippendorff_alpha"].interval
    assert [interval.low, interval.high] == pytest.approx(
        np.quantile(loop, [0.025, 0.975]), abs=0.01
    )


def test_bca_equals_scipy_where_the_statistic_is_a_mean():
    ratings = simulated(150, 2)
    agree = (ratings[:, 0] == ratings[:, 1]).astype(float)
    expected = stats.bootstrap((agree,), np.mean, n_resamples=50_000, rng=5).confidence_interval

    result = bootstrap(ratings, ["percent_agreement"], n_resamples=50_000, seed=6)

    # The mean of 150 units moves in steps of 1/150; the two seeds may differ by one step.
    interval = result["percent_agreement"].interval
    assert [interval.low, interval.high] == pytest.approx(list(expected), abs=1.01 / 150)


def test_memory_chunks_leave_the_resamples_alone(monkeypatch):
    ratings = simulated(50)
    whole = bootstrap(ratings, ["krippendorff_alpha"], level="nominal", seed=15)
    monkeypatch.setattr("analysis.intervals.resampling.CHUNK_NUMBERS", 1000)

    chunked = bootstrap(ratings, ["krippendorff_alpha"], level="nominal", seed=15)

    assert chunked["krippendorff_alpha"] == whole["krippendorff_alpha"]


def test_distinct_rows_point_to_their_first_occurrence_and_count():
    first, inverse, frequency = distinct_rows(np.array([[2, 0], [1, 1], [2, 0], [1, 0]]))

    # In ascending order: (1, 0), (1, 1), (2, 0).
    assert (first.tolist(), inverse.tolist(), frequency.tolist()) == (
        [3, 1, 0],
        [2, 1, 2, 0],
        [1, 1, 2],
    )


# A code in k of n units is missing from a resample with probability (1 - k/n)^n: for 3 of 30 .042,
# for 2 of 12 .112.
@pytest.mark.parametrize(("n_varied", "n_units", "is_given"), [(3, 30, True), (2, 12, False)])
def test_an_interval_is_refused_from_a_twentieth_of_resamples_without_value(
    n_varied, n_units, is_given
):
    ratings = np.zeros((n_units, 3))
    ratings[:n_varied, 0] = 1
    ratings[0, 1] = 1  # else the units would agree on code 1 nowhere, and resamples never differ

    agreement = bootstrap(ratings, "specific_agreement", seed=3)["specific_agreement[1]"]

    expected = (1 - n_varied / n_units) ** n_units
    assert agreement.undefined_share == pytest.approx(expected, abs=0.012)
    assert (agreement.interval is not None) == is_given
    assert (agreement.standard_error is not None) == is_given


@pytest.mark.parametrize(("method", "expected"), [("bca", 0.95), ("percentile", 0.94)])
def test_interval_covers_the_true_value_as_often_as_it_says(method, expected):
    # With agreement .5 in place of each rating, two ratings share the unit's code with
    # probability .25 and are else independent: alpha is .25 in the population.
    covered = 0
    for seed in range(1000):
        interval = bootstrap(
            simulated(100, seed=seed),
            "krippendorff_alpha",
            level="nominal",
            n_resamples=500,
            seed=seed,
            method=method,
        )["krippendorff_alpha"].interval
        covered += interval.low <= 0.25 <= interval.high

    # Three standard errors of 1,000 studies: .021.
    assert covered / 1000 == pytest.approx(expected, abs=0.021)
