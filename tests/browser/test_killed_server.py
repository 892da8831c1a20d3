"""What a rater has chosen survives the server's end."""

import pytest
from playwright.sync_api import expect

from tests.browser.drafting import (
    CODES,
    CUT_OFF,
    choose_and_type,
    drafted,
    expect_saved,
    expect_state,
    shows_the_draft,
    submissions,
)
from tests.browser.driving import Portal
from tests.browser.screen import Screen
from tests.browser.small_studies import add_study, one_of_each, stored_codes

pytestmark = pytest.mark.browser


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
