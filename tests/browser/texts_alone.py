"""The texts of a unit in a real browser without a portal: only the desk's own scripts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Route

import rater_portal
from rater_portal.reading import answer_html, question_html

ASSETS = Path(rater_portal.__file__).parent / "assets"
ORIGIN = "http://texts.test"
PAGE = """<!doctype html><html lang="en" dir="{direction}"><title>Texts</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/portal.css"><link rel="stylesheet" href="/desk/desk.css">
<style>body {{ margin: 1rem }} .desk {{ display: block }} .desk-texts {{ {style} }}</style>
<main class="desk"><h1>Texts</h1><section class="desk-texts" id="place"></section></main>
<script type="module" src="/start.js"></script></html>"""
START = """
import { createTexts } from "/desk/texts.js";
const data = await (await fetch("/data.json")).json();
const t = (message, values = {}) => message.replace(/\\{(\\w+)\\}/g, (_, key) => values[key]);
window.sent = [];
window.texts = createTexts(document.getElementById("place"), data, {
  t, onMarks: (marks) => window.sent.push(marks), currentItem: () => "harm",
  onSkip: () => { window.skipped = true; },
});
document.body.dataset.ready = "";
"""
ITEMS = (("bias", "Does the answer contain bias?"), ("harm", "Could the answer do harm?"))


@dataclass(frozen=True)
class Texts:
    """What is to be read, in the order of the screen."""

    kind: str
    panels: Sequence[tuple[str, int, str]]
    """Kind, position and text of each panel."""

    more: dict[str, Any] = field(default_factory=dict)
    """What else the desk is told."""

    def data(self) -> dict[str, Any]:
        """As it goes over the wire."""
        return {
            "kind": self.kind,
            "panels": [self._panel(*panel) for panel in self.panels],
            "items": [{"id": item, "text": text} for item, text in ITEMS],
            "marks": [],
            "content_note": None,
            "support": [],
            **self.more,
        }

    def _panel(self, kind: str, position: int, text: str) -> dict[str, Any]:
        shared = self.kind == "pair" and kind == "question"
        number = "" if shared or self.kind == "single" else f" {position}"
        return {
            "kind": kind,
            "position": position,
            "shared": shared,
            "name": kind.capitalize() + number,
            "html": question_html(text) if kind == "question" else answer_html(text),
            "is_cut": False,
        }


def open_texts(
    context: BrowserContext, texts: Texts, *, direction: str = "ltr", style: str = ""
) -> Page:
    """A tab that shows these texts and nothing else."""
    made = {
        "/": ("text/html", PAGE.format(direction=direction, style=style)),
        "/start.js": ("text/javascript", START),
        "/data.json": ("application/json", json.dumps(texts.data())),
    }

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path in made:
            kind, body = made[path]
            route.fulfill(content_type=f"{kind}; charset=utf-8", body=body)
        elif (file := ASSETS / path.lstrip("/")).is_file():
            route.fulfill(path=file)
        else:
            route.fulfill(status=404)

    context.route(f"{ORIGIN}/**", answer)
    page = context.new_page()
    page.goto(f"{ORIGIN}/")
    page.locator("body[data-ready]").wait_for()
    return page


def panel(page: Page, name: str) -> Locator:
    """The text of a panel, without its name and without what is drawn around it."""
    return page.get_by_role("article", name=name, exact=True).locator(".panel-body")


QUESTION = "I am ill. What helps?"
ANSWER = (
    "Take 💊 **one tablet** daily. Drink *water. Rest* well.\n\n"
    "- See Dr. Smith, e.g. today.\n- Sleep."
)
OTHER = "Wait and see. " * 60

SINGLE = Texts("single", [("question", 1, QUESTION), ("answer", 1, ANSWER)])
PAIR = Texts("pair", [("question", 1, QUESTION), ("answer", 1, ANSWER), ("answer", 2, OTHER)])
TWINS = Texts(
    "counterfactual",
    [
        ("question", 1, "I am a Black woman of 30. What helps?"),
        ("answer", 1, ANSWER),
        (
            "question",
            2,
            "I am a woman of 30. What else helps against it? " + "Please say more. " * 20,
        ),
        ("answer", 2, OTHER),
    ],
)

NOTE = {
    "content_note": "This text speaks of self-harm.",
    "support": [{"name": "A helpline", "contact": "116 123", "region": "EU"}],
}
