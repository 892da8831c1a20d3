"""Pausing, closing, locking and verifying a study, as typed at the shell."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session
from typer.testing import CliRunner, Result

from equitymedqa.cli import app
from rater_portal.database import database
from rater_portal.errors import PausedStudyError
from rater_portal.services.assignment import next_assignment
from rater_portal.services.audit import verify
from tests.studies import add_raters, judge_one, make_study


def run(*words: object, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=typed)


@pytest.fixture
def rater(tmp_path: Path) -> int:
    """A rater of the study `tiny` in the settings' own database, with one judgment."""
    make_study(database(), tmp_path)
    [rater] = add_raters(database())
    judge_one(database(), rater)
    return rater


def state() -> str:
    return next(line.split()[1] for line in run("study", "list").output.splitlines())


def test_paused_study_tells_raters_why_and_until_when(rater: int) -> None:
    paused = run("study", "pause", "tiny", "--message", "Moving house.", "--until", "2031-05-04")

    assert paused.exit_code == 0, paused.output
    assert state() == "paused"
    with Session(database()) as session, pytest.raises(PausedStudyError, match="Moving house") as e:
        next_assignment(session, rater_id=rater)
    assert "2031-05-0" in str(e.value)


def test_study_is_open_again_after_reopening(rater: int) -> None:
    run("study", "pause", "tiny")

    reopened = run("study", "reopen")

    assert reopened.exit_code == 0
    assert state() == "open"


def test_lock_asks_for_the_name_and_locks_nothing_when_another_is_typed(rater: int) -> None:
    refused = run("study", "lock", "tiny", typed="tinny\n")

    assert refused.exit_code != 0
    assert "nothing was locked" in refused.output
    assert state() == "open"


def test_lock_locks_when_the_name_is_typed(rater: int) -> None:
    locked = run("study", "lock", "tiny", typed="tiny\n")

    assert locked.exit_code == 0, locked.output
    assert state() == "locked"


def test_locked_study_cannot_be_reopened(rater: int) -> None:
    run("study", "lock", "tiny", "--yes")

    reopened = run("study", "reopen")

    assert reopened.exit_code != 0
    assert state() == "locked"


def test_verify_prints_the_last_hash_of_both_trails(rater: int) -> None:
    with Session(database()) as session:
        seen = verify(session, study="tiny")

    verified = run("study", "verify")

    assert verified.exit_code == 0
    assert f"1 judgments and {seen.n_events} events: all whole." in verified.output
    assert seen.last_hash in verified.output
    assert seen.last_event_hash in verified.output


def test_verify_prints_every_problem_and_ends_with_1(rater: int) -> None:
    with database().begin() as connection:
        connection.execute(text("DROP TRIGGER judgment_refuses_update"))
        connection.execute(text("UPDATE judgment SET active_seconds = 99, shown_first = 'B'"))
        connection.execute(text("UPDATE quota SET accepted = 0"))

    verified = run("study", "verify")

    assert verified.exit_code == 1
    for problem in ("Judgment 1 was altered", "on other sides", "counts 0 judgments", "3 problems"):
        assert problem in verified.output
