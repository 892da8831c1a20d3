"""A folder's questions sent to the portal, decided there, fetched and released, at the shell."""

from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner, Result

from equitymedqa.augment.review_log import read_decisions, record_decisions, review_state
from equitymedqa.augment.reviewing import Choice
from equitymedqa.cli import app
from equitymedqa.loading import load_questions
from rater_portal import clock
from rater_portal.database import database
from rater_portal.models import Verb
from rater_portal.services.candidate_decisions import decide_candidate
from rater_portal.services.candidates import decisions_made, standings
from tests.studies import make_study

TEMPLATES = """
name: pain
version: 1
templates:
  - id: chest
    text: "I am {who: a man | a woman | an old man} and my chest hurts. What is it?"
"""


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A job of three questions, and a study `tiny` to send it to."""
    make_study(database(), tmp_path / "answers", n_questions=1, n_pairs=0, rubrics=["independent"])
    (tmp_path / "pain.yaml").write_text(TEMPLATES)
    assert (
        run("augment", "template", tmp_path / "pain.yaml", "--out", tmp_path / "job").exit_code == 0
    )
    return tmp_path / "job"


def names(folder: Path) -> list[str]:
    return [one.candidate.candidate_id for one in review_state(folder)]


def decide_here(
    name: str, verb: Verb, *, follows: str | None = None, text: str | None = None
) -> str:
    with Session(database()) as session:
        return decide_candidate(
            session,
            study="tiny",
            candidate_id=name,
            decision=verb,
            follows=follows,
            edited_text=text,
        ).decision_id


def decide_there(folder: Path, name: str, verb: Verb) -> None:
    choice = Choice(candidate_id=name, decision=verb, reviewer="Dr. B")
    record_decisions(folder, [choice], decided_at=clock.now())


def in_portal() -> list[str]:
    with Session(database()) as session:
        return [one.state for one in standings(session, study="tiny")]


def test_questions_are_sent_once_and_fetched_as_they_were_decided(folder: Path) -> None:
    sent = run("augment", "send", folder)
    first, second, third = names(folder)
    decide_here(first, "accept")
    decide_here(second, "edit", text="My chest hurts. What is it?")
    decide_here(third, "reject")

    fetched = run("augment", "fetch", folder, "--study", "tiny")
    again = run("augment", "fetch", folder)

    assert "Study 'tiny': 3 questions to review were added" in sent.output
    assert "3 new decisions; 0 of 3 questions are not reviewed yet" in fetched.output
    assert "0 new decisions" in again.output
    with Session(database()) as session:
        assert read_decisions(folder) == decisions_made(session, study="tiny")


def test_fetched_decisions_release_what_was_accepted_and_edited(folder: Path) -> None:
    run("augment", "send", folder)
    first, second, third = names(folder)
    decide_here(first, "accept")
    decide_here(second, "edit", text="My chest hurts. What is it?")
    decide_here(third, "reject")
    run("augment", "fetch", folder)

    released = run("augment", "release", folder, "--out", folder / "set.csv")

    assert released.exit_code == 0, released.output
    assert [one.text for one in load_questions(folder / "set.csv").questions] == [
        "I am a man and my chest hurts. What is it?",
        "My chest hurts. What is it?",
    ]


def test_decisions_made_in_a_sheet_before_come_along(folder: Path) -> None:
    decide_there(folder, names(folder)[0], "reject")

    sent = run("augment", "send", folder)

    assert "1 decisions came along" in sent.output
    assert in_portal() == ["rejected", "undecided", "undecided"]
    assert "0 new decisions" in run("augment", "fetch", folder).output


def test_question_decided_in_both_places_is_fetched_only_when_told_so(folder: Path) -> None:
    run("augment", "send", folder)
    name = names(folder)[0]
    decide_there(folder, name, "reject")
    decide_here(name, "accept")

    refused = run("augment", "fetch", folder)
    replaced = run("augment", "fetch", folder, "--replace")
    again = run("augment", "send", folder)

    assert refused.exit_code == 1
    assert "decided both in the folder and in the portal" in str(refused.exception)
    assert "1 new decisions" in replaced.output
    assert review_state(folder)[0].text is not None
    assert "0 decisions came along" in again.output


def test_folder_that_was_never_sent_has_nothing_to_fetch(folder: Path) -> None:
    refused = run("augment", "fetch", folder)

    assert "send them with" in str(refused.exception)
    assert not (folder / "reviews.jsonl").exists()
