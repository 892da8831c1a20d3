"""What a rater gives back: the judgment of one unit, stored exactly once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from rater_portal import clock
from rater_portal.database import transaction
from rater_portal.errors import AlreadySubmittedError, InvalidCodesError, NotAllowedError
from rater_portal.language import catalogue, mark
from rater_portal.models import Assignment, Draft, Judgment, Quota, Rater, Unit
from rater_portal.services.drafts import save_draft
from rater_portal.services.events import record_event
from rater_portal.services.leases import count_time, own_assignment, take_place
from rater_portal.services.marks import checked_marks
from rater_portal.services.studies import check_takes_judgments, rater_in_study, rubric_of
from rater_portal.services.trail import append_judgment
from rubrics.checking import CodesError, check_codes
from rubrics.schema import Code

__all__ = ["Given", "Receipt", "checked", "receipt_again", "save_draft", "store", "submit"]

SUBMITTED: Final = mark("You have submitted this unit already.")
SKIPPED: Final = mark("You have skipped this unit.")
OF_ANOTHER: Final = mark("This submission belongs to another unit.")
STORED: Final = select(Judgment).where(col(Judgment.submission_id) == bindparam("submission"))


@dataclass(frozen=True)
class Receipt:
    """What a rater may hold on to."""

    judgment_id: int
    submitted_at: datetime
    surplus: bool
    """Whether the unit had all its raters already: kept, but not counted."""


@dataclass(frozen=True)
class Given:
    """What a rater says of a unit, held against its rubric."""

    codes: dict[str, Code]
    marks: list[dict[str, Any]]
    language: str | None
    """The translation that the rubric was read in; None for the file's own words."""

    rubric_hash: str


def submit(
    session: Session,
    *,
    assignment_id: int,
    rater_id: int,
    codes: Mapping[str, Code | None],
    submission_id: str,
    marks: Sequence[Mapping[str, Any]] = (),
    language: str | None = None,
) -> Receipt:
    """Store one rater's codes for one assignment, all of them or none, and exactly once.

    The same `submission_id` sent again returns the first receipt and stores nothing, whatever has
    become of the study meanwhile. Only units of the study itself take a place: training, checks
    and repeats never do.

    Parameters
    ----------
    marks
        Passages tied to items, in slots and not in positions.
    language
        The language of the rater's screen.

    Raises
    ------
    InvalidCodesError
        If codes or marks do not answer the rubric; the draft stays.
    NotAllowedError
        If the assignment or the submission is another's.
    AlreadySubmittedError
        If the assignment was judged under another submission id, or skipped.
    ClosedStudyError
        If the study is paused, closed or locked.
    """
    with transaction(session):
        rater, study = rater_in_study(session, rater_id)
        assignment = own_assignment(session, assignment_id, rater_id)
        if (again := receipt_again(session, assignment, submission_id)) is not None:
            return again
        check_takes_judgments(session, rater, study)
        if assignment.submitted_at is not None:
            raise AlreadySubmittedError(SUBMITTED)
        if assignment.skipped_at is not None:
            raise AlreadySubmittedError(SKIPPED)

        given = checked(session, assignment, codes, marks, language)
        now = clock.now()
        is_counted = take_place(session, assignment, now)
        count_time(assignment, now)
        assignment.submitted_at = now
        if draft := session.get(Draft, assignment_id):
            session.delete(draft)
        judgment = store(session, assignment, rater, given, submission_id, surplus=not is_counted)
        return Receipt(judgment.id, judgment.submitted_at, judgment.surplus)


def receipt_again(session: Session, assignment: Assignment, submission_id: str) -> Receipt | None:
    """The receipt of a submission that is stored already, if it is.

    Raises
    ------
    NotAllowedError
        If it is the submission of another unit.
    """
    stored = session.exec(STORED, params={"submission": submission_id}).one_or_none()
    if stored is None:
        return None
    if stored.assignment_id != assignment.id:
        raise NotAllowedError(OF_ANOTHER)
    return Receipt(stored.id, stored.submitted_at, stored.surplus)


def checked(
    session: Session,
    assignment: Assignment,
    codes: Mapping[str, Code | None],
    marks: Sequence[Mapping[str, Any]],
    language: str | None,
) -> Given:
    """Codes and marks as they are stored; InvalidCodesError if they do not answer the rubric."""
    quota = session.get_one(Quota, assignment.quota_id)
    rubric = rubric_of(session, assignment.study_id, quota.rubric_id)
    try:
        kept = check_codes(
            rubric,
            codes,
            group=quota.rater_group,
            language=language,
            translate=catalogue(language).gettext,
        )
    except CodesError as error:
        raise InvalidCodesError(error.problems) from error
    panels = session.get_one(Unit, assignment.unit_pk).panels
    return Given(
        codes=kept,
        marks=list(checked_marks(marks, unit_panels=panels, rubric=rubric)),
        language=rubric.language_for(language),
        rubric_hash=rubric.content_hash,
    )


def store(
    session: Session,
    assignment: Assignment,
    rater: Rater,
    given: Given,
    submission_id: str,
    *,
    surplus: bool,
    revision: int = 1,
    reason: str | None = None,
) -> Judgment:
    """Add a judgment to the end of the trail, and to the events that it was made."""
    judgment = Judgment(
        study_id=assignment.study_id,
        assignment_id=assignment.id,
        revision=revision,
        submission_id=submission_id,
        codes=given.codes,
        marks=given.marks,
        rubric_hash=given.rubric_hash,
        shown_first=assignment.shown_first,
        purpose=assignment.purpose,
        language=given.language,
        active_seconds=round(assignment.active_seconds, 1),
        surplus=surplus,
        reason=reason,
        submitted_at=clock.now(),
        previous_hash="",
        row_hash="",
    )
    quota = session.get_one(Quota, assignment.quota_id)
    append_judgment(session, (judgment, quota, session.get_one(Unit, assignment.unit_pk), rater))
    record_event(
        session,
        study_id=assignment.study_id,
        actor_id=rater.id,
        action="judgment.submitted",
        assignment_id=assignment.id,
        new={"judgment": judgment.id, "revision": revision, "hash": judgment.row_hash},
        reason=reason,
        rubric_hash=given.rubric_hash,
    )
    return judgment
