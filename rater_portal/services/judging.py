"""What a rater gives back: drafts as they are chosen, and the judgment, stored exactly once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import AlreadySubmittedError, InvalidCodesError, NotAllowedError
from rater_portal.models import Assignment, Draft, Judgment, Quota, Rater, Unit
from rater_portal.services.assignment import (
    count_time,
    holds_place,
    own_assignment,
    renew_lease,
)
from rater_portal.services.studies import rater_in_open_study, rubrics_of
from rater_portal.services.trail import entry_hash, last_hash
from rubrics.checking import CodesError, check_codes
from rubrics.schema import Code, Rubric


@dataclass(frozen=True)
class Receipt:
    """What a rater may hold on to."""

    judgment_id: int
    submitted_at: datetime
    surplus: bool
    """Whether the unit had all its raters already: kept, but not counted."""


def save_draft(
    session: Session, *, assignment_id: int, rater_id: int, codes: Mapping[str, Code | None]
) -> datetime:
    """Keep what a rater has chosen so far; returns the server's time of the saving.

    A draft may be incomplete and is checked only when it is submitted, but keys that the rubric
    does not have are not kept.
    """
    with transaction(session):
        _, study = rater_in_open_study(session, rater_id)
        assignment = own_assignment(session, assignment_id, rater_id)
        if assignment.submitted_at is not None:
            raise AlreadySubmittedError("You have submitted this unit already.")
        rubric = rubrics_of(session, study.id)[_quota(session, assignment).rubric_id]
        known = {item.id for item in rubric.items}
        now = datetime.now(UTC)
        draft = session.get(Draft, assignment_id) or Draft(assignment_id=assignment_id)
        draft.codes = {item: code for item, code in codes.items() if item in known}
        draft.saved_at = now
        session.add(draft)
        count_time(assignment, now)
        renew_lease(session, assignment, now)
    return now


def submit(
    session: Session,
    *,
    assignment_id: int,
    rater_id: int,
    codes: Mapping[str, Code | None],
    submission_id: str,
) -> Receipt:
    """Store one rater's codes for one assignment, all of them or none, and exactly once.

    The same `submission_id` sent again returns the first receipt and stores nothing.

    Raises
    ------
    InvalidCodesError
        If the codes do not answer the rubric; the draft stays.
    NotAllowedError
        If the assignment or the submission is another's.
    AlreadySubmittedError
        If the assignment was judged under another submission id.
    ClosedStudyError
        If the study is closed.
    """
    with transaction(session):
        rater, study = rater_in_open_study(session, rater_id)
        assignment = own_assignment(session, assignment_id, rater_id)
        stored = session.exec(
            select(Judgment).where(Judgment.submission_id == submission_id)
        ).one_or_none()
        if stored is not None:
            return _receipt_again(stored, assignment)
        if assignment.submitted_at is not None:
            raise AlreadySubmittedError("You have submitted this unit already.")

        rubric = rubrics_of(session, study.id)[_quota(session, assignment).rubric_id]
        try:
            checked = check_codes(rubric, codes, group=rater.rater_group)
        except CodesError as error:
            raise InvalidCodesError(error.problems) from error
        judgment = _store(session, assignment, rater, rubric, checked, submission_id)
        if draft := session.get(Draft, assignment_id):
            session.delete(draft)
        session.flush()
        return Receipt(judgment.id, judgment.submitted_at, judgment.surplus)


def _store(
    session: Session,
    assignment: Assignment,
    rater: Rater,
    rubric: Rubric,
    checked: Mapping[str, Code],
    submission_id: str,
) -> Judgment:
    """Take the place if there is one, and add the judgment to the end of the trail."""
    now = datetime.now(UTC)
    counts = _take_place(session, assignment, now)
    count_time(assignment, now)
    assignment.submitted_at = now
    judgment = Judgment(
        study_id=assignment.study_id,
        assignment_id=assignment.id,
        submission_id=submission_id,
        codes=dict(checked),
        rubric_hash=rubric.content_hash,
        shown_first=assignment.shown_first,
        active_seconds=round(assignment.active_seconds, 1),
        surplus=not counts,
        submitted_at=now,
        previous_hash=last_hash(session, assignment.study_id),
        row_hash="",
    )
    unit = session.get_one(Unit, assignment.unit_pk)
    judgment.row_hash = entry_hash((judgment, _quota(session, assignment), unit, rater))
    session.add(judgment)
    return judgment


def _quota(session: Session, assignment: Assignment) -> Quota:
    return session.get_one(Quota, assignment.quota_id)


def _receipt_again(stored: Judgment, assignment: Assignment) -> Receipt:
    if stored.assignment_id != assignment.id:
        raise NotAllowedError("This submission belongs to another unit.")
    return Receipt(stored.id, stored.submitted_at, stored.surplus)


def _take_place(session: Session, assignment: Assignment, now: datetime) -> bool:
    """Take one of the unit's places, unless all are taken or held by others."""
    if not holds_place(session, assignment, now):
        return False
    taken = session.execute(
        update(Quota)
        .where(col(Quota.id) == assignment.quota_id, col(Quota.accepted) < col(Quota.capacity))
        .values(accepted=Quota.accepted + 1)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]
