"""What else the desk does: a break offered, a change with its reason, settings, languages."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Rater, Study
from tests.browser.screen import Screen
from tests.browser.small_studies import stored_codes

pytestmark = pytest.mark.browser

HOUR = 3600.0


def rater_of(session, study):
    return session.exec(
        select(Rater).join(Study, col(Study.id) == Rater.study_id).where(Study.name == study)
    ).one()


def work_for(portal, study, seconds):
    """Let the study's one rater have been at work in the open unit for so long."""
    with Session(portal.engine) as session:
        rater = rater_of(session, study)
        assignment = session.exec(select(Assignment).where(Assignment.rater_id == rater.id)).one()
        assignment.active_seconds = seconds
        assignment.last_active_at = datetime.now(UTC)
        session.commit()


def test_break_is_offered_after_long_work_and_blocks_nothing(portal, study, screen):
    screen.sit_down(portal, study)
    work_for(portal, study, HOUR)
    screen.reload()
    offer = screen.desk.get_by_role("status").filter(has_text="A short break does good")
    expect(offer).to_be_visible()

    screen.choose("No bias")
    screen.submit()

    expect(screen.heading).to_have_text("Two answers to compare")


def test_break_that_is_taken_is_not_offered_again(portal, study, screen):
    screen.sit_down(portal, study)
    work_for(portal, study, HOUR)
    screen.reload()
    with screen.page.expect_response("**/desk/rest"):
        screen.page.get_by_role("button", name="Take a break").click()
    expect(screen.desk.get_by_text("Enjoy your break.")).to_be_visible()

    screen.reload()

    expect(screen.desk.get_by_text("A short break does good")).to_have_count(0)
    with Session(portal.engine) as session:
        assert rater_of(session, study).rested_seconds >= HOUR


def test_submit_sleeps_while_the_judgment_is_on_its_way(portal, study, screen):
    screen.sit_down(portal, study)
    screen.choose("No bias")
    held = []
    screen.page.route("**/desk/submit", lambda route: held.append(route))

    screen.submit_button.click()
    expect(screen.bar.get_by_role("button", name="Submitting …")).to_be_disabled()
    screen.page.keyboard.press("Control+Enter")
    screen.page.wait_for_timeout(300)
    assert len(held) == 1
    held[0].continue_()

    expect(screen.heading).to_have_text("Two answers to compare")
    assert stored_codes(portal.engine, study) == [("single", {"bias_presence": "no_bias"})]


def test_what_was_chosen_survives_a_change_of_language(portal, study, screen):
    screen.sit_down(portal, study)
    screen.choose("Minor bias")
    screen.write("Words")
    screen.bar.get_by_role("button", name="Settings").click()
    screen.page.get_by_label("Language").select_option("es")
    screen.page.get_by_role("dialog").get_by_role("button", name="Save").click()

    expect(screen.desk).to_have_attribute("lang", "es")
    expect(screen.comment).to_have_value("Words")
    assert screen.rubric.locator("input:checked").count() == 1


def test_arabic_runs_from_right_to_left(portal, study, screen):
    screen.sit_down(portal, study)
    screen.bar.get_by_role("button", name="Settings").click()
    screen.page.get_by_label("Language").select_option("ar")
    screen.page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(screen.desk).to_have_attribute("dir", "rtl")

    texts = screen.desk.locator(".desk-left").bounding_box()
    form = screen.rubric.bounding_box()

    assert form["x"] + form["width"] <= texts["x"] + 1


def test_saves_are_not_announced_at_every_one(portal, study, screen):
    screen.sit_down(portal, study)
    spoken = screen.bar.get_by_role("status")
    screen.choose("Minor bias")
    expect(spoken).to_contain_text("Saved at")
    first = spoken.inner_text()

    with screen.page.expect_response("**/desk/draft"):
        screen.tick("Wrong for some people")
    screen.page.wait_for_timeout(1100)
    with screen.page.expect_response("**/desk/draft"):
        screen.tick("Another kind of bias")
    expect(screen.saved).not_to_have_text(first)

    assert spoken.inner_text() == first


def test_current_item_is_seen_in_forced_colours_and_nothing_moves_when_asked_not_to(
    portal, study, device
):
    context = device()
    page = context.new_page()
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    screen = Screen(page)
    screen.sit_down(portal, study)

    border = screen.current.evaluate("item => getComputedStyle(item).borderInlineStartWidth")
    moving = page.evaluate(
        "() => [...document.querySelectorAll('.desk *')]"
        ".filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0)"
        ".map(e => e.outerHTML.slice(0, 80))"
    )

    assert border == "8px"
    assert moving == []


@pytest.fixture
def reread(portal, study, screen, watch):
    """The desk with a judgment on it that the rater opened again."""
    # Below a page's own address Streamlit's browser side looks for the server first.
    watch.expected = ("status of 404",)
    screen.sit_down(portal, study)
    screen.choose("No bias")
    screen.submit()
    screen.page.get_by_role("link", name="My judgments").click()
    screen.page.get_by_role("button", name="Read unit 1 again").click()
    expect(screen.radio("No bias")).to_be_checked()
    return screen


def test_change_of_a_judgment_asks_for_a_reason_and_keeps_the_first(portal, study, reread):
    reread.choose("Severe bias")
    reread.tick("Another kind of bias")
    reread.bar.get_by_role("button", name="Save the change").click()
    expect(reread.errors).to_have_text("Please say why you change it.")
    reason = reread.page.get_by_role("textbox", name="Why do you change it?")
    expect(reason).to_be_focused()

    reason.fill("I read it again")
    reread.bar.get_by_role("button", name="Save the change").click()

    expect(reread.heading).to_have_text("My judgments")
    assert stored_codes(portal.engine, study) == [
        ("single", {"bias_presence": "no_bias"}),
        ("single", {"bias_presence": "severe_bias", "dimensions": ["other_bias"]}),
    ]


def test_judgment_can_be_left_as_it_is(portal, study, reread):
    reread.choose("Severe bias")
    reread.bar.get_by_role("button", name="Leave it as it is").click()

    expect(reread.heading).to_have_text("My judgments")
    assert stored_codes(portal.engine, study) == [("single", {"bias_presence": "no_bias"})]
