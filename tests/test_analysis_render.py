import csv
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis.drawing import SYNTHETIC
from analysis.render import make_report, write_report
from analysis.report import build_report
from analysis.table import JudgmentTable, TableError, write_table
from tests.judgment_tables import RUBRICS, drawn_table, judged, table_of

PEOPLE = [
    *judged("u1", "r1", "no_bias"),
    *judged("u1", "r2", "no_bias"),
    *judged("u2", "r1", "no_bias"),
    *judged("u2", "r2", "minor_bias"),
]


class Page(HTMLParser):
    """Everything in a page that a browser would load, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.styles: list[str] = []
        self.texts: list[str] = []
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.inside.append(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "data", "action") or (name == "href" and tag != "a"):
                self.loaded.append(f"{tag} {name}={value}")
            if name == "style":
                self.styles.append(value)

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" in self.inside:
            self.styles.append(data)
        elif "script" not in self.inside:
            self.texts.append(data)


def written(rows: list, folder: Path) -> str:
    return write_report(build_report(table_of(rows), n_resamples=50), folder).read_text("utf-8")


def rows_of(html: str, table: str) -> list[list[str]]:
    body = html.split(f'<table id="table-{table}">')[1].split("</table>")[0].split("<tbody>")[1]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in body.split("</tr>")]
    return [[re.sub(r"<[^>]+>", " ", cell).strip() for cell in row] for row in cells if row]


def csv_rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / "report_tables" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_report(build_report(drawn_table(8), n_resamples=50), folder)
    return folder


def test_the_page_loads_nothing_from_anywhere(whole):
    page = Page((whole / "report.html").read_text("utf-8"))

    assert page.loaded == []
    assert not any("url(" in style or "@import" in style for style in page.styles)


def test_the_page_tells_the_browser_to_refuse_every_request(whole):
    html = (whole / "report.html").read_text("utf-8")

    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_plotly_is_in_the_page_once(whole):
    html = (whole / "report.html").read_text("utf-8")

    assert html.count("* plotly.js v") == 1


def test_simulated_raters_are_announced_at_the_top_in_every_caption_and_every_file(whole):
    html = (whole / "report.html").read_text("utf-8")

    assert html.index(f"<strong>{SYNTHETIC}.</strong>") < html.index("<h1>")
    captions = re.findall(r"<caption>(.*?)</caption>", html)
    assert captions
    assert all("(synthetic raters)" in caption for caption in captions)
    files = sorted((whole / "report_tables").glob("*.csv"))
    assert len(files) == len(captions)
    assert {r["synthetic"] for file in files for r in csv_rows(whole, file.stem)} == {"True"}


def test_a_report_of_people_never_says_synthetic_raters(tmp_path):
    text = " ".join(Page(written(PEOPLE, tmp_path)).texts)

    assert SYNTHETIC.lower() not in text.lower()


def test_the_page_says_that_it_proves_no_fairness_and_is_no_medical_device(whole):
    text = " ".join(Page((whole / "report.html").read_text("utf-8")).texts)

    assert "no proof that a system is fair" in text
    assert "no medical device" in text


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
    ],
)
def test_page_and_file_hold_the_same_numbers(whole, table, field, column):
    shown = [row[column] for row in rows_of((whole / "report.html").read_text("utf-8"), table)]

    def expected(row: dict[str, str]) -> str:
        if not row[field]:
            return f"undefined {row[f'{field}_note']}"
        value = f"{float(row[field]):.3f}".replace("-0.000", "0.000")
        if not row[f"{field}_low"]:
            return f"{value} no interval {row[f'{field}_note']}"
        low, high = (float(row[f"{field}_{end}"]) for end in ("low", "high"))
        return f"{value} ({low:.3f}, {high:.3f})".replace("-0.000", "0.000")

    found = [re.sub(r"\s+", " ", cell) for cell in shown]
    assert found == [expected(row) for row in csv_rows(whole, table)]


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


def test_the_methods_state_seed_resamples_versions_and_data_hash(whole):
    text = " ".join(Page((whole / "report.html").read_text("utf-8")).texts)

    assert "BCa, 1,000 resamples, seed 101" in text
    assert "BCa, 50 resamples, seed" in text
    assert drawn_table(8).digest in text
    assert all(name in text for name in ("numpy", "scipy", "pandas", "Python"))


def test_the_summary_warns_of_intervals_from_few_clusters(tmp_path):
    html = written(PEOPLE, tmp_path)

    summary = " ".join(Page(html.split("</section>")[0]).texts)
    # Two questions: bias, and agreement about it.
    assert summary.count("an interval from 2 clusters, fewer than 20, is too narrow") == 2


def test_the_summary_does_not_warn_where_clusters_are_many(tmp_path):
    rows = [
        row
        for i in range(20)
        for rater in ("r1", "r2")
        for row in judged(f"u{i}", rater, "minor_bias" if i % 3 else "no_bias")
    ]

    summary = " ".join(Page(written(rows, tmp_path).split("</section>")[0]).texts)

    assert "too narrow" not in summary


def test_the_methods_say_what_agreement_counts_and_which_intervals_are_refused(whole):
    text = " ".join(Page((whole / "report.html").read_text("utf-8")).texts)

    assert "in the units that at least two of the group rated" in text
    assert "over all sources" in text
    assert "fewer than 10 units have a rating other than the commonest" in text
    assert "percent agreement, Brennan-Prediger and Fleiss' kappa stay unweighted" in text
    assert "not the pooled EquityMedQA" in text


def test_agreement_of_nobody_is_undefined_in_every_cell(tmp_path):
    html = written(judged("u1", "r1", "no_bias"), tmp_path)

    row = rows_of(html, "agreement")[0]
    assert row[3] == "no ratings"
    assert all("no unit was rated by two raters" in cell for cell in row[4:9])


def test_what_comes_from_the_data_is_escaped(tmp_path):
    rows = judged("u1", "r1", "no_bias", source_a="<script>alert(1)</script>")
    table = JudgmentTable(table_of(rows).frame, RUBRICS, title="<b>A & B</b>")

    html = write_report(build_report(table, n_resamples=50), tmp_path).read_text("utf-8")

    assert "<script>alert(1)</script>" not in html
    assert "<h1>&lt;b&gt;A &amp; B&lt;/b&gt;</h1>" in html


def test_nothing_left_out_is_said_in_words(tmp_path):
    assert "Nothing was left out." in written(PEOPLE, tmp_path)


def test_a_table_of_an_earlier_report_does_not_stay(tmp_path):
    write_report(build_report(drawn_table(6), n_resamples=50), tmp_path)
    assert (tmp_path / "report_tables" / "preferences.csv").is_file()

    written(PEOPLE, tmp_path)

    assert not (tmp_path / "report_tables" / "preferences.csv").exists()


def test_make_report_goes_from_a_file_to_the_page_that_was_named(tmp_path):
    judgments = write_table(table_of(PEOPLE), tmp_path / "judgments.parquet")

    page = make_report(judgments, tmp_path / "out" / "mine.html", n_resamples=50)

    assert page == tmp_path / "out" / "mine.html"
    assert "A test study" in page.read_text("utf-8")
    assert (tmp_path / "out" / "report_tables" / "bias_rates.csv").is_file()


def test_make_report_of_a_missing_file_says_so(tmp_path):
    with pytest.raises(TableError, match=r"there is no file .*nowhere\.parquet"):
        make_report(tmp_path / "nowhere.parquet", tmp_path)
