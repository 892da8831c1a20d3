"""A whole first study, from invite link to thank-you: by keys alone, and on a small phone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Consent, Judgment, Profile, Rater, Study
from tests.browser.driving import Portal
from tests.browser.screen import QUICKLY, Screen
from tests.browser.small_studies import add_whole_study

pytestmark = pytest.mark.browser

HAS_FOCUS = "element => element.contains(document.activeElement)"
MOST_TABS = 40
SETTLED_MS = 150
QUIET = "[data-testid=stApp][data-test-script-state=notRunning]"
UNITS = 4
CHOICES = {"single": "2 1 7", "pair": "1 3", "counterfactual": "2 4 1 5 6"}
"""Keys that answer a unit of each kind up to its comment."""

BEYOND = """() => {
    const edge = document.documentElement.clientWidth;
    const main = document.querySelector("[data-testid=stMain]") ?? document.body;
    const roots = [document.documentElement, main].filter(e => e.scrollWidth > e.clientWidth);
    const all = [...main.querySelectorAll("*:not(.unseen, .to-form)")];
    const beyond = all.filter(e => e.getBoundingClientRect().right > edge + 0.5);
    return [...roots, ...beyond].map(e => e.outerHTML.slice(0, 150));
}"""
"""Whatever reaches beyond the right edge of the screen, or can be scrolled there."""


@pytest.fixture
def whole_study(portal: Portal, tmp_path) -> str:
    """A study with consent, profile, training, a content note and four units."""
    return add_whole_study(portal.engine, tmp_path)


@dataclass(frozen=True)
class Left:
    """What the study's one rater has left behind."""

    consent: Sequence[str]
    profile: Mapping[str, Any]
    skipped: Sequence[str | None]
    judged: Sequence[Judgment]


def left_in(portal: Portal, study: str) -> Left:
    with Session(portal.engine, expire_on_commit=False) as session:
        rater = session.exec(select(Rater).join(Study).where(Study.name == study)).one()
        own = select(Assignment).where(Assignment.rater_id == rater.id)
        held = session.exec(own.where(Assignment.purpose == "study")).all()
        judged = select(Judgment).where(col(Judgment.assignment_id).in_([one.id for one in held]))
        return Left(
            consent=session.exec(
                select(Consent.decision).where(Consent.rater_id == rater.id)
            ).all(),
            profile=session.get_one(Profile, rater.id).answers,
            skipped=[one.skip_reason for one in held if one.skipped_at],
            judged=session.exec(judged.order_by(col(Judgment.id))).all(),
        )


class Keyboard:
    """Hands that never leave the keys: what they reach, they reach by Tab."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.page: Page = screen.page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, wanted: Locator, *, back: bool = False) -> None:
        """Press Tab until the focus is there."""
        expect(wanted).to_be_visible()
        for _ in range(MOST_TABS):
            if wanted.evaluate(HAS_FOCUS):
                return
            self.press("Shift+Tab" if back else "Tab")
        pytest.fail(f"{wanted} does not get the focus in {MOST_TABS} presses of Tab")

    def push(self, name: str, *, role: Any = "button", back: bool = False) -> None:
        """Reach a button or a link, and press it."""
        wanted = self.page.get_by_role(role, name=name, exact=True)
        self.tab_to(wanted, back=back)
        # A page that has just been drawn can still take the focus to its heading.
        if self.page.get_by_test_id("stApp").count():
            expect(self.page.locator(QUIET)).to_be_visible()
            self.page.wait_for_timeout(SETTLED_MS)
            self.tab_to(wanted)
        self.press("Enter")

    def see(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text([heading])

    def decline_to_say(self) -> None:
        """Answer by arrow keys, and by Space where several can be chosen."""
        first = self.page.get_by_role("radiogroup").first
        self.tab_to(first)
        self.press("ArrowUp")
        expect(first.get_by_role("radio", name="I prefer not to say")).to_be_checked()
        several = self.page.get_by_role("toolbar")
        self.tab_to(several)
        # It is one stop; the last of its three options is meant.
        self.press("ArrowRight", "ArrowRight", "Space")
        unsaid = several.get_by_role("button", name="I prefer not to say")
        expect(unsaid).to_be_focused()

    def reveal(self) -> str:
        """Read past the note, where there is one; tells the kind of the unit."""
        expect(self.screen.submit_button).to_be_visible()
        if self.page.get_by_role("heading", name="Before you read").count():
            self.push("Show the texts", back=True)
            expect(self.page.locator(".question").first).to_be_visible()
            self.tab_to(self.screen.current)
        return str(self.screen.desk.get_attribute("data-kind"))

    def skip(self) -> None:
        """Leave the unit out, with the second reason."""
        unit = self.page.locator("body").get_attribute("data-place")
        self.push("Skip")
        dialog = self.page.get_by_role("dialog")
        self.tab_to(dialog.get_by_role("radio").first)
        self.press("ArrowDown")
        expect(dialog.get_by_role("radio").nth(1)).to_be_checked()
        self.push("Skip this unit")
        expect(self.page.locator("body")).not_to_have_attribute("data-place", str(unit))

    def mark(self) -> None:
        """Mark the first sentence, by its number."""
        self.push("Mark a passage", back=True)
        self.tab_to(self.page.get_by_label("To sentence"))
        self.push("Mark")
        expect(self.page.locator(".marks-list li")).to_have_count(1)
        self.tab_to(self.screen.current)

    def judge(self, kind: str) -> None:
        """Answer the items by digits, write a word, and submit."""
        place = self.screen.place.inner_text()
        self.press(*CHOICES[kind].split(), "j", "Enter")
        self.page.keyboard.type("Words")
        expect(self.screen.comment).to_have_value("Words")
        self.press("Control+Enter")
        expect(self.page.get_by_text(place, exact=True)).to_be_hidden()

    def change_last(self) -> None:
        """Read the last unit again and change its first code, with a reason."""
        self.push("My judgments", role="link", back=True)
        self.see("My judgments")
        self.tab_to(self.page.get_by_role("button", name=re.compile("^Read unit")).first)
        self.press("Enter")
        reason = self.page.get_by_role("textbox", name="Why do you change it?")
        self.tab_to(self.screen.current)
        self.press("Escape", *"kkkkk", "3")
        self.tab_to(reason)
        self.page.keyboard.type("I read it again")
        self.press("Control+Enter")
        self.see("My judgments")
        self.push("Judge answers", role="link", back=True)


def test_first_study_is_done_by_keys_alone(portal, whole_study, screen):
    hands = Keyboard(screen)
    screen.page.goto(portal.rater_link(whole_study))
    hands.push("Start")
    hands.see("Would you like to take part?")
    hands.push("I agree and take part")
    hands.see("About you")
    hands.decline_to_say()
    hands.push("Save and go on")
    hands.push("Begin")
    for lead_on in ("Next training unit", "Begin the study"):
        expect(screen.submit_button).to_be_visible()
        hands.press("1", "Control+Enter")
        hands.see("Training: what we looked for")
        hands.push(lead_on)
    done = []
    for _ in range(UNITS):
        kind = hands.reveal()
        if kind == "single" and "skipped" not in done:
            hands.skip()
            done.append("skipped")
            continue
        if kind == "pair":
            hands.mark()
        hands.judge(kind)
        done.append(kind)
    hands.see("Thank you")
    hands.change_last()
    hands.see("Thank you")

    left = left_in(portal, whole_study)
    assert left.consent == ["given"]
    assert [said["codes"] for said in left.profile.values()] == [["prefer_not_to_say"]] * 2
    assert len(left.skipped) == 1
    assert sorted(done) == ["counterfactual", "pair", "single", "skipped"]
    assert [len(one.marks) for one in left.judged[:-1]].count(1) == 1
    assert (left.judged[-1].revision, left.judged[-1].reason) == (2, "I read it again")


class Fingers:
    """A thumb on a small phone, and eyes that note whatever sticks out sideways."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.page: Page = screen.page
        self.wide: dict[str, list[str]] = {}
        self.seen = 0

    def tap(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).tap()

    def look(self) -> str:
        """Wait until a page is there and note what is too wide; tells its heading."""
        heading = self.page.get_by_role("heading", level=1)
        # For a moment the page before is still there as well.
        expect(heading).to_have_count(1)
        if self.page.get_by_test_id("stMain").count():
            self.screen.settle()
        self.seen += 1
        if beyond := self.page.evaluate(BEYOND):
            self.wide[f"{self.seen} {heading.inner_text()}"] = beyond
        return heading.inner_text()

    def see(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text([heading])
        self.look()

    def judge(self) -> None:
        """Answer the items of the unit on the screen by taps, and submit it."""
        place = self.screen.place.inner_text()
        for label in QUICKLY[self.screen.heading.inner_text()]:
            self.screen.radio(label).locator("xpath=following-sibling::label").tap()
        self.look()
        self.tap("Submit")
        expect(self.page.get_by_text(place, exact=True)).to_be_hidden()


def test_first_study_on_a_small_phone_needs_no_sideways_scrolling(portal, whole_study, device):
    thumb = Fingers(Screen(device(width=320, height=640).new_page()))
    thumb.page.goto(portal.rater_link(whole_study))
    thumb.look()
    thumb.tap("Start")
    thumb.see("Would you like to take part?")
    thumb.tap("I agree and take part")
    thumb.see("About you")
    thumb.page.get_by_role("radiogroup").first.get_by_text("I prefer not to say").tap()
    thumb.tap("Save and go on")
    expect(thumb.page.get_by_role("button", name="Begin")).to_be_visible()
    thumb.look()
    thumb.tap("Begin")
    for lead_on in ("Next training unit", "Begin the study"):
        thumb.see("One answer to judge")
        thumb.judge()
        thumb.see("Training: what we looked for")
        thumb.tap(lead_on)
    for _ in range(UNITS):
        expect(thumb.screen.submit_button).to_be_visible()
        thumb.look()
        if thumb.page.get_by_role("button", name="Show the texts").count():
            thumb.tap("Show the texts")
            thumb.look()
        thumb.judge()
    thumb.see("Thank you")

    assert thumb.wide == {}
    assert len(left_in(portal, whole_study).judged) == UNITS
