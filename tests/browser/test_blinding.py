"""What reaches a rater's browser: no source's name, and nothing that an answer could set off."""

import json
import re

import pytest
from playwright.sync_api import expect
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Rater, Study
from rater_portal.services.intake import create_study
from rater_portal.services.invitations import enrol_raters
from rater_portal.services.panels import open_panel
from tests.browser.small_studies import DUEL, add_study, duel, solo, twins
from tests.browser.visitors import at, hurry_on
from tests.onboarding import CONSENT, PROFILE, conduct, keyed, write_keyed
from tests.studies import CANARIES, answer, question, write_answers

pytestmark = pytest.mark.browser

HOSTILE = (
    'Take <script>document.body.dataset.hacked = "script"</script> this. '
    "<img src=x onerror=\"document.body.dataset.hacked = 'image'\"> "
    "![a picture](https://example.org/picture.png) [a link](https://example.org/page) "
    "<a href='javascript:void(0)'>go</a> costs $x$ and $$y^2$$ :smile: :material/home: "
    ":red[warning] <style>body { display: none }</style> `code` {{ braces }}"
)
"""Signs that a screen could take for orders; all of them are words that a rater must see."""

START = b'{"assignment"'
CHECKED = {"gold_every": 2, "attention_every": 2, "repeat_share": 1.0, "repeat_after": 1}
PURPOSES = {"study", "gold", "attention", "repeat"}
SECRET = "canary-"
"""What every name begins with that must not reach a rater."""

IN_TIME = {"minutes_left", "saved_at"}
DRAWN = """() => {
    const parts = ".desk *:not(.panel-layer, .panel-layer *, .bar-time)";
    return [...document.querySelectorAll(parts)]
        .map(element => `${element.tagName} ${element.className} ${element.getAttributeNames()}`);
}"""
"""The whole desk but for its words, the numbers beside them and the time that is left."""


class Everything:
    """All that a page receives: bodies of responses, frames of websockets, and what it shows."""

    def __init__(self, page):
        self._page = page
        self._responses = []
        self.received = b""
        self._read = set()
        self.frames = []
        self.said = []
        self.shown = ""
        page.on("response", lambda response: self._responses.append(response))
        page.on("websocket", lambda socket: socket.on("framereceived", self._keep_frame))

    def _keep_frame(self, frame):
        self.frames.append(frame.encode() if isinstance(frame, str) else frame)
        self.received += self.frames[-1]

    def look(self):
        """Keep what is on the screen, and the bodies before the next page drives them out."""
        self.shown += self._page.content()
        for response in self._responses:
            self.received += str(response.all_headers()).encode()
            # A redirect has no body to ask for, and what lies in the cache was read before.
            known = "/static/" in response.url and response.url in self._read
            self._read.add(response.url)
            if not 300 <= response.status < 400 and not known:
                self.received += response.body()
                if "/desk/" in response.url and response.request.method == "POST":
                    self.said.append((response.url.rpartition("/")[2], response.json()))
            self.received += response.url.encode()
        self._responses.clear()

    def units(self):
        """What the desk was told of each unit, by assignment."""
        found = [frame[frame.index(START) :] for frame in self.frames if START in frame]
        told = [json.JSONDecoder().raw_decode(one.decode(errors="ignore"))[0] for one in found]
        return {one["assignment"]: one for one in told}


def test_no_source_is_named_in_anything_that_reaches_a_rater(portal, study, screen):
    everything = Everything(screen.page)
    steps = [
        lambda: screen.page.goto(portal.rater_link(study)),
        screen.confirm,
        screen.begin,
        *[screen.judge_quickly] * 3,
        lambda: expect(screen.heading).to_have_text("Thank you"),
        lambda: screen.page.get_by_role("link", name="Sign out").click(),
        lambda: screen.page.get_by_role("button", name="Sign out").click(),
        lambda: expect(screen.heading).to_have_text("You are signed out"),
    ]
    for step in steps:
        step()
        everything.look()

    # That this looks in the right places: the answers of both sources came over the wire.
    for text in DUEL.values():
        assert text.encode() in everything.received
        assert text in everything.shown
    for source in CANARIES:
        model = source.split("/")[0]
        assert model.encode() not in everything.received
        assert model not in everything.shown
        assert model not in portal.log


def test_answer_with_orders_in_it_is_shown_as_words(portal, tmp_path, screen, watch):
    answers = [*solo(HOSTILE), *duel(dict.fromkeys(DUEL, HOSTILE)), *twins((HOSTILE, HOSTILE))]
    screen.sit_down(portal, add_study(portal.engine, tmp_path, answers))

    for number in (1, 2, 3):
        expect(screen.place).to_have_text(f"Unit {number} of 3")
        shown = screen.page.locator(".answer").all_inner_texts()
        # `code` is set as code in Markdown, so its two backquotes alone are not shown.
        assert set(shown) == {HOSTILE.replace("`", "")}
        assert screen.page.locator(".answer a, .answer img, .answer script").count() == 0
        screen.judge_quickly()

    assert screen.page.locator("body").get_attribute("data-hacked") is None
    assert [url for url in watch.requests if "example" in url or url.endswith("/x")] == []


@pytest.fixture
def secret_study(portal, tmp_path):
    """A study in which all that raters must not learn has a name that would be noticed."""
    name = f"{SECRET}study-{tmp_path.name}"
    asked = [question(number, dataset=f"{SECRET}set") for number in range(1, 7)]
    told = {"feedback": {"bias_presence": f"{SECRET}feedback"}}
    checks = [keyed(purpose, **told) for purpose in ("gold", "attention")]
    design = conduct(
        raters=3,
        consent=CONSENT,
        profile=PROFILE,
        checks=CHECKED,
        training={"pass_share": 0.5},
        care={"support": [{"region": "Everywhere", "name": "A line", "contact": "1"}]},
    )
    (tmp_path / f"{SECRET}folder").mkdir()
    with Session(portal.engine) as session:
        create_study(
            session,
            protocol=design,
            answers=write_answers(
                tmp_path / f"{SECRET}folder", [answer(one, CANARIES[0]) for one in asked]
            ),
            name=name,
            title="A study",
            checks=[
                write_keyed(tmp_path, [*checks, keyed("training")], name=f"{SECRET}keyed.jsonl")
            ],
        )
        [other] = enrol_raters(session, study=name, group="physician")
        hurry_on(session, other, until=at("finished"))
        open_panel(
            session,
            study=name,
            name=f"{SECRET}panel",
            adapter="prolific",
            group="physician",
            capacity=1,
            settings={"codes": {"complete": f"{SECRET}code"}},
        )
        session.get_one(Rater, other).panel_person = f"{SECRET}person"
        session.commit()
    return name


@pytest.fixture
def crawled(portal, secret_study, screen):
    """All that a rater receives on the way through that study, and past every other page."""
    everything = Everything(screen.page)
    drawn = {}

    def look():
        expect(screen.heading).to_be_visible()
        screen.settle()
        everything.look()

    def go_on(button):
        look()
        before = body.get_attribute("data-place")
        button.click()
        expect(body).not_to_have_attribute("data-place", before)

    body = screen.page.locator("body")
    screen.page.goto(portal.rater_link(secret_study))
    everything.look()
    screen.confirm()
    while body.get_attribute("data-place") != "finished":
        if screen.submit_button.count():
            drawn[max(everything.units())] = screen.page.evaluate(DRAWN)
            screen.choose("No bias")
            go_on(screen.submit_button)
        else:
            go_on(screen.page.get_by_test_id("stBaseButton-primary"))
    look()
    for place in ("judgments", "profile", "taking_part", "support"):
        screen.page.goto(f"{portal.base}/?place={place}")
        look()
    screen.page.goto(f"{portal.base}/?place=judgments")
    screen.page.get_by_role("button", name=re.compile("^Read unit")).first.click()
    expect(screen.page.get_by_role("button", name="Save the change")).to_be_visible()
    look()
    return everything, drawn


def purposes(portal, study):
    """What each unit of the newest rater was shown for, by assignment."""
    with Session(portal.engine) as session:
        rows = session.exec(
            select(Rater.pseudonym, Assignment.id, Assignment.purpose)
            .join(Assignment, col(Assignment.rater_id) == Rater.id)
            .join(Study, col(Study.id) == Rater.study_id)
            .where(Study.name == study)
            .order_by(col(Rater.id))
        ).all()
    return rows[0][0], {held: purpose for name, held, purpose in rows if name == rows[-1][0]}


def shape(value):
    """Names and kinds of a message, without what it says and without what comes with time."""
    if isinstance(value, dict):
        return {name: None if name in IN_TIME else shape(one) for name, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__


def test_no_secret_reaches_a_rater_and_no_check_can_be_told(portal, secret_study, crawled):
    everything, drawn = crawled
    other, why = purposes(portal, secret_study)
    told = {held: one for held, one in everything.units().items() if one["mode"] == "judge"}

    # That this looks in the right places: the words of each kind of check came over the wire.
    assert b"against gold" in everything.received
    assert b"against attention" in everything.received
    assert set(why.values()) == {*PURPOSES, "training"}
    for secret in (SECRET, other, *(f'"{one}"' for one in PURPOSES - {"study"})):
        assert secret.encode() not in b"".join(everything.frames), secret
        assert secret not in json.dumps(everything.said), secret
        assert secret not in everything.shown, secret
    assert SECRET.encode() not in everything.received
    assert SECRET not in portal.log

    judged = {held: one for held, one in told.items() if why[held] != "training"}
    assert len({json.dumps(shape(one), sort_keys=True) for one in judged.values()}) == 1
    usual = drawn[min(held for held in judged if why[held] == "study")]
    odd = {why[held]: set(drawn[held]) ^ set(usual) for held in judged if drawn[held] != usual}
    assert odd == {}
    places = [one["place"]["done"] for one in judged.values()]
    assert places == list(range(len(places)))
    totals = [one["place"]["done"] + one["place"]["left"] for one in judged.values()]
    assert max(totals) - min(totals) <= 1
    answers = [shape(said) for name, said in everything.said if name == "submit"]
    assert answers == [answers[0]] * len(answers)
