"""What raters gave back, for themselves: their own judgments, and changing one with a reason.

A judgment is never changed in place. A revision is a row of its own behind it: the first stays,
and with it the place that it took.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import AlreadySubmittedError, InvalidCodesError, NotAllowedError
from rater_portal.language import catalogue, mark
from rater_portal.models import Assignment, Judgment, Quota, Unit
from rater_portal.services.events import record_event
from rater_portal.services.judging import Given, Receipt, checked, receipt_again, store
from rater_portal.services.leases import own_assignment
from rater_portal.services.showing import ShownUnit, on_screen, submission_id_of
from rater_portal.services.studies import (
    check_takes_judgments,
    rater_in_open_study,
    rater_in_study,
    rubric_of,
)
from rubrics.schema import Code, UnitKind

LONGEST_REASON: Final = 500
WORDS_SHOWN: Final = 14

NOT_JUDGED: Final = mark("You have not judged this unit yet.")
TRAINING: Final = mark("What you judged in the training cannot be changed.")
NO_REASON: Final = mark("Please say why you change your judgment.")
LONG_REASON: Final = mark("Please give your reason in {limit} characters or fewer.")
NO_CHANGE: Final = mark("You have changed nothing yet.")
CHANGED_MEANWHILE: Final = mark(
    "You have changed this judgment meanwhile, in another tab or on another device."
)


@dataclass(frozen=True)
class OwnJudgment:
    """One unit that this rater has judged: nothing in it tells how it counts."""

    assignment_id: int
    kind: UnitKind
    question: str
    """The first words of the question that was shown first."""

    submitted_at: datetime
    """When it was judged first."""

    changed_at: datetime | None
    """When it was changed last, if it was."""


def own_judgments(session: Session, *, rater_id: int) -> tuple[OwnJudgment, ...]:
    """All that this rater has judged and may look at again, the newest first.

    Training is not among it. Raters see their own judgments whatever state the study is in.
    """
    at = col(Judgment.submitted_at)
    first, last = func.min(at), func.max(at)
    judged = (
        select(Assignment, Unit, first, last)
        .join(Unit, col(Unit.id) == Assignment.unit_pk)
        .join(Judgment, col(Judgment.assignment_id) == Assignment.id)
        .where(Assignment.rater_id == rater_id, Assignment.purpose != "training")
        .group_by(col(Assignment.id), col(Unit.id))
        .order_by(first.desc(), col(Assignment.id).desc())
    )
    return tuple(
        OwnJudgment(
            assignment_id=assignment.id,
            kind=unit.kind,
            question=_first_words(unit, assignment),
            submitted_at=submitted_at,
            changed_at=changed_at if changed_at > submitted_at else None,
        )
        for assignment, unit, submitted_at, changed_at in session.exec(judged)
    )


def unit_to_revise(session: Session, *, assignment_id: int, rater_id: int) -> ShownUnit:
    """A unit as it was judged, with its codes as they are stored, ready to be changed.

    Raises
    ------
    NotAllowedError
        If the unit is another's, was not judged yet, or was part of the training.
    ClosedStudyError
        If the study is paused, closed or locked.
    """
    with transaction(session):
        rater_in_open_study(session, rater_id)
        assignment, last = _judged(session, assignment_id, rater_id)
        unit = session.get_one(Unit, assignment.unit_pk)
        quota = session.get_one(Quota, assignment.quota_id)
        return ShownUnit(
            assignment_id=assignment.id,
            submission_id=submission_id_of(assignment, last.revision + 1),
            kind=unit.kind,
            rubric=rubric_of(session, assignment.study_id, quota.rubric_id),
            rater_group=quota.rater_group,
            panels=on_screen(unit, assignment.shown_first),
            shown_first=assignment.shown_first,
            draft=last.codes,
            saved_at=None,
            done=0,
            left=0,
            marks=last.marks,
            content_note=unit.content_note,
            active_seconds=assignment.active_seconds,
            mode="revise",
        )


def revise(
    session: Session,
    *,
    assignment_id: int,
    rater_id: int,
    codes: Mapping[str, Code | None],
    reason: str,
    submission_id: str,
    marks: Sequence[Mapping[str, Any]] = (),
    language: str | None = None,
) -> Receipt:
    """Store other codes for a unit that this rater has judged; what was said before stays.

    The same revision sent again returns the first receipt and stores nothing, whatever has become
    of the study meanwhile.

    Parameters
    ----------
    reason
        Why, in the rater's own words.

    Raises
    ------
    InvalidCodesError
        If codes or marks do not answer the rubric, nothing differs, or there is no reason, or too
        long a one; problems that are no item's are said of `reason`.
    NotAllowedError
        If the unit is another's, was not judged yet, or was part of the training.
    AlreadySubmittedError
        If the judgment was changed to something else meanwhile.
    ClosedStudyError
        If the study is paused, closed or locked.
    """
    with transaction(session):
        rater, study = rater_in_study(session, rater_id)
        assignment, last = _judged(session, assignment_id, rater_id)
        given = checked(session, assignment, codes, marks, language)
        words = _checked_reason(reason, language)
        if (again := receipt_again(session, assignment, submission_id)) is not None:
            if _differs(last, given) or last.submission_id != submission_id:
                raise AlreadySubmittedError(CHANGED_MEANWHILE)
            return again
        check_takes_judgments(session, rater, study)
        if not _differs(last, given):
            raise InvalidCodesError([("reason", catalogue(language).gettext(NO_CHANGE))])
        _tell(session, assignment, last, given, words)
        judgment = store(
            session,
            assignment,
            rater,
            given,
            submission_id,
            surplus=last.surplus,
            revision=last.revision + 1,
            reason=words,
        )
        return Receipt(judgment.id, judgment.submitted_at, judgment.surplus)


def _judged(session: Session, assignment_id: int, rater_id: int) -> tuple[Assignment, Judgment]:
    """The rater's own assignment, and the newest revision of its judgment."""
    assignment = own_assignment(session, assignment_id, rater_id)
    last = session.exec(
        select(Judgment)
        .where(Judgment.assignment_id == assignment_id)
        .order_by(col(Judgment.revision).desc())
        .limit(1)
    ).first()
    if last is None:
        raise NotAllowedError(NOT_JUDGED)
    if assignment.purpose == "training":
        raise NotAllowedError(TRAINING)
    return assignment, last


def _differs(last: Judgment, given: Given) -> bool:
    return (last.codes, last.marks) != (given.codes, given.marks)


def _tell(
    session: Session, assignment: Assignment, last: Judgment, given: Given, reason: str
) -> None:
    """One event for each item that was changed, and one for the marks."""
    changed: list[tuple[str | None, Any, Any]] = [
        (item, last.codes.get(item), given.codes.get(item))
        for item in {**last.codes, **given.codes}
        if last.codes.get(item) != given.codes.get(item)
    ]
    if last.marks != given.marks:
        changed.append((None, last.marks, given.marks))
    for item, old, new in changed:
        record_event(
            session,
            study_id=assignment.study_id,
            actor_id=assignment.rater_id,
            action="judgment.revised" if item else "judgment.marked",
            assignment_id=assignment.id,
            item=item,
            old=old,
            new=new,
            reason=reason,
            rubric_hash=given.rubric_hash,
        )


def _checked_reason(reason: str, language: str | None) -> str:
    """The reason without what cannot be stored or seen."""
    words = "".join(sign for sign in reason if sign.isprintable() or sign.isspace()).strip()
    _ = catalogue(language).gettext
    if not words:
        raise InvalidCodesError([("reason", _(NO_REASON))])
    if len(words) > LONGEST_REASON:
        message = _(LONG_REASON).format(limit=LONGEST_REASON)
        raise InvalidCodesError([("reason", message)])
    return words


def _first_words(unit: Unit, assignment: Assignment) -> str:
    panels = on_screen(unit, assignment.shown_first)
    words = next((one.text for one in panels if one.kind == "question"), "").split()
    return " ".join(words[:WORDS_SHOWN]) + ("…" if len(words) > WORDS_SHOWN else "")
