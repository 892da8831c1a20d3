"""A key that a server repeats is hidden, however it is spelled."""

import json

import pytest

from equitymedqa.generation.served.address import ApiKey
from equitymedqa.generation.served.hiding import spellings
from tests.scripted_server import send
from tests.served_jobs import answers_of

KEY = "sk-proj/abcDEF+1234567890=="
ONCE = KEY.replace("/", r"\/")
SPELLINGS = {
    "as it is": KEY,
    "PHP": ONCE,
    ".NET": KEY.replace("+", r"\u002B"),
    "all escaped": "".join(rf"\u{ord(one):04x}" for one in KEY),
    "JSON within JSON": json.dumps(ONCE)[1:-1],
    "JSON within JSON within JSON": json.dumps(json.dumps(ONCE)[1:-1])[1:-1],
    "HTML": KEY.replace("+", "&#x2B;").replace("=", "&#61;"),
    "address": KEY.replace("/", "%2F").replace("+", "%2b"),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize(
    ("status", "template"),
    [
        (400, '{"error":{"message":"not for %s","code":null}}'),
        (400, '{"error":{"message":{"by":["%s"],"%s":1}}}'),
        (400, '{"error":{"message":"not for %s'),
        (400, "<p>not for %s</p>"),
        (200, '{"choices":[{"finish_reason":"stop","message":{"content":"I am %s"}}]}'),
    ],
)
def test_key_is_hidden_however_it_is_spelled(
    server, tmp_path, monkeypatch, spelling, status, template
):
    monkeypatch.setenv("MY_KEY", KEY)
    server.act = lambda *_: send(status, template.replace("%s", spelling).encode())
    answers_of(server, tmp_path, n=1, key_variable="MY_KEY", revision="r")
    kept = (tmp_path / "a.jsonl").read_text()

    assert "[key]" in kept
    assert not spellings(KEY).search(kept)
    assert "1234567890" not in kept


def test_words_around_a_key_stay():
    hidden = ApiKey(KEY).hidden(json.dumps({"a\\": f"x\\{KEY}\n", KEY: f'"{KEY}"'}))

    assert json.loads(hidden) == {"a\\": "x[key]\n", "[key]": '"[key]"'}


def test_text_without_the_key_stays_as_it_is():
    text = f"{KEY[:-1]} {KEY.upper()} \\\\ %2F &#61;"

    assert ApiKey(KEY).hidden(text) == text
