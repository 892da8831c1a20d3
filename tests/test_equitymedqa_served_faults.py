"""A bad server: what fails is tried again, and nothing is lost or asked twice."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from equitymedqa.generation import GenerationError
from equitymedqa.generation.engine import Request
from equitymedqa.generation.served import Limits, connect
from equitymedqa.generation.served import engine as served_engine
from equitymedqa.prompts import find_prompt
from equitymedqa.records import Decoding
from tests.scripted_server import disconnect, dribble, half_a_body, hang, refuse, say, send, serving
from tests.served_jobs import QUICK, run, written
from tests.tiny_models import question_set

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


def test_server_that_keeps_the_line_open_is_given_up_after_the_time_allowed(server, tmp_path):
    bad = question_set(3).questions[1].text
    server.act = lambda question, nth: dribble if question == bad else say("Words.")
    limits = Limits(concurrency=2, attempts=1, timeout_s=0.4)
    run(server, tmp_path, n=3, limits=limits)

    (failure,) = [one for one in written(tmp_path) if one.finish_reason == "error"]
    assert failure.error == "no answer within 0.4 s; asked 1 times"


def test_time_for_an_answer_begins_when_its_turn_has_come(server, tmp_path):
    def take_a_while(handler):
        time.sleep(0.3)
        say(f"Words {len(server.probes)}.")(handler)

    server.probe = lambda _: take_a_while
    limits = Limits(concurrency=1, attempts=1, timeout_s=0.8)

    # Four probes are put one after the other, and take longer than one of them may.
    assert run(server, tmp_path, n=1, limits=limits, temperature=1.0).n_stop == 1


def test_refusal_is_not_tried_again(server, tmp_path):
    server.act = lambda *_: refuse(422, "no")
    run(server, tmp_path)

    assert set(server.asked.values()) == {1}


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (refuse(401, "who are you"), "wants another key .401.: who are you"),
        (refuse(402, "pay first"), "serves this account no more .402.: pay first"),
        (refuse(429, "no money", "insufficient_quota"), "serves this account no more .429."),
        (refuse(403, "no money", "insufficient_quota"), "serves this account no more .403."),
        (send(200, {"error": {"message": "who?", "code": 401}}), "wants another key .401.: who"),
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


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (refuse(403, "not for you"), "wants another key .403.: not for you"),
        (refuse(404, "no model x"), "knows no such model or interface .404.: no model x"),
        (refuse(405, "no POST"), "knows no such model or interface .405.: no POST"),
    ],
)
def test_server_that_never_answers_so_stops_the_job_before_it_begins(server, tmp_path, act, words):
    server.probe = lambda _: act

    with pytest.raises(GenerationError, match=words):
        run(server, tmp_path)
    assert not server.bodies


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (refuse(403, "requires moderation and your input was flagged", 403), "filtered"),
        (send(403, b"<html>Access denied</html>"), "refused"),
        (refuse(404, "no such thing"), "refused"),
        (refuse(405, "not so"), "refused"),
    ],
)
def test_one_question_that_a_server_dislikes_fails_alone(server, tmp_path, act, kind):
    bad = question_set(6).questions[2].text
    server.act = lambda question, _: act if question == bad else say("Words.")
    summary = run(server, tmp_path)

    assert (summary.n_stop, summary.failures) == (5, {kind: 1})
    assert server.asked[bad] == 1


def test_key_that_is_taken_back_stops_the_job(server, tmp_path, monkeypatch):
    monkeypatch.setattr(served_engine, "PATIENCE", 8)
    server.act = lambda *_: say("Words.") if len(server.bodies) <= 4 else refuse(403, "revoked")

    with pytest.raises(GenerationError, match=r"no answer to the last 8 questions.*403.*revoked"):
        run(server, tmp_path, n=60)


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
