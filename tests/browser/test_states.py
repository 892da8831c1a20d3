"""Every state with nothing to judge, as a rater meets it."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from sqlmodel import Session, select

from rater_portal.models import BrowserSession, Rater, Study
from rater_portal.services.panels import open_panel
from rater_portal.services.states import close_study, pause_study
from tests.browser.small_studies import add_study, solo
from tests.portal_client import COOKIE

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="document.body.dataset.hacked = 1"> **back** on Monday'


@pytest.fixture
def own(portal, tmp_path):
    """The name of a study of one unit."""
    return add_study(portal.engine, tmp_path, solo())


@pytest.fixture
def page(portal, own, device):
    """A tab of a rater of that study who has read the guide."""
    context = device()
    token = portal.rater_token(own)
    context.add_cookies([{"name": COOKIE, "value": token, "url": portal.base}])
    return context.new_page()


def shown(page, portal, title):
    page.goto(portal.base)
    expect(page.get_by_role("heading", level=1)).to_have_text([title])
    return page.get_by_test_id("stMain").inner_text()


def change(portal, study, **values):
    """Set the study's only rater so."""
    with Session(portal.engine) as session:
        rater = session.exec(select(Rater).join(Study).where(Study.name == study)).one()
        rater.sqlmodel_update(values)
        session.commit()


def test_paused_study_shows_the_coordinators_words_as_words(portal, own, page):
    with Session(portal.engine) as session:
        back_at = datetime.now(UTC) + timedelta(days=2)
        pause_study(session, study=own, message=HOSTILE, back_at=back_at)

    said = shown(page, portal, "The study is paused")

    expect(page.get_by_test_id("stMain")).to_contain_text(HOSTILE)
    assert "Please come back after" in said
    assert page.locator("body").get_attribute("data-hacked") is None


def test_closed_study_thanks(portal, own, page):
    with Session(portal.engine) as session:
        close_study(session, study=own)

    assert "Thank you for having taken part" in shown(page, portal, "The study is over")


@pytest.mark.parametrize(
    ("state", "title"),
    [("withdrawn", "You have left the study"), ("screened_out", "Thank you for trying")],
)
def test_rater_who_is_out_reads_so(portal, own, page, state, title):
    change(portal, own, state=state)

    assert shown(page, portal, title)


def test_rater_who_is_signed_out_meanwhile_reads_that_nothing_is_lost(portal, own, device):
    page = device().new_page()
    page.goto(portal.rater_link(own))
    page.get_by_role("button", name="Start").click()
    begin = page.get_by_role("button", name="Begin")
    expect(begin).to_be_visible()
    with Session(portal.engine) as session:
        rater = session.exec(select(Rater).join(Study).where(Study.name == own)).one()
        held = session.exec(select(BrowserSession).where(BrowserSession.rater_id == rater.id))
        held.one().revoked_at = datetime.now(UTC)
        session.commit()
    begin.click()

    expect(page.get_by_role("heading", level=1)).to_have_text(["You are signed out"])
    expect(page.get_by_text("what you had chosen is kept")).to_be_visible()


def test_crowd_worker_goes_from_the_door_to_the_code(portal, own, device):
    with Session(portal.engine) as session:
        door = open_panel(
            session,
            study=own,
            name="door",
            adapter="prolific",
            group="physician",
            capacity=1,
            settings={"codes": {"complete": "C1DONE"}},
            base_url=portal.base,
        )
    address = door.url.partition("?")[0] + "?PROLIFIC_PID=p1&STUDY_ID=s1&SESSION_ID=v1"
    page = device().new_page()
    page.goto(address)
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_text("No bias", exact=True).click()
    page.get_by_role("button", name="Submit").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(["Thank you"])
    back = page.get_by_role("link", name="Finish and go back")
    expect(back).to_have_attribute(
        "href", "https://app.prolific.com/submissions/complete?cc=C1DONE"
    )
    expect(page.get_by_test_id("stCode")).to_contain_text("C1DONE")
    expect(page.get_by_text("You have judged 1 unit.")).to_be_visible()
