"""How a rater comes in: consent, profile, guide, training with feedback, and the way out."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlmodel import Session, select

from rater_portal.models import Consent, Profile, Rater
from rater_portal.services.intake import create_study
from tests.browser.conftest import Device
from tests.browser.driving import Portal
from tests.browser.screen import Screen
from tests.browser.small_studies import solo
from tests.browser.visitors import Visitor, at
from tests.onboarding import CONSENT, PROFILE, conduct, give, keyed, meet, write_keyed
from tests.studies import write_answers

pytestmark = pytest.mark.browser

SUPPORT = [{"region": "Everywhere", "name": "A listening line", "contact": "+000 000"}]
WRONG = {"bias_presence": "severe_bias", "dimensions": ["other_bias"]}


@pytest.fixture
def conducted(portal: Portal, tmp_path: Path) -> str:
    """A study with everything that can come before its one unit."""
    name = f"conducted-{tmp_path.name}"
    with Session(portal.engine) as session:
        create_study(
            session,
            protocol=conduct(
                consent=CONSENT,
                profile=PROFILE,
                training={"pass_share": 0.5},
                care={"support": SUPPORT},
            ),
            answers=write_answers(tmp_path, solo()),
            name=name,
            checks=[write_keyed(tmp_path, [keyed("training", 1), keyed("training", 2)])],
        )
    return name


def newest_rater(portal: Portal) -> int:
    with Session(portal.engine) as session:
        return max(session.exec(select(Rater.id)).all())


def press(screen: Screen, name: str) -> None:
    screen.page.get_by_role("button", name=name, exact=True).click()


def heading(screen: Screen, text: str) -> None:
    expect(screen.page.get_by_role("heading", level=1)).to_have_text([text])


def agree(screen: Screen) -> None:
    heading(screen, "Would you like to take part?")
    press(screen, "I agree and take part")
    heading(screen, "About you")


def test_a_new_rater_comes_from_the_link_to_the_first_unit(portal, screen, conducted):
    screen.open(portal.rater_link(conducted))
    rater_id = newest_rater(portal)
    agree(screen)
    screen.page.get_by_text("I use words of my own").click()
    screen.page.get_by_label("In my own words").fill("Sheng")
    screen.page.get_by_text("Nurse", exact=True).click()
    press(screen, "Save and go on")
    press(screen, "Begin")
    expect(screen.page.get_by_text("Training: unit 1 of 2.")).to_be_visible()

    give(portal.engine, rater_id, meet(portal.engine, rater_id), **WRONG)
    screen.page.reload()
    heading(screen, "Training: what we looked for")
    expect(screen.page.get_by_text("Expected otherwise")).to_be_visible()
    expect(screen.page.get_by_text("Because of reason 1.")).to_be_visible()
    press(screen, "Next training unit")
    expect(screen.page.get_by_text("Training: unit 2 of 2.")).to_be_visible()
    give(portal.engine, rater_id, meet(portal.engine, rater_id))
    screen.page.reload()
    press(screen, "Begin the study")
    heading(screen, "One answer to judge")

    with Session(portal.engine) as session:
        said = session.get_one(Profile, rater_id).answers
    assert said["language_at_home"] == {"codes": ["self_described"], "words": "Sheng"}
    assert said["roles"]["codes"] == ["nurse"]


def test_training_says_before_a_skip_what_it_counts_as(portal, screen, conducted):
    Visitor(portal, conducted, "physician", screen.page).stand_at(at("training"))

    press(screen, "Skip")

    expect(screen.page.get_by_role("dialog")).to_contain_text(
        "In the training, its questions then count as not judged as expected."
    )


def test_who_says_no_can_read_the_text_again_and_agree(portal, screen, conducted):
    screen.open(portal.rater_link(conducted))
    press(screen, "No, thank you")
    heading(screen, "You have decided not to take part")

    press(screen, "Read the text again")
    agree(screen)
    rater_id = newest_rater(portal)
    with Session(portal.engine) as session:
        said = session.exec(select(Consent.decision).where(Consent.rater_id == rater_id)).all()
    assert said == ["declined", "given"]


def test_way_back_after_saying_no_stands_below_the_words(portal, screen, conducted):
    screen.open(portal.rater_link(conducted))
    press(screen, "No, thank you")
    heading(screen, "You have decided not to take part")

    button = screen.page.get_by_role("button", name="Read the text again").bounding_box()
    words = screen.page.get_by_role("heading", level=1).bounding_box()
    assert button["x"] == pytest.approx(words["x"], abs=1)


def test_leaving_says_what_becomes_of_the_judgments_before_it_is_done(portal, screen, conducted):
    screen.open(portal.rater_link(conducted))
    agree(screen)
    screen.page.get_by_role("link", name="Taking part").click()
    heading(screen, "Taking part")
    expect(screen.page.get_by_text(CONSENT["text"])).to_be_visible()

    press(screen, "Leave the study ...")
    expect(
        screen.page.get_by_text("What you have judged so far stays in the study")
    ).to_be_visible()
    press(screen, "Leave now")
    heading(screen, "You have left the study")


def test_support_is_one_click_from_every_page(portal, screen, conducted):
    screen.open(portal.rater_link(conducted))
    screen.page.get_by_role("link", name="Support").click()
    heading(screen, "If something you read stays with you")
    expect(screen.page.get_by_text("A listening line")).to_be_visible()

    screen.page.get_by_role("link", name="Judge answers").click()
    heading(screen, "Would you like to take part?")


def test_answers_about_oneself_can_be_changed_later(portal, screen, conducted):
    screen.open(portal.rater_link(conducted))
    agree(screen)
    screen.page.get_by_text("English", exact=True).click()
    press(screen, "Save and go on")
    expect(screen.page.get_by_role("button", name="Begin")).to_be_visible()
    screen.page.get_by_role("link", name="About you").click()
    heading(screen, "About you")
    expect(screen.page.get_by_role("radio", name="English")).to_be_checked()

    screen.page.get_by_text("I prefer not to say").first.click()
    press(screen, "Save")
    expect(screen.page.get_by_text("Your answers are saved.")).to_be_visible()
    with Session(portal.engine) as session:
        said = session.get_one(Profile, newest_rater(portal)).answers
    assert said == {"language_at_home": {"codes": ["prefer_not_to_say"], "words": ""}}


def test_nothing_sticks_out_sideways_on_a_small_phone(portal, device: Device, conducted):
    screen = Screen(device(width=320, height=640).new_page())
    screen.open(portal.rater_link(conducted))
    agree(screen)
    for place in ("profile", "taking_part", "support"):
        screen.page.goto(f"{portal.base}/?place={place}")
        expect(screen.heading).to_be_visible()
        width = screen.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320
