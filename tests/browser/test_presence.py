"""The browser says that its rater is at work only while there is a sign of it."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

MINUTE_MS = 60_000


@pytest.fixture
def beats(portal, study, screen):
    """The beats that a rater's browser has sent; its clock goes on by hand, too."""
    sent = []
    screen.page.on("request", lambda asked: sent.append(1) if "/desk/beat" in asked.url else None)
    screen.page.clock.install()
    screen.sit_down(portal, study)
    return sent


def work(screen, minutes):
    """Let the clock go on while the mouse moves every few seconds."""
    for step in range(int(minutes * 6)):
        screen.page.mouse.move(100 + step, 300)
        screen.page.clock.run_for(10_000)


def test_rater_at_work_beats_three_times_a_minute(beats, screen):
    work(screen, minutes=3)

    assert 8 <= len(beats) <= 10


def test_rater_who_rests_falls_silent_after_two_minutes(beats, screen):
    work(screen, minutes=1)
    screen.page.clock.run_for(2 * MINUTE_MS)
    screen.page.clock.run_for(1_000)
    before = len(beats)

    screen.page.clock.run_for(10 * MINUTE_MS)

    assert len(beats) == before


def test_first_sign_after_a_pause_beats_at_once(beats, screen):
    screen.page.clock.run_for(10 * MINUTE_MS)
    before = len(beats)

    with screen.page.expect_request("**/desk/beat"):
        screen.page.mouse.move(300, 300)

    assert len(beats) == before + 1


def test_tab_that_is_not_seen_is_silent(beats, screen):
    hidden = "Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'})"
    screen.page.evaluate(hidden)
    before = len(beats)

    work(screen, minutes=2)

    assert len(beats) == before
    expect(screen.submit_button).to_be_visible()
