"""Which words two questions do not share, and that marking them makes nothing else of a text."""

import re
from html import unescape

import pytest

from rater_portal.differences import marked_html, passages_only_in
from tests.xss_payloads import payloads


def only_in(text, other):
    return [text[start:end] for start, end in passages_only_in(text, other)]


@pytest.mark.parametrize(
    ("text", "other", "differing"),
    [
        ("I am 72. How long?", "How long?", ["I am 72."]),
        ("How long?", "I am 72. How long?", []),
        ("a man of 70 asks why", "a woman of 70 asks why", ["man"]),
        ("Why does it hurt?", "why does it hurt?", []),
        ("¿Por qué me duele?", "¿Por qué le duele?", ["me"]),
        ("हम क्या करें आज", "वे क्या करें आज", ["हम"]),
        ("Same words", "Same words", []),
        ("", "Something", []),
    ],
)
def test_words_of_one_text_alone_are_found(text, other, differing):
    assert only_in(text, other) == differing


def test_nothing_is_marked_where_hardly_a_word_is_shared():
    assert only_in("One two three four five six", "Seven eight nine ten six") == []


def test_passages_are_marked_and_all_else_stands_as_it_was():
    html = marked_html("a <b> c", [(2, 5)])

    assert html == 'a <mark class="differs">&lt;b&gt;</mark> c'


@pytest.mark.parametrize("payload", payloads()[::5])
def test_no_sign_of_a_text_becomes_markup(payload):
    text = f"{payload} How long should I rest today after it?"

    html = marked_html(text, passages_only_in(text, "How long should I rest today after it?"))

    bare = re.sub(r'<mark class="differs">|</mark>', "", html)
    assert unescape(bare) == text
    assert not re.search(r"[<>\"']", bare)
