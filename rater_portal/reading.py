"""Model-written text as safe HTML: lists and emphasis as the model meant them, nothing that loads.

Raw HTML, images and links are shown as they were typed, so that no answer can reach out of the
rater's browser, and no formula, colour or emoji code is invented where there is none. Every
sentence has a number, and `plain_text` is what a browser holds as the text of such HTML: what a
rater marks is kept as a place in it.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from html.parser import HTMLParser
from itertools import count, pairwise

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from rater_portal.language import mark
from rater_portal.sentences import Span, sentence_spans

CUT = mark("The answer ends here: it reached a length limit.")
"""What is said below an answer that stopped in the middle."""

_UNSAFE = ["image", "link", "autolink", "reference"]
_PROSE = MarkdownIt("commonmark", {"html": False}).disable(_UNSAFE)
_HIGHEST, _LOWEST = 3, 6
"""Levels of the headings in an answer, none left out: the name of its panel has the second."""

Numbered = tuple[int, Span]
"""A sentence's number and where it stands."""


def answer_html(text: str) -> str:
    """An answer as HTML: paragraphs, lists, tables and emphasis, every other sign as it stands."""
    return f'<div class="answer" dir="auto">{_ANSWER.render(text)}</div>'


def question_html(text: str) -> str:
    """A question exactly as it was asked, line breaks included."""
    # A browser reads either line ending as one newline, and would drop a null.
    text = re.sub(r"\r\n?", "\n", text).replace("\0", "\ufffd")
    sentences = list(enumerate(sentence_spans(text), start=1))
    return f'<blockquote class="question" dir="auto">{_in_spans(text, sentences)}</blockquote>'


def prose_html(text: str) -> str:
    """A study's own words as HTML: wrapped lines flow together."""
    return str(_PROSE.render(text))


def plain_text(html: str) -> str:
    """What a browser has as the `textContent` of HTML that was made here."""
    return "".join(text for text, _ in _read(html))


def sentence_at(html: str, place: int) -> int | None:
    """The number of the sentence that a code point of the plain text belongs to, if to any."""
    begin = 0
    for text, number in _read(html):
        if begin <= place < begin + len(text):
            return number
        begin += len(text)
    return None


@lru_cache(maxsize=64)
def _read(html: str) -> tuple[tuple[str, int | None], ...]:
    """Remembered: each of a unit's marks asks for the same panel again."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    return tuple(reader.found)


class _Text(HTMLParser):
    """Collects what stands between tags, with the number of its sentence."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, int | None]] = []
        self._number: int | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "span":
            self._number = int(dict(attrs)["data-sentence"] or 0)

    def handle_endtag(self, tag: str) -> None:
        if tag == "span":
            self._number = None

    def handle_data(self, data: str) -> None:
        self.found.append((data, self._number))


def _number_sentences(state: StateCore) -> None:
    """Tell every piece of text in an answer which sentence it belongs to, through all markup.

    A row of a table is one sentence.
    """
    numbers = count(1)
    row: int | None = None
    for token in state.tokens:
        if token.type == "tr_open":
            row = next(numbers)
        elif token.type == "tr_close":
            row = None
        leaves = token.children if token.type == "inline" else [token]
        if leaves:
            text = "".join(map(_text_of, leaves))
            spans = sentence_spans(text) if row is None else [(0, len(text))]
            _share([(row or next(numbers), span) for span in spans], leaves)


def _share(sentences: Sequence[Numbered], leaves: Sequence[Token]) -> None:
    """Give each leaf its sentences, by their places in the leaf itself."""
    begin = 0
    for leaf in leaves:
        end = begin + len(_text_of(leaf))
        leaf.meta["sentences"] = [
            (number, (max(first, begin) - begin, min(last, end) - begin))
            for number, (first, last) in sentences
            if first < end and last > begin
        ]
        begin = end


def _text_of(leaf: Token) -> str:
    """What a leaf adds to the text of the page."""
    return "\n" if leaf.type in ("softbreak", "hardbreak") else leaf.content


def _mend_markup(state: StateCore) -> None:
    """Fit headings below the name of the panel, and tell each cell the name of its column."""
    outline: list[str] = []
    columns: list[str] = []
    cell = 0
    for token, following in pairwise(state.tokens):
        if token.type == "heading_open":
            outline = [*(tag for tag in outline if tag < token.tag), token.tag]
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(_HIGHEST + len(outline) - 1, _LOWEST)}"
        elif token.type == "table_open":
            columns = []
        elif token.type == "tr_open":
            cell = 0
        elif token.type == "th_open":
            columns.append(following.content)
            token.attrs = {}
        elif token.type == "td_open":
            token.attrs = {"data-column": columns[cell]}
            cell += 1


def _in_spans(text: str, sentences: Sequence[Numbered]) -> str:
    """A text as HTML, its sentences in numbered spans."""
    parts = []
    done = 0
    for number, (first, last) in sentences:
        span = f'<span class="sentence" data-sentence="{number}">{escape(text[first:last])}</span>'
        parts += [escape(text[done:first]), span]
        done = last
    return "".join([*parts, escape(text[done:])])


class _Numbering(RendererHTML):
    """Draws each leaf with its sentences in spans."""

    def text(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        leaf = tokens[idx]
        return _in_spans(leaf.content, leaf.meta.get("sentences", ()))

    def code_inline(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return f"<code>{self.text(tokens, idx)}</code>"

    def code_block(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return f"<pre><code>{self.text(tokens, idx)}</code></pre>\n"

    def fence(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return self.code_block(tokens, idx)


def _reader_of_answers() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Numbering)
    markdown.enable("table").disable(_UNSAFE)
    markdown.core.ruler.push("number_sentences", _number_sentences)
    markdown.core.ruler.push("mend_markup", _mend_markup)
    return markdown


_ANSWER = _reader_of_answers()
