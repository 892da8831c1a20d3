"""The states of a study: open, paused, closed, and locked for good.

Only an open study takes judgments. While it is paused or closed drafts are still kept, so that
nobody who is in the middle of a unit loses what was chosen; a locked study takes no write at all,
and no state follows it.
"""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from rater_portal.database import transaction
from rater_portal.errors import LockedStudyError, StudyError
from rater_portal.models import Study, StudyState
from rater_portal.services.events import record_event
from rater_portal.services.permissions import Action, study_for
from rater_portal.services.studies import hold_study

LONGEST_MESSAGE = 1000
"""Characters of what raters are told while a study takes nothing."""


def pause_study(
    session: Session,
    *,
    study: str,
    message: str | None = None,
    back_at: datetime | None = None,
    asked_by: int | None = None,
) -> None:
    """Take no judgments for a while; drafts are kept.

    Parameters
    ----------
    message
        What raters are told.
    back_at
        When raters may come back, with a time zone.

    Raises
    ------
    StudyError
        If the study is closed, the message is too long, or the moment has no time zone.
    LockedStudyError
        If the study is locked.
    """
    if back_at is not None and back_at.tzinfo is None:
        raise StudyError(f"{back_at.isoformat()} has no time zone: when is that for raters?")
    with transaction(session):
        row = _held(session, study, asked_by, "change_state")
        if row.state == "closed":
            raise StudyError(f"Study {study!r} is closed. Open it again before you pause it.")
        _change(session, row, "paused", asked_by, message=_checked(message), back_at=back_at)


def close_study(
    session: Session, *, study: str, message: str | None = None, asked_by: int | None = None
) -> None:
    """Take no more judgments; what raters have chosen so far stays as drafts."""
    with transaction(session):
        row = _held(session, study, asked_by, "change_state")
        _change(session, row, "closed", asked_by, message=_checked(message))


def reopen_study(session: Session, *, study: str, asked_by: int | None = None) -> None:
    """Take judgments again, after a pause or a closing."""
    with transaction(session):
        row = _held(session, study, asked_by, "change_state")
        _change(session, row, "open", asked_by)


def lock_study(session: Session, *, study: str, asked_by: int | None = None) -> None:
    """Take no write ever again: the database itself refuses it, and refuses to undo this."""
    with transaction(session):
        row = _held(session, study, asked_by, "lock")
        _change(session, row, "locked", asked_by)


def told(row: Study) -> dict[str, Any]:
    """The state as an event tells it."""
    back_at = row.back_at.isoformat() if row.back_at else None
    return {"state": row.state, "message": row.message, "back_at": back_at}


def _held(session: Session, study: str, asked_by: int | None, action: Action) -> Study:
    found = study_for(session, study=study, asked_by=asked_by, action=action)
    row = hold_study(session, found.id)
    if row.state == "locked":
        raise LockedStudyError(f"Study {study!r} is locked, and stays so.")
    return row


def _change(
    session: Session,
    row: Study,
    state: StudyState,
    asked_by: int | None,
    *,
    message: str | None = None,
    back_at: datetime | None = None,
) -> None:
    before = told(row)
    row.state, row.message, row.back_at = state, message, back_at
    if told(row) == before:
        return
    record_event(
        session,
        study_id=row.id,
        actor_id=asked_by,
        action=f"study.{state}",
        old=before,
        new=told(row),
    )


def _checked(message: str | None) -> str | None:
    """The message without blanks around it; None for an empty one."""
    words = (message or "").replace("\0", "").strip()
    if len(words) > LONGEST_MESSAGE:
        raise StudyError(
            f"The message has {len(words)} characters; at most {LONGEST_MESSAGE} are shown."
        )
    return words or None
