"""Comparisons of sources and counterfactual pairs in the report, against numbers worked by hand."""

import numpy as np
import pytest

from analysis import cluster_bca
from analysis.estimates import Estimate
from analysis.report import Report, build_report
from analysis.sections.cells import Cell, Undefined
from tests.judgment_tables import COUNTERFACTUAL, PAIRWISE, judged, rating, table_of


def report_of(rows: list) -> Report:
    return build_report(table_of(rows), n_resamples=100)


def value(cell: Cell) -> float:
    assert isinstance(cell, Estimate), cell
    return cell.value


def compared(unit_id: str, rater_id: str, more_bias: str, **columns) -> list:
    about = {"source_a": "plain", "source_b": "careful", "dataset": "omaq", **columns}
    codes = {"more_bias": more_bias, "dimensions": about.pop("dimensions", ())}
    return rating(PAIRWISE, codes, unit_id=unit_id, rater_id=rater_id, **about)


def preference(report: Report, label: str = "Overall") -> tuple[str, str, list[float]]:
    row = next(row for row in report.preferences if row.label == label)
    shares = (row.x_preferred, row.no_preference, row.y_preferred)
    return row.source_x, row.source_y, [value(share.clustered) for share in shares]


def twins(rater_id: str, bias: str, ideal: str, **columns) -> list:
    about = {"unit_id": "pair", "question_id": "q1", "question_2_id": "q2", "dataset": "cc_manual"}
    about |= {"source_a": "plain", "source_b": "plain", **columns}
    codes = {"bias_presence": bias, "ideal_answers": ideal, "answer_similarity": "all_differ"}
    return rating(COUNTERFACTUAL, codes, rater_id=rater_id, **about)


def member(question: str, rater_id: str, code: str, source: str = "plain", **columns) -> list:
    about = {"question_id": question, "source_a": source, "dataset": "cc_manual", **columns}
    return judged(f"{question}/{source}", rater_id, code, **about)


def counterfactual(report: Report) -> dict[str, float]:
    rows = (row for row in report.counterfactuals if row.of.is_all_sources)
    return {
        row.label: row.share.clustered.value
        for row in rows
        if isinstance(row.share.clustered, Estimate)
    }


def test_the_source_with_less_bias_is_preferred():
    rows = [
        *compared("p1", "r1", "A"),  # plain has more bias: careful preferred
        *compared("p2", "r1", "A"),
        *compared("p3", "r1", "B"),  # careful has more bias: plain preferred
        *compared("p4", "r1", "neither"),
    ]

    assert preference(report_of(rows)) == ("careful", "plain", [0.5, 0.25, 0.25])


def test_what_was_shown_first_changes_nothing():
    codes = ["A", "B", "A", "neither"]
    first = [row for i, c in enumerate(codes) for row in compared(f"p{i}", "r1", c)]
    flipped = [{**row, "shown_first": "B"} for row in first]

    one, other = report_of(first), report_of(flipped)

    assert one.preferences == other.preferences
    assert one.agreement == other.agreement


def test_which_answer_of_a_unit_is_called_a_changes_nothing():
    turned = {"source_a": "careful", "source_b": "plain"}
    straight = [*compared("p1", "r1", "A"), *compared("p1", "r2", "B"), *compared("p2", "r1", "A")]
    swapped = [
        *compared("p1", "r1", "A"),
        *compared("p1", "r2", "B"),
        *compared("p2", "r1", "B", **turned),
    ]

    one, other = report_of(straight), report_of(swapped)

    assert one.preferences == other.preferences
    assert one.agreement == other.agreement


def test_a_dimension_that_was_not_ticked_is_no_preference():
    dimension = {"dimensions": ["other_bias"]}
    rows = [
        *compared("p1", "r1", "A", **dimension),
        *compared("p2", "r1", "A"),
        *compared("p3", "r1", "neither"),
        *compared("p4", "r1", "B", **dimension),
    ]

    found = preference(report_of(rows), "Another kind of bias")

    assert found == ("careful", "plain", [0.25, 0.5, 0.25])


def test_two_answers_of_one_source_are_left_out_and_counted():
    rows = [*compared("p1", "r1", "A"), *compared("p2", "r1", "A", source_b="plain")]

    report = report_of(rows)

    assert {row.n_ratings for row in report.preferences} == {1}
    assert [left.n for left in report.left_out if "one source" in left.why] == [1]


def test_counterfactual_patterns_are_xor_or_and_of_every_meeting():
    rows = [
        *twins("r1", "yes", "ideal_answers_same"),
        # q1: yes, no; q2: yes, no, no. Six meetings: both 1, exactly one 1*2 + 1*1 = 3, none 2.
        *member("q1", "r1", "minor_bias"),
        *member("q1", "r2", "no_bias"),
        *member("q2", "r1", "severe_bias"),
        *member("q2", "r2", "no_bias"),
        *member("q2", "r3", "no_bias"),
    ]

    found = counterfactual(report_of(rows))

    assert found["Exactly one answer biased"] == pytest.approx(3 / 6)
    assert found["One or more answers biased"] == pytest.approx(4 / 6)
    assert found["Both answers biased"] == pytest.approx(1 / 6)


def test_members_meet_within_a_source_and_a_group_only():
    rows = [
        *twins("r1", "yes", "ideal_answers_same"),
        *member("q1", "r1", "no_bias"),
        *member("q2", "r1", "no_bias"),
        *member("q1", "r2", "minor_bias", source="careful"),
        *member("q2", "r2", "minor_bias", source="careful"),
        *member("q2", "c1", "minor_bias", rater_group="consumer"),
    ]

    assert counterfactual(report_of(rows))["One or more answers biased"] == 0.0


def test_the_counterfactual_rate_is_split_by_what_the_ideal_answers_should_do():
    rows = [
        *twins("r1", "yes", "ideal_answers_same"),
        *twins("r2", "no", "ideal_answers_same"),
        *twins("r3", "no", "ideal_answers_differ"),
    ]

    found = counterfactual(report_of(rows))

    assert found["Any bias"] == pytest.approx(1 / 3)
    assert found["Any bias if ideal answers differ: “No, they should say the same”"] == 0.5
    assert found["Any bias if ideal answers differ: “Yes, they should differ”"] == 0.0
    assert found["ideal answers differ: “Yes, they should differ”"] == pytest.approx(1 / 3)


def test_a_rate_among_no_ratings_is_undefined_with_its_reason():
    report = report_of(twins("r1", "yes", "ideal_answers_same"))

    label = "Any bias if ideal answers differ: “I am not sure”"
    share = next(row.share for row in report.counterfactuals if row.label == label)

    assert share.clustered == Undefined("there are no ratings")


def test_pairs_whose_answers_nobody_judged_apart_are_counted():
    rows = [*twins("r1", "no", "ideal_answers_same"), *member("q1", "r1", "no_bias")]

    left_out = report_of(rows).left_out

    assert [left.n for left in left_out if "each answer by itself" in left.why] == [1]


def test_preferences_resample_questions_and_not_ratings():
    rng = np.random.default_rng(2)
    codes = rng.choice(["A", "B", "neither"], 24)
    rows = [
        row
        for i, code in enumerate(codes)
        for rater in ("r1", "r2")
        for row in compared(f"p{i}", rater, str(code), question_id=f"q{i // 2}")
    ]

    report = build_report(table_of(rows), n_resamples=200, seed=3)

    share = next(row.x_preferred for row in report.preferences if row.label == "Overall")
    by_hand = cluster_bca(
        np.repeat(codes == "A", 2), np.repeat(np.arange(24) // 2, 2), n_resamples=200, seed=3
    )
    assert share.clustered.interval == by_hand.interval


def judged_twins(n_pairs: int, **columns) -> list:
    """Both answers of each pair judged alone by two raters, and each pair once."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(n_pairs):
        first, second = f"q{i}a", f"q{i}b"
        about = {"unit_id": f"pair{i}", "question_id": first, "question_2_id": second, **columns}
        rows += twins("r1", "no", "ideal_answers_same", **about)
        for question in (first, second):
            for rater in ("r1", "r2"):
                code = str(rng.choice(["no_bias", "minor_bias"]))
                rows += member(question, rater, code)
    return rows


def test_twin_questions_without_a_seed_are_one_cluster_of_rates_and_agreement():
    report = report_of(judged_twins(6))

    # Six pairs: twelve questions, but six clusters.
    assert {(row.n_units, row.n_clusters) for row in report.rates} == {(12, 6)}
    of_single = [row for row in report.agreement if row.rubric == "equitymedqa-independent"]
    assert {(row.n_units, row.n_clusters) for row in of_single} == {(12, 6)}


def test_twin_questions_are_one_cluster_in_the_agreement_of_their_set_too():
    other = [row for i in range(3) for row in member(f"x{i}", "r1", "no_bias", dataset="omaq")]

    report = report_of([*judged_twins(6), *other])

    of_sets = {row.of.dataset: row for row in report.agreement if row.item == "bias_presence:any"}
    assert list(of_sets) == [None, "cc_manual"]
    assert {(row.n_units, row.n_clusters) for row in of_sets.values()} == {(12, 6)}


def test_the_rate_resamples_clusters_and_not_units():
    rows = judged_twins(12)

    report = build_report(table_of(rows), n_resamples=200, seed=3)

    share = next(row.share for row in report.rates if row.label == "Any bias")
    about = sorted(
        (row["unit_id"], row["rater_id"], row["code"] != "no_bias", row["question_id"][:-1])
        for row in rows
        if row["item"] == "bias_presence" and row["kind"] == "single"
    )
    biased, pair_of = ([row[i] for row in about] for i in (2, 3))
    by_hand = cluster_bca(biased, pair_of, n_resamples=200, seed=3)
    assert share.clustered.interval == by_hand.interval


def test_the_seed_of_the_report_moves_the_limits_of_every_section():
    rng = np.random.default_rng(6)
    compared_rows = [
        row
        for i in range(12)
        for rater in ("r1", "r2")
        for row in compared(f"p{i}", rater, str(rng.choice(["A", "B", "neither"])))
    ]
    table = table_of([*judged_twins(12), *compared_rows])

    one, other = (build_report(table, seed=seed, n_resamples=50) for seed in (1, 2))

    def limits(report: Report) -> list[list]:
        sections = [
            [row.share.clustered for row in report.rates],
            [row.x_preferred.clustered for row in report.preferences],
            [row.share.clustered for row in report.counterfactuals],
            [cell for row in report.agreement for cell in row.coefficients.values()],
        ]
        return [[getattr(cell, "interval", None) for cell in cells] for cells in sections]

    assert all(a != b for a, b in zip(limits(one), limits(other), strict=True))


def test_pairs_of_one_seed_are_one_cluster_however_they_were_judged():
    report = report_of(judged_twins(6, seed="s1") + judged_twins_of_another_seed())

    assert {row.basis for row in report.counterfactuals} == {"together", "each by itself"}
    assert {(row.n_units, row.n_clusters) for row in report.counterfactuals if row.n_ratings} == {
        (7, 2)
    }


def judged_twins_of_another_seed() -> list:
    about = {"unit_id": "other", "question_id": "xa", "question_2_id": "xb", "seed": "s2"}
    members = [*member("xa", "r1", "no_bias"), *member("xb", "r1", "no_bias")]
    return [*twins("r1", "no", "ideal_answers_same", **about), *members]


def test_a_meeting_counts_both_of_its_raters_once():
    rows = [
        *twins("r1", "yes", "ideal_answers_same"),
        *member("q1", "r1", "minor_bias"),
        *member("q1", "r2", "no_bias"),
        *member("q2", "r2", "no_bias"),
        *member("q2", "r3", "no_bias"),
    ]

    row = next(row for row in report_of(rows).counterfactuals if row.measure == "both")

    # r1 and r2 of question 1 meet r2 and r3 of question 2.
    assert (row.n_ratings, row.n_raters) == (4, 3)
