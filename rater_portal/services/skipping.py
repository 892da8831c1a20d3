"""Leaving a unit out, with a reason and without penalty: its place is free for another rater."""

from typing import Final

from sqlmodel import Session

from rater_portal import clock
from rater_portal.database import transaction
from rater_portal.desk_words import SKIP_REASONS
from rater_portal.errors import AlreadySubmittedError, InvalidCodesError
from rater_portal.language import mark
from rater_portal.models import Draft, SkipKind
from rater_portal.services.drafts import SUBMITTED
from rater_portal.services.events import record_event
from rater_portal.services.leases import count_time, own_assignment
from rater_portal.services.studies import rater_in_open_study

LONGEST_COMMENT: Final = 2000
NO_REASON: Final = mark("Please choose a reason.")


def skip(
    session: Session,
    *,
    assignment_id: int,
    rater_id: int,
    kind: SkipKind,
    reason: str,
    comment: str | None = None,
) -> None:
    """Note that this rater leaves a unit out; said again, it changes nothing.

    Parameters
    ----------
    kind
        Whether the rater would rather not judge it, or cannot.
    reason
        One of the codes that are offered.
    comment
        The rater's own words, cut at a length that nobody writes by hand.

    Raises
    ------
    InvalidCodesError
        If the reason is none of those that are offered.
    NotAllowedError, ClosedStudyError
        If this rater may not judge the unit now.
    AlreadySubmittedError
        If the unit was judged already.
    """
    with transaction(session):
        rater_in_open_study(session, rater_id)
        assignment = own_assignment(session, assignment_id, rater_id)
        if reason not in SKIP_REASONS:
            raise InvalidCodesError([("reason", NO_REASON)])
        if assignment.submitted_at is not None:
            raise AlreadySubmittedError(SUBMITTED)
        if assignment.skipped_at is not None:
            return
        now = clock.now()
        count_time(assignment, now)
        assignment.skipped_at = assignment.leased_until = now
        assignment.skip_kind, assignment.skip_reason = kind, reason
        assignment.skip_comment = _words(comment)
        if draft := session.get(Draft, assignment_id):
            session.delete(draft)
        record_event(
            session,
            study_id=assignment.study_id,
            actor_id=rater_id,
            action="unit.skipped",
            assignment_id=assignment_id,
            new={"kind": kind, "reason": reason},
            reason=assignment.skip_comment,
        )


def _words(comment: str | None) -> str | None:
    """The comment without what cannot be stored; None for an empty one."""
    return (comment or "").replace("\0", "").strip()[:LONGEST_COMMENT] or None
