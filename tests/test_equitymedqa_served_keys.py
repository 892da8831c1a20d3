"""Keys of servers show up nowhere but in the request."""

import logging
import re

import pytest
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import GenerationError
from equitymedqa.generation.served import Limits, connect
from tests.scripted_server import disconnect, half_a_body, refuse, say, send
from tests.served_jobs import run

CANARY = "sk-canary-0123456789"


def echo_key(handler):
    """Repeat the key in the error, as some servers do."""
    refuse(400, f"bad request by {handler.headers['Authorization']}")(handler)


LEAKS = {
    "refused with the key repeated": echo_key,
    "not let in": lambda handler: refuse(401, f"bad {handler.headers['Authorization']}")(handler),
    "failed with the key repeated": lambda handler: send(500, handler.headers["Authorization"])(
        handler
    ),
    "key for an answer": lambda handler: say(f"Key: {handler.headers['Authorization']}")(handler),
    "key as a fingerprint": lambda handler: send(
        200,
        {
            "choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}],
            "model": handler.headers["Authorization"],
        },
    )(handler),
    "key in a reply that is none": lambda handler: send(
        200, {"choices": handler.headers["Authorization"]}
    )(handler),
    "disconnect": disconnect,
    "half a body": half_a_body,
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_key_is_sent_and_shows_up_nowhere_else(server, tmp_path, monkeypatch, caplog, capfd, leak):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("MY_KEY", CANARY)
    server.act = lambda *_: leak
    error = ""
    try:
        run(server, tmp_path, n=2, key_variable="MY_KEY")
    except GenerationError as stopped:
        error = f"{stopped} {stopped!r} {stopped.__cause__} {stopped.__context__}"

    assert server.headers[-1]["Authorization"] == f"Bearer {CANARY}"
    texts = [error, caplog.text, *capfd.readouterr()]
    texts += [path.read_text() for path in tmp_path.iterdir()]
    assert not [text for text in texts if CANARY in text]


def test_key_is_not_in_the_repr_of_anything(server, monkeypatch):
    monkeypatch.setenv("MY_KEY", CANARY)
    engine = connect(server.address, key_variable="MY_KEY")

    assert CANARY not in f"{engine!r} {vars(engine)!r} {engine.identity!r}"
    assert CANARY in engine._key.headers["Authorization"]


def test_server_without_keys_is_shown_none(server, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    run(server, tmp_path, n=1)

    assert "Authorization" not in server.headers[-1]


@pytest.mark.parametrize("name", [CANARY, "CANARY_THAT_IS_NOT_SET"])
def test_key_in_place_of_its_variables_name_is_not_repeated(server, name):
    with pytest.raises(GenerationError, match="environment") as caught:
        connect(server.address, key_variable=name)

    assert name not in str(caught.value)


@pytest.mark.parametrize(
    "secret",
    [
        f"http://me:{CANARY}@127.0.0.1:9/v1",
        f"http://127.0.0.1:9/v1?key={CANARY}",
        f"http://127.0.0.1:9/v1#{CANARY}",
        f"{CANARY}://127.0.0.1",
        f"http://127.0.0.1:{CANARY}/v1",
        CANARY,
    ],
)
def test_address_with_more_than_an_address_is_refused_unrepeated(secret):
    with pytest.raises(GenerationError, match="the server's address") as caught:
        connect(secret)

    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_questions_do_not_travel_unencrypted_unless_that_is_allowed():
    with pytest.raises(GenerationError, match=re.escape("http://gpu.example would send")):
        connect("http://gpu.example/v1")


def test_wrong_key_is_said_before_the_job_begins(server, tmp_path):
    server.models = refuse(401, "who are you")

    with pytest.raises(GenerationError, match=r"wants another key \(401\): who are you"):
        connect(server.address)


def test_limits_below_one_are_refused():
    with pytest.raises(GenerationError, match="concurrency is 0; it must be above 0"):
        Limits(concurrency=0)
    with pytest.raises(GenerationError, match="requests_per_minute is 0"):
        Limits(requests_per_minute=0)


def test_command_keeps_the_key_out_of_record_manifest_and_output(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", CANARY)
    monkeypatch.setattr("sys.argv", ["equitymedqa", "generate", "--key-variable", "MY_KEY"])
    questions = tmp_path / "questions.csv"
    questions.write_text("question_id,question_text\nq1,Is rest enough?\n")
    options = ["--server", server.address, "--key-variable", "MY_KEY", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, ["generate", str(questions), *options])

    manifest = (tmp_path / "tiny-plain.jsonl.manifest.json").read_text()
    assert done.exit_code == 0
    assert server.headers[-1]["Authorization"] == f"Bearer {CANARY}"
    assert "MY_KEY" in manifest
    assert CANARY not in manifest + done.output + (tmp_path / "tiny-plain.jsonl").read_text()
