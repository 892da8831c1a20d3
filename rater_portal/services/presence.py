"""Who is at work: time by the server's clock, the lease renewed, and whether a break is due.

A browser says every few seconds that its rater is seen at work. How long that was is the server's
to say: a beat counts for no more than a beat can last, so that a pause is not taken for work.
"""

from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from rater_portal import clock
from rater_portal.database import transaction
from rater_portal.services.assignment import renew_lease
from rater_portal.services.care import break_due
from rater_portal.services.drafts import unfinished_assignment
from rater_portal.services.studies import rater_in_open_study

LONGEST_BEAT_S: Final = 30.0
"""Browsers beat every 20 seconds. What is longer had a pause in it."""


@dataclass(frozen=True)
class Beat:
    """What the server makes of a sign of life."""

    active_seconds: float
    """Spent on this unit so far."""

    break_due: bool


def beat(session: Session, *, assignment_id: int, rater_id: int) -> Beat:
    """Count the time since the rater's last act, and keep the place a while longer.

    Raises
    ------
    NotAllowedError, ClosedStudyError, AlreadySubmittedError
        If this rater may not, or no longer, judge the unit.
    """
    with transaction(session):
        rater_in_open_study(session, rater_id)
        assignment = unfinished_assignment(session, assignment_id, rater_id)
        now = clock.now()
        silence = (now - assignment.last_active_at).total_seconds()
        assignment.active_seconds += min(max(silence, 0.0), LONGEST_BEAT_S)
        assignment.last_active_at = now
        renew_lease(session, assignment, now)
        session.flush()
        return Beat(assignment.active_seconds, break_due(session, rater_id))
