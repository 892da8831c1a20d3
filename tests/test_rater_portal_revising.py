"""A rater's own judgments, and changing one: with a reason, in the open, and the first stays."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from rater_portal.database import writing
from rater_portal.errors import (
    AlreadySubmittedError,
    InvalidCodesError,
    NotAllowedError,
    PausedStudyError,
)
from rater_portal.models import Assignment, AuditEvent, Judgment, Quota
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.audit import verify
from rater_portal.services.judging import Receipt
from rater_portal.services.revising import own_judgments, revise, unit_to_revise
from rater_portal.services.states import close_study, pause_study
from tests.studies import add_raters, judge_one, make_study

FIRST = {"bias_presence": "no_bias"}
OTHER = {"bias_presence": "minor_bias", "dimensions": ["other_bias"]}


@pytest.fixture
def rater(engine: Engine, tmp_path: Path) -> int:
    """A rater who has judged one unit."""
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    judge_one(engine, rater)
    return rater


def opened(engine: Engine, rater_id: int, assignment_id: int = 1) -> ShownUnit:
    with Session(engine) as session:
        return unit_to_revise(session, assignment_id=assignment_id, rater_id=rater_id)


def change(engine: Engine, rater_id: int, **changed: Any) -> Receipt:
    given: dict[str, Any] = {
        "assignment_id": 1,
        "codes": OTHER,
        "reason": "I read it again.",
        "submission_id": "the second",
    }
    with Session(engine) as session:
        return revise(session, rater_id=rater_id, **{**given, **changed})


def judgments(engine: Engine) -> list[Judgment]:
    with Session(engine) as session:
        return list(session.exec(select(Judgment).order_by(col(Judgment.id))))


def test_unit_is_opened_with_what_was_judged(engine: Engine, rater: int) -> None:
    unit = opened(engine, rater)

    assert unit.mode == "revise"
    assert unit.draft == FIRST
    assert [panel.kind for panel in unit.panels] == ["question", "answer"]


def test_revision_stands_behind_the_first_which_stays(engine: Engine, rater: int) -> None:
    receipt = change(engine, rater)

    first, second = judgments(engine)
    assert (first.codes, first.revision, first.reason) == (FIRST, 1, None)
    assert (second.codes, second.revision, second.reason) == (OTHER, 2, "I read it again.")
    assert second.id == receipt.judgment_id
    assert second.previous_hash == first.row_hash


def test_revision_takes_no_further_place(engine: Engine, rater: int) -> None:
    change(engine, rater)

    with Session(engine) as session:
        assert sum(session.exec(select(Quota.accepted))) == 1
        assert verify(session, study="tiny").problems == ()


def test_second_revision_starts_from_the_first(engine: Engine, rater: int) -> None:
    change(engine, rater)
    unit = opened(engine, rater)

    change(engine, rater, codes=FIRST, submission_id=unit.submission_id)

    assert unit.draft == OTHER
    assert [one.revision for one in judgments(engine)] == [1, 2, 3]


def test_each_changed_item_has_its_event_with_old_new_reason_and_wording(
    engine: Engine, rater: int
) -> None:
    change(engine, rater)

    with Session(engine) as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "judgment.revised"))
        told = {row.item: (row.old, row.new, row.reason, row.actor_id) for row in events}
        wordings = set(session.exec(select(AuditEvent.rubric_hash).where(AuditEvent.item != "")))
    assert told == {
        "bias_presence": ("no_bias", "minor_bias", "I read it again.", rater),
        "dimensions": (None, ["other_bias"], "I read it again.", rater),
    }
    assert wordings == {judgments(engine)[0].rubric_hash}


@pytest.mark.parametrize("reason", ["", "  \n ", "\0", "\u200b\u0007"])
def test_revision_without_a_reason_is_refused(engine: Engine, rater: int, reason: str) -> None:
    with pytest.raises(InvalidCodesError, match="say why you change") as caught:
        change(engine, rater, reason=reason)

    assert [item for item, _ in caught.value.problems] == ["reason"]
    assert len(judgments(engine)) == 1


def test_reason_of_more_than_five_hundred_characters_is_refused(engine: Engine, rater: int) -> None:
    change(engine, rater, reason="x" * 500)

    with pytest.raises(InvalidCodesError, match="500 characters or fewer"):
        change(engine, rater, codes=FIRST, reason="x" * 501, submission_id="third")


def test_reason_is_refused_in_the_raters_language_where_there_is_one(
    engine: Engine, rater: int
) -> None:
    with pytest.raises(InvalidCodesError, match="say why"):
        change(engine, rater, reason="", language="en")


def test_revision_that_changes_nothing_is_refused(engine: Engine, rater: int) -> None:
    with pytest.raises(InvalidCodesError, match="changed nothing"):
        change(engine, rater, codes=FIRST)

    assert len(judgments(engine)) == 1


def test_revision_that_does_not_answer_the_rubric_is_refused(engine: Engine, rater: int) -> None:
    with pytest.raises(InvalidCodesError, match="not one of the options"):
        change(engine, rater, codes={"bias_presence": "enormous"})

    assert len(judgments(engine)) == 1


def test_same_revision_sent_three_times_is_stored_once(engine: Engine, rater: int) -> None:
    receipts = {change(engine, rater) for _ in range(3)}

    assert len(receipts) == 1
    assert len(judgments(engine)) == 2


def test_other_tab_with_other_codes_is_told_that_the_judgment_was_changed(
    engine: Engine, rater: int
) -> None:
    unit = opened(engine, rater)
    change(engine, rater, submission_id=unit.submission_id)

    with pytest.raises(AlreadySubmittedError, match="meanwhile, in another tab"):
        change(
            engine,
            rater,
            codes={"bias_presence": "severe_bias", "dimensions": ["other_bias"]},
            submission_id=unit.submission_id,
        )

    assert [one.codes for one in judgments(engine)] == [FIRST, OTHER]


@pytest.mark.parametrize("service", [opened, change])
def test_judgment_of_another_rater_cannot_be_opened_or_changed(
    engine: Engine, rater: int, service: Any
) -> None:
    [stranger] = add_raters(engine)

    with pytest.raises(NotAllowedError, match="not yours"):
        service(engine, stranger)

    assert len(judgments(engine)) == 1


@pytest.mark.parametrize("service", [opened, change])
def test_unit_that_was_not_judged_yet_cannot_be_changed(
    engine: Engine, rater: int, service: Any
) -> None:
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater)
    assert unit is not None

    with pytest.raises(NotAllowedError, match="not judged this unit yet"):
        service(engine, rater, assignment_id=unit.assignment_id)


@pytest.mark.parametrize("service", [opened, change])
def test_training_cannot_be_changed(engine: Engine, rater: int, service: Any) -> None:
    with writing(engine) as session:
        session.get_one(Assignment, 1).purpose = "training"

    with pytest.raises(NotAllowedError, match="training cannot be changed"):
        service(engine, rater)


@pytest.mark.parametrize("service", [opened, change])
def test_judgment_cannot_be_changed_while_the_study_is_paused(
    engine: Engine, rater: int, service: Any
) -> None:
    with Session(engine) as session:
        pause_study(session, study="tiny", message="Back on Monday.")

    with pytest.raises(PausedStudyError, match=r"Back on Monday\."):
        service(engine, rater)


def test_own_judgments_are_listed_newest_first_with_the_question(
    engine: Engine, rater: int
) -> None:
    judge_one(engine, rater)
    change(engine, rater)

    with Session(engine) as session:
        newest, oldest = own_judgments(session, rater_id=rater)

    assert (newest.assignment_id, oldest.assignment_id) == (2, 1)
    assert newest.changed_at is None
    assert oldest.changed_at is not None
    assert oldest.changed_at > oldest.submitted_at
    assert oldest.question.startswith("Question ")


def test_own_judgments_can_be_seen_when_the_study_is_closed(engine: Engine, rater: int) -> None:
    with Session(engine) as session:
        close_study(session, study="tiny")

        assert len(own_judgments(session, rater_id=rater)) == 1


def test_own_judgments_are_nobody_elses_and_no_training(engine: Engine, rater: int) -> None:
    [stranger] = add_raters(engine)
    with Session(engine) as session:
        assert own_judgments(session, rater_id=stranger) == ()

    with writing(engine) as session:
        session.get_one(Assignment, 1).purpose = "training"
    with Session(engine) as session:
        assert own_judgments(session, rater_id=rater) == ()


@pytest.mark.parametrize("purpose", ["gold", "attention", "repeat"])
def test_checks_look_like_any_other_judgment_in_ones_own_list(
    engine: Engine, rater: int, purpose: str
) -> None:
    with Session(engine) as session:
        [before] = own_judgments(session, rater_id=rater)
    with writing(engine) as session:
        session.get_one(Assignment, 1).purpose = purpose

    with Session(engine) as session:
        assert own_judgments(session, rater_id=rater) == (before,)


def test_revision_that_is_sent_again_is_confirmed_whatever_became_of_the_study(
    engine: Engine, rater: int
) -> None:
    first = change(engine, rater)
    with Session(engine) as session:
        close_study(session, study="tiny")

    assert change(engine, rater) == first
