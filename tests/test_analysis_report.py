import numpy as np
import pandas as pd
import pytest

from analysis.estimates import Estimate
from analysis.report import Report, build_report
from analysis.sections.cells import Cell, Undefined
from analysis.table import JudgmentTable
from tests.judgment_tables import (
    COUNTERFACTUAL,
    INDEPENDENT,
    PAIRWISE,
    drawn_table,
    judged,
    rating,
    table_of,
)

# Two questions with two raters each. Bias: no, minor; severe, minor.
FOUR_RATINGS = [
    *judged("u1", "r1", "no_bias"),
    *judged("u1", "r2", "minor_bias"),
    *judged("u2", "r1", "severe_bias"),
    *judged("u2", "r2", "minor_bias"),
]


def report_of(rows: list) -> Report:
    return build_report(table_of(rows), n_resamples=100)


def value(cell: Cell) -> float:
    assert isinstance(cell, Estimate), cell
    return cell.value


def rates(report: Report) -> dict[tuple, float]:
    return {
        (row.label, row.of.group, row.of.source): value(row.share.clustered) for row in report.rates
    }


def twins(rater_id: str, bias: str, ideal: str, **columns) -> list:
    about = {"unit_id": "pair", "question_id": "q1", "question_2_id": "q2", "dataset": "cc_manual"}
    about |= {"source_a": "plain", "source_b": "plain", **columns}
    codes = {"bias_presence": bias, "ideal_answers": ideal, "answer_similarity": "all_differ"}
    return rating(COUNTERFACTUAL, codes, rater_id=rater_id, **about)


def compared(unit_id: str, rater_id: str, more_bias: str, **columns) -> list:
    about = {"source_a": "plain", "source_b": "careful", "dataset": "omaq", **columns}
    codes = {"more_bias": more_bias, "dimensions": about.pop("dimensions", ())}
    return rating(PAIRWISE, codes, unit_id=unit_id, rater_id=rater_id, **about)


def test_the_bias_rate_is_the_share_of_unfavourable_ratings():
    found = rates(report_of(FOUR_RATINGS))

    # 3 of 4 found bias: 2 minor, 1 severe.
    assert found["Any bias", "physician", "model/plain"] == 0.75
    assert found["Minor bias", "physician", "model/plain"] == 0.5
    assert found["Severe bias", "physician", "model/plain"] == 0.25


def test_a_dimension_counts_ratings_without_bias_as_no():
    ticked = {"bias_presence": "minor_bias", "dimensions": ["failure_to_challenge"]}
    rows = [*FOUR_RATINGS[:8], *rating(INDEPENDENT, ticked, unit_id="u1", rater_id="r2")]

    found = rates(report_of(rows))

    # Ticked in 1 of 2 ratings, the other of which found no bias.
    assert found["Does not challenge a biased premise", "physician", "model/plain"] == 0.5


def test_sources_are_told_apart_and_pooled():
    rows = [*FOUR_RATINGS, *judged("u3", "r1", "no_bias", source_a="model/careful")]

    found = rates(report_of(rows))

    assert found["Any bias", "physician", "model/careful"] == 0.0
    assert found["Any bias", "physician", None] == pytest.approx(3 / 5)


def test_sets_are_told_apart_and_pooled():
    report = report_of([*FOUR_RATINGS, *judged("u3", "r1", "no_bias", dataset="ehai")])

    found = {row.of.dataset: row for row in report.rates if row.label == "Any bias"}

    assert list(found) == [None, "ehai", "omaq"]
    assert value(found[None].share.row_level) == pytest.approx(3 / 5)
    assert [found[name].of.is_all_sets for name in found] == [True, False, False]


def test_answers_to_questions_of_one_seed_are_one_cluster():
    rows = [
        *judged("u1", "r1", "no_bias", seed="s1"),
        *judged("u2", "r1", "no_bias", seed="s1"),
        *judged("u3", "r1", "minor_bias"),
    ]

    row = next(row for row in report_of(rows).rates if row.label == "Any bias")

    assert (row.n_units, row.n_clusters, row.n_ratings) == (3, 2, 3)


def test_the_published_interval_ignores_seed_and_resamples_of_the_report():
    table = drawn_table(6)

    one, other = (build_report(table, seed=seed, n_resamples=n) for seed, n in ((1, 50), (2, 80)))

    assert [row.share.row_level for row in one.rates] == [r.share.row_level for r in other.rates]
    assert [row.share.clustered for row in one.rates] != [r.share.clustered for r in other.rates]


def test_a_rate_without_variation_keeps_its_value_and_says_why_it_has_no_interval():
    report = report_of([*judged("u1", "r1", "no_bias"), *judged("u2", "r1", "no_bias")])

    share = next(row.share for row in report.rates if row.label == "Any bias")

    assert value(share.clustered) == 0.0
    assert share.clustered.interval is None
    assert "same value" in share.clustered.refusal


def test_groups_stand_in_the_order_of_the_protocol():
    rows = [*FOUR_RATINGS, *judged("u1", "c1", "no_bias", rater_group="consumer")]
    rows += judged("u1", "e1", "no_bias", rater_group="health_equity_expert")

    labels = report_of(rows).group_labels

    assert list(labels.values()) == ["Physician", "Health equity expert", "Consumer"]


def test_agreement_counts_options_that_nobody_used():
    rows = [
        *judged("u1", "r1", "no_bias"),
        *judged("u1", "r2", "no_bias"),
        *judged("u2", "r1", "minor_bias"),
        *judged("u2", "r2", "no_bias"),
    ]

    row = next(row for row in report_of(rows).agreement if row.item == "bias_presence")

    # Observed agreement 1/2; chance 1/3 as the rubric has three options: (1/2 - 1/3) / (2/3).
    assert row.n_categories == 3
    assert value(row.coefficients["brennan_prediger"]) == pytest.approx(1 / 4)
    assert row.prevalence == (("No bias", 0.75), ("Minor bias", 0.25), ("Severe bias", 0.0))


def test_the_same_code_everywhere_has_no_alpha_and_says_why():
    rows = [
        row for unit in "ab" for rater in ("r1", "r2") for row in judged(unit, rater, "no_bias")
    ]

    coefficients = report_of(rows).agreement[0].coefficients

    assert value(coefficients["percent_agreement"]) == 1.0
    assert isinstance(coefficients["krippendorff_alpha"], Undefined)
    assert "one category" in coefficients["krippendorff_alpha"].reason


def test_ordinal_alpha_forgives_a_near_miss_more_than_a_far_one():
    def alpha(code: str) -> float:
        rows = [*judged("u1", "r1", "no_bias"), *judged("u1", "r2", code)]
        rows += [*judged("u2", "r1", "severe_bias"), *judged("u2", "r2", "severe_bias")]
        rows += [*judged("u3", "r1", "no_bias"), *judged("u3", "r2", "no_bias")]
        rows += [*judged("u4", "r1", "minor_bias"), *judged("u4", "r2", "minor_bias")]
        return value(report_of(rows).agreement[0].coefficients["krippendorff_alpha"])

    assert alpha("minor_bias") > alpha("severe_bias")


def test_an_answer_that_means_no_judgment_is_left_out_of_agreement_and_counted():
    options = COUNTERFACTUAL.item("ideal_answers").options
    unsure = options[2].model_copy(update={"is_na": True})
    item = COUNTERFACTUAL.items[0].model_copy(update={"options": (*options[:2], unsure)})
    rubric = COUNTERFACTUAL.model_copy(update={"items": (item, *COUNTERFACTUAL.items[1:])})
    rows = [*twins("r1", "no", "ideal_answers_same"), *twins("r2", "no", "unsure")]

    report = build_report(JudgmentTable(pd.DataFrame(rows), (rubric,), "t"), n_resamples=50)

    row = next(row for row in report.agreement if row.item == "ideal_answers")
    assert (row.n_categories, row.n_ratings, row.prevalence) == (2, 0, ())
    assert [left.n for left in report.left_out if "'I am not sure'" in left.why] == [1]
    assert [left.n for left in report.left_out if "gave an answer that counts" in left.why] == [1]


def test_an_answer_of_no_judgment_about_bias_leaves_the_rate_and_says_so():
    options = INDEPENDENT.item("bias_presence").options
    unsure = options[2].model_copy(update={"is_na": True, "polarity": None})
    item = INDEPENDENT.items[0].model_copy(update={"options": (*options[:2], unsure)})
    assert item.id == "bias_presence"
    rubric = INDEPENDENT.model_copy(update={"items": (item, *INDEPENDENT.items[1:])})

    report = build_report(JudgmentTable(pd.DataFrame(FOUR_RATINGS), (rubric,), "t"), n_resamples=50)

    row = next(row for row in report.rates if row.label == "Any bias")
    assert (row.n_ratings, value(row.share.row_level)) == (3, pytest.approx(2 / 3))
    why = "neither in the rate of bias nor in agreement"
    assert [left.n for left in report.left_out if why in left.why] == [1]


def test_seconds_of_simulated_raters_are_not_recorded():
    rows = [{**row, "active_seconds": 30.0} for row in FOUR_RATINGS]
    drawn = judged("u3", "r9", "no_bias", synthetic=True, active_seconds=1.0)

    of_people, of_both, of_none = (report_of(each) for each in (rows, [*rows, *drawn], drawn))

    assert of_both.flow[0].median_seconds == of_people.flow[0].median_seconds == 30.0
    assert np.isnan(of_none.flow[0].median_seconds)
    assert np.isnan(of_none.raters[0].median_seconds)


def test_a_unit_rated_once_is_counted_as_left_out_of_agreement():
    report = report_of([*FOUR_RATINGS, *judged("u3", "r1", "no_bias")])

    assert (report.agreement[0].n_units, report.agreement[0].n_ratings) == (2, 4)
    assert [left.n for left in report.left_out if "nobody else" in left.why] == [1]


def test_a_set_gets_its_own_agreement_from_ten_units_on():
    def rated(dataset: str, n: int) -> list:
        return [
            row
            for i in range(n)
            for rater in ("r1", "r2")
            for row in judged(f"{dataset}{i}", rater, "no_bias", dataset=dataset)
        ]

    report = report_of([*rated("omaq", 10), *rated("ehai", 9)])

    sets = {row.of.dataset for row in report.agreement if row.item == "bias_presence"}
    assert sets == {None, "omaq"}


def test_the_order_of_rows_changes_no_number():
    table = drawn_table(6)
    turned = table_of(table.frame.iloc[::-1].to_dict("records"))

    one, other = (build_report(each, n_resamples=50) for each in (table, turned))

    assert one.rates == other.rates
    assert one.agreement == other.agreement
    assert one.preferences == other.preferences
    assert one.counterfactuals == other.counterfactuals


def test_the_design_flow_counts_questions_answers_units_raters_and_ratings():
    row = report_of([*FOUR_RATINGS, *judged("u3", "r1", "no_bias", question_id="q-u1")]).flow[0]

    assert (row.n_questions, row.n_answers) == (2, 2)
    assert (row.n_units, row.n_raters, row.n_ratings) == (3, 2, 5)
    assert (row.ratings_per_unit, row.n_units_rated_twice) == ((1, 2), 2)


def test_a_comparison_has_two_answers_to_one_question():
    row = report_of(compared("p1", "r1", "A")).flow[0]

    assert (row.n_questions, row.n_answers, row.n_units) == (1, 2, 1)


def test_simulated_ratings_are_counted():
    report = report_of([*FOUR_RATINGS, *judged("u2", "r9", "no_bias", synthetic=True)])

    assert report.provenance.n_synthetic == 1
    assert report.is_synthetic
