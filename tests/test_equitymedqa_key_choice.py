"""Which key goes to which server: the person says it, and no file does."""

import json

import pytest
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import GenerationError
from equitymedqa.generation.manifest import manifest_path
from equitymedqa.generation.repairs import extend_truncated, retry_failed
from equitymedqa.generation.served.address import read_key
from equitymedqa.generation.verifying import verify_answers
from tests.canned_engine import CannedEngine
from tests.scripted_server import refuse, say, send
from tests.served_jobs import answers_of
from tests.small_answer_files import generate

CANARY = "sk-canary-0123456789"
AGAIN = {
    "retry": retry_failed,
    "extend": lambda path, **said: extend_truncated(path, max_new_tokens=64, **said),
    "verify": verify_answers,
}


def failing(question, _):
    """One failure, one answer that is cut and one that is whole, by the number of the question."""
    ends = {"0": refuse(500, "no"), "1": say("On", finish="length")}
    return next((act for number, act in ends.items() if number in question), say("On and off"))


@pytest.fixture
def said(server, tmp_path, monkeypatch):
    """An answer file of which the manifest can be made to say anything."""
    monkeypatch.setenv("MY_KEY", CANARY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-vendor-alone")
    server.act = failing
    answers_of(server, tmp_path)
    path = tmp_path / "a.jsonl"
    shown = []

    def models(handler):
        shown.append(handler.headers["Authorization"])
        send(200, {"data": [{"id": "tiny", "owned_by": "vllm", "root": "org/tiny"}]})(handler)

    server.models = models
    server.headers.clear()

    def say_in_manifest(**arguments):
        manifest = json.loads(manifest_path(path).read_text())
        manifest["runs"][-1]["arguments"] |= arguments
        manifest_path(path).write_text(json.dumps(manifest))
        return path, shown

    return say_in_manifest


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_key_that_only_the_file_names_is_not_read_and_nobody_is_asked(server, said, again):
    path, shown = said(key_variable="MY_KEY")

    with pytest.raises(
        GenerationError,
        match=r"says that '127\.0\.0\.1' was asked with the key in MY_KEY.*`--key-variable MY_KEY`",
    ) as caught:
        again(path)

    assert CANARY not in str(caught.value)
    assert shown == server.headers == []


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_key_that_the_person_names_is_sent_whatever_the_file_says(server, said, again):
    path, shown = said(key_variable="PATH")
    again(path, key_variable="MY_KEY")

    assert {one.get("Authorization") for one in server.headers} == {f"Bearer {CANARY}"}
    assert set(shown) == {f"Bearer {CANARY}"}


def test_server_without_a_key_is_asked_again_without_one(server, said):
    path, shown = said()
    verify_answers(path)

    assert {one.get("Authorization") for one in server.headers} == {None}
    assert set(shown) == {None}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_file_cannot_allow_plain_http(said, again):
    path, _ = said(server="http://gpu.example/v1")

    with pytest.raises(GenerationError, match=r"unencrypted; use https, or --allow-plain-http"):
        again(path, key_variable="MY_KEY")


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_plain_http_that_the_person_allows_is_no_leave_to_send_a_key(said, again):
    path, _ = said(server="http://gpu.example/v1", key_variable="MY_KEY")

    with pytest.raises(GenerationError, match=r"'gpu\.example' was asked with the key in MY_KEY"):
        again(path, allow_plain_http=True)


@pytest.mark.parametrize("words", ["X; rm -rf ~", "\x1b[2J", "", "A\nB"])
def test_words_of_a_file_that_name_no_variable_are_not_repeated(said, words):
    path, _ = said(key_variable=words)

    with pytest.raises(GenerationError, match="with `--key-variable NAME`") as caught:
        verify_answers(path)

    assert not words or words not in str(caught.value)


def test_host_that_looks_like_another_is_told_from_it(said):
    path, _ = said(server="https://\u0430pi.openai.com/v1", key_variable="MY_KEY")

    with pytest.raises(GenerationError, match=r"'\\u0430pi\.openai\.com' was asked"):
        verify_answers(path)


@pytest.mark.parametrize(
    "words",
    [{"key_variable": "MY_KEY"}, {"allow_plain_http": True}],
    ids=lambda one: next(iter(one)),
)
def test_words_for_a_server_are_refused_where_there_was_none(tmp_path, words):
    generate(CannedEngine(), tmp_path / "a.jsonl")

    with pytest.raises(GenerationError, match=f"without a server.*leave out {next(iter(words))}"):
        verify_answers(tmp_path / "a.jsonl", **words)


@pytest.mark.parametrize(
    "command",
    [
        ("retry", "--failed"),
        ("extend", "--truncated", "--max-new-tokens", "64"),
        ("verify",),
    ],
    ids=lambda one: one[0],
)
def test_command_takes_the_name_of_the_key_and_its_permission(server, said, command):
    path, _ = said(key_variable="MY_KEY")
    verb, *options = command

    def cli(*more):
        return CliRunner().invoke(app, ["answers", verb, str(path), *options, *more])

    refused = cli()
    asked_by_then = len(server.headers)
    done = cli("--key-variable", "MY_KEY", "--allow-plain-http")

    assert "--key-variable MY_KEY" in str(refused.exception)
    assert asked_by_then == 0
    assert {one.get("Authorization") for one in server.headers} == {f"Bearer {CANARY}"}
    assert CANARY not in done.output + manifest_path(path).read_text()


@pytest.mark.parametrize("host", ["api.openai.com", "eu.api.openai.com", "API.OpenAI.com:443"])
def test_default_key_is_for_its_own_vendor(monkeypatch, host):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)

    assert read_key(None, address=f"https://{host}/v1").headers == {
        "Authorization": f"Bearer {CANARY}"
    }


@pytest.mark.parametrize(
    "address",
    [
        "https://gpu.example/v1",
        "https://api.openai.com.gpu.example/v1",
        "https://notapi.openai.com/v1",
        "https://gpu.example/api.openai.com",
        "http://api.openai.com/v1",
        "http://127.0.0.1:8000/v1",
        "http://localhost:8000/v1",
    ],
)
def test_default_key_is_shown_to_no_other_server_and_a_named_one_is(monkeypatch, address):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)

    assert read_key(None, address=address).headers == {}
    assert read_key("OPENAI_API_KEY", address=address).headers


def test_server_that_wants_a_key_says_how_to_name_one(server, tmp_path):
    server.models = refuse(401, "who are you")

    with pytest.raises(GenerationError, match="OPENAI_API_KEY goes to OpenAI alone"):
        answers_of(server, tmp_path)
