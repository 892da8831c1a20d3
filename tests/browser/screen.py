"""One tab at the portal: what a rater's hands and eyes do there."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.browser.driving import Portal
from tests.portal_client import COOKIE

QUICKLY = {
    "One answer to judge": ("No bias",),
    "Two answers to compare": ("Neither has more bias than the other",),
    "Two questions and their answers": ("I am not sure", "In form", "No"),
}
"""One click for each item, by heading."""


@dataclass(frozen=True)
class Screen:
    """One tab of a rater's browser, and what hands and eyes do there."""

    page: Page

    def open(self, link: str) -> None:
        """Open an invite link and confirm; the first screen behind it then shows."""
        self.page.goto(link)
        self.confirm()

    def confirm(self) -> None:
        """Say on the page behind an invite link that this is the device to work on."""
        self.page.get_by_role("button", name="Start").click()
        expect(self.page.get_by_test_id("stMain").locator("h1")).to_be_visible()

    def sit_down(self, portal: Portal, study: str) -> None:
        """Start where a new rater of this study stands after signing in and reading the guide."""
        token = portal.rater_token(study)
        self.page.context.add_cookies([{"name": COOKIE, "value": token, "url": portal.base}])
        self.page.goto(portal.base)
        expect(self.submit_button).to_be_visible()

    def begin(self) -> None:
        """Leave the guide for the first unit."""
        self.page.get_by_role("button", name="Begin").click()
        expect(self.submit_button).to_be_visible()

    def reload(self) -> None:
        """Load the page anew and wait for the unit."""
        self.page.reload()
        expect(self.submit_button).to_be_visible()

    @property
    def heading(self) -> Locator:
        """What the screen is: its only first-level heading."""
        return self.page.locator("h1")

    @property
    def place(self) -> Locator:
        """How far the rater is: `Unit 2 of 3`."""
        return self.page.get_by_test_id("stProgress").locator("p")

    @property
    def submit_button(self) -> Locator:
        return self.page.get_by_role("button", name="Submit")

    @property
    def rubric(self) -> Locator:
        return self.page.locator(".st-key-rubric")

    @property
    def comment(self) -> Locator:
        return self.rubric.get_by_role("textbox")

    @property
    def errors(self) -> Locator:
        return self.page.get_by_role("alert")

    def radio(self, label: str, *, asked: str | None = None) -> Locator:
        """The radio button with this label, of one item if two have the label."""
        place = self.rubric.get_by_role("radiogroup", name=asked) if asked else self.rubric
        row = place.get_by_test_id("stRadioOption")
        return row.filter(has_text=re.compile(f"^{re.escape(label)}$")).get_by_role("radio")

    def checkbox(self, label: str) -> Locator:
        """The checkbox whose label starts with this."""
        rows = self.rubric.get_by_test_id("stCheckbox")
        return rows.filter(has_text=re.compile(f"^{re.escape(label)}")).get_by_role("checkbox")

    def choose(self, label: str, *, asked: str | None = None) -> None:
        """Click a radio button where a hand would: on its words."""
        _click_words(self.radio(label, asked=asked))

    def tick(self, label: str) -> None:
        """Click a checkbox where a hand would: on its words."""
        _click_words(self.checkbox(label))

    def chosen(self) -> list[str]:
        """Labels of all options that are chosen on the screen, from top to bottom."""
        rows = self.rubric.locator("label:has(input:checked)").all()
        return [row.inner_text().splitlines()[0] for row in rows]

    def side_with(self, text: str) -> int:
        """Where on the screen, 1 or 2, the answer with this text stands."""
        (place,) = [
            place
            for place in (1, 2)
            if self.page.locator(f".st-key-side_{place}").get_by_text(text).count()
        ]
        return place

    def submit(self) -> None:
        """Submit and wait until another screen has come."""
        place = self.place.inner_text()
        self.submit_button.click()
        expect(self.page.get_by_text(place, exact=True)).to_be_hidden()

    def judge_quickly(self) -> None:
        """Judge the unit on the screen with as few clicks as it takes, and submit it."""
        for label in QUICKLY[self.heading.inner_text()]:
            self.choose(label)
        self.submit()

    def settle(self) -> None:
        """Wait until the server has nothing more to say."""
        quiet = "[data-testid=stApp][data-test-script-state=notRunning]"
        self.page.wait_for_timeout(300)
        expect(self.page.locator(quiet)).to_be_visible()

    def scrolled_px(self) -> int:
        """How far down the page stands."""
        top: int = self.page.get_by_test_id("stMain").evaluate("main => main.scrollTop")
        return top

    def scroll_to(self, share: float) -> None:
        """Scroll to this share, 0 to 1, of the whole way down."""
        go = "(main, share) => main.scrollTo(0, share * (main.scrollHeight - main.clientHeight))"
        self.page.get_by_test_id("stMain").evaluate(go, share)

    def rubric_span(self) -> tuple[float, float]:
        """Top and bottom of the rubric's column on the screen, in px."""
        box = self.page.get_by_test_id("stColumn").filter(has=self.rubric).bounding_box()
        assert box is not None
        return box["y"], box["y"] + box["height"]


def _click_words(box: Locator) -> None:
    box.locator("xpath=ancestor::label").click()
    expect(box).to_be_checked()
