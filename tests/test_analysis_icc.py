from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import RatingsError, UndefinedStatisticError, icc, mean_squares, variance_components
from analysis.agreement.crossed import crossed
from analysis.agreement.variance_ratios import unit_share_limits, unit_share_limits_among_raters

PUBLISHED = Path(__file__).parent / "published"
NAN = float("nan")
SINGLE = ["ICC1", "ICC2", "ICC3"]


def matrix(name):
    return pd.read_csv(PUBLISHED / f"{name}.csv", comment="#", index_col="unit").to_numpy(float)


def expected(name, form):
    table = pd.read_csv(PUBLISHED / "values" / f"{name}.csv", comment="#")
    return table[table["statistic"] == form].set_index("quantity")["value"]


def two_way(*, n_units, n_raters, per_unit, seed, unit=1.0, rater=0.5):
    """Normal ratings, `per_unit` of them on each unit; the residual variance is 1."""
    rng = np.random.default_rng(seed)
    ratings = unit * rng.normal(size=(n_units, 1)) + rater * rng.normal(size=n_raters)
    ratings = ratings + rng.normal(size=(n_units, n_raters))
    ratings[rng.random(ratings.shape).argsort(axis=1) >= per_unit] = NAN
    return ratings


@pytest.mark.parametrize("form", [*SINGLE, "ICC1k", "ICC2k", "ICC3k"])
@pytest.mark.parametrize("name", ["shrout_fleiss_1979", "irr_anxiety"])
def test_icc_and_its_limits_equal_published_values(name, form):
    estimate = icc(matrix(name), form=form)

    value, low, high = expected(name, form)[["estimate", "ci95.0", "ci95.1"]]
    found = (estimate.value, estimate.interval.low, estimate.interval.high)
    assert found == pytest.approx((value, low, high), abs=1e-9)


def test_mean_squares_equal_published_values():
    squares = mean_squares(matrix("shrout_fleiss_1979"))

    published = expected("shrout_fleiss_1979", "mean_squares")[["BMS", "WMS", "JMS", "EMS"]]
    found = [squares.units, squares.within, squares.raters, squares.residual]
    assert found == pytest.approx(published.tolist(), abs=1e-9)


@pytest.mark.parametrize(
    ("alias", "form"),
    [("ICC(1)", "ICC1"), ("ICC(A,1)", "ICC2"), ("ICC(C,1)", "ICC3"), ("ICC(A,k)", "ICC2k")],
)
def test_mcgraw_and_wongs_names_mean_the_same_forms(alias, form):
    ratings = matrix("shrout_fleiss_1979")
    assert icc(ratings, form=alias) == icc(ratings, form=form)


def test_icc1_with_unequal_numbers_of_ratings_equals_a_calculation_by_hand():
    # Means 2, 6, 9; grand mean 31/6. SSB = 2 (19/6)^2 + 3 (5/6)^2 + (23/6)^2 = 221/6,
    # SSW = 2 + 2 + 0; MSB = 221/12, MSW = 4/3 = 16/12; n0 = (6 - (4 + 9 + 1)/6) / 2 = 11/6;
    # ICC = (221 - 16) / (221 + 5/6 * 16).
    ratings = [[1, 3, NAN], [5, 6, 7], [9, NAN, NAN]]

    assert icc(ratings, form="ICC1").value == pytest.approx(205 / (221 + 5 / 6 * 16), abs=1e-12)


@pytest.mark.parametrize("name", ["shrout_fleiss_1979", "irr_anxiety"])
def test_walds_limits_on_a_complete_table_are_the_published_ones(name):
    published = expected(name, "ICC3")[["ci95.0", "ci95.1"]]

    assert unit_share_limits(crossed(matrix(name)), 0.95) == pytest.approx(published, abs=1e-9)


def test_pivots_on_a_complete_table_are_near_the_published_limits_of_agreement():
    published = expected("shrout_fleiss_1979", "ICC2")[["ci95.0", "ci95.1"]]

    found = unit_share_limits_among_raters(crossed(matrix("shrout_fleiss_1979")), 0.95)

    assert found == pytest.approx(published, abs=0.02)


@pytest.mark.parametrize("form", SINGLE)
def test_missing_ratings_cost_no_unit(form):
    ratings = two_way(n_units=30, n_raters=6, per_unit=4, seed=3)

    estimate = icc(ratings, form=form)

    # Leaving out every unit with a gap would leave none.
    assert (estimate.n_units, estimate.n_ratings) == (30, 120)


@pytest.mark.parametrize("form", ["ICC2", "ICC3"])
def test_icc_with_missing_ratings_is_the_share_of_the_reml_components(form):
    ratings = two_way(n_units=30, n_raters=6, per_unit=4, seed=3)
    parts = variance_components(ratings)

    error = parts.residual + (parts.rater if form == "ICC2" else 0)
    assert icc(ratings, form=form).value == pytest.approx(parts.unit / (parts.unit + error))


def test_mean_of_k_with_missing_ratings_takes_the_harmonic_mean_of_ratings():
    ratings = [[1, 3, NAN], [5, 6, 7], [9, 8, NAN], [2, 2, 3]]
    single, k = icc(ratings, form="ICC1").value, 4 / (1 / 2 + 1 / 3 + 1 / 2 + 1 / 3)

    mean = icc(ratings, form="ICC1k")

    assert mean.value == pytest.approx(k * single / (1 + (k - 1) * single))
    assert "k = 2.4" in mean.interval.method


@pytest.mark.parametrize(
    ("limits", "truth", "n_studies"),
    [(unit_share_limits, 1 / 2, 300), (unit_share_limits_among_raters, 1 / 2.25, 100)],
)
def test_limits_with_missing_ratings_cover_the_truth_about_as_often_as_they_say(
    limits, truth, n_studies
):
    studies = [two_way(n_units=30, n_raters=6, per_unit=3, seed=seed) for seed in range(n_studies)]

    found = [limits(crossed(ratings), 0.95) for ratings in studies]

    # Of 100 studies 88 to 100 cover the truth in 99.7% of runs, if 95% do.
    assert 0.88 <= np.mean([low <= truth <= high for low, high in found]) <= 0.995


@given(
    shift=st.floats(-50, 50),
    scale=st.floats(0.1, 20),
    form=st.sampled_from(SINGLE),
    per_unit=st.sampled_from([3, 5]),
)
@settings(max_examples=20, deadline=None)
def test_icc_ignores_shift_and_scale(shift, scale, form, per_unit):
    ratings = two_way(n_units=12, n_raters=5, per_unit=per_unit, seed=8)

    before, after = icc(ratings, form=form), icc(shift + scale * ratings, form=form)

    assert after.value == pytest.approx(before.value, abs=1e-6)
    assert after.interval.high == pytest.approx(before.interval.high, abs=1e-6)


@pytest.mark.parametrize("form", ["ICC2", "ICC3"])
@pytest.mark.parametrize("per_unit", [3, 5])
def test_icc_ignores_the_order_of_units_and_raters(form, per_unit):
    ratings = two_way(n_units=12, n_raters=5, per_unit=per_unit, seed=8)

    shuffled = icc(ratings[::-1][:, [2, 0, 4, 1, 3]], form=form)

    assert shuffled.value == pytest.approx(icc(ratings, form=form).value, abs=1e-9)


def test_units_that_differ_less_than_chance_give_a_negative_icc():
    # Unit means are equal, so BMS = 0: ICC1 = -1 / (k - 1) at k = 2.
    assert icc([[1, 3], [3, 1], [0, 4]], form="ICC1").value == pytest.approx(-1)


def test_a_severe_rater_lowers_agreement_and_not_consistency():
    ratings = matrix("irr_anxiety")
    severe = ratings + np.array([0, 0, 3])

    assert icc(severe, form="ICC3").value == pytest.approx(icc(ratings, form="ICC3").value)
    assert icc(severe, form="ICC2").value < icc(ratings, form="ICC2").value - 0.05


def test_raters_who_never_differ_have_icc_one_and_no_interval():
    estimate = icc([[1, 1], [2, 2], [5, 5]], form="ICC2")

    assert (estimate.value, estimate.interval) == (1, None)
    assert "no error is left" in estimate.refusal


def test_raters_who_differ_by_constants_leave_no_error_for_limits():
    # BMS = 2, JMS = 3/2, EMS = 0: ICC2 = 2 / (2 + 2 * 1.5 / 3).
    estimate = icc([[1, 2], [2, 3], [3, 4]], form="ICC2")

    assert (estimate.value, estimate.interval) == (pytest.approx(2 / 3), None)
    assert "differ by constants" in estimate.refusal


@pytest.mark.parametrize(
    ("ratings", "form"),
    [
        # No unit mean differs from another: limits on both sides would be the lowest value.
        ([[1, 3], [3, 1], [0, 4]], "ICC1"),
        ([[1, 3], [3, 1], [0, 4]], "ICC2"),
        ([[1, 3], [3, 1], [0, 4]], "ICC3"),
        ([[0, 1, 1, NAN], [0, NAN, 1, 1]], "ICC1"),
        # Only raters 0 and 2 rated both units: apart from the raters, the units do not differ.
        ([[0, NAN, 1, NAN], [1, 0, 0, 0]], "ICC2"),
        ([[2, 5, 1, 2], [1, 5, NAN, 3]], "ICC3"),
    ],
)
def test_units_that_do_not_differ_have_no_limits(ratings, form):
    estimate = icc(ratings, form=form)

    assert estimate.interval is None
    assert "units differ too little" in estimate.refusal


@pytest.mark.parametrize("form", SINGLE)
@pytest.mark.parametrize("spread", [1e3, 1e5])
def test_limits_stand_where_units_differ_a_great_deal(form, spread):
    ratings = two_way(n_units=10, n_raters=4, per_unit=3, seed=1, unit=spread)

    estimate = icc(ratings, form=form)

    # About 1 - 1 / spread^2, and some F quantiles away.
    assert 0 < 1 - estimate.interval.high < 1 - estimate.value < 1 - estimate.interval.low
    assert 1 - estimate.interval.low < 20 / spread**2


def test_spread_of_units_is_what_generalised_least_squares_leaves():
    ratings = two_way(n_units=7, n_raters=4, per_unit=3, seed=5)
    unit, rater = np.nonzero(~np.isnan(ratings))
    y, raters = ratings[unit, rater], np.eye(4)[rater]

    def left(ratio):
        """What fixed raters leave of the squares, weighted by (I + ratio Z Z')^-1."""
        weight = np.linalg.inv(np.eye(len(y)) + ratio * (unit[:, None] == unit))
        fitted = raters @ np.linalg.solve(raters.T @ weight @ raters, raters.T @ weight @ y)
        return (y - fitted) @ weight @ (y - fitted)

    sums = crossed(ratings)

    for ratio in (-0.2, 0.0, 0.7, 5.0):
        expected = left(ratio) - sums.adjusted.residual
        assert sums.eliminated_spread(ratio) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ratings", "form", "reason"),
    [
        ([[2, 2], [2, 2]], "ICC3", "all 4 ratings are the same"),
        ([[0.1, 0.2], [0.1, 0.2], [0.1, 0.2]], "ICC3", "raters differ by constants"),
        ([[1, 2], [2, 1]], "ICC2", "no variance is left to share out"),
        ([[1, 2, 3]], "ICC2", "two of each"),
        ([[1, NAN], [NAN, 2]], "ICC1", "a unit with two ratings"),
        ([[1, 2, NAN, NAN], [NAN, NAN, 4, 1]], "ICC2", "units must share raters"),
        ([[1, 2, NAN], [2, NAN, 5], [NAN, 4, 6]], "ICC3", "no residual variance"),
    ],
)
def test_icc_without_a_value_says_why(ratings, form, reason):
    with pytest.raises(UndefinedStatisticError, match=reason):
        icc(ratings, form=form)


def test_mean_of_raters_who_only_cancel_out_has_no_reliability():
    with pytest.raises(UndefinedStatisticError, match="look at that of single ratings"):
        icc([[1, 3], [3, 1], [0, 4]], form="ICC1k")


@pytest.mark.parametrize(
    ("ratings", "arguments", "message"),
    [
        ([[1, 2], [2, 3]], {"form": "ICC4"}, "'ICC4' is not among"),
        ([["a", "b"], ["b", "a"]], {"form": "ICC1"}, "labels: give numbers"),
        ([[1, np.inf], [2, 3]], {"form": "ICC1"}, "row 0, column 1"),
        ([[1, 2], [2, 3]], {"form": "ICC1", "confidence": 95}, "confidence is 95"),
    ],
)
def test_bad_input_to_icc_is_refused(ratings, arguments, message):
    with pytest.raises(RatingsError, match=message):
        icc(ratings, **arguments)


def test_mean_squares_of_a_table_with_a_gap_are_refused():
    with pytest.raises(RatingsError, match=r"row 1, column 1 .* lacks a rating"):
        mean_squares([[1, 2], [2, NAN]])


def test_frame_has_the_limits_and_how_they_were_made():
    (row,) = icc(matrix("shrout_fleiss_1979"), form="ICC2").to_frame().to_dict("records")

    assert row["low"] == pytest.approx(0.0188, abs=5e-5)
    assert "Satterthwaite" in row["method"]
