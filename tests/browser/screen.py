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
        expect(self.page.get_by_test_id("stMain").locator("h1")).to_have_count(1)

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
    def desk(self) -> Locator:
        return self.page.locator(".desk")

    @property
    def place(self) -> Locator:
        """How far the rater is: `Unit 2 of 3`."""
        return self.desk.locator(".bar-place")

    @property
    def bar(self) -> Locator:
        """The action bar."""
        return self.desk.locator(".bar")

    @property
    def saved(self) -> Locator:
        """What the bar says of the last save, or of the trouble with it."""
        return self.bar.locator(".bar-saved")

    @property
    def submit_button(self) -> Locator:
        return self.bar.get_by_role("button", name="Submit")

    @property
    def rubric(self) -> Locator:
        """The form, which scrolls by itself where it is taller than the window."""
        return self.desk.locator(".desk-form")

    @property
    def comment(self) -> Locator:
        return self.rubric.get_by_role("textbox")

    @property
    def errors(self) -> Locator:
        return self.desk.get_by_role("alert")

    @property
    def current(self) -> Locator:
        """The item that is open, and that keys act on."""
        return self.rubric.locator("[data-state=current]")

    def item(self, text: str) -> Locator:
        """The item that asks this."""
        return self.rubric.locator("fieldset").filter(has_text=text)

    def radio(self, label: str, *, asked: str | None = None) -> Locator:
        """The radio button with this label, of one item if two have the label."""
        place = self.rubric.get_by_role("radiogroup", name=asked) if asked else self.rubric
        return place.get_by_role("radio", name=label, exact=True)

    def checkbox(self, label: str) -> Locator:
        """The checkbox whose label starts with this."""
        return self.rubric.get_by_role("checkbox", name=re.compile(f"^{re.escape(label)}"))

    def choose(self, label: str, *, asked: str | None = None) -> None:
        """Click a radio button where a hand would: on its words."""
        self._click_words(self.radio(label, asked=asked))

    def tick(self, label: str) -> None:
        """Click a checkbox where a hand would: on its words."""
        self._click_words(self.checkbox(label))

    def write(self, words: str) -> None:
        """Put words in the comment's place, opened first if it is a line by now."""
        self._open(self.comment)
        self.comment.fill(words)

    def chosen(self) -> list[str]:
        """Labels of all options that are chosen on the screen, from top to bottom."""
        rows = self.rubric.locator("fieldset:not([hidden]) .option:has(input:checked)")
        return rows.locator(".option-label").all_text_contents()

    def side_with(self, text: str) -> int:
        """Where on the screen, 1 or 2, the answer with this text stands."""
        (place,) = [
            place
            for place in (1, 2)
            if self.desk.get_by_role("article", name=f"Answer {place}").get_by_text(text).count()
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
        """Wait until the server has nothing more to say and all that was chosen is saved."""
        quiet = "[data-testid=stApp][data-test-script-state=notRunning]"
        self.page.wait_for_timeout(300)
        expect(self.page.locator(quiet)).to_be_visible()
        if self.bar.count():
            expect(self.desk.locator(".bar[data-state=saved]")).to_be_visible()

    def scrolled_px(self) -> int:
        """How far down the page stands."""
        top: int = self.page.get_by_test_id("stMain").evaluate("main => main.scrollTop")
        return top

    def scroll_to(self, share: float) -> None:
        """Scroll to this share, 0 to 1, of the whole way down."""
        go = "(main, share) => main.scrollTo(0, share * (main.scrollHeight - main.clientHeight))"
        self.page.get_by_test_id("stMain").evaluate(go, share)

    def rubric_span(self) -> tuple[float, float]:
        """Top and bottom of the form on the screen, in px."""
        box = self.rubric.bounding_box()
        assert box is not None
        return box["y"], box["y"] + box["height"]

    def _click_words(self, box: Locator) -> None:
        self._open(box)
        box.locator("xpath=following-sibling::label").click()
        expect(box).to_be_checked()

    def _open(self, control: Locator) -> None:
        """Open the item of this control where it has shrunk to a line."""
        line = control.locator("xpath=ancestor::fieldset[@data-state='answered']")
        if line.count():
            line.click()
