"""How long a place is kept for its rater, and whether a judgment takes it.

A unit is lent, not given. Only units of the study itself take a place: training, checks and
repeats never do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, update
from sqlmodel import Session, col, select

from rater_portal.errors import NotAllowedError
from rater_portal.language import mark
from rater_portal.models import Assignment, Quota, UtcDateTime
from rater_portal.settings import current_settings

NOT_YOURS: Final = mark("This unit is not yours to judge.")


def is_held(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether an assignment holds a place at this moment without having taken it."""
    return (
        col(Assignment.submitted_at).is_(None)
        & (col(Assignment.leased_until) > now)
        & col(Assignment.skipped_at).is_(None)
        & (col(Assignment.purpose) == "study")
    )


# Made once: these are asked with every sign of life, and take longer to say than to answer.
PLACES_LEFT: Final = select(
    col(Quota.capacity)
    - col(Quota.accepted)
    - select(func.count())
    .where(
        col(Assignment.quota_id) == col(Quota.id),
        col(Assignment.rater_id) != bindparam("rater"),
        is_held(bindparam("now", type_=UtcDateTime)),
    )
    .scalar_subquery()
).where(col(Quota.id) == bindparam("quota"))
"""Places of a unit that nobody has or holds but this rater."""

UNFINISHED: Final = (
    select(Assignment)
    .where(
        col(Assignment.rater_id) == bindparam("rater"),
        col(Assignment.submitted_at).is_(None),
        col(Assignment.skipped_at).is_(None),
        col(Assignment.purpose) != "adjudication",
    )
    .order_by(col(Assignment.id))
)
HELD_BY_OTHERS: Final = (
    select(Assignment.quota_id, func.count(), func.min(col(Assignment.leased_until)))
    .where(
        col(Assignment.study_id) == bindparam("study"),
        col(Assignment.rater_id) != bindparam("rater"),
        is_held(bindparam("now", type_=UtcDateTime)),
    )
    .group_by(col(Assignment.quota_id))
)
TAKE_ONE: Final = (
    update(Quota)
    .where(col(Quota.id) == bindparam("quota"), col(Quota.accepted) < col(Quota.capacity))
    .values(accepted=Quota.accepted + 1)
    .execution_options(synchronize_session=False)
)


@dataclass(frozen=True)
class Held:
    """How many hold places of one unit, and when the first of their leases lapses."""

    count: int
    until: datetime


def own_assignment(session: Session, assignment_id: int, rater_id: int) -> Assignment:
    """The assignment, if it is this rater's own.

    Raises
    ------
    NotAllowedError
        If it is another's or none: the two must not be told apart.
    """
    assignment = session.get(Assignment, assignment_id)
    if assignment is None or assignment.rater_id != rater_id:
        raise NotAllowedError(NOT_YOURS)
    return assignment


def unfinished(session: Session, rater_id: int) -> Sequence[Assignment]:
    """What this rater was lent and has neither judged nor skipped, the oldest first."""
    return session.exec(UNFINISHED, params={"rater": rater_id}).all()


def count_time(assignment: Assignment, now: datetime) -> None:
    """Count the time since the rater's last act, cut where it must have been a pause."""
    silence = (now - assignment.last_active_at).total_seconds()
    assignment.active_seconds += min(max(silence, 0.0), current_settings().idle_seconds)
    assignment.last_active_at = now


def renew_lease(session: Session, assignment: Assignment, now: datetime) -> None:
    """Keep the place for its rater a while longer, unless it went to another meanwhile."""
    if holds_place(session, assignment, now):
        assignment.leased_until = now + timedelta(minutes=current_settings().lease_minutes)


def holds_place(session: Session, assignment: Assignment, now: datetime) -> bool:
    """Whether this rater's judgment would be counted: the lease runs, or the place is free."""
    if assignment.skipped_at is not None:
        return False
    if assignment.purpose == "adjudication":
        return not _decides_another(session, assignment, now)
    if assignment.leased_until > now or assignment.purpose != "study":
        return True
    asked = {"quota": assignment.quota_id, "rater": assignment.rater_id, "now": now}
    return bool(session.execute(PLACES_LEFT, asked).scalar_one() > 0)


def take_place(session: Session, assignment: Assignment, now: datetime) -> bool:
    """Take one of the unit's places, unless all are taken or held by others.

    What is no unit of the study takes none, and counts all the same. To be called in the
    transaction that stores the judgment, with the study held. That no unit has more judgments
    than places holds whoever calls it: the database counts, and refuses.
    """
    if not holds_place(session, assignment, now):
        return False
    if assignment.purpose != "study":
        return True
    taken = session.execute(TAKE_ONE, {"quota": assignment.quota_id})
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def being_decided(study_id: int, now: datetime) -> ColumnElement[bool]:
    """Whether an assignment has decided about its unit, or may do so at this moment."""
    has_it = col(Assignment.submitted_at).is_not(None) | (col(Assignment.leased_until) > now)
    return (
        (col(Assignment.study_id) == study_id)
        & (col(Assignment.purpose) == "adjudication")
        & col(Assignment.skipped_at).is_(None)
        & has_it
    )


def held_by_others(
    session: Session, study_id: int, rater_id: int, now: datetime
) -> Mapping[int, Held]:
    """The places of a study that other raters hold at this moment."""
    held = session.execute(HELD_BY_OTHERS, {"study": study_id, "rater": rater_id, "now": now})
    return {quota_id: Held(count, until) for quota_id, count, until in held}


def _decides_another(session: Session, assignment: Assignment, now: datetime) -> bool:
    """Whether another adjudicator has the unit, or has decided about it."""
    others = select(Assignment.id).where(
        Assignment.quota_id == assignment.quota_id,
        Assignment.rater_id != assignment.rater_id,
        being_decided(assignment.study_id, now),
    )
    return session.exec(others.limit(1)).first() is not None
