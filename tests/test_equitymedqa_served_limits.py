"""How hard a server may be asked is kept with a job, and holds when it is asked again."""

import time

import pytest
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import GenerationError, generate_answers
from equitymedqa.generation.manifest import read_manifest
from equitymedqa.generation.repairs import extend_truncated, retry_failed
from equitymedqa.generation.served import Limits, reconnect
from equitymedqa.generation.verifying import verify_answers
from equitymedqa.records import Decoding
from tests.canned_engine import CannedEngine, canned_questions
from tests.scripted_server import say, send
from tests.served_jobs import run

CAREFUL = Limits(concurrency=2, attempts=1, backoff_s=0.01, requests_per_minute=6000.0)


def slowly(handler):
    """Answer in part, after the others have had time to ask as well."""
    time.sleep(0.02)
    say("Words", finish="length")(handler)


@pytest.fixture
def failed(server, tmp_path):
    """The file of a job whose questions all failed, and would be answered by now."""
    server.act = lambda question, nth: send(500, "oops") if nth == 1 else slowly
    run(server, tmp_path, n=12, limits=CAREFUL)
    server.most_at_once = 0
    return tmp_path / "a.jsonl"


def test_failures_are_asked_again_no_faster_than_the_job_asked(server, failed):
    retry_failed(failed)

    assert server.most_at_once == 2
    assert read_manifest(failed).runs[-1].arguments == read_manifest(failed).runs[0].arguments


def test_manifest_keeps_the_limits_that_are_not_the_usual_ones(failed):
    kept = read_manifest(failed).runs[0].arguments

    assert kept.items() >= {"concurrency": "2", "requests_per_minute": "6000.0"}.items()
    assert "timeout_s" not in kept


def test_answers_are_verified_and_extended_no_faster_than_the_job_asked(server, tmp_path):
    server.act = lambda *_: slowly
    run(server, tmp_path, n=12, limits=CAREFUL)
    verify_answers(tmp_path / "a.jsonl")
    extend_truncated(tmp_path / "a.jsonl", max_new_tokens=64)

    assert server.most_at_once == 2
    assert set(server.asked.values()) == {3}


def test_other_limits_can_be_given_when_it_is_asked_again(server, failed):
    words = ["answers", "retry", str(failed), "--failed", "--concurrency", "6", "--timeout", "30"]
    done = CliRunner().invoke(app, words)

    assert done.exit_code == 0, done.output
    assert 2 < server.most_at_once <= 6
    kept = read_manifest(failed).runs[-1].arguments
    assert (kept["concurrency"], kept["timeout_s"]) == ("6", "30.0")


def test_limits_are_refused_for_a_model_that_no_server_has(tmp_path):
    out = tmp_path / "a.jsonl"
    generate_answers(
        canned_questions(2), out=out, model=CannedEngine(), decoding=Decoding(max_new_tokens=8)
    )

    with pytest.raises(GenerationError, match=r"without a server, .* leave out concurrency"):
        retry_failed(out, model="somewhere", limits={"concurrency": 2})


def test_device_is_refused_for_a_model_that_a_server_has(failed):
    with pytest.raises(GenerationError, match="a server has a device of its own"):
        retry_failed(failed, device="cuda:0")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"concurrency": "many"}, "concurrency is 'many': Input should be a valid integer"),
        ({"timeout_s": "0"}, "timeout_s is 0.0; it must be above 0"),
    ],
)
def test_limits_that_are_none_are_named(server, limits, words):
    with pytest.raises(GenerationError, match=words):
        reconnect({"server": server.address, "model": "tiny", **limits})
