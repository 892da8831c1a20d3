"""Two hundred texts that try to run a script, in every field, on every page that shows it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from rater_portal.database import session_on
from rater_portal.reading import answer_html, prose_html, question_html
from rater_portal.services.accounts import invite_rater
from tests.browser.driving import PATIENCE_MS, Portal
from tests.browser.hostile_studies import (
    Hostile,
    agree,
    chunks,
    describe,
    hostile_study,
    judge,
    leave_a_draft,
    pause,
    read_guide,
)
from tests.portal_client import COOKIE
from tests.xss_payloads import payloads

pytestmark = pytest.mark.browser

AT_ONCE = 50
"""Payloads in a field at a time; each is the first of its field in another test below."""

AWAKE = ["mouseover", "mouseenter", "pointerover", "focus", "focusin", "toggle", "animationstart"]
PROVOKE = """events => {
  for (const element of document.querySelectorAll('*'))
    for (const kind of events) element.dispatchEvent(new Event(kind, { bubbles: false }));
}"""
SET = "html => { document.querySelector('main').innerHTML = html; }"
LIVE = """() => [...document.querySelectorAll('*')].flatMap(element =>
  [...element.attributes]
    .filter(({ name, value }) => /^on/i.test(name)
      || /^(href|src|action|formaction|data|xlink:href)$/i.test(name)
         && /^[\\s\\u0000-\\u001f]*(javascript|vbscript|data:text)/i.test(value)
      || name === 'srcdoc')
    .map(({ name, value }) => `${element.tagName} ${name}=${value}`))"""
"""Attributes that could run something, were it not for the content policy."""


@dataclass(frozen=True)
class Shown:
    """One page: what must have happened before, where it is, and which fields it shows."""

    name: str
    fields: tuple[str, ...]
    path: str = "/"
    before: Callable[[Hostile], None] | None = None
    open: Callable[[Page], None] | None = None
    who: str = "rater"


def show_texts(page: Page) -> None:
    page.get_by_role("button", name="Show the texts").click()
    expect(page.locator(".bar")).to_be_visible()


def open_first_judgment(page: Page) -> None:
    page.get_by_role("button", name="again").first.click()
    show_texts(page)


def open_tables(page: Page) -> None:
    for line in page.get_by_test_id("stExpander").locator("summary").all():
        line.click()


DESK = ("question", "answer", "rubric-text", "rubric-label", "comment")
PAGES = (
    Shown("consent", ("title", "consent")),
    Shown("profile", ("profile-text", "profile-label", "profile-help"), before=agree),
    Shown("guide", ("title", "rubric-title", "rubric-introduction"), before=describe),
    Shown("note", ("note", "name", "contact"), before=read_guide),
    Shown("desk", (*DESK, "quote"), before=leave_a_draft, open=show_texts),
    Shown("own profile", ("profile-text", "profile-words"), path="/?place=profile"),
    Shown("taking part", ("consent",), path="/?place=taking_part"),
    Shown("support", ("name", "contact", "region"), path="/?place=support"),
    Shown("judgments", ("question",), path="/?place=judgments", before=judge),
    Shown(
        "judgment again",
        ("question", "answer", "changed-comment"),
        path="/?place=judgments",
        open=open_first_judgment,
    ),
    Shown("coordinator", ("title",), who="coordinator", open=open_tables),
    Shown("studies", ("title",), path="/studies", who="account"),
    Shown("paused", ("message",), before=pause),
)


class Alarm:
    """Notes whether anything ran that came with a text."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.dialogs: list[str] = []
        page.on("dialog", self._answer)

    def _answer(self, dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def check(self, where: str) -> None:
        """Assert that nothing ran, and that nothing is there that could."""
        for frame in self._page.frames:
            frame.evaluate(PROVOKE, AWAKE)
        for frame in self._page.frames:
            assert frame.evaluate("window.__xss === undefined"), where
            assert frame.evaluate(LIVE) == [], where
        assert self.dialogs == [], where


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    # Not among the watched ones: what a policy blocks, it also reports.
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def text_of(page: Page) -> str:
    """What is on the page, in places to write in too."""
    typed = "[...document.querySelectorAll('input, textarea')].map(one => one.value).join(' ')"
    return page.inner_text("body") + str(page.evaluate(typed))


def wait_for(page: Page, shown: Shown) -> None:
    """Until the page shows what it is there to show: it is the one that was meant."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while missing := [one for one in shown.fields if f"field-{one}" not in text_of(page)]:
        assert time.monotonic() < deadline, (shown.name, missing)
        page.wait_for_timeout(100)


def go(page: Page, portal: Portal, token: str, path: str) -> None:
    cookie = {"name": COOKIE, "value": token, "url": portal.base}
    page.context.add_cookies([cookie])
    page.goto(portal.base + path)
    if path != "/studies":
        quiet = "[data-testid=stApp][data-test-script-state=notRunning]"
        expect(page.locator(quiet)).to_be_visible()
    expect(page.locator("h1").first).to_be_visible()


@pytest.mark.parametrize("number", range(-(-len(payloads()) // AT_ONCE)))
def test_nothing_runs_on_any_page(portal: Portal, tmp_path: Path, page: Page, number: int):
    chunk = list(chunks(payloads(), AT_ONCE))[number]
    study = hostile_study(portal.engine, tmp_path, portal.base, chunk)
    alarm = Alarm(page)

    for shown in PAGES:
        if shown.before:
            shown.before(study)
        go(page, portal, getattr(study, shown.who), shown.path)
        if shown.open:
            shown.open(page)
        wait_for(page, shown)
        alarm.check(shown.name)


def test_nothing_runs_before_signing_in(portal: Portal, tmp_path: Path, page: Page):
    study = hostile_study(portal.engine, tmp_path, portal.base, payloads())
    with session_on(portal.engine) as session:
        (link,) = invite_rater(session, study=study.name, group="physician", base_url=portal.base)
    alarm = Alarm(page)

    page.goto(link.url)

    alarm.check("invite")
    assert "field-title" in text_of(page)
    assert "field-group-label" in text_of(page)


@pytest.mark.parametrize("render", [question_html, answer_html, prose_html])
def test_no_payload_alone_becomes_more_than_words(portal: Portal, page: Page, render):
    page.goto(f"{portal.base}/signed-out")
    alarm = Alarm(page)

    for payload in payloads():
        page.evaluate(
            "html => { document.querySelector('main').innerHTML = html; }", render(payload)
        )
        alarm.check(payload)


@pytest.mark.parametrize("sent", ["/invite/{}", "/panel/{}", "/{}", "/?place={}", "/signin/{}"])
def test_address_is_never_repeated_as_more_than_words(portal: Portal, page: Page, sent: str):
    alarm = Alarm(page)

    for payload in payloads()[::10]:
        page.goto(portal.base + sent.format(quote(payload, safe="")))
        alarm.check(payload)
