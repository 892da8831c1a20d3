"""What a rater has chosen survives a reload and another device."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.drafting import (
    CODES,
    choose_and_type,
    drafted,
    expect_saved,
    second_device,
    shows_the_draft,
)
from tests.browser.screen import Screen
from tests.browser.small_studies import stored_codes

pytestmark = pytest.mark.browser


LONGEST_DELAY_S = 2.0

SLACK_S = 1.0
"""What a busy machine may add between a key, the server and this test."""


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
