"""What a coordinator sees and takes away, and what a rater never sees of it."""

import pytest
from playwright.sync_api import expect
from sqlmodel import Session

from analysis import read_table
from rater_portal.database import writing
from rater_portal.services.accounts import enrol_raters
from rater_portal.services.audit import verify
from rater_portal.services.decisions import adjudicated
from rater_portal.services.export import judgment_table
from rater_portal.services.invitations import newcomer
from rater_portal.services.links import link_for
from rater_portal.services.studies import find_study
from tests.browser.screen import Screen
from tests.browser.small_studies import add_study, one_of_each, solo
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


def visit(screen, part):
    """Open one part of the study by its name in the menu."""
    screen.page.get_by_role("link", name=part, exact=True).click()
    expect(screen.heading).to_have_text(part)


def staff_link(portal, study, role):
    with writing(portal.engine) as session:
        person = newcomer(session, find_study(session, study), role)
        return link_for(session, person, portal.base, None).url


def test_coordinator_sees_how_far_the_study_is(portal, judged_study, screen):
    screen.open(portal.coordinator_link(judged_study))

    # Three units, of which each has two of three judgments.
    expect(screen.page.get_by_text("6 of 9 judgments. The study is open.")).to_be_visible()
    expect(screen.page.locator(".scroll table").first.get_by_role("row")).to_have_text(
        [
            "UnitRubricGroupJudgedNeededShareUnits completeUnits",
            "One answerBias in one answerPhysician2367%01",
            "Two answers to a questionBias in two answers comparedPhysician2367%01",
            "Two questions and their answersBias in the answers to two similar questions"
            "Physician2367%01",
        ]
    )


def test_coordinator_sees_results_and_takes_the_table(portal, judged_study, screen, tmp_path):
    screen.open(portal.coordinator_link(judged_study))
    visit(screen, "Results so far")
    expect(screen.page.locator(".scroll table").first).to_contain_text("Bias rates")
    expect(screen.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    visit(screen, "Record")

    with screen.page.expect_download() as download:
        screen.page.get_by_role("button", name="Judgments (Parquet)").click()
    download.value.save_as(tmp_path / "taken.parquet")

    with Session(portal.engine) as session:
        expected = judgment_table(session, study=judged_study)
    assert read_table(tmp_path / "taken.parquet").digest == expected.digest
    assert download.value.suggested_filename == f"{judged_study}-judgments.parquet"


def test_coordinator_verifies_the_record_and_reads_both_last_hashes(portal, judged_study, screen):
    screen.open(portal.coordinator_link(judged_study))
    visit(screen, "Record")

    screen.page.get_by_role("button", name="Verify the record").click()

    with Session(portal.engine) as session:
        found = verify(session, study=judged_study)
    expect(screen.page.get_by_text("6 judgments and")).to_contain_text("all whole")
    hashes = screen.page.get_by_test_id("stCode")
    expect(hashes).to_contain_text(found.last_hash)
    expect(hashes).to_contain_text(found.last_event_hash)


def test_link_for_a_new_rater_is_shown_once_and_works(portal, judged_study, screen, device):
    screen.open(portal.coordinator_link(judged_study))
    visit(screen, "Raters")
    screen.page.get_by_role("button", name="Make links").click()
    link = screen.page.get_by_test_id("stCode").inner_text().split()[-1]

    rater = Screen(device().new_page())
    rater.open(link)
    screen.page.reload()

    expect(rater.page.get_by_role("button", name="Begin")).to_be_visible()
    expect(screen.heading).to_have_text("Raters")
    expect(screen.page.get_by_text(link)).to_have_count(0)


def test_pause_reaches_raters_in_the_coordinators_words(portal, judged_study, screen, device):
    rater = Screen(device().new_page())
    rater.sit_down(portal, judged_study)
    screen.open(portal.coordinator_link(judged_study))
    visit(screen, "Study")
    screen.page.get_by_text("Pause the study").click()
    screen.page.get_by_label("What raters are told").first.fill("The server moves on Monday.")

    screen.page.get_by_role("button", name="Pause", exact=True).click()

    expect(screen.page.get_by_text("The study is paused: nobody can submit")).to_be_visible()
    rater.page.reload()
    expect(rater.heading).to_have_text("The study is paused")
    expect(rater.page.get_by_text("The server moves on Monday.")).to_be_visible()


def test_study_is_locked_only_under_its_own_name(portal, judged_study, screen):
    screen.open(portal.coordinator_link(judged_study))
    visit(screen, "Study")
    screen.page.get_by_text("Lock the study for good").click()
    name = screen.page.get_by_label("To lock it, type its name")
    name.fill("another")
    screen.page.get_by_role("button", name="Lock for good").click()
    expect(screen.page.get_by_text("Nothing was locked.")).to_be_visible()

    name.fill(judged_study)
    screen.page.get_by_role("button", name="Lock for good").click()

    expect(screen.page.get_by_text("The study is locked: nothing in it")).to_be_visible()
    expect(screen.page.get_by_text("Lock the study for good")).to_have_count(0)


def test_analyst_sees_all_parts_and_can_change_nothing(portal, judged_study, screen):
    screen.open(staff_link(portal, judged_study, "analyst"))

    visit(screen, "Raters")
    expect(screen.page.get_by_test_id("stDataFrame")).to_be_visible()
    expect(screen.page.get_by_role("button", name="link")).to_have_count(0)
    visit(screen, "Study")
    expect(screen.page.get_by_text("The study is open: raters judge.")).to_be_visible()
    for word in ("Pause the study", "Close the study", "Lock the study", "Doors"):
        expect(screen.page.get_by_text(word)).to_have_count(0)
    visit(screen, "Record")
    expect(screen.page.get_by_role("button", name="Judgments (CSV)")).to_be_visible()


def test_adjudicator_decides_what_raters_disagree_on_at_the_same_desk(portal, tmp_path, screen):
    study = add_study(portal.engine, tmp_path, solo(), raters=2)
    with Session(portal.engine) as session:
        first, second = enrol_raters(session, study=study, group="physician", count=2)
    judge_one(portal.engine, first)
    judge_one(portal.engine, second, bias_presence="minor_bias", dimensions=["other_bias"])
    screen.open(staff_link(portal, study, "adjudicator"))
    expect(screen.place).to_have_text("Unit 1 of 1")
    assert screen.chosen() == []

    screen.choose("No bias")
    screen.submit()

    expect(screen.heading).to_have_text("Adjudication")
    with Session(portal.engine) as session:
        table = adjudicated(session, study=study)
    said = table[table["item"] == "bias_presence"][["tie", "adjudicated"]]
    assert said.to_numpy().tolist() == [[True, "no_bias"]]


@pytest.mark.parametrize("path", ["/", "/show_coordinator", "/?place=record", "/?place=raters"])
def test_rater_never_gets_the_coordinator_page(portal, judged_study, screen, watch, path):
    watch.expected = ("404", "The page that you have requested does not seem to exist")
    screen.sit_down(portal, judged_study)

    screen.page.goto(portal.base + path)

    expect(screen.place).to_have_text("Unit 1 of 3")
    for word in ("Coverage", "Results so far", "Invite raters", "Parquet"):
        expect(screen.page.get_by_text(word)).to_have_count(0)
