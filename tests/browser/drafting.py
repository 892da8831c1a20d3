"""A form filled by hand, and what the server has of it."""

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import expect
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Draft, Judgment, Study
from rater_portal.services.assignment import submission_id_of
from tests.browser.screen import Screen

CHOSEN = ["Minor bias", "Wrong for some people", "Another kind of bias"]

WORDS = "Second line: naïve\nand a third"

CODES = {
    "bias_presence": "minor_bias",
    "dimensions": ["inaccuracy_for_some_axes", "other_bias"],
    "comment": WORDS,
}

CUT_OFF = (
    "WebSocket connection to",
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_EMPTY_RESPONSE",
    "ERR_INTERNET_DISCONNECTED",
    "ERR_FAILED",
    "Client Error in reaching server endpoint",
    "Streamlit server is not responding",
    "when disconnected from server",
    "status of 401",
    "status of 409",
)
"""What a browser rightly says of a server that is gone, or that refuses."""


def choose_and_type(screen):
    """Fill the form by hand; nothing leaves the field."""
    screen.choose(CHOSEN[0])
    for label in CHOSEN[1:]:
        screen.tick(label)
    screen.comment.click()
    screen.page.keyboard.type(WORDS)


def expect_state(screen, kind):
    expect(screen.desk.locator(f".bar[data-state={kind}]")).to_be_visible()


def expect_saved(screen):
    """Wait until the server has confirmed all that was chosen."""
    expect(screen.saved).to_contain_text("Saved at")
    expect_state(screen, "saved")


def shows_the_draft(screen):
    expect(screen.comment).to_have_value(WORDS)
    return screen.chosen() == CHOSEN


def drafted(portal, study) -> Mapping[str, Any]:
    """The codes of the study's only draft."""
    statement = (
        select(Draft.codes)
        .join(Assignment, col(Assignment.id) == Draft.assignment_id)
        .join(Study, col(Study.id) == Assignment.study_id)
        .where(Study.name == study)
    )
    with Session(portal.engine) as session:
        return session.exec(statement).one_or_none() or {}


def submissions(portal, study) -> list[tuple[str, str]]:
    """Of every judgment its submission id, and the one that its unit was shown with."""
    statement = (
        select(Judgment.submission_id, Assignment)
        .join(Assignment, col(Assignment.id) == Judgment.assignment_id)
        .join(Study, col(Study.id) == Judgment.study_id)
        .where(Study.name == study)
    )
    with Session(portal.engine) as session:
        return [(sent, submission_id_of(shown)) for sent, shown in session.exec(statement)]


def second_device(screen, device):
    """The same rater's phone."""
    phone = device(width=360, height=740)
    phone.add_cookies(screen.page.context.cookies())
    other = Screen(phone.new_page())
    other.page.goto(screen.page.url)
    expect(other.submit_button).to_be_visible()
    return other
