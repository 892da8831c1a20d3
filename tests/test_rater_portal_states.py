"""Open, paused, closed, locked: who may write what, what raters are told, what cannot be undone."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from rater_portal.errors import (
    ClosedStudyError,
    LockedStudyError,
    NotAllowedError,
    PausedStudyError,
    StudyError,
)
from rater_portal.models import AuditEvent, Draft, Judgment, Rater, Study
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.audit import verify
from rater_portal.services.care import rest
from rater_portal.services.consent import withdraw
from rater_portal.services.drafts import save_draft
from rater_portal.services.guidance import finish_guide
from rater_portal.services.intake import add_places
from rater_portal.services.judging import submit
from rater_portal.services.preferences import set_preferences
from rater_portal.services.presence import beat
from rater_portal.services.profiles import save_profile
from rater_portal.services.revising import revise, unit_to_revise
from rater_portal.services.skipping import skip
from rater_portal.services.states import close_study, lock_study, pause_study, reopen_study
from tests.studies import add_raters, complete_codes, judge_one, make_study

CHOSEN = {"bias_presence": "no_bias"}
CHANGES = [pause_study, close_study, reopen_study, lock_study]


@pytest.fixture
def rater(engine: Engine, tmp_path: Path) -> int:
    """A rater who has judged one unit and has chosen something in the next."""
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    judge_one(engine, rater)
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater)
        assert unit is not None
        assert unit.assignment_id == 2
        save_draft(session, assignment_id=2, rater_id=rater, codes=CHOSEN)
    return rater


def decide(engine: Engine, change: Callable[..., None], **said: Any) -> None:
    with Session(engine) as session:
        change(session, study="tiny", **said)


def take_next(session: Session, rater_id: int) -> None:
    next_assignment(session, rater_id=rater_id)


def hand_in(session: Session, rater_id: int) -> None:
    submit(session, assignment_id=2, rater_id=rater_id, codes=CHOSEN, submission_id="stale tab")


def open_again(session: Session, rater_id: int) -> None:
    unit_to_revise(session, assignment_id=1, rater_id=rater_id)


def change_codes(session: Session, rater_id: int) -> None:
    codes = {"bias_presence": "minor_bias", "dimensions": ["other_bias"]}
    revise(
        session,
        assignment_id=1,
        rater_id=rater_id,
        codes=codes,
        reason="Again.",
        submission_id="revision",
    )


def choose(session: Session, rater_id: int) -> None:
    save_draft(session, assignment_id=2, rater_id=rater_id, codes={"comment": "more"})


JUDGING = [take_next, hand_in, open_again, change_codes]
STATES: list[tuple[Callable[..., None], type[ClosedStudyError]]] = [
    (pause_study, PausedStudyError),
    (close_study, ClosedStudyError),
    (lock_study, LockedStudyError),
]


@pytest.mark.parametrize(("change", "error"), STATES, ids=["paused", "closed", "locked"])
@pytest.mark.parametrize("service", JUDGING)
def test_only_an_open_study_takes_judgments(
    engine: Engine,
    rater: int,
    service: Callable[[Session, int], None],
    change: Callable[..., None],
    error: type[ClosedStudyError],
) -> None:
    decide(engine, change)

    with Session(engine) as session, pytest.raises(error, match="This study is") as caught:
        service(session, rater)

    assert type(caught.value) is error
    with Session(engine) as session:
        assert len(session.exec(select(Judgment)).all()) == 1


@pytest.mark.parametrize("change", [pause_study, close_study, lock_study])
def test_receipt_that_got_lost_on_the_way_is_given_again_in_any_state(
    engine: Engine, rater: int, change: Callable[..., None]
) -> None:
    with Session(engine) as session:
        stored = session.exec(select(Judgment)).one()
    decide(engine, change)

    with Session(engine) as session:
        receipt = submit(
            session,
            assignment_id=1,
            rater_id=rater,
            codes=CHOSEN,
            submission_id=stored.submission_id,
        )

    assert (receipt.judgment_id, receipt.submitted_at) == (stored.id, stored.submitted_at)


@pytest.mark.parametrize("change", [pause_study, close_study])
def test_draft_is_still_kept_while_the_study_is_paused_or_closed(
    engine: Engine, rater: int, change: Callable[..., None]
) -> None:
    decide(engine, change)
    with Session(engine) as session:
        choose(session, rater)

    decide(engine, reopen_study)

    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater)
    assert unit is not None
    assert unit.draft == {"comment": "more"}


def test_locked_study_keeps_no_draft(engine: Engine, rater: int) -> None:
    decide(engine, lock_study)

    with Session(engine) as session, pytest.raises(LockedStudyError, match="takes no more changes"):
        choose(session, rater)

    with Session(engine) as session:
        assert session.exec(select(Draft.codes)).one() == CHOSEN


def leave(session: Session, rater_id: int) -> None:
    withdraw(session, rater_id=rater_id)


def read_guide(session: Session, rater_id: int) -> None:
    finish_guide(session, rater_id=rater_id)


def take_a_break(session: Session, rater_id: int) -> None:
    rest(session, rater_id)


def describe_oneself(session: Session, rater_id: int) -> None:
    save_profile(session, rater_id=rater_id, answers={})


def set_aside(session: Session, rater_id: int) -> None:
    skip(session, assignment_id=2, rater_id=rater_id, kind="skip", reason="distress", comment=None)


def be_at_work(session: Session, rater_id: int) -> None:
    beat(session, assignment_id=2, rater_id=rater_id)


@pytest.mark.parametrize(
    "service", [leave, read_guide, take_a_break, describe_oneself, set_aside, be_at_work, choose]
)
def test_locked_study_takes_nothing_else_from_raters_either(
    engine: Engine, rater: int, service: Callable[[Session, int], None]
) -> None:
    decide(engine, lock_study)
    with Session(engine) as session:
        before = verify(session, study="tiny")

    with Session(engine) as session, pytest.raises(LockedStudyError, match="no more changes"):
        service(session, rater)

    with Session(engine) as session:
        assert verify(session, study="tiny") == before
        assert session.get_one(Rater, rater).state == "active"


def test_judgment_goes_on_where_it_was_when_the_study_opens_again(
    engine: Engine, rater: int
) -> None:
    decide(engine, pause_study)
    decide(engine, reopen_study)

    with Session(engine) as session:
        hand_in(session, rater)
        assert verify(session, study="tiny").problems == ()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, "This study is paused for now. What you have chosen so far is kept."),
        ({"message": " We are moving. "}, "This study is paused for now. We are moving."),
        (
            {"back_at": datetime(2026, 5, 4, 7, 0, tzinfo=UTC)},
            "This study is paused until 2026-05-04 07:00 UTC. What you have chosen so far is kept.",
        ),
        (
            {"message": "We are moving.", "back_at": datetime(2026, 5, 4, 7, 0, tzinfo=UTC)},
            "This study is paused until 2026-05-04 07:00 UTC. We are moving.",
        ),
        (
            {"message": "{words} {0} %s"},
            "This study is paused for now. {words} {0} %s",
        ),
    ],
)
def test_raters_are_told_what_the_coordinator_left_for_them(
    engine: Engine, rater: int, said: dict[str, Any], expected: str
) -> None:
    decide(engine, pause_study, **said)

    with Session(engine) as session, pytest.raises(PausedStudyError) as caught:
        take_next(session, rater)

    assert str(caught.value) == expected


def test_opening_again_takes_the_message_away(engine: Engine, rater: int) -> None:
    back_at = datetime(2026, 5, 4, tzinfo=UTC)
    decide(engine, pause_study, message="Later.", back_at=back_at)
    decide(engine, reopen_study)

    with Session(engine) as session:
        study = session.exec(select(Study)).one()

    assert (study.state, study.message, study.back_at) == ("open", None, None)


@pytest.mark.parametrize("change", CHANGES)
def test_lock_can_never_be_undone(engine: Engine, rater: int, change: Callable[..., None]) -> None:
    decide(engine, lock_study)

    with pytest.raises(LockedStudyError, match="is locked, and stays so"):
        decide(engine, change)

    with Session(engine) as session:
        assert session.exec(select(Study.state)).one() == "locked"


@pytest.mark.parametrize("change", CHANGES)
def test_rater_changes_no_state(engine: Engine, rater: int, change: Callable[..., None]) -> None:
    with pytest.raises(NotAllowedError, match="may not do this"):
        decide(engine, change, asked_by=rater)

    with Session(engine) as session:
        assert session.exec(select(Study.state)).one() == "open"


def test_each_change_has_its_event_and_the_same_state_again_has_none(
    engine: Engine, rater: int
) -> None:
    for change in (pause_study, pause_study, reopen_study, close_study, lock_study):
        decide(engine, change)

    with Session(engine) as session:
        actions = session.exec(select(AuditEvent.action).where(AuditEvent.action.like("study.%")))
        told = [one for one in actions if one != "study.created"]
        assert verify(session, study="tiny").problems == ()
    assert told == ["study.paused", "study.open", "study.closed", "study.locked"]


def test_closed_study_cannot_be_paused(engine: Engine, rater: int) -> None:
    decide(engine, close_study)

    with pytest.raises(StudyError, match="is closed"):
        decide(engine, pause_study)


def test_moment_without_a_time_zone_is_refused(engine: Engine, rater: int) -> None:
    with pytest.raises(StudyError, match="has no time zone"):
        decide(engine, pause_study, back_at=datetime(2026, 5, 4))


def test_message_that_is_too_long_is_refused(engine: Engine, rater: int) -> None:
    with pytest.raises(StudyError, match="1001 characters; at most 1000"):
        decide(engine, pause_study, message="x" * 1001)


def test_submission_from_a_stale_tab_after_the_lock_leaves_no_trace(
    engine: Engine, rater: int
) -> None:
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater)
    assert isinstance(unit, ShownUnit)
    decide(engine, lock_study)
    with Session(engine) as session:
        before = verify(session, study="tiny")

    with Session(engine) as session, pytest.raises(LockedStudyError, match="finished"):
        submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater,
            codes=complete_codes(unit),
            submission_id=unit.submission_id,
        )

    with Session(engine) as session:
        assert verify(session, study="tiny") == before


def test_places_are_not_added_to_a_locked_study(engine: Engine, rater: int) -> None:
    decide(engine, lock_study)

    with Session(engine) as session, pytest.raises(LockedStudyError, match="no more changes"):
        add_places(session, study="tiny")


def test_settings_are_not_kept_in_a_locked_study(engine: Engine, rater: int) -> None:
    decide(engine, lock_study)

    with Session(engine) as session, pytest.raises(LockedStudyError, match="no more changes"):
        set_preferences(session, rater_id=rater, keys=False, bindings={}, text_size=1)
