"""How fast a server is asked: never faster than it allows."""

import anyio
import pytest

from equitymedqa.generation.served import Limits
from equitymedqa.generation.served.pacing import Pace
from tests.scripted_server import refuse, say
from tests.served_jobs import run, written


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
