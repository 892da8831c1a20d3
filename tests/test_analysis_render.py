import re
from pathlib import Path

import pytest

from analysis.drawing import SYNTHETIC
from analysis.render import make_report, write_report
from analysis.report import build_report
from analysis.table import JudgmentTable, TableError, write_table
from tests.judgment_tables import RUBRICS, drawn_table, judged, table_of
from tests.report_pages import PEOPLE, Page, csv_rows, rows_of, written


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
    assert summary.count("from 2 clusters: with fewer than 20 it can be too narrow") == 2


def test_the_summary_says_of_whom_its_intervals_speak(tmp_path, whole):
    rows = [
        row
        for i in range(8)
        for rater in ("r1", "r2")
        for row in judged(f"u{i}", rater, "no_bias" if i % 4 else "minor_bias")
    ]
    few = " ".join(Page(written(rows, tmp_path).split("</section>")[0]).texts)
    enough = " ".join(Page((whole / "report.html").read_text("utf-8").split("</section>")[0]).texts)

    # Two raters: how they differ is not known, and there is no two-way interval.
    assert re.search(r"Physician: 0\.250 \([^)]+\) by question in all", few)
    assert re.search(r"Physician: 0\.\d{3} \([^)]+\) in all", enough)
    assert "raters like these on questions like these (two-way)" in few


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
