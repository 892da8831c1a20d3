import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student
from statsmodels.stats.sandwich_covariance import cov_cluster, cov_cluster_2groups

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    design_effect,
    one_way_rate,
    rate,
    two_way_rate,
)

# Rows are units, columns raters: 3 of 9 say yes.
NINE = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]])


def long(table):
    """The ratings of a complete table with their units and raters."""
    unit, rater = np.indices(table.shape)
    return {"indicator": table.ravel(), "units": unit.ravel(), "raters": rater.ravel()}


def simulated(seed, *, n_units=60, n_raters=12, sd_unit=1.2, sd_rater=0.8, mean=-1.5):
    rng = np.random.default_rng(seed)
    logit = mean + rng.normal(0, sd_unit, (n_units, 1)) + rng.normal(0, sd_rater, n_raters)
    return (rng.random((n_units, n_raters)) < 1 / (1 + np.exp(-logit))).astype(int)


def limits(estimate):
    return [estimate.interval.low, estimate.interval.high]


def test_two_way_limits_equal_a_hand_calculation():
    estimate = two_way_rate(**long(NINE), scale="identity")

    # Deviations from 1/3 summed by unit are (1, 0, -1), by rater the same: variance 2/81 * 3/2
    # each. By cell they are squared one by one: 2/81 * 9/8. Together 3.75/81. Satterthwaite's
    # 3.75^2 / (3^2/2 + 3^2/2) = 1.6 is below 3 - 1 = 2 degrees of freedom, so 2; t = 4.302653.
    assert estimate.standard_error == pytest.approx(np.sqrt(3.75 / 81))
    assert limits(estimate) == pytest.approx([0, 1])
    assert "t with 2 df, identity scale" in estimate.interval.method


def test_two_way_limits_on_the_logit_scale_equal_a_hand_calculation():
    estimate = two_way_rate(**long(NINE))

    # logit(1/3) = -.693147; error .2151657 / (1/3 * 2/3) = .9682458; times 4.302653: 4.166026.
    low, high = (1 / (1 + np.exp(0.693147 - side * 4.166026)) for side in (-1, 1))
    assert limits(estimate) == pytest.approx([low, high], abs=1e-6)


def test_two_way_error_equals_statsmodels():
    ratings = long(simulated(1))
    fit = sm.OLS(ratings["indicator"], np.ones((len(ratings["units"]), 1))).fit()
    both, by_unit, by_rater = cov_cluster_2groups(fit, ratings["units"], ratings["raters"])

    assert two_way_rate(**ratings).standard_error == pytest.approx(np.sqrt(both[0, 0]), rel=1e-9)
    for drawn, covariance in (("units", by_unit), ("raters", by_rater)):
        error = one_way_rate(**ratings, drawn=drawn).standard_error
        assert error == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-9)


def test_one_way_limits_are_a_t_interval_with_clusters_less_one():
    ratings = long(simulated(2))
    fit = sm.OLS(ratings["indicator"], np.ones((len(ratings["units"]), 1))).fit()
    error = np.sqrt(cov_cluster(fit, ratings["raters"])[0, 0])
    value = ratings["indicator"].mean()

    estimate = one_way_rate(**ratings, drawn="raters", scale="identity")

    reach = student.ppf(0.975, 11) * error
    assert limits(estimate) == pytest.approx([value - reach, value + reach])


def test_degrees_of_freedom_by_convention_are_the_fewest_less_one():
    ratings = long(simulated(3))

    convention = two_way_rate(**ratings, df="fewest")

    assert "t with 11 df" in convention.interval.method
    wider, default = (np.ptp(limits(one)) for one in (convention, two_way_rate(**ratings)))
    assert wider > default


def test_each_interval_says_whom_it_speaks_of():
    ratings = long(simulated(4))
    clusters = ratings["units"] // 2

    methods = [
        two_way_rate(**ratings),
        two_way_rate(**ratings, clusters=clusters),
        one_way_rate(**ratings, drawn="units"),
        one_way_rate(**ratings, drawn="raters"),
    ]

    assert [one.interval.method.split(":")[0] for one in methods] == [
        "raters and units like these",
        "raters and clusters like these",
        "these raters, units like these",
        "raters like these, these units",
    ]


def test_clusters_take_the_place_of_units():
    ratings = long(simulated(5))
    clusters = ratings["units"] // 3

    by_cluster = two_way_rate(**ratings, clusters=clusters)
    as_units = two_way_rate(**{**ratings, "units": clusters})

    assert limits(by_cluster) == limits(as_units)
    assert by_cluster.n_units == 60


def test_raters_who_differ_widen_the_two_way_interval_only():
    severe = np.tile([1] * 3 + [0] * 9, (60, 1))
    severe[::7] = 0

    two_way = two_way_rate(**long(severe))
    units_only = one_way_rate(**long(severe), drawn="units")

    assert np.ptp(limits(two_way)) > 5 * np.ptp(limits(units_only))


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_names_and_order_of_ratings_do_not_matter(seed):
    ratings = long(simulated(seed, n_units=15, n_raters=6, mean=0))
    order = np.random.default_rng(seed).permutation(90)

    renamed = two_way_rate(
        ratings["indicator"][order],
        units=[f"unit {900 - one}" for one in ratings["units"][order]],
        raters=[f"rater {one}" for one in ratings["raters"][order]],
    )

    assert limits(renamed) == pytest.approx(limits(two_way_rate(**ratings)), abs=1e-12)


@given(st.integers(0, 10_000), st.sampled_from(["logit", "identity"]))
@settings(max_examples=20, deadline=None)
def test_rate_of_no_mirrors_rate_of_yes(seed, scale):
    table = simulated(seed, n_units=15, n_raters=6, mean=0)

    yes, no = (two_way_rate(**long(one), scale=scale) for one in (table, 1 - table))

    assert limits(yes) == pytest.approx([1 - no.interval.high, 1 - no.interval.low], abs=1e-12)


def test_no_yes_at_all_has_no_interval_but_a_reason_and_a_way_out():
    estimate = two_way_rate(**long(np.zeros((50, 11))))

    assert estimate.value == 0
    assert estimate.interval is None
    assert estimate.refusal == (
        "all 550 ratings say no: nothing shows how units and raters differ; clopper_pearson(0, 11)"
        ", which counts each of the 11 raters once, is a wide but safe interval"
    )


def test_two_raters_are_too_few():
    estimate = two_way_rate(**long(simulated(6, n_raters=2)))

    assert estimate.interval is None
    assert estimate.refusal == "2 raters: how much they differ takes 3 at least"


def test_units_and_raters_all_alike_have_no_interval_but_a_reason():
    latin_square = np.eye(4)

    estimate = two_way_rate(**long(latin_square))

    assert estimate.interval is None
    assert estimate.refusal == (
        "all that is drawn has the same rate: nothing shows how much they differ"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"indicator": [1, 0, 3]}, "row 2 .* is 3.0: neither yes"),
        ({"units": ["a", "b"]}, "2 unit labels for 3 rows: give one for each"),
        ({"raters": ["a", None, "b"]}, "row 1 .* has no rater label"),
        ({"scale": "probit"}, r"scale 'probit' is not among \['logit', 'identity'\]"),
        ({"df": "many"}, "df 'many' is not among"),
        ({"confidence": 95}, "confidence is 95"),
    ],
)
def test_bad_input_is_refused_with_its_place_and_remedy(change, message):
    sound = {"indicator": [1, 0, 1], "units": [1, 2, 3], "raters": ["r", "s", "q"]}

    with pytest.raises(RatingsError, match=message):
        two_way_rate(**{**sound, **change})


def test_rate_of_no_ratings_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="there are no ratings"):
        two_way_rate([], units=[], raters=[])


def test_rate_has_the_two_way_interval_where_units_and_raters_are_known():
    ratings = long(simulated(7))

    both = rate(**ratings, clusters=ratings["units"], seed=1)

    assert limits(both.two_way) == limits(two_way_rate(**ratings))
    assert rate(ratings["indicator"], units=ratings["units"], seed=1).two_way is None


def test_rate_gives_its_intervals_in_one_row():
    ratings = long(simulated(8))

    row = rate(**ratings, clusters=ratings["units"], seed=1).to_frame().loc[0]

    assert row["two_way_value"] == row["clustered_value"] == row["row_level_value"]
    assert row["two_way_low"] < row["clustered_low"] < row["row_level_low"]


def test_design_effects_equal_a_hand_calculation():
    effect = design_effect(**long(NINE))

    # p (1 - p) / (n - 1) = 2/9 / 8 = 1/36. By unit and by rater 3/81 * 36 = 4/3, and together
    # 3.75/81 * 36 = 5/3.
    assert (effect.units, effect.raters, effect.both) == pytest.approx((4 / 3, 4 / 3, 5 / 3))
    assert effect.n_effective_both == pytest.approx(9 * 3 / 5)


def test_ratings_that_share_nothing_have_design_effect_one():
    x = np.random.default_rng(9).random(40) < 0.3

    effect = design_effect(x, units=np.arange(40), raters=np.arange(40))

    assert (effect.units, effect.raters, effect.both) == pytest.approx((1, 1, 1))


def test_design_effect_of_copied_ratings_is_the_number_of_copies():
    x = np.random.default_rng(10).random(200) < 0.3
    copied, units, raters = np.repeat(x, 5), np.repeat(np.arange(200), 5), np.arange(1000)

    effect = design_effect(copied, units=units, raters=raters)

    # (n - 1) / (n_units - 1) = 999 / 199
    assert effect.units == pytest.approx(999 / 199)
    assert effect.n_effective_units == pytest.approx(1000 * 199 / 999)


def test_raters_of_equal_rate_have_no_bound_on_their_effective_number():
    one_each = np.eye(12)[:, :4][[0, 1, 2, 3] * 3]

    assert design_effect(**long(one_each)).n_effective_raters == np.inf


def test_design_effect_of_equal_ratings_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="all 9 ratings say yes: there is no varian"):
        design_effect(**long(np.ones((3, 3))))


def test_two_way_interval_covers_the_population_rate_where_others_do_not():
    # Mean of expit(-1.5 + z) over z with variance 1.2^2 + .8^2, by Gauss-Hermite quadrature.
    z, weight = np.polynomial.hermite_e.hermegauss(80)
    truth = (weight / (1 + np.exp(1.5 - np.hypot(1.2, 0.8) * z))).sum() / weight.sum()
    covered = np.zeros(2)
    for seed in range(400):
        ratings = long(simulated(seed))
        both = two_way_rate(**ratings), one_way_rate(**ratings, drawn="units")
        covered += [one.interval.low <= truth <= one.interval.high for one in both]

    # Three standard errors of 400 studies: .033.
    assert covered[0] / 400 == pytest.approx(0.95, abs=0.033)
    assert covered[1] / 400 < 0.9
