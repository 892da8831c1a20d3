"""Groups compared, raters compared, and other rules in the report, against hand calculations."""

from math import comb

import pytest

from analysis.estimates import Estimate, HypothesisTest
from analysis.report import Report, build_report
from analysis.sections.cells import Undefined
from tests.judgment_tables import judged, table_of

GROUPS = {"p": "physician", "e": "health_equity_expert", "c": "consumer"}


def report_of(rows: list) -> Report:
    return build_report(table_of(rows), n_resamples=100)


def rated(findings: dict[str, str], **columns) -> list:
    """Ratings of units 0, 1, ... by rater: 1 for minor bias, 0 for none, a dot for no rating."""
    dataset = columns.get("dataset", "omaq")
    return [
        row
        for rater, said in findings.items()
        for unit, code in enumerate(said)
        if code != "."
        for row in judged(
            f"{dataset}{unit}",
            rater,
            "minor_bias" if code == "1" else "no_bias",
            rater_group=GROUPS[rater[0]],
            **columns,
        )
    ]


FOUR_AND_FOUR = {
    **{"p1": "1000", "p2": "0000", "p3": "0100", "p4": "0010"},
    **{"c1": "1110", "c2": "1111", "c3": "0111", "c4": "1101"},
}


def test_difference_is_the_first_rate_less_the_second():
    [row] = report_of(rated(FOUR_AND_FOUR)).group_differences

    # Physicians found bias in 3 of 16 ratings, consumers in 13 of 16.
    assert (row.of.first, row.of.second) == ("physician", "consumer")
    assert row.first_rate.value == pytest.approx(3 / 16)
    assert row.second_rate.value == pytest.approx(13 / 16)
    assert row.difference.value == pytest.approx(-10 / 16)
    assert row.difference.interval.low < -10 / 16 < row.difference.interval.high < 0


def test_labels_of_raters_are_dealt_out_in_every_way():
    [row] = report_of(rated(FOUR_AND_FOUR)).group_differences

    # Every consumer found more than every physician: of the 8 choose 4 ways to deal the labels,
    # only this one and its mirror image leave the groups as far apart.
    assert isinstance(row.test, HypothesisTest)
    assert row.test.p_value == pytest.approx(2 / comb(8, 4))
    assert row.p_adjusted == row.test.p_value


def test_all_sets_come_before_each_and_only_shared_sets_count():
    both = [*rated(FOUR_AND_FOUR), *rated(FOUR_AND_FOUR, dataset="trinds")]
    alone = rated({"p1": "1111", "p2": "1111"}, dataset="ehai")

    rows = report_of([*both, *alone]).group_differences

    assert [row.of.dataset for row in rows] == [None, "omaq", "trinds"]
    assert [row.of.is_all_sets for row in rows] == [True, False, False]
    assert rows[0].of.sets == ("omaq", "trinds")
    assert [row.n_ratings for row in rows] == [64, 32, 32]
    assert rows[0].first_rate.value == pytest.approx(3 / 16)


def test_p_values_of_the_section_are_one_family_by_holm():
    rows = report_of([*rated(FOUR_AND_FOUR), *rated(FOUR_AND_FOUR, dataset="trinds")])

    # Three tests with the same p of 2/70: Holm multiplies the smallest by 3, and keeps the order.
    adjusted = [row.p_adjusted for row in rows.group_differences]
    assert adjusted == pytest.approx([6 / 70] * 3)


def test_every_two_of_three_groups_are_compared_in_the_order_of_the_protocol():
    third = {"e1": "1000", "e2": "1100", "e3": "0000", "e4": "0101"}

    rows = report_of(rated({**FOUR_AND_FOUR, **third})).group_differences

    assert [(row.of.first, row.of.second) for row in rows] == [
        ("physician", "health_equity_expert"),
        ("physician", "consumer"),
        ("health_equity_expert", "consumer"),
    ]


def test_groups_that_rated_different_units_are_not_tested_and_do_not_count_in_the_family():
    apart = {"p1": "1100....", "p2": "0000....", "p3": "0100....", "p4": "0010...."}
    apart |= {"c1": "....1110", "c2": "....1111", "c3": "....0111", "c4": "....1100"}

    [row] = report_of(rated(apart)).group_differences

    assert isinstance(row.difference, Estimate)
    assert isinstance(row.test, Undefined)
    assert "no unit in common" in row.test.reason
    assert (row.n_shared_units, row.p_adjusted) == (0, None)


def test_groups_without_a_common_set_are_named_as_not_compared():
    rows = rated({"p1": "10", "p2": "00"}) + rated({"c1": "11", "c2": "01"}, dataset="trinds")

    [row] = report_of(rows).group_differences

    assert row.difference == row.test == Undefined("no set was rated by both groups")
    assert row.of.sets == ()


def test_two_raters_a_group_have_a_difference_without_interval():
    [row] = report_of(
        rated({"p1": "1000", "p2": "0000", "c1": "1110", "c2": "1111"})
    ).group_differences

    assert row.difference.interval is None
    assert "2 raters" in row.difference.refusal


def test_severity_is_against_others_of_the_group_on_the_same_units():
    # Both others found no bias in units 0 and 1; unit 2 was rated by p1 alone, u3 not at all.
    found = {"p1": "111.", "p2": "00..", "p3": "00..", "c1": "11..", "c2": "11.."}

    rows = {row.rater: row for row in report_of(rated(found)).severities}

    assert rows["p1"].difference.value == 1.0
    assert (rows["p1"].others_rate, rows["p1"].n_ratings) == (0.0, 2)
    # One of the two others, p1, found bias in both.
    assert (rows["p2"].difference.value, rows["p2"].others_rate) == (-0.5, 0.5)
    assert (rows["c1"].difference.value, rows["c1"].others_rate) == (0.0, 1.0)


def test_severe_rater_is_asked_about_and_others_are_not():
    severe = {"p1": "1" * 30, "p2": "0" * 30, "p3": "0" * 30, "p4": "0" * 29 + "1"}

    rows = {row.rater: row for row in report_of(rated(severe)).severities}

    assert rows["p1"].finding.startswith("Rater p1 found bias in 100% of 30 units where the others")
    assert rows["p1"].finding.endswith("?")
    assert rows["p1"].p_adjusted < 0.001


def test_rater_who_rated_alone_has_no_severity_and_is_listed():
    rows = {row.rater: row for row in report_of(rated({"p1": "10..", "p2": "..01"})).severities}

    assert isinstance(rows["p1"].difference, Undefined)
    assert "nobody else rated any" in rows["p1"].difference.reason
    assert rows["p1"].p_adjusted is None


def test_rules_make_one_verdict_of_a_unit():
    # Ratings of bias by unit: 3, 2, 1, 0 of three.
    [row] = report_of(rated({"p1": "1110", "p2": "1100", "p3": "1000"})).aggregations

    assert row.ratings.value == pytest.approx(6 / 12)
    assert {rule: cell.value for rule, cell in row.units.items()} == {
        "any": 3 / 4,
        "majority": 2 / 4,
        "unanimous": 1 / 4,
    }
    assert (row.n_tied, row.ratings_per_unit) == (0, (3, 3))


def test_ties_are_counted_and_shown_as_either():
    # Two ratings a unit: both, one, one, none found bias.
    [row] = report_of(rated({"p1": "1100", "p2": "1010"})).aggregations

    assert row.n_tied == 2
    assert row.units["majority"].value == 1 / 4
    assert row.majority_if_ties_yes == 3 / 4


def test_units_with_one_rating_take_no_part_in_the_rules():
    [row] = report_of(rated({"p1": "10111", "p2": "10..."})).aggregations

    assert (row.n_units, row.n_ratings) == (2, 4)
    assert row.ratings.value == 0.5


def test_group_whose_units_were_rated_once_has_a_reason_in_place_of_rules():
    [row] = report_of(rated({"p1": "10", "p2": "..1"})).aggregations

    reason = "no unit was rated by two raters of the group"
    assert {row.ratings, *row.units.values()} == {Undefined(reason)}
    assert (row.n_units, row.majority_if_ties_yes) == (0, None)
