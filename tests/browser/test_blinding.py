"""What reaches a rater's browser: no source's name, and nothing that an answer could set off."""

import pytest
from playwright.sync_api import expect

from tests.browser.small_studies import DUEL, add_study, duel, solo, twins
from tests.studies import CANARIES

pytestmark = pytest.mark.browser

HOSTILE = (
    'Take <script>document.body.dataset.hacked = "script"</script> this. '
    "<img src=x onerror=\"document.body.dataset.hacked = 'image'\"> "
    "![a picture](https://example.org/picture.png) [a link](https://example.org/page) "
    "<a href='javascript:void(0)'>go</a> costs $x$ and $$y^2$$ :smile: :material/home: "
    ":red[warning] <style>body { display: none }</style> `code` {{ braces }}"
)
"""Signs that a screen could take for orders; all of them are words that a rater must see."""


class Everything:
    """All that a page receives: bodies of responses, frames of websockets, and what it shows."""

    def __init__(self, page):
        self._page = page
        self._responses = []
        self.received = b""
        self.shown = ""
        page.on("response", lambda response: self._responses.append(response))
        page.on("websocket", lambda socket: socket.on("framereceived", self._keep_frame))

    def _keep_frame(self, frame):
        self.received += frame.encode() if isinstance(frame, str) else frame

    def look(self):
        """Keep what is on the screen, and the bodies before the next page drives them out."""
        self.shown += self._page.content()
        for response in self._responses:
            self.received += str(response.all_headers()).encode()
            # A redirect has no body to ask for.
            if not 300 <= response.status < 400:
                self.received += response.body()
        self._responses.clear()


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
