"""What a rater gives back: drafts as they are chosen, and the judgment, stored exactly once."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import InvalidCodesError, NotAllowedError, PortalError
from rater_portal.models import Assignment, Draft, Judgment, Quota, Rater
from rater_portal.services.assignment import own_assignment, touch
from rater_portal.services.studies import rater_in_open_study, rubrics_of
from rubrics.checking import CodesError, check_codes
from rubrics.schema import Code, Rubric

FIRST_HASH = "0" * 64
"""What the first judgment of a study points back to."""


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
        rater, _ = rater_in_open_study(session, rater_id)
        assignment = own_assignment(session, assignment_id, rater_id)
        if assignment.submitted_at is not None:
            raise PortalError("You have submitted this unit already.")
        rubric = _rubric(session, rater, assignment)
        known = {item.id for item in rubric.items}
        now = datetime.now(UTC)
        draft = session.get(Draft, assignment_id) or Draft(assignment_id=assignment_id)
        draft.codes = {item: code for item, code in codes.items() if item in known}
        draft.saved_at = now
        session.add(draft)
        touch(assignment, now)
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
    PortalError
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
            raise PortalError("You have submitted this unit already.")

        rubric = _rubric(session, rater, assignment)
        try:
            checked = check_codes(rubric, codes, group=rater.rater_group)
        except CodesError as error:
            raise InvalidCodesError(error.problems) from error
        now = datetime.now(UTC)
        touch(assignment, now)
        assignment.submitted_at = now
        judgment = Judgment(
            study_id=study.id,
            assignment_id=assignment_id,
            submission_id=submission_id,
            codes=checked,
            rubric_hash=rubric.content_hash,
            shown_first=assignment.shown_first,
            active_seconds=round(assignment.active_seconds, 1),
            surplus=not _take_place(session, assignment),
            submitted_at=now,
            previous_hash=last_hash(session, assignment.study_id),
            row_hash="",
        )
        judgment.row_hash = hash_of(judgment)
        session.add(judgment)
        if draft := session.get(Draft, assignment_id):
            session.delete(draft)
        session.flush()
        return Receipt(judgment.id, now, judgment.surplus)


def hash_of(judgment: Judgment) -> str:
    """SHA-256 over all that a judgment says and the hash of the one before it."""
    said: dict[str, Any] = judgment.model_dump(exclude={"id", "row_hash"})
    said["submitted_at"] = judgment.submitted_at.astimezone(UTC).isoformat()
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def last_hash(session: Session, study_id: int) -> str:
    """The hash of the study's newest judgment."""
    newest = session.exec(
        select(Judgment.row_hash)
        .where(Judgment.study_id == study_id)
        .order_by(col(Judgment.id).desc())
        .limit(1)
    ).first()
    return newest or FIRST_HASH


def _rubric(session: Session, rater: Rater, assignment: Assignment) -> Rubric:
    quota = session.get_one(Quota, assignment.quota_id)
    return rubrics_of(session, rater.study_id)[quota.rubric_id]


def _receipt_again(stored: Judgment, assignment: Assignment) -> Receipt:
    if stored.assignment_id != assignment.id:
        raise NotAllowedError("This submission belongs to another unit.")
    return Receipt(stored.id, stored.submitted_at, stored.surplus)


def _take_place(session: Session, assignment: Assignment) -> bool:
    """Take one of the unit's places, if one is free: counted by the database, not by us."""
    taken = session.execute(
        update(Quota)
        .where(col(Quota.id) == assignment.quota_id, col(Quota.accepted) < col(Quota.capacity))
        .values(accepted=Quota.accepted + 1)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]
