"""What coordinators decide about questions: once each, over nothing unseen, and on record."""

import re
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from rater_portal.database import writing
from rater_portal.errors import LockedStudyError, NotAllowedError, StudyError
from rater_portal.models import AuditEvent, CandidateDecision
from rater_portal.services.candidate_decisions import (
    LONGEST_REASON,
    LONGEST_TEXT,
    ChoiceError,
    DecidedMeanwhileError,
)
from rater_portal.services.states import close_study, lock_study
from tests.made_questions import TEXTS, made, send
from tests.question_reviews import choose, person, shown, states, stored, whole
from tests.studies import make_study


@pytest.fixture
def study(engine: Engine, tmp_path: Path) -> Engine:
    """The study `tiny` with four questions to review."""
    make_study(engine, tmp_path, n_questions=1, n_pairs=0, rubrics=["independent"])
    send(engine)
    return engine


@pytest.fixture
def ana(study: Engine) -> int:
    return person(study)


def test_each_decision_counts_and_names_who_made_it_and_why(study, ana):
    choose(study, ana)
    choose(study, ana, "edit", name="cc-2", edited_text=" New words?\r\nTwo lines. ")
    choose(study, ana, "reject", name="cc-3", reason=" Not plausible. ")

    assert states(study) == ["accepted", "edited", "rejected", "undecided"]
    first, second, third = stored(study)
    with Session(study) as session:
        name = session.get(CandidateDecision, 1).reviewer
    assert {one.reviewer for one in (first, second, third)} == {name}
    assert second.edited_text == "New words?\nTwo lines."
    assert third.reason == "Not plausible."
    assert first.text_sha256 == made(1).text_sha256


def test_edited_words_are_those_that_others_compare_with(study, ana):
    choose(study, ana, "edit", name="cc-2", edited_text="New words?")

    assert shown(study).siblings[0].standing.text == "New words?"


def test_later_decision_replaces_the_earlier_which_stays(study, ana):
    first = choose(study, ana)

    second = choose(study, ana, "reject", follows=first.decision_id)

    assert states(study)[0] == "rejected"
    assert second.replaces == first.decision_id
    assert list(shown(study).decisions) == [first, second]


def test_same_choice_sent_twice_is_stored_once(study, ana):
    first = choose(study, ana, "reject", reason="No.")

    again = choose(study, ana, "reject", reason="No.")
    seen_already = choose(study, ana, "reject", reason="No.", follows=first.decision_id)

    assert again == seen_already == first
    assert len(stored(study)) == 1


def test_choice_over_an_unseen_decision_is_refused(study, ana):
    first = choose(study, ana)
    ben = person(study)

    with pytest.raises(DecidedMeanwhileError, match="Somebody has decided about this question"):
        choose(study, ben, "reject")

    assert stored(study) == [first]
    assert choose(study, ben, "reject", follows=first.decision_id).replaces == first.decision_id


def test_of_many_who_decide_at_once_one_does(study):
    people = [person(study) for _ in range(6)]
    barrier, outcomes = Barrier(len(people)), []

    def act(who):
        barrier.wait()
        try:
            choose(study, who, "reject", reason=f"{who}")
            outcomes.append("stored")
        except DecidedMeanwhileError:
            outcomes.append("refused")

    threads = [Thread(target=act, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused"] * 5 + ["stored"]
    assert whole(study) == ()


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"edited_text": TEXTS[0]}, "has the proposed words still"),
        ({"edited_text": f"  {TEXTS[0]} "}, "has the proposed words still"),
        ({"edited_text": "  "}, "is empty"),
        ({"edited_text": None}, "is empty"),
        ({"edited_text": "a\0b"}, "NUL"),
        ({"edited_text": "half \ud800"}, "surrogate"),
        ({"edited_text": "a" * (LONGEST_TEXT + 1)}, "10,001 characters"),
        ({"edited_text": "New?", "reason": "a" * (LONGEST_REASON + 1)}, "501 characters"),
        ({"edited_text": "New?", "reason": "a\0b"}, "NUL"),
    ],
)
def test_edit_that_cannot_be_is_refused_in_plain_words(study, ana, choice, said):
    with pytest.raises(ChoiceError, match=said):
        choose(study, ana, "edit", **choice)

    assert states(study)[0] == "undecided"


def test_question_that_is_not_there_cannot_be_decided(study, ana):
    with pytest.raises(StudyError, match="no such question"):
        choose(study, ana, name="cc-77")


@pytest.mark.parametrize("role", ["rater", "adjudicator", "analyst"])
def test_nobody_but_coordinators_decides(study, role):
    with pytest.raises(NotAllowedError, match="may not"):
        choose(study, person(study, role))


def test_closed_study_still_takes_decisions_and_a_locked_one_none(study, ana):
    with Session(study) as session:
        close_study(session, study="tiny")
    first = choose(study, ana)
    with Session(study) as session:
        lock_study(session, study="tiny")

    with pytest.raises(LockedStudyError, match="locked"):
        choose(study, ana, "reject", follows=first.decision_id)
    with pytest.raises(LockedStudyError, match="locked"):
        send(study)
    assert stored(study) == [first]


@pytest.mark.parametrize("table", ["candidate", "candidate_decision"])
@pytest.mark.parametrize("change", ["UPDATE {} SET study_id = study_id", "DELETE FROM {}"])
def test_database_itself_refuses_change_and_removal(study, ana, table, change):
    choose(study, ana)

    with pytest.raises(DBAPIError, match="append-only"), study.begin() as connection:
        connection.execute(text(change.format(table)))


def test_database_itself_refuses_a_decision_in_a_locked_study(study, ana):
    choose(study, ana)
    with Session(study) as session:
        lock_study(session, study="tiny")
        row = session.get_one(CandidateDecision, 1).model_dump()

    row |= {"id": 2, "number": 2, "decision_id": "another"}
    with pytest.raises(DBAPIError, match="locked"), writing(study) as session:
        session.add(CandidateDecision(**row))


def test_every_decision_has_its_event_and_the_record_is_whole(study, ana):
    choose(study, ana, "reject", reason="Not plausible.")

    with Session(study) as session:
        event = session.exec(
            select(AuditEvent).where(AuditEvent.action == "question.decided")
        ).one()
    assert (event.actor_id, event.item, event.reason) == (ana, "cc-1", "Not plausible.")
    assert event.new["decision"] == "reject"
    assert whole(study) == ()


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE candidate_decision SET decision = 'accept'", "Decision 1 .* was altered"),
        ("UPDATE candidate_decision SET reviewer = 'me'", "Decision 1 .* was altered"),
        ("DELETE FROM candidate_decision", "An event tells of the decision .* not there"),
        ("UPDATE candidate SET pairs = '[]' WHERE id = 1", "'cc-1' is not the one"),
        ("DELETE FROM candidate WHERE id = 4", "'fbrt-4' was added, and is gone"),
    ],
)
def test_what_was_altered_behind_the_services_back_is_found(study, ana, tampering, said):
    choose(study, ana, "reject")
    with study.begin() as connection:
        for table in ("candidate", "candidate_decision"):
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            else:
                for action in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER {table}_refuses_{action}"))
        connection.execute(text(tampering))

    assert any(re.search(said, problem) for problem in whole(study))
