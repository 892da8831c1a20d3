"""The trail of what was done: one row for each act, in the transaction of the act itself."""

from typing import Any

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from rater_portal import clock
from rater_portal.database import transaction
from rater_portal.models import AuditEvent
from rater_portal.services.trail import event_hash, held_end

NEXT_ON_POSTGRESQL = text("SELECT nextval(pg_get_serial_sequence('audit_event', 'id'))")

LAST_ON_SQLITE = select(func.max(col(AuditEvent.id)))


def record_event(
    session: Session,
    *,
    study_id: int,
    actor_id: int | None,
    action: str,
    assignment_id: int | None = None,
    item: str | None = None,
    old: Any = None,
    new: Any = None,
    reason: str | None = None,
    rubric_hash: str | None = None,
) -> None:
    """Add one act to the end of a study's trail; stored with what was done, or not at all.

    Parameters
    ----------
    actor_id
        Who did it; None for the operator at the shell, or for the portal itself.
    action
        What was done, as in `draft.changed`.
    old, new
        What stood there before and stands there now, as JSON has it.
    """
    with transaction(session):
        end = held_end(session, study_id)
        event = AuditEvent(
            id=_next_id(session),
            study_id=study_id,
            happened_at=clock.now(),
            actor_id=actor_id,
            action=action,
            assignment_id=assignment_id,
            item=item,
            old=old,
            new=new,
            reason=reason,
            rubric_hash=rubric_hash,
            previous_hash=end.event_hash,
            row_hash="",
        )
        event.row_hash = event_hash(event)
        session.add(event)
        end.n_events += 1
        end.event_hash = event.row_hash


def _next_id(session: Session) -> int:
    """The next event's number: known before the row is there, since its hash covers it."""
    if session.get_bind().dialect.name == "postgresql":
        return int(session.execute(NEXT_ON_POSTGRESQL).scalar_one())
    return (session.exec(LAST_ON_SQLITE).one() or 0) + 1
