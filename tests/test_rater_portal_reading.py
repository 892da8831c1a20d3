"""Model-written text becomes safe HTML, every sentence numbered and not a character changed."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rater_portal.reading import answer_html, plain_text, prose_html, question_html, sentence_at
from tests.xss_payloads import payloads

BARE = "p ul li h3 h4 h5 h6 em strong code pre br hr table thead tbody tr th"
HARMLESS = {tag: set() for tag in BARE.split()} | {
    "div": {"class", "dir"},
    "blockquote": {"class", "dir"},
    "span": {"class", "data-sentence"},
    "ol": {"start"},
    "td": {"data-column"},
}
"""All elements that texts may become, and their attributes: nothing that loads or runs."""

PLAIN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
PLAIN.disable(["image", "link", "autolink", "reference"])

ANSWER = """# What to do

Rest, and **drink. Then** `sleep. Call` Dr. Smith.
Line two

- Water
- Tea. No coffee.

a|b
-|-
1|2

```py
one. Two
```
"""


class Tags(HTMLParser):
    """Collects the tags of some HTML as a browser would read them."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.found.append(("!--", {}))

    handle_decl = handle_pi = unknown_decl = handle_comment


def sentences(html):
    """The words of each numbered sentence, pieces joined."""
    found = {}
    for number, inside in re.findall(r'data-sentence="(\d+)">(.*?)</span>', html, re.DOTALL):
        found.setdefault(int(number), []).append(inside)
    return {number: "".join(pieces) for number, pieces in found.items()}


def test_there_are_200_distinct_payloads():
    assert len(set(payloads())) == len(payloads()) == 200


@pytest.mark.parametrize("draw", [answer_html, question_html, prose_html])
@pytest.mark.parametrize("payload", payloads())
def test_no_payload_becomes_an_element_that_could_act(draw, payload):
    for text in (payload, f"words {payload} words", f"- {payload}", f"a|b\n-|-\n{payload}|x"):
        for tag, attributes in Tags(draw(text)).found:
            allowed = HARMLESS.get(tag, {"h1": set(), "h2": set()}.get(tag))
            assert allowed is not None, f"<{tag}> in {draw(text)}"
            assert attributes.keys() <= allowed | ({"class"} if draw is prose_html else set())


@pytest.mark.parametrize("payload", payloads())
def test_a_question_is_read_exactly_as_it_was_asked(payload):
    assert plain_text(question_html(payload)) == payload


def test_links_and_images_stay_as_they_were_typed():
    html = answer_html("See [this](https://example.org) and ![that](x.png) or <https://a.org>.")

    assert plain_text(html).strip() == (
        "See [this](https://example.org) and ![that](x.png) or <https://a.org>."
    )
    assert "href" not in html
    assert "src" not in html


def test_a_code_block_cannot_name_its_own_class():
    assert "btn" not in answer_html("```btn primary\nx\n```")


def test_headings_of_an_answer_stand_below_the_name_of_its_panel_and_skip_no_level():
    html = answer_html("### A\n\n##### B\n\n## C\n\n###### D\n\n# E\n\n## F")

    levels = [tag for tag, _ in Tags(html).found if tag.startswith("h")]

    assert levels == ["h3", "h4", "h3", "h4", "h3", "h4"]


def test_each_cell_knows_the_name_of_its_column():
    html = answer_html('drug | "dose" & more\n-|-:\nA|5 mg\n')

    assert 'data-column="drug"' in html
    assert 'data-column="&quot;dose&quot; &amp; more"' in html
    assert "style=" not in html


def test_sentences_are_counted_through_headings_lists_tables_and_code():
    assert sentences(answer_html(ANSWER)) == {
        1: "What to do",
        2: "Rest, and drink.",
        3: "Then sleep.",
        4: "Call Dr. Smith.",
        5: "Line two",
        6: "Water",
        7: "Tea.",
        8: "No coffee.",
        9: "ab",
        10: "12",
        11: "one.",
        12: "Two",
    }


def test_a_sentence_goes_on_through_inline_markup():
    html = answer_html("One *two. Three* four.")

    assert html == (
        '<div class="answer" dir="auto"><p>'
        '<span class="sentence" data-sentence="1">One </span>'
        '<em><span class="sentence" data-sentence="1">two.</span> '
        '<span class="sentence" data-sentence="2">Three</span></em>'
        '<span class="sentence" data-sentence="2"> four.</span>'
        "</p>\n</div>"
    )


def test_the_sentence_at_a_place_is_the_one_that_is_numbered_there():
    html = answer_html("One *two. Three* four.")
    plain = plain_text(html)

    assert plain == "One two. Three four.\n"
    assert [sentence_at(html, plain.index(word)) for word in ("One", "two", "Three", "four")] == [
        1,
        1,
        2,
        2,
    ]


@pytest.mark.parametrize("place", [8, 20, 21])
def test_blanks_and_what_lies_behind_the_end_belong_to_no_sentence(place):
    assert sentence_at(answer_html("One two. Three four."), place) is None


MARKDOWN = st.text(
    st.sampled_from([*"abAB .!?\n*_`#-|>&<\"'1)(]", "\t", "é", "؟", "😀", "\r", "\xa0"]),
    max_size=120,
)


@given(MARKDOWN | st.text(max_size=80))
@example("a|b\n-|-\n1. *2. 3*|x\n")
@example("```\n<x> & 'y'. Z\n```")
def test_numbering_changes_no_character_of_an_answer(text):
    plain = f"<div>{PLAIN.render(text)}</div>"

    assert plain_text(answer_html(text)) == plain_text(plain)


@given(MARKDOWN)
def test_numbering_only_adds_spans(text):
    html = re.sub(r'<span class="sentence" data-sentence="\d+">|</span>', "", answer_html(text))
    drawn = PLAIN.render(text).replace("&quot;", '"')

    assert _skeleton(html) == ["div", *_skeleton(drawn)]


@given(st.text(max_size=80))
def test_a_question_keeps_every_character_but_line_endings_and_nulls(text):
    kept = re.sub("\r\n?", "\n", text).replace("\0", "\ufffd")

    assert plain_text(question_html(text)) == kept


@given(MARKDOWN)
def test_sentences_are_numbered_from_1_without_a_gap(text):
    numbers = list(sentences(answer_html(text)))

    assert numbers == list(range(1, len(numbers) + 1))


def _skeleton(html):
    """Elements in order, headings as one: their level is ours."""
    return [re.sub(r"^h\d$", "h", tag) for tag, _ in Tags(html).found]
