from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.table import JudgmentTable, TableError, ratings_matrix, read_table, write_table
from tests.judgment_tables import (
    COUNTERFACTUAL,
    PAIRWISE,
    RUBRICS,
    drawn_table,
    judged,
    rating,
    table_of,
)

TWO_RATINGS = [
    *judged("u1", "r1", "no_bias"),
    *judged("u1", "r2", "minor_bias"),
    *judged("u2", "r1", "severe_bias"),
]


def spoilt(column: str, value: Any, *, row: int = 0) -> pd.DataFrame:
    frame = pd.DataFrame(TWO_RATINGS)
    frame[column] = frame[column].astype(object)
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize("name", ["judgments.parquet", "judgments.csv"])
def test_a_table_read_back_is_the_table_that_was_written(tmp_path, name):
    table = drawn_table(6)

    again = read_table(write_table(table, tmp_path / name))

    pd.testing.assert_frame_equal(again.frame, table.frame)
    assert again.digest == table.digest


def test_parquet_brings_rubrics_title_protocol_and_groups_along(tmp_path):
    table = table_of(TWO_RATINGS)

    again = read_table(write_table(table, tmp_path / "judgments.parquet"))

    assert again.rubrics == RUBRICS
    assert (again.title, again.protocol) == ("A test study", "equitymedqa@1")
    assert again.group_label("health_equity_expert") == "Health equity expert"


def test_an_id_that_looks_like_a_number_stays_text_in_csv(tmp_path):
    table = table_of(judged("007", "0042", "no_bias"))

    again = read_table(write_table(table, tmp_path / "judgments.csv"))

    assert set(again.frame["unit_id"]) == {"007"}
    assert set(again.frame["rater_id"]) == {"0042"}


def test_a_comment_that_says_na_is_not_missing(tmp_path):
    codes = {"bias_presence": "no_bias", "comment": "NA"}
    table = table_of(rating(RUBRICS[0], codes, unit_id="u1", rater_id="r1"))

    again = read_table(write_table(table, tmp_path / "judgments.csv"))

    assert again.frame.set_index("item").loc["comment", "code"] == "NA"


def test_the_digest_does_not_depend_on_the_order_of_rows():
    assert table_of(TWO_RATINGS).digest == table_of(TWO_RATINGS[::-1]).digest


def test_the_digest_changes_with_a_single_code():
    changed = [*judged("u1", "r1", "minor_bias"), *TWO_RATINGS[8:]]

    assert len(changed) == len(TWO_RATINGS)
    assert table_of(changed).digest != table_of(TWO_RATINGS).digest


def test_a_table_without_a_column_says_which():
    frame = pd.DataFrame(TWO_RATINGS).drop(columns="synthetic")

    with pytest.raises(TableError, match=r"columns \['synthetic'\] are missing"):
        JudgmentTable(frame, RUBRICS, "t")


def test_a_column_that_does_not_describe_raters_is_refused():
    frame = pd.DataFrame(TWO_RATINGS).assign(age="45+")

    with pytest.raises(TableError, match=r"\['age'\] are not known.*begin with 'rater_'"):
        JudgmentTable(frame, RUBRICS, "t")


def test_an_empty_table_is_refused():
    frame = pd.DataFrame(TWO_RATINGS).iloc[:0]

    with pytest.raises(TableError, match="the table has no rows"):
        JudgmentTable(frame, RUBRICS, "t")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (
            "code",
            "some_bias",
            r"row 1, column 'code': item 'bias_presence' has no code 'some_bi",
        ),
        ("item", "bias", r"row 1, column 'item': 'bias' is not among equitymedqa-independent's"),
        ("score", 2.0, r"row 1, column 'score': is not the score that item 'bias_presence' gives"),
        ("score", "two", r"row 1, column 'score': 'two' is not a number"),
        ("unit_id", 7, r"row 1, column 'unit_id': 7 is not text"),
        ("unit_id", "", r"row 1, column 'unit_id': there is no value"),
        ("kind", "triple", r"row 1, column 'kind': is none of"),
        ("rubric_version", "0", r"row 1, column 'rubric_version': '0' does not fit the rubrics"),
        ("question_2_id", "q9", r"row 1, column 'question_2_id': counterfactual units have"),
        ("source_b", "other", r"row 1, column 'source_b': single units have one source"),
        ("shown_first", "left", r"row 1, column 'shown_first': is neither 'A' nor 'B'"),
        ("active_seconds", -1.0, r"row 1, column 'active_seconds': is negative"),
        ("synthetic", "maybe", r"row 1, column 'synthetic': 'maybe' is neither True nor False"),
    ],
)
def test_a_wrong_value_is_named_with_row_and_column(column, value, message):
    with pytest.raises(TableError, match=message):
        JudgmentTable(spoilt(column, value), RUBRICS, "t")


def test_a_rater_twice_on_one_unit_and_item_is_refused():
    frame = pd.DataFrame([*TWO_RATINGS, *judged("u1", "r1", "no_bias")])

    with pytest.raises(TableError, match=r"row 25 \(and 7 rows more\).*rated this item.*before"):
        JudgmentTable(frame, RUBRICS, "t")


def test_a_rater_in_two_groups_is_refused():
    rows = [*TWO_RATINGS, *judged("u3", "r1", "no_bias", rater_group="consumer")]

    with pytest.raises(TableError, match="'rater_group': rater_id 'r1' had another value"):
        table_of(rows)


def test_a_unit_that_changes_its_question_is_refused():
    rows = [*TWO_RATINGS, *judged("u1", "r3", "no_bias", question_id="another")]

    with pytest.raises(TableError, match="'question_id': unit_id 'u1' had another value"):
        table_of(rows)


def test_a_counterfactual_unit_with_two_sources_is_refused():
    about = {"unit_id": "p", "rater_id": "r", "question_2_id": "q2", "source_b": "other"}

    with pytest.raises(TableError, match="both answers of a counterfactual unit come from one"):
        table_of(rating(COUNTERFACTUAL, {"bias_presence": "yes"}, **about))


def test_a_time_without_a_zone_is_refused():
    frame = pd.DataFrame(TWO_RATINGS)
    frame["submitted_at"] = frame["submitted_at"].dt.tz_localize(None)

    with pytest.raises(TableError, match="has no time zone"):
        JudgmentTable(frame, RUBRICS, "t")


def test_times_of_another_zone_become_utc():
    frame = pd.DataFrame(TWO_RATINGS)
    moved = frame.assign(submitted_at=frame["submitted_at"].dt.tz_convert("Asia/Tokyo"))

    assert JudgmentTable(moved, RUBRICS, "t").digest == JudgmentTable(frame, RUBRICS, "t").digest


def test_a_parquet_file_without_rubrics_is_refused(tmp_path):
    pd.DataFrame(TWO_RATINGS).to_parquet(tmp_path / "other.parquet")

    with pytest.raises(TableError, match="does not hold the rubrics of its judgments"):
        read_table(tmp_path / "other.parquet")


def test_a_file_that_only_says_it_is_parquet_is_refused(tmp_path):
    (tmp_path / "fake.parquet").write_text("study,unit_id\n")

    with pytest.raises(TableError, match=r"fake\.parquet is not a Parquet file"):
        read_table(tmp_path / "fake.parquet")


def test_a_csv_of_a_rubric_that_is_not_shipped_says_to_use_parquet(tmp_path):
    frame = pd.DataFrame(TWO_RATINGS).assign(rubric="our-own")
    frame.to_csv(tmp_path / "judgments.csv", index=False)

    with pytest.raises(TableError, match=r"our-own.*Use the Parquet file"):
        read_table(tmp_path / "judgments.csv")


def test_the_matrix_has_units_in_rows_and_gaps_where_nobody_rated():
    codes, units, raters = ratings_matrix(table_of(TWO_RATINGS).frame, "bias_presence")

    assert (units, raters) == (["u1", "u2"], ["r1", "r2"])
    assert codes[0].tolist() == ["no_bias", "minor_bias"]
    assert codes[1, 0] == "severe_bias"
    assert np.isnan(codes[1, 1])


def test_the_matrix_of_an_item_in_two_rubrics_asks_for_one():
    about = {"unit_id": "p", "rater_id": "r", "question_2_id": "q2", "source_b": "model/plain"}
    frame = table_of(
        [*TWO_RATINGS, *rating(COUNTERFACTUAL, {"bias_presence": "yes"}, **about)]
    ).frame

    with pytest.raises(TableError, match=r"is in the rubrics .* Select the rows of one first"):
        ratings_matrix(frame, "bias_presence")


def test_the_matrix_of_an_unknown_item_names_those_that_there_are():
    with pytest.raises(TableError, match="no row of item 'more_bias'; there are"):
        ratings_matrix(table_of(TWO_RATINGS).frame, "more_bias")


def test_a_dimension_that_was_not_offered_counts_as_not_ticked():
    codes, _, _ = ratings_matrix(table_of(TWO_RATINGS).frame, "dimensions.other_bias")

    assert codes[0].tolist() == ["0", "0"]


def test_one_simulated_rater_makes_the_table_synthetic():
    assert not table_of(TWO_RATINGS).is_synthetic
    assert table_of([*TWO_RATINGS, *judged("u2", "r9", "no_bias", synthetic=True)]).is_synthetic


def test_a_pair_needs_both_sources():
    with pytest.raises(TableError, match="single units have one source, and all others two"):
        table_of(rating(PAIRWISE, {"more_bias": "A"}, unit_id="p", rater_id="r"))
