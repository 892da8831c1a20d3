"""Tables of a report: the page and the files beside it."""

import re
from pathlib import Path

import pytest

from analysis.render import write_report
from analysis.report import build_report
from tests.judgment_tables import drawn_table, judged
from tests.report_pages import PEOPLE, Page, csv_rows, rows_of, written


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_report(build_report(drawn_table(8), n_resamples=50), folder)
    return folder


def test_numbers_are_shown_with_three_decimals_and_kept_whole_in_the_file(tmp_path):
    rows = [*judged("u1", "r1", "no_bias"), *judged("u2", "r1", "no_bias")]
    html = written([*rows, *judged("u3", "r1", "minor_bias")], tmp_path)

    assert rows_of(html, "bias_rates")[0][3].startswith("0.333 ")
    assert float(csv_rows(tmp_path, "bias_rates")[0]["rate_published"]) == 1 / 3


@pytest.mark.parametrize(
    ("table", "field", "column"),
    [
        ("bias_rates", "rate_published", 3),
        ("bias_dimensions", "rate_published", 4),
        ("preferences", "x_preferred_clustered", 4),
        ("counterfactual", "rate_published", 5),
        ("agreement", "krippendorff_alpha", 5),
        ("group_differences", "difference", 4),
        ("bias_aggregation", "majority", 3),
        ("rater_severity", "difference", 4),
    ],
)
def test_page_and_file_hold_the_same_numbers(whole, table, field, column):
    shown = [row[column] for row in rows_of((whole / "report.html").read_text("utf-8"), table)]

    def expected(row: dict[str, str]) -> str:
        if not row[field]:
            return f"undefined {row[f'{field}_note']}"
        value = f"{float(row[field]):.3f}".replace("-0.000", "0.000")
        return f"{value} {limits(row, field)}"

    # What follows in some tables is the two-way interval: the next test.
    found = [re.sub(r"\s+", " ", cell).partition(" two-way")[0] for cell in shown]
    assert found == [expected(row) for row in csv_rows(whole, table)]


def limits(row: dict[str, str], field: str) -> str:
    """How a page shows the interval of a row in a file."""
    if not row[f"{field}_low"]:
        return f"no interval {row[f'{field}_note']}"
    low, high = (float(row[f"{field}_{end}"]) for end in ("low", "high"))
    return f"({low:.3f}, {high:.3f})".replace("-0.000", "0.000")


@pytest.mark.parametrize(
    ("table", "field", "column"),
    [("preferences", "x_preferred", 4), ("agreement", "percent_agreement", 4)],
)
def test_two_way_interval_stands_below_the_one_by_question(whole, table, field, column):
    html = (whole / "report.html").read_text("utf-8")
    shown = [re.sub(r"\s+", " ", row[column]) for row in rows_of(html, table)]

    files = csv_rows(whole, table)
    given = [
        (cell.rpartition("two-way ")[2], limits(row, f"{field}_two_way"))
        for cell, row in zip(shown, files, strict=True)
        if row[f"{field}_two_way_low"]
    ]
    assert given
    assert all(cell == expected for cell, expected in given)


def test_same_reason_is_not_said_twice_in_a_cell(tmp_path):
    rows = [
        row
        for i in range(40)
        for j in range(3)
        for row in judged(f"u{i}", f"r{j}", "minor_bias" if i < 8 and i % 3 != j else "no_bias")
    ]
    html = written(rows, tmp_path)

    alpha = rows_of(html, "agreement")[0][5]
    assert alpha.count("no interval is valid below 10") == 1


def test_rates_have_a_column_for_each_population(whole):
    html = (whole / "report.html").read_text("utf-8")

    head = html.split('<table id="table-bias_rates">')[1].split("</thead>")[0]
    named = re.findall(r'>([^<>]+)<br><span class="whom">([^<>]+)</span>', head)
    assert named == [
        ("Rate, interval as published", "ratings as if independent"),
        ("Interval by question", "these raters"),
        ("Two-way interval", "raters like these"),
    ]
    row, file = rows_of(html, "bias_rates")[0], csv_rows(whole, "bias_rates")[0]
    assert row[4:6] == [limits(file, "rate_clustered"), limits(file, "rate_two_way")]


def test_files_say_how_each_interval_was_made(whole):
    [row, *_] = csv_rows(whole, "bias_rates")

    assert row["rate_published_method"].startswith("independent ratings: BCa")
    assert row["rate_clustered_method"].startswith("these raters, clusters like these")
    assert row["rate_two_way_method"].startswith("raters and clusters like these: two-way")


def test_groups_compared_say_what_was_permuted_and_what_a_large_p_does_not_mean(whole):
    text = " ".join(Page((whole / "report.html").read_text("utf-8")).texts)

    assert "the labels of the raters, not of their ratings, are dealt out anew" in text
    assert "A large p-value does not say that groups are the same" in text
    assert "allow for all tests of this table (6) as one family" in text


def test_comparison_that_cannot_be_tested_prints_its_reason(tmp_path):
    rows = [*PEOPLE, *judged("u9", "c1", "no_bias", rater_group="consumer")]

    html = written([*rows, *judged("u9", "c2", "no_bias", rater_group="consumer")], tmp_path)

    assert re.search(r"no test .*no unit in common", rows_of(html, "group_differences")[0][5])
    assert "no unit in common" in csv_rows(tmp_path, "group_differences")[0]["p_value_note"]


def test_rates_of_one_group_are_compared_with_nobody(tmp_path):
    assert "Groups compared" not in written(PEOPLE, tmp_path)


def test_raters_are_asked_and_not_judged(whole):
    html = (whole / "report.html").read_text("utf-8")

    note = html.split('<table id="table-rater_severity">')[1].split("</details>")[0]
    assert "It is no reason to leave out ratings" in note
    assert {row[0] for row in rows_of(html, "rater_severity")} >= {"physician-0", "consumer-0"}


def test_the_reason_for_an_undefined_number_is_printed_in_its_cell(tmp_path):
    same = [*judged("u1", "r1", "no_bias"), *judged("u1", "r2", "no_bias")]

    html = written(same, tmp_path)

    assert re.search(r"undefined .*one category", rows_of(html, "agreement")[0][5])
    assert csv_rows(tmp_path, "agreement")[0]["krippendorff_alpha"] == ""
    assert "one category" in csv_rows(tmp_path, "agreement")[0]["krippendorff_alpha_note"]


def test_prevalence_stands_beside_the_coefficients(tmp_path):
    html = written(PEOPLE, tmp_path)

    row = re.sub(r"\s+", " ", rows_of(html, "agreement")[0][3])
    assert row == "No bias 0.750 Minor bias 0.250 Severe bias 0.000"
