"""What a rater has chosen survives a cut line, and being signed out."""

import pytest
from playwright.sync_api import Route, expect
from sqlmodel import Session, col, select

from rater_portal.models import BrowserSession
from tests.browser.drafting import (
    CODES,
    choose_and_type,
    drafted,
    expect_saved,
    expect_state,
    second_device,
    submissions,
)
from tests.browser.small_studies import stored_codes

pytestmark = pytest.mark.browser


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
