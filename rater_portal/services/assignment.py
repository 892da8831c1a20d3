"""Which unit a rater judges next.

A unit is lent, not given: its place is kept while its rater is at work (`leases`), and another
rater may take it once the lease has run out. Which unit comes is chosen in `lending`, what the
rater may see of it in `showing`.
"""

from datetime import datetime
from typing import Final

from sqlmodel import Session

from rater_portal import clock
from rater_portal.database import transaction
from rater_portal.errors import NotAllowedError
from rater_portal.language import mark
from rater_portal.models import Assignment, Draft, Rater
from rater_portal.services.leases import (
    count_time,
    holds_place,
    own_assignment,
    renew_lease,
    take_place,
    unfinished,
)
from rater_portal.services.lending import lend
from rater_portal.services.places import offer
from rater_portal.services.showing import (
    Panel,
    ShownUnit,
    judged_count,
    on_screen,
    shown_unit,
    submission_id_of,
)
from rater_portal.services.studies import rater_in_open_study

__all__ = [
    "Panel",
    "ShownUnit",
    "count_time",
    "holds_place",
    "judged_count",
    "next_assignment",
    "on_screen",
    "own_assignment",
    "renew_lease",
    "submission_id_of",
    "take_place",
]

NO_RATER: Final = mark("Only raters of this study can judge its units.")


def next_assignment(session: Session, *, rater_id: int) -> ShownUnit | None:
    """The unit this rater has open, else a new one, else None when nothing is left now.

    A refresh, a second tab and another device all get the same open unit. A unit whose lease has
    lapsed comes back while its place is free, and in any case if something was chosen already.
    `lending.why_nothing` tells why there is none.

    Raises
    ------
    NotAllowedError, ClosedStudyError
        If the person may not judge now.
    """
    with transaction(session):
        rater, study = rater_in_open_study(session, rater_id)
        if rater.role != "rater" or rater.rater_group is None:
            raise NotAllowedError(NO_RATER)
        now = clock.now()
        offered = offer(session, rater=rater, study=study, now=now)
        assignment = _open_assignment(session, rater, now)
        if assignment is None:
            assignment = lend(session, rater, study, offered, now)
        if assignment is None:
            return None
        renew_lease(session, assignment, now)
        session.flush()
        left = offered.without(assignment.quota_id).count
        return shown_unit(session, assignment, rater, study, free=left)


def _open_assignment(session: Session, rater: Rater, now: datetime) -> Assignment | None:
    """The rater's unfinished unit, unless its place went to others before anything was chosen."""
    mine = unfinished(session, rater.id)
    return next((one for one in mine if _is_still_open(session, one, now)), None)


def _is_still_open(session: Session, assignment: Assignment, now: datetime) -> bool:
    return holds_place(session, assignment, now) or session.get(Draft, assignment.id) is not None
