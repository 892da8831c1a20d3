"""What a coordinator sees and takes away, and what a rater never sees of it."""

import pytest
from playwright.sync_api import expect
from sqlmodel import Session

from analysis import read_table
from rater_portal.services.accounts import enrol_raters
from rater_portal.services.export import judgment_table
from tests.browser.small_studies import add_study, one_of_each
from tests.studies import judge_one

pytestmark = pytest.mark.browser


@pytest.fixture
def judged_study(portal, tmp_path):
    """The name of a study of which two of three raters have judged all."""
    study = add_study(portal.engine, tmp_path, one_of_each(), raters=3)
    with Session(portal.engine) as session:
        raters = enrol_raters(session, study=study, group="physician", count=2)
    for rater_id in raters:
        while judge_one(portal.engine, rater_id) is not None:
            pass
    return study


def test_coordinator_sees_coverage_and_results_and_takes_the_table(
    portal, judged_study, screen, tmp_path
):
    screen.open(portal.coordinator_link(judged_study))
    # Three units, of which each has two of three judgments.
    expect(screen.page.get_by_text("6 of 9 judgments. The study is open.")).to_be_visible()
    coverage = screen.page.get_by_test_id("stTable").get_by_role("row")
    expect(coverage).to_have_text(
        [
            "RubricGroupJudgedNeededUnits completeUnits",
            "Bias in one answerPhysician2301",
            "Bias in two answers comparedPhysician2301",
            "Bias in the answers to two similar questionsPhysician2301",
        ]
    )
    expect(screen.page.locator(".scroll table").first).to_contain_text("Bias rates")
    expect(screen.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()

    with screen.page.expect_download() as download:
        screen.page.get_by_role("button", name="Parquet").click()
    download.value.save_as(tmp_path / "taken.parquet")

    with Session(portal.engine) as session:
        expected = judgment_table(session, study=judged_study)
    assert read_table(tmp_path / "taken.parquet").digest == expected.digest
    assert download.value.suggested_filename == f"{judged_study}-judgments.parquet"


@pytest.mark.parametrize("path", ["/", "/show_coordinator"])
def test_rater_never_gets_the_coordinator_page(portal, judged_study, screen, watch, path):
    watch.expected = ("404", "The page that you have requested does not seem to exist")
    screen.sit_down(portal, judged_study)

    screen.page.goto(portal.base + path)

    expect(screen.place).to_have_text("Unit 1 of 3")
    for word in ("Coverage", "Results so far", "Judgment table", "Parquet"):
        expect(screen.page.get_by_text(word)).to_have_count(0)
