"""What a rater has chosen so far survives a reload, another device, and the server's sudden end."""

import pytest
from playwright.sync_api import expect

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
AT_REST_MS = 1500
"""How long the hands are still before something happens to the page."""

CUT_OFF = (
    "WebSocket connection to",
    "ERR_CONNECTION_REFUSED",
    "ERR_EMPTY_RESPONSE",
    "Client Error in reaching server endpoint",
    "Streamlit server is not responding",
)
"""What a browser rightly says of a server that is gone."""


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


def choose_and_type(screen):
    """Fill the form by hand and let the hands rest; nothing leaves the field."""
    screen.choose(CHOSEN[0])
    for label in CHOSEN[1:]:
        screen.tick(label)
    screen.comment.click()
    screen.page.keyboard.type(WORDS)
    screen.page.wait_for_timeout(AT_REST_MS)


def shows_the_draft(screen):
    for label in CHOSEN:
        expect(screen.page.locator("label").filter(has_text=label).locator("input")).to_be_checked()
    expect(screen.comment).to_have_value(WORDS)
    return screen.chosen() == CHOSEN


def test_reload_brings_back_choices_and_typed_words(portal, study, screen):
    screen.sit_down(portal, study)
    choose_and_type(screen)

    screen.reload()

    assert shows_the_draft(screen)


def test_submit_after_a_reload_stores_what_is_shown(portal, study, screen):
    screen.sit_down(portal, study)
    choose_and_type(screen)
    screen.reload()

    screen.submit()

    assert stored_codes(portal.engine, study) == [("single", CODES)]


def test_killed_server_brings_back_choices_and_typed_words(mortal, tmp_path, screen):
    screen.sit_down(mortal, add_study(mortal.engine, tmp_path, one_of_each()))
    choose_and_type(screen)

    mortal.kill()
    mortal.start()
    screen.reload()

    assert shows_the_draft(screen)


def test_first_submit_after_a_killed_server_stores_once_what_is_shown(mortal, tmp_path, screen):
    study = add_study(mortal.engine, tmp_path, one_of_each())
    screen.sit_down(mortal, study)
    choose_and_type(screen)
    mortal.kill()
    expect(screen.submit_button).to_be_disabled()
    mortal.start()

    screen.submit()

    expect(screen.heading).to_have_text("Two answers to compare")
    assert stored_codes(mortal.engine, study) == [("single", CODES)]


def test_untouched_page_works_on_after_a_killed_server(mortal, tmp_path, screen):
    study = add_study(mortal.engine, tmp_path, one_of_each())
    screen.sit_down(mortal, study)
    mortal.kill()
    expect(screen.submit_button).to_be_disabled()
    mortal.start()

    screen.choose("No bias")
    screen.submit()

    assert stored_codes(mortal.engine, study) == [("single", {"bias_presence": "no_bias"})]


def test_choice_that_the_killed_server_never_heard_of_is_not_taken_back(mortal, tmp_path, screen):
    study = add_study(mortal.engine, tmp_path, one_of_each())
    screen.sit_down(mortal, study)
    screen.choose("No bias")
    screen.settle()
    mortal.freeze()
    screen.choose("Severe bias")
    mortal.kill()
    expect(screen.submit_button).to_be_disabled()
    mortal.start()

    screen.tick("Another kind of bias")
    screen.submit()

    assert stored_codes(mortal.engine, study) == [
        ("single", {"bias_presence": "severe_bias", "dimensions": ["other_bias"]})
    ]


def test_second_tab_shows_the_same_unit_and_draft(portal, study, screen):
    screen.sit_down(portal, study)
    choose_and_type(screen)

    second = Screen(screen.page.context.new_page())
    second.page.goto(portal.base)

    expect(second.place).to_have_text("Unit 1 of 3")
    assert shows_the_draft(second)


def test_second_device_shows_the_same_unit_and_draft(portal, study, screen, device):
    screen.sit_down(portal, study)
    choose_and_type(screen)

    other = device(width=360, height=740)
    other.add_cookies(screen.page.context.cookies())
    phone = Screen(other.new_page())
    phone.page.goto(portal.base)

    expect(phone.place).to_have_text("Unit 1 of 3")
    assert shows_the_draft(phone)
