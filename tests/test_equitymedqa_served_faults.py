"""A bad server: what fails is tried again, nothing is lost or asked twice, and no key leaks."""

import logging
import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import anyio
import pytest
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import GenerationError, generate_answers, read_answers
from equitymedqa.generation.engine import Request
from equitymedqa.generation.served import Limits, connect
from equitymedqa.generation.served import engine as served_engine
from equitymedqa.generation.served.address import read_key
from equitymedqa.generation.served.pacing import Pace
from equitymedqa.prompts import find_prompt
from equitymedqa.records import Decoding
from tests.scripted_server import disconnect, half_a_body, hang, refuse, say, send, serving
from tests.tiny_models import question_set

QUICK = Limits(concurrency=4, attempts=3, backoff_s=0.01, timeout_s=10)
CANARY = "sk-canary-0123456789"
TROUBLES = {
    "rate limit": refuse(429, "slow down", Retry_After="0.01"),
    "rate limit until a date": refuse(
        429, "slow down", Retry_After=format_datetime(datetime.now(UTC) - timedelta(seconds=5))
    ),
    "broken": refuse(500, "oops"),
    "overloaded": send(503, b"<html>busy</html>"),
    "conflict": refuse(409, "again please"),
    "too late": refuse(408, "too slow"),
    "half a body": half_a_body,
    "disconnect": disconnect,
    "no JSON": send(200, b"<html>welcome</html>"),
    "no choice": send(200, {"choices": []}),
    "no end": say("Half of an ans", finish=None),
}


@pytest.fixture
def server():
    with serving() as server:
        yield server


def run(server, tmp_path, *, n=6, limits=QUICK, temperature=0.0, **options):
    return generate_answers(
        question_set(n),
        out=tmp_path / "a.jsonl",
        model=connect(server.address, limits=limits, **options),
        decoding=Decoding(max_new_tokens=32, temperature=temperature),
    )


def written(tmp_path):
    return read_answers([tmp_path / "a.jsonl"])


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_trouble_that_passes_leaves_every_question_answered_once(server, tmp_path, trouble):
    server.act = lambda question, nth: trouble if nth < 3 else say(f"On {question}")
    summary = run(server, tmp_path)

    assert summary.n_stop == 6
    assert [one.text for one in written(tmp_path)] == [
        f"On {one.question.text}".strip() for one in written(tmp_path)
    ]
    assert set(server.asked.values()) == {3}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_trouble_that_stays_is_a_failure_of_its_row_and_the_job_goes_on(server, tmp_path, trouble):
    bad = question_set(6).questions[2].text
    server.act = lambda question, nth: trouble if question == bad else say("Words.")
    summary = run(server, tmp_path)

    assert (summary.n_stop, summary.n_error) == (5, 1)
    (failure,) = [one for one in written(tmp_path) if one.finish_reason == "error"]
    assert failure.question.text == bad
    assert failure.error_kind in ("unavailable", "timeout")
    assert "asked 3 times" in failure.error
    assert server.asked[bad] == 3


def test_server_that_hangs_is_given_up_after_the_time_allowed(server, tmp_path):
    bad = question_set(3).questions[1].text
    server.act = lambda question, nth: hang if question == bad else say("Words.")
    limits = Limits(concurrency=2, attempts=2, backoff_s=0.01, timeout_s=0.3)
    run(server, tmp_path, n=3, limits=limits)

    (failure,) = [one for one in written(tmp_path) if one.finish_reason == "error"]
    assert (failure.error_kind, failure.question.text) == ("timeout", bad)
    assert failure.error == "no answer within 0.3 s; asked 2 times"


def test_refusal_is_not_tried_again(server, tmp_path):
    server.act = lambda *_: refuse(422, "no")
    run(server, tmp_path)

    assert set(server.asked.values()) == {1}


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (refuse(401, "who are you"), "wants another key .401.: who are you"),
        (refuse(403, "not for you"), "wants another key .403.: not for you"),
        (refuse(404, "no model x"), "knows no such model or interface .404.: no model x"),
        (refuse(402, "pay first"), "serves this account no more .402.: pay first"),
        (refuse(429, "no money", "insufficient_quota"), "serves this account no more .429."),
        (send(307, {}, Location="http://elsewhere.example/"), "sends elsewhere .307."),
    ],
)
def test_what_would_meet_every_question_stops_the_job(server, tmp_path, act, words):
    questions = [one.text for one in question_set(40).questions]
    server.act = lambda question, _: act if question == questions[30] else say("Words.")

    with pytest.raises(GenerationError, match=words):
        run(server, tmp_path, n=40)
    assert 16 <= len(written(tmp_path)) < 40
    assert all(one.finish_reason == "stop" for one in written(tmp_path))


def test_job_that_was_stopped_asks_only_for_the_rest(server, tmp_path):
    questions = [one.text for one in question_set(40).questions]
    server.act = lambda question, nth: (
        refuse(401, "no") if question == questions[30] and nth == 1 else say("Words.")
    )
    with pytest.raises(GenerationError, match="wants another key"):
        run(server, tmp_path, n=40)
    kept = {one.question.text for one in written(tmp_path)}
    summary = run(server, tmp_path, n=40)

    assert (summary.n_resumed, summary.n_stop) == (len(kept), 40)
    assert all(server.asked[question] == 1 for question in kept)


def test_server_that_is_gone_for_good_stops_the_job(server, tmp_path, monkeypatch):
    monkeypatch.setattr(served_engine, "PATIENCE", 8)
    server.act = lambda question, nth: (
        say("Words.") if len(server.bodies) <= 4 else refuse(500, "gone")
    )

    with pytest.raises(GenerationError, match=r"no answer to the last 8 questions.*500.*gone"):
        run(server, tmp_path, n=60)
    assert sum(one.finish_reason == "stop" for one in written(tmp_path)) == 4
    assert len(server.asked) < 60


def test_no_server_is_said_in_a_sentence(server):
    with serving() as other:
        address = other.address

    with pytest.raises(GenerationError, match=f"no server answers at {address}.*start it"):
        connect(address)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_as_many_are_under_way_as_allowed_and_no_more(server, tmp_path, concurrency):
    def take_a_while(handler):
        time.sleep(0.02)
        say("Words.")(handler)

    server.act = lambda *_: take_a_while
    run(server, tmp_path, n=24, limits=Limits(concurrency=concurrency))

    assert server.most_at_once == concurrency


def test_answers_are_on_the_disk_while_others_are_under_way(server, tmp_path):
    last = question_set(20).questions[-1].text
    seen = []

    def wait_for_the_others(handler):
        for _ in range(100):
            seen.append((tmp_path / "a.jsonl").read_bytes().count(b"\n"))
            if seen[-1] >= 16:
                break
            time.sleep(0.05)
        say("Words.")(handler)

    server.act = lambda question, _: wait_for_the_others if question == last else say("Words.")
    run(server, tmp_path, n=20)

    assert 16 <= seen[-1] < 20


def asked_directly(server, n, *, wanted):
    engine, decoding = connect(server.address, limits=QUICK), Decoding(max_new_tokens=8)
    writer = engine.prompt_writer(find_prompt("plain"))
    requests = [
        Request(str(key), writer.write(one), 0) for key, one in enumerate(question_set(n).questions)
    ]
    return engine.answers(
        engine.batches(requests, decoding=decoding, size=None),
        wanted=wanted,
        decoding=decoding,
        on_tokens=lambda _: None,
    )


def test_nothing_more_is_asked_once_nobody_waits_for_it(server):
    answers = asked_directly(server, 200, wanted={str(key) for key in range(200)})
    next(answers)
    answers.close()

    assert len(server.bodies) < 100


def test_only_what_is_wanted_is_asked(server):
    groups = list(asked_directly(server, 6, wanted={"2", "5"}))

    assert sorted(one.key for group in groups for one in group) == ["2", "5"]
    assert len(server.bodies) == 2


def test_no_request_comes_before_the_pause_that_was_asked_for_is_over(server, tmp_path):
    server.act = lambda question, nth: (
        refuse(429, "slow down", Retry_After="0.5") if len(server.bodies) == 1 else say("Words.")
    )
    run(server, tmp_path, n=4, limits=Limits(concurrency=1, attempts=3, backoff_s=0.01))

    assert server.moments[1] - server.moments[0] >= 0.5


def test_pause_that_is_too_long_is_not_waited_for(server, tmp_path):
    server.act = lambda *_: refuse(429, "tomorrow", Retry_After="86400")
    run(server, tmp_path, n=1)

    (failure,) = written(tmp_path)
    assert "asks to be left alone for 86400 s" in failure.error
    assert len(server.bodies) == 1


def test_requests_keep_their_distance_by_the_servers_own_count(server, tmp_path):
    limits = Limits(concurrency=8, requests_per_minute=1200)
    run(server, tmp_path, n=12, limits=limits)

    # 50 ms apart, so that 12 take 550 ms; half of it leaves room for a slow machine.
    assert server.moments[-1] - server.moments[0] >= 0.27


@pytest.fixture
def clock(monkeypatch):
    """A clock that only sleeping moves."""
    now = [100.0]

    async def sleep(seconds):
        now[0] += seconds

    monkeypatch.setattr("equitymedqa.generation.served.pacing.current_time", lambda: now[0])
    monkeypatch.setattr("equitymedqa.generation.served.pacing.sleep", sleep)
    return now


def admitted(pace, clock, tokens):
    anyio.run(pace.admit, tokens)
    return clock[0] - 100


def test_a_minute_holds_as_many_requests_as_allowed(clock):
    pace = Pace(requests_per_minute=30)

    assert [admitted(pace, clock, 1) for _ in range(4)] == [0, 2, 4, 6]


def test_a_minute_holds_as_many_tokens_as_allowed(clock):
    pace = Pace(tokens_per_minute=600)

    # 10 tokens a second: 50 take 5 s, and 20 take 2 s.
    assert [admitted(pace, clock, n) for n in (50, 20, 10)] == [0, 5, 7]


def test_tokens_that_were_not_written_are_given_back(clock):
    pace = Pace(tokens_per_minute=600)
    admitted(pace, clock, 50)
    pace.give_back(30)

    assert admitted(pace, clock, 10) == 2


def test_pause_holds_everyone_and_lets_them_go_one_by_one(clock):
    pace = Pace(requests_per_minute=60)
    admitted(pace, clock, 1)
    pace.hold(10)

    assert [admitted(pace, clock, 1) for _ in range(2)] == [10, 11]


def test_who_waited_when_a_pause_began_waits_for_its_end(clock, monkeypatch):
    pace = Pace(requests_per_minute=60)
    admitted(pace, clock, 1)

    async def sleep(seconds):
        if clock[0] == 100:
            pace.hold(10)
        clock[0] += seconds

    monkeypatch.setattr("equitymedqa.generation.served.pacing.sleep", sleep)

    assert admitted(pace, clock, 1) == 10


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
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    engine = connect(server.address)

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


def test_default_key_is_not_shown_over_plain_http(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("MY_KEY", CANARY)

    assert read_key(None, address="http://gpu.example/v1").headers == {}
    assert read_key(None, address="https://gpu.example/v1").headers
    assert read_key("MY_KEY", address="http://gpu.example/v1").headers


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
