import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t, ttest_1samp

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    ratings_matrix,
    response_variability,
    severity,
)
from tests.judgment_tables import drawn_table
from tests.rating_models import brute_force_p, drawn_ratings

NAN = float("nan")
# Unit 1 by a, b and c; unit 2 by a and b; unit 3 by c alone.
SMALL = {
    "values": [1, 0, 0, 1, 1, 1],
    "units": ["u1", "u1", "u1", "u2", "u2", "u3"],
    "raters": ["a", "b", "c", "a", "b", "c"],
}


def long(table):
    unit, rater = np.nonzero(~np.isnan(table))
    return table[unit, rater], unit, rater


def test_severity_is_the_mean_distance_to_the_others_of_the_same_units():
    found = severity(**SMALL)

    # a: 1 - (0 + 0) / 2 and 1 - 1, mean 1/2; b: 0 - 1/2 and 1 - 1, mean -1/4; c: 0 - 1/2.
    assert [one.value for one in found] == pytest.approx([0.5, -0.25, -0.5])
    assert [one.expected for one in found] == pytest.approx([0.5, 0.75, 0.5])
    assert [one.n_ratings for one in found] == [2, 2, 1]


def test_severity_p_value_counts_how_ratings_of_a_unit_can_be_dealt():
    found = severity(**SMALL)

    # Only unit 1 was judged differently: its one yes falls to a in 1 of 3 deals. Twice the tail.
    assert found["a"].p_value == pytest.approx(2 / 3)
    assert found["b"].p_value == 1


def test_severity_interval_is_that_of_a_t_test_over_units():
    values, unit, rater = long(drawn_ratings())
    others = np.array(
        [values[(unit == u) & (rater != r)].mean() for u, r in zip(unit, rater, strict=True)]
    )
    expected = ttest_1samp((values - others)[rater == 2], 0).confidence_interval()

    found = severity(values, units=unit, raters=rater)[2]

    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(expected))


def test_severity_interval_adds_up_the_units_of_a_cluster():
    # Rater a against b: distances 1, 1, 0, 0 in clusters x, x, y, y; mean 1/2.
    table = np.array([[1, 0], [1, 0], [1, 1], [1, 1]])

    interval = severity(table, clusters=["x", "x", "y", "y"])[0].interval

    # Cluster sums of the residuals are 1 and -1: error sqrt(2 / (2 - 1) * (1 + 1)) / 4 = 1/2.
    assert interval.high - 0.5 == pytest.approx(0.5 * t.ppf(0.975, 1))


@pytest.mark.parametrize("levels", [2, 4])
def test_severity_p_value_equals_that_of_all_deals(levels):
    table = drawn_ratings(9, 4, 3, levels=levels)

    found = severity(table)

    assert [one.p_value for one in found] == pytest.approx(
        [brute_force_p(table, rater) for rater in range(4)]
    )


@pytest.mark.parametrize("scale", [0.5, 0.1, np.pi])
def test_severity_p_value_of_fractions_and_of_any_numbers_equals_that_of_all_deals(scale):
    table = drawn_ratings(9, 4, 3, levels=4) * scale

    found = severity(table)

    assert [one.p_value for one in found] == pytest.approx(
        [brute_force_p(table, rater) for rater in range(4)], abs=1e-3
    )


def test_three_units_are_no_proof_whatever_the_scores():
    # Of 27 deals, one gives the first rater as little: twice 1/27.
    found = severity([[1, 1.5, 2], [2, 2.5, 3], [1.5, 3, 3.01]])

    assert found[0].p_value == pytest.approx(2 / 27)


def test_severity_of_many_units_has_a_normal_p_value_near_the_exact_one():
    table = drawn_ratings(600, 5, 3, levels=5)

    exact, normal = severity(table), severity(table * np.pi)

    assert [one.p_value for one in normal] == pytest.approx(
        [one.p_value for one in exact], abs=0.02
    )


def test_rater_who_shares_no_unit_has_a_reason_and_others_have_a_value():
    found = severity([1, 0, 1], units=[1, 1, 2], raters=["a", "b", "lone"])

    assert found["a"].value == 1
    with pytest.raises(UndefinedStatisticError, match="nobody else rated any of the 1 units"):
        found["lone"]
    assert found.to_frame()["undefined"].notna().tolist() == [False, False, True]


@given(st.permutations(range(6)))
@settings(max_examples=20, deadline=None)
def test_renaming_raters_moves_the_findings_with_them(order):
    table = drawn_ratings()
    before = severity(table)

    after = severity(table[:, order])

    assert [one.value for one in after] == pytest.approx([before[old].value for old in order])
    assert [one.p_value for one in after] == pytest.approx([before[old].p_value for old in order])


def test_severities_of_raters_who_all_rate_everything_add_up_to_nothing():
    found = severity(np.random.default_rng(1).integers(2, size=(50, 4)))

    assert sum(one.value for one in found) == pytest.approx(0)


def test_question_says_what_the_rater_and_the_others_found():
    table = np.tile([1, 0, 0, 0, 0], (50, 1))

    question = severity(table, finds="found bias")[0].question

    assert question.startswith("Rater 0 found bias in 100% of 50 units where the others found bias")
    assert question.endswith("see what the others miss?")


def test_rater_twice_on_a_unit_is_refused_with_the_row():
    with pytest.raises(RatingsError, match=r"row 2 .*rater 'a' has rated this unit before"):
        severity([1, 0, 1], units=["u", "u", "u"], raters=["a", "b", "a"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"raters": ["a", "a"]}, "two of the 2 rater labels are the same"),
        ({"units": ["u", "u"]}, "two of the 2 unit labels are the same"),
        ({"values": [[1, np.inf], [0, 1]]}, r"row 0, column 1 .* inf is no rating"),
        ({"values": [["yes", "no"], ["no", "no"]]}, "these are labels"),
    ],
)
def test_bad_table_is_refused_with_its_place(options, message):
    arguments = {"values": [[1, 0], [0, 1]], **options}

    with pytest.raises(RatingsError, match=message):
        severity(arguments.pop("values"), **arguments)


def test_interval_says_whether_units_or_clusters_were_drawn():
    table = drawn_ratings()

    of_units, of_clusters = severity(table), severity(table, clusters=np.arange(40) // 4)

    assert of_units[0].interval.method == "units drawn, cluster-robust, t"
    assert of_clusters[0].interval.method == "clusters drawn, cluster-robust, t"


def test_columns_of_a_judgment_table_give_the_same_as_the_ratings_matrix():
    frame = drawn_table().frame
    rows = frame[(frame["item"] == "bias_presence") & (frame["kind"] == "single")]
    codes, units, raters = ratings_matrix(rows, "bias_presence")
    biased = np.where(pd.isna(codes), NAN, codes != "no_bias")

    of_rows = severity(rows["code"] != "no_bias", units=rows["unit_id"], raters=rows["rater_id"])

    of_matrix = severity(biased.astype(float), units=units, raters=raters)
    pd.testing.assert_frame_equal(of_rows.to_frame(), of_matrix.to_frame())


def test_response_variability_compares_the_spread_over_items():
    # On each unit a scores the three items 1, 2, 3 (sd 1), b scores 2, 2, 2 (sd 0).
    scores = [1, 2, 3, 2, 2, 2] * 4
    units, raters = np.repeat(range(4), 6), ["a", "a", "a", "b", "b", "b"] * 4

    found = response_variability(scores, units=units, raters=raters)

    assert (found["a"].value, found["b"].value) == pytest.approx((1, -1))
    assert found["b"].expected == pytest.approx(1)


def test_response_variability_counts_judgments_with_a_single_score():
    found = response_variability([1, 2, 3, 2, 2], units=[1] * 4 + [2], raters=list("aabbb"))

    assert found.note == "1 judgments with a single score left out"


def test_response_variability_without_a_second_rater_has_a_reason():
    found = response_variability([1, 2, 3, 1], units=[1, 1, 1, 1], raters=list("aaab"))

    with pytest.raises(UndefinedStatisticError, match="no unit has several scores by this rater"):
        found["a"]


def test_response_variability_of_nothing_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="there are no scores"):
        response_variability([], units=[], raters=[])
