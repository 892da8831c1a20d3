"""A unit that is left out goes to another rater, is told with its reason, and costs nobody."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from rater_portal.errors import (
    AlreadySubmittedError,
    InvalidCodesError,
    NotAllowedError,
    PausedStudyError,
)
from rater_portal.models import Assignment, AuditEvent, Draft
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.drafts import save_draft
from rater_portal.services.judging import submit
from rater_portal.services.skipping import skip
from rater_portal.services.states import pause_study
from tests.studies import add_raters, complete_codes, make_study


def unit_of(engine: Engine, rater_id: int) -> ShownUnit | None:
    with Session(engine) as session:
        return next_assignment(session, rater_id=rater_id)


def leave_out(engine: Engine, assignment_id: int, rater_id: int, **said: str) -> None:
    with Session(engine) as session:
        skip(
            session,
            assignment_id=assignment_id,
            rater_id=rater_id,
            **{"kind": "skip", "reason": "distressing", **said},
        )


@pytest.fixture
def rater(engine: Engine, tmp_path: Path) -> int:
    """In a study of one question, two answers and one rater each."""
    make_study(engine, tmp_path, rubrics=("independent",), raters=1, n_questions=1, n_pairs=0)
    [rater] = add_raters(engine)
    return rater


def open_unit(engine: Engine, rater: int) -> ShownUnit:
    unit = unit_of(engine, rater)
    assert unit is not None
    return unit


def test_skipped_unit_does_not_come_back_and_goes_to_another(engine: Engine, rater: int) -> None:
    first = open_unit(engine, rater)

    leave_out(engine, first.assignment_id, rater)

    second = open_unit(engine, rater)
    [other] = add_raters(engine)
    theirs = open_unit(engine, other)
    assert second.panels != first.panels
    assert theirs.panels == first.panels


def test_reason_is_kept_and_told_in_the_trail(engine: Engine, rater: int) -> None:
    unit = open_unit(engine, rater)

    leave_out(
        engine,
        unit.assignment_id,
        rater,
        kind="cannot_judge",
        reason="outside_expertise",
        comment="  I am no \0 oncologist. ",
    )

    with Session(engine) as session:
        left = session.get_one(Assignment, unit.assignment_id)
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "unit.skipped")).one()
    assert (left.skip_kind, left.skip_reason) == ("cannot_judge", "outside_expertise")
    assert left.skip_comment == event.reason == "I am no  oncologist."
    assert event.new == {"kind": "cannot_judge", "reason": "outside_expertise"}
    assert (event.actor_id, event.assignment_id) == (rater, unit.assignment_id)


def test_skip_sent_again_changes_nothing(engine: Engine, rater: int) -> None:
    unit = open_unit(engine, rater)
    leave_out(engine, unit.assignment_id, rater)

    leave_out(engine, unit.assignment_id, rater, reason="other", comment="again")

    with Session(engine) as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "unit.skipped")).all()
        left = session.get_one(Assignment, unit.assignment_id)
    assert len(events) == 1
    assert (left.skip_reason, left.skip_comment) == ("distressing", None)


def test_draft_goes_with_the_unit(engine: Engine, rater: int) -> None:
    unit = open_unit(engine, rater)
    with Session(engine) as session:
        save_draft(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater,
            codes={"comment": "begun"},
        )

    leave_out(engine, unit.assignment_id, rater)

    with Session(engine) as session:
        assert session.exec(select(Draft)).all() == []


def test_skipped_unit_takes_no_judgment(engine: Engine, rater: int) -> None:
    unit = open_unit(engine, rater)
    leave_out(engine, unit.assignment_id, rater)

    with Session(engine) as session, pytest.raises(AlreadySubmittedError, match="have skipped"):
        submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater,
            codes=complete_codes(unit),
            submission_id=unit.submission_id,
        )


def test_judged_unit_cannot_be_skipped(engine: Engine, rater: int) -> None:
    unit = open_unit(engine, rater)
    with Session(engine) as session:
        submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater,
            codes=complete_codes(unit),
            submission_id=unit.submission_id,
        )

    with pytest.raises(AlreadySubmittedError, match="submitted this unit already"):
        leave_out(engine, unit.assignment_id, rater)


def test_reason_that_was_not_offered_is_refused(engine: Engine, rater: int) -> None:
    unit = open_unit(engine, rater)

    with pytest.raises(InvalidCodesError, match="Please choose a reason"):
        leave_out(engine, unit.assignment_id, rater, reason="<script>")


def test_nobody_skips_for_another(engine: Engine, rater: int) -> None:
    unit = open_unit(engine, rater)
    [other] = add_raters(engine)

    with pytest.raises(NotAllowedError, match="not yours"):
        leave_out(engine, unit.assignment_id, other)


def test_paused_study_takes_no_skip(engine: Engine, rater: int) -> None:
    unit = open_unit(engine, rater)
    with Session(engine) as session:
        pause_study(session, study="tiny")

    with pytest.raises(PausedStudyError, match="paused for now"):
        leave_out(engine, unit.assignment_id, rater)
