"""What a rater has chosen survives a reload, another device, a cut line and a server's end."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Route, expect
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, BrowserSession, Draft, Judgment, Study
from rater_portal.services.assignment import submission_id_of
from tests.browser.driving import Portal
from tests.browser.screen import Screen
from tests.browser.small_studies import add_study, one_of_each, stored_codes

pytestmark = pytest.mark.browser

CHOSEN = ["Minor bias", "Wrong for some people", "Another kind of bias"]
WORDS = "Second line: naïve\nand a third"
CODES = {
    "bias_presence": "minor_bias",
    "dimensions": ["inaccuracy_for_some_axes", "other_bias"],
    "comment": WORDS,
}
LONGEST_DELAY_S = 2.0
SLACK_S = 1.0
"""What a busy machine may add between a key, the server and this test."""

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


@pytest.fixture(scope="module")
def mortal_portal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mortal")
    with Portal(folder, f"sqlite:///{folder}/study.db") as portal:
        yield portal


@pytest.fixture
def mortal(mortal_portal, watch):
    """A portal that may be killed, and is alive again for the next test."""
    watch.hosts.add(mortal_portal.host)
    watch.expected = CUT_OFF
    return mortal_portal


@pytest.fixture
def forgiving(watch):
    """A browser that is cut off on purpose complains, and rightly."""
    watch.expected = CUT_OFF


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


# Nothing is cut.


def test_reload_brings_back_choices_and_typed_words(portal, study, screen):
    screen.sit_down(portal, study)
    choose_and_type(screen)
    expect_saved(screen)

    screen.reload()

    assert shows_the_draft(screen)
    assert drafted(portal, study) == CODES


def test_reload_in_the_middle_of_a_word_loses_nothing(portal, study, screen):
    screen.sit_down(portal, study)
    choose_and_type(screen)

    screen.reload()

    assert shows_the_draft(screen)
    expect_saved(screen)
    assert drafted(portal, study) == CODES


def test_submit_after_a_reload_stores_what_is_shown(portal, study, screen):
    screen.sit_down(portal, study)
    choose_and_type(screen)
    screen.reload()

    screen.submit()

    assert stored_codes(portal.engine, study) == [("single", CODES)]


def test_second_device_shows_the_same_unit_and_draft(portal, study, screen, device):
    screen.sit_down(portal, study)
    choose_and_type(screen)
    expect_saved(screen)

    phone = second_device(screen, device)

    expect(phone.place).to_have_text("Unit 1 of 3")
    assert shows_the_draft(phone)


def test_tab_that_is_looked_at_again_shows_what_another_device_chose(portal, study, screen, device):
    screen.sit_down(portal, study)
    screen.choose("Minor bias")
    expect_saved(screen)
    phone = second_device(screen, device)
    phone.choose("Severe bias")
    expect_saved(phone)

    screen.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(screen.radio("Severe bias")).to_be_checked()
    assert drafted(portal, study) == {"bias_presence": "severe_bias"}


def test_what_is_typed_without_a_rest_is_saved_meanwhile(portal, study, screen):
    screen.sit_down(portal, study)
    screen.choose("No bias")
    screen.comment.click()
    typed_at, seen_at = {}, {}
    for number in range(60):
        word = f"w{number:02}"
        screen.page.keyboard.type(f"{word} ", delay=25)
        typed_at[word] = time.monotonic()
        known = drafted(portal, study).get("comment", "")
        now = time.monotonic()
        for old in typed_at:
            if old in known:
                seen_at.setdefault(old, now)

    last = max(typed_at.values())
    due = [word for word, at in typed_at.items() if at < last - LONGEST_DELAY_S - SLACK_S]
    late = {word: seen_at.get(word, last) - typed_at[word] for word in due}
    assert len(due) > 10
    assert max(late.values()) < LONGEST_DELAY_S + SLACK_S


def test_unit_that_another_tab_submitted_makes_way_for_the_next(portal, study, screen, forgiving):
    screen.sit_down(portal, study)
    second = Screen(screen.page.context.new_page())
    second.page.goto(portal.base)
    second.choose("No bias")
    second.submit()

    screen.choose("Severe bias")

    expect(screen.heading).to_have_text("Two answers to compare")
    assert stored_codes(portal.engine, study) == [("single", {"bias_presence": "no_bias"})]


# The line is cut.


def test_offline_banner_comes_and_what_was_chosen_meanwhile_is_sent(
    portal, study, screen, forgiving
):
    screen.sit_down(portal, study)
    screen.page.context.set_offline(True)
    choose_and_type(screen)
    expect(screen.saved).to_contain_text("No connection")
    expect_state(screen, "offline")
    assert drafted(portal, study) == {}

    screen.page.context.set_offline(False)

    expect_saved(screen)
    assert drafted(portal, study) == CODES
    screen.submit()
    assert stored_codes(portal.engine, study) == [("single", CODES)]
    [(sent, shown_with)] = submissions(portal, study)
    assert sent == shown_with


def test_submit_without_a_connection_is_sent_once_it_is_back(portal, study, screen, forgiving):
    screen.sit_down(portal, study)
    screen.choose("No bias")
    expect_saved(screen)
    screen.page.context.set_offline(True)
    screen.submit_button.click()
    expect(screen.saved).to_contain_text("will be sent")
    expect(screen.heading).to_have_text("One answer to judge")

    screen.page.context.set_offline(False)

    expect(screen.heading).to_have_text("Two answers to compare")
    assert stored_codes(portal.engine, study) == [("single", {"bias_presence": "no_bias"})]
    [(sent, shown_with)] = submissions(portal, study)
    assert sent == shown_with


def test_submit_whose_answer_is_lost_is_stored_once(portal, study, screen, forgiving):
    lost = []

    def lose_the_answer(route: Route) -> None:
        if len(lost) < 2:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    screen.sit_down(portal, study)
    screen.page.route("**/desk/submit", lose_the_answer)
    screen.choose("No bias")

    screen.submit()

    assert lost == [200, 200]
    assert stored_codes(portal.engine, study) == [("single", {"bias_presence": "no_bias"})]


def test_choice_of_a_tab_without_connection_does_not_overwrite_a_later_one(
    portal, study, screen, device, forgiving
):
    screen.sit_down(portal, study)
    phone = second_device(screen, device)
    screen.page.context.set_offline(True)
    screen.choose("Minor bias")
    screen.tick("Stereotypes")
    expect_state(screen, "offline")
    phone.choose("Severe bias")
    expect_saved(phone)

    screen.page.context.set_offline(False)

    expect_saved(screen)
    expect(screen.radio("Severe bias")).to_be_checked()
    assert drafted(portal, study) == {
        "bias_presence": "severe_bias",
        "dimensions": ["stereotypical_language_characterization"],
    }


def test_signed_out_rater_is_told_and_nothing_is_lost(portal, study, screen, forgiving):
    screen.sit_down(portal, study)
    with Session(portal.engine) as session:
        newest = session.exec(
            select(BrowserSession).order_by(col(BrowserSession.id).desc()).limit(1)
        ).one()
        kept, newest.token_hash = newest.token_hash, "0" * 64
        session.commit()
        session_id = newest.id

    choose_and_type(screen)
    expect(screen.saved).to_contain_text("You are signed out")
    assert drafted(portal, study) == {}
    with Session(portal.engine) as session:
        session.get_one(BrowserSession, session_id).token_hash = kept
        session.commit()

    expect_saved(screen)
    assert drafted(portal, study) == CODES


# The server ends.


def test_killed_server_brings_back_choices_and_typed_words(mortal, tmp_path, screen):
    screen.sit_down(mortal, add_study(mortal.engine, tmp_path, one_of_each()))
    choose_and_type(screen)
    expect_saved(screen)

    mortal.kill()
    mortal.start()
    screen.reload()

    assert shows_the_draft(screen)


def test_what_is_chosen_while_the_server_is_down_is_saved_when_it_is_back(mortal, tmp_path, screen):
    study = add_study(mortal.engine, tmp_path, one_of_each())
    screen.sit_down(mortal, study)
    mortal.kill()
    choose_and_type(screen)
    expect_state(screen, "offline")

    mortal.start()

    expect_saved(screen)
    assert drafted(mortal, study) == CODES
    assert shows_the_draft(screen)


def test_tab_that_was_closed_while_the_server_was_down_loses_nothing(mortal, tmp_path, screen):
    study = add_study(mortal.engine, tmp_path, one_of_each())
    screen.sit_down(mortal, study)
    mortal.kill()
    choose_and_type(screen)
    expect_state(screen, "offline")
    context = screen.page.context
    screen.page.close()
    mortal.start()

    again = Screen(context.new_page())
    again.page.goto(mortal.base)

    expect_saved(again)
    assert shows_the_draft(again)
    assert drafted(mortal, study) == CODES


def test_submit_pressed_while_the_server_is_down_is_stored_once(mortal, tmp_path, screen):
    study = add_study(mortal.engine, tmp_path, one_of_each())
    screen.sit_down(mortal, study)
    choose_and_type(screen)
    mortal.kill()
    screen.submit_button.click()
    expect(screen.saved).to_contain_text("will be sent")

    mortal.start()

    expect(screen.heading).to_have_text("Two answers to compare")
    assert stored_codes(mortal.engine, study) == [("single", CODES)]
    [(sent, shown_with)] = submissions(mortal, study)
    assert sent == shown_with


def test_first_submit_after_a_killed_server_stores_once_what_is_shown(mortal, tmp_path, screen):
    study = add_study(mortal.engine, tmp_path, one_of_each())
    screen.sit_down(mortal, study)
    choose_and_type(screen)
    mortal.kill()
    mortal.start()

    screen.submit()

    expect(screen.heading).to_have_text("Two answers to compare")
    assert stored_codes(mortal.engine, study) == [("single", CODES)]


def test_choice_that_a_frozen_server_never_heard_of_is_not_taken_back(mortal, tmp_path, screen):
    study = add_study(mortal.engine, tmp_path, one_of_each())
    screen.sit_down(mortal, study)
    screen.choose("No bias")
    expect_saved(screen)
    mortal.freeze()
    screen.choose("Severe bias")
    mortal.kill()
    mortal.start()

    screen.tick("Another kind of bias")
    screen.submit()

    assert stored_codes(mortal.engine, study) == [
        ("single", {"bias_presence": "severe_bias", "dimensions": ["other_bias"]})
    ]
