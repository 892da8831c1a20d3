"""A rater's own judgments on the screen: read again, left as they are, or changed with a reason."""

import pytest
from playwright.sync_api import Locator, expect
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Judgment, Study
from rater_portal.services.states import close_study
from tests.browser.driving import Portal
from tests.browser.screen import Screen

pytestmark = pytest.mark.browser

HEADINGS = ("One answer to judge", "Two answers to compare")


@pytest.fixture
def reviewing(portal: Portal, study: str, screen: Screen) -> Screen:
    """A rater who has judged two units and looks at the list of them."""
    screen.sit_down(portal, study)
    screen.judge_quickly()
    screen.judge_quickly()
    screen.page.get_by_role("link", name="My judgments").click()
    expect(screen.page.get_by_role("heading", name="My judgments")).to_be_visible()
    return screen


def judgments(portal: Portal, study: str) -> list[Judgment]:
    with Session(portal.engine) as session:
        return list(
            session.exec(
                select(Judgment)
                .join(Assignment, col(Assignment.id) == Judgment.assignment_id)
                .join(Study, col(Study.id) == Assignment.study_id)
                .where(Study.name == study)
                .order_by(col(Judgment.id))
            )
        )


def read_again(screen: Screen, number: int) -> Locator:
    screen.page.get_by_role("button", name=f"Read unit {number} again").click()
    save = screen.bar.get_by_role("button", name="Save the change")
    expect(save).to_be_visible()
    return save


def test_own_judgments_are_listed_newest_first(reviewing: Screen) -> None:
    listed = reviewing.page.locator("h2").all_text_contents()

    assert listed == [f"2. {HEADINGS[1]}", f"1. {HEADINGS[0]}"]


def test_changed_judgment_is_stored_behind_the_first_with_its_reason(
    portal: Portal, study: str, reviewing: Screen
) -> None:
    save = read_again(reviewing, 1)
    assert reviewing.chosen() == ["No bias"]
    reviewing.choose("Minor bias")
    reviewing.tick("Stereotypes")
    reviewing.page.get_by_label("Why do you change it?").fill("I read it again.")

    save.click()

    expect(reviewing.page.get_by_text("Your change is stored.")).to_be_visible()
    expect(reviewing.page.get_by_text("Changed on")).to_be_visible()
    first, _, changed = judgments(portal, study)
    assert (changed.assignment_id, changed.revision) == (first.assignment_id, 2)
    assert (first.codes["bias_presence"], changed.codes["bias_presence"]) == (
        "no_bias",
        "minor_bias",
    )
    assert changed.reason == "I read it again."


def test_change_without_a_reason_is_not_sent(portal: Portal, study: str, reviewing: Screen) -> None:
    save = read_again(reviewing, 1)
    reviewing.choose("Minor bias")
    reviewing.tick("Stereotypes")

    save.click()

    expect(reviewing.desk.get_by_text("Please say why you change it.")).to_be_visible()
    assert len(judgments(portal, study)) == 2


def test_judgment_that_is_left_as_it_is_leads_back_to_the_list(
    portal: Portal, study: str, reviewing: Screen
) -> None:
    read_again(reviewing, 2)

    reviewing.bar.get_by_role("button", name="Leave it as it is").click()

    expect(reviewing.page.get_by_role("heading", name="My judgments")).to_be_visible()
    assert len(judgments(portal, study)) == 2


def test_closed_study_shows_the_list_and_says_why_nothing_can_be_changed(
    portal: Portal, study: str, reviewing: Screen
) -> None:
    with Session(portal.engine) as session:
        close_study(session, study=study)

    reviewing.page.get_by_role("button", name="Read unit 1 again").click()

    expect(reviewing.page.get_by_text("This study is closed.")).to_be_visible()
    expect(reviewing.page.get_by_role("heading", name="My judgments")).to_be_visible()


def test_there_is_one_way_out_beside_the_list_and_beside_a_judgment(reviewing: Screen) -> None:
    out = reviewing.page.get_by_role("link", name="Sign out")
    expect(out).to_have_count(1)

    read_again(reviewing, 1)

    expect(out).to_have_count(1)
