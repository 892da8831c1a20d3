"""Choosing the next unit for a rater, and saying why there is none.

The emptiest units come first, so that all of a study advances together. Among those it is chosen
who meets whom (`meetings`), and which answer stands first (`sides`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, Literal

from sqlalchemy import func
from sqlmodel import Session, col, select

from rater_portal import clock
from rater_portal.models import Assignment, Purpose, Quota, Rater, Side, Study, StudyRubric, Unit
from rater_portal.services.checks import due_check
from rater_portal.services.leases import held_by_others, unfinished
from rater_portal.services.meetings import Company, company, lead_with, meetings
from rater_portal.services.places import Offer, Place, offer
from rater_portal.services.sides import rater_lead, side_first
from rater_portal.services.studies import protocol_of

CANDIDATES: Final = 32
"""Places that are weighed against each other: more would cost more and balance no better."""


@dataclass(frozen=True)
class Nothing:
    """Why a rater is lent nothing now."""

    reason: Literal["finished", "all_taken", "daily_limit"]
    """`all_taken`: what is left is held by others, who may not finish it."""

    back_at: datetime | None
    """When there can be something again; None if that is never."""


def lend(
    session: Session, rater: Rater, study: Study, offered: Offer, now: datetime
) -> Assignment | None:
    """A new assignment for a rater of a study that is held; None if there is nothing now."""
    if day_is_done(session, rater, study, now):
        return None
    due = due_check(session, rater=rater, study=study)
    if due is not None:
        quota, purpose = due
        return _lent(session, rater, study, quota, purpose, Company(), now)
    places = offered.first(rubrics=_rubric_order(session, rater, study), count=CANDIDATES)
    if not places:
        return None
    quota, others = _best(session, rater, places, now)
    return _lent(session, rater, study, quota, "study", others, now)


def why_nothing(session: Session, *, rater_id: int) -> Nothing:
    """Why this rater was lent nothing, and when to come back."""
    rater = session.get_one(Rater, rater_id)
    study = session.get_one(Study, rater.study_id)
    now = clock.now()
    offered = offer(session, rater=rater, study=study, now=now)
    held = held_by_others(session, study.id, rater.id, now)
    let_go = [one.quota_id for one in unfinished(session, rater.id)]
    back = [offered.back_at, *(held[quota_id].until for quota_id in let_go if quota_id in held)]
    held_until = min((at for at in back if at is not None), default=None)
    if (held_until or offered.free) and day_is_done(session, rater, study, now):
        return Nothing("daily_limit", _midnight(now) + timedelta(days=1))
    if offered.free:  # somebody let go of it meanwhile
        return Nothing("all_taken", now)
    return Nothing("all_taken" if held_until else "finished", held_until)


def day_is_done(session: Session, rater: Rater, study: Study, now: datetime) -> bool:
    """Whether the rater has judged as many units today, in UTC, as the protocol lets one judge."""
    limit = protocol_of(study).limits.per_day
    if limit is None:
        return False
    judged = session.exec(
        select(func.count())
        .select_from(Assignment)
        .where(
            Assignment.rater_id == rater.id,
            Assignment.purpose != "training",
            col(Assignment.submitted_at) >= _midnight(now),
        )
    ).one()
    return judged >= limit


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _rubric_order(session: Session, rater: Rater, study: Study) -> Sequence[str]:
    """Rubrics in the order this rater should meet them: in the protocol's order, or in turn."""
    rubrics = session.exec(
        select(StudyRubric.rubric_id)
        .where(StudyRubric.study_id == study.id)
        .order_by(col(StudyRubric.position))
    ).all()
    if protocol_of(study).order == "by_rubric":
        return rubrics
    met = session.exec(
        select(Quota.rubric_id)
        .join(Assignment, col(Assignment.quota_id) == Quota.id)
        .where(Assignment.rater_id == rater.id, Assignment.purpose == "study")
    )
    return sorted(rubrics, key=Counter(met).__getitem__)


def _best(
    session: Session, rater: Rater, places: Sequence[Place], now: datetime
) -> tuple[Quota, Company]:
    """The place whose raters have met this rater least, and whose sides come out most even."""
    first = places[0]
    if not first.taken:  # nobody is there to be met
        return session.get_one(Quota, first.quota_id), Company()

    those = company(session, rater=rater, quota_ids=[one.quota_id for one in places], now=now)
    met = meetings(session, rater=rater, others=chain(*(one.raters for one in those.values())))
    has_sides = session.exec(
        select(Unit.source_b)
        .join(Quota, col(Quota.unit_pk) == Unit.id)
        .where(Quota.id == first.quota_id)
    ).one()
    lead = 0
    if has_sides:
        lead = rater_lead(session, rater=rater, rubric_id=first.rubric_id, purpose="study")

    def cost(place: Place) -> tuple[int, int]:
        others = those[place.quota_id]
        side = side_first(rater_lead=lead, unit_lead=others.lead, drawn_from="")
        uneven = lead_with(others, side) if has_sides else 0
        return sum(met.get(one, 0) for one in others.raters), uneven

    best = min(places, key=cost).quota_id
    return session.get_one(Quota, best), those[best]


def _lent(
    session: Session,
    rater: Rater,
    study: Study,
    quota: Quota,
    purpose: Purpose,
    others: Company,
    now: datetime,
) -> Assignment:
    assignment = Assignment(
        study_id=study.id,
        unit_pk=quota.unit_pk,
        quota_id=quota.id,
        rater_id=rater.id,
        shown_first=_side(session, rater, study, quota, purpose, others),
        purpose=purpose,
        attempt=1 if purpose == "study" else _attempts(session, rater, quota, purpose) + 1,
        created_at=now,
        last_active_at=now,
        leased_until=now,
    )
    session.add(assignment)
    return assignment


def _attempts(session: Session, rater: Rater, quota: Quota, purpose: Purpose) -> int:
    """How often this rater was lent the unit for this purpose before."""
    latest = select(func.max(Assignment.attempt)).where(
        Assignment.quota_id == quota.id,
        Assignment.rater_id == rater.id,
        Assignment.purpose == purpose,
    )
    return session.exec(latest).one() or 0


def _side(
    session: Session, rater: Rater, study: Study, quota: Quota, purpose: Purpose, others: Company
) -> Side:
    unit = session.get_one(Unit, quota.unit_pk)
    if unit.source_b is None:
        return "A"
    return side_first(
        rater_lead=rater_lead(session, rater=rater, rubric_id=quota.rubric_id, purpose=purpose),
        unit_lead=others.lead,
        drawn_from=f"side {study.seed} {unit.unit_id} {rater.pseudonym}",
    )
