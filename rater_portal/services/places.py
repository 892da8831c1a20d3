"""Which places a rater could take now: free, not met before, and not of one's own.

What a rater has met is every unit that was ever lent to this rater: judged, skipped or let go. The
rows are weighed here and not in the database, which would read the same rows twice: once for the
next unit, and once for how many are left.
"""

import heapq
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Integer, Select, String, bindparam, func, select
from sqlmodel import Session, col

from rater_portal.models import Assignment, Panel, Quota, Rater, Study, Unit
from rater_portal.services.leases import held_by_others
from rater_portal.services.sides import number_from
from rater_portal.services.studies import protocol_of
from rubrics.schema import Protocol

SPREAD: Final = 1_000_003
"""A prime above any number of places: multiplying by a rater's own number shuffles them."""

UNCOUNTED: Final = 2**31
"""More places than any group has raters: nobody counted a question's places in older studies."""


class Place(NamedTuple):
    """The places of one unit under one rubric, not all of which are taken."""

    quota_id: int
    unit_pk: int
    rubric_id: str
    question: int | None
    question_2: int | None
    question_places: int
    taken: int
    """By judgments, or held by other raters."""

    capacity: int

    def asks(self, questions: Set[int | None]) -> bool:
        """Whether it asks one of these."""
        return self.question in questions or self.question_2 in questions


def _people() -> Select[Any]:
    study, group = bindparam("study", type_=Integer()), bindparam("group", type_=String())
    doors = select(col(Panel.id)).where(
        col(Panel.study_id) == study,
        col(Panel.rater_group) == group,
        col(Panel.closed_at).is_(None),
    )
    may_come = select(func.coalesce(func.sum(col(Panel.capacity)), 0)).where(
        col(Panel.id).in_(doors)
    )
    came = select(func.count()).where(col(Rater.panel_id).in_(doors))
    active = select(func.count()).where(
        col(Rater.study_id) == study,
        col(Rater.rater_group) == group,
        col(Rater.role) == "rater",
        col(Rater.state) == "active",
    )
    return select(*(one.scalar_subquery() for one in (active, may_come, came)))


# Asked for each unit that is lent: built once.
PEOPLE: Final = _people()
MET: Final = (
    select(col(Assignment.quota_id), col(Quota.question), col(Quota.question_2))
    .join(Quota, col(Quota.id) == col(Assignment.quota_id))
    .where(col(Assignment.rater_id) == bindparam("rater"))
)
NOT_FULL: Final = select(
    col(Quota.id),
    col(Quota.unit_pk),
    col(Quota.rubric_id),
    col(Quota.question),
    col(Quota.question_2),
    func.coalesce(col(Quota.question_places), UNCOUNTED),
    col(Quota.accepted),
    col(Quota.capacity),
).where(
    col(Quota.study_id) == bindparam("study"),
    col(Quota.rater_group) == bindparam("group"),
    col(Quota.accepted) < col(Quota.capacity),
)


@dataclass(frozen=True)
class Offer:
    """The places that one rater could take at one moment."""

    free: Sequence[Place]
    back_at: datetime | None
    """When the first of those that others hold could come back; None if none ever could."""

    met: Set[int | None]
    """Questions that the rater has met, by number."""

    raters: int
    """Questions with no more places than this must not be met twice."""

    shuffle: int
    """The rater's own number."""

    def first(self, *, rubrics: Sequence[str], count: int) -> list[Place]:
        """The places to choose from: of the first rubric that has any, unmet first, the emptiest.

        Of equals those that come first in an order of the rater's own.
        """
        if not self.free:
            return []
        rubric = min({place.rubric_id for place in self.free}, key=rubrics.index)
        under = [place for place in self.free if place.rubric_id == rubric]
        unmet = [place for place in under if not place.asks(self.met)] or under
        least = min(place.taken for place in unmet)
        equals = (place for place in unmet if place.taken == least)
        return heapq.nsmallest(count, equals, key=self._position)

    def without(self, quota_id: int) -> "Offer":
        """What there still is once the rater was lent this place."""
        lent = {place for place in self.free if place.quota_id == quota_id}
        asked = {one for place in lent for one in (place.question, place.question_2)} - {None}
        rest = (place for place in self.free if place.quota_id != quota_id)
        return replace(
            self,
            free=[one for one in rest if one.question_places > self.raters or not one.asks(asked)],
        )

    @property
    def count(self) -> int:
        """How many units the rater could still judge, if nobody else took them."""
        once = [one.question for one in self.free if one.question_places <= self.raters]
        return len(self.free) - len(once) + len(set(once))

    def _position(self, place: Place) -> tuple[int, int]:
        return place.quota_id * self.shuffle % SPREAD, place.quota_id


def offer(session: Session, *, rater: Rater, study: Study, now: datetime) -> Offer:
    """What this rater could be lent at this moment, of a study that is held."""
    lent, met = _met(session, rater)
    raters = _raters_for_once(session, rater, protocol_of(study))
    own = _written_by(session, rater)
    held = held_by_others(session, study.id, rater.id, now)
    free, waited_for = [], []
    for place in _not_full(session, rater):
        if place.quota_id in lent or place.unit_pk in own:
            continue
        if place.question_places <= raters and place.asks(met):
            continue
        if others := held.get(place.quota_id):
            place = place._replace(taken=place.taken + others.count)
            waited_for.append(others.until)
        if place.taken < place.capacity:
            free.append(place)
    return Offer(
        free=free,
        back_at=min(waited_for, default=None),
        met=met,
        raters=raters,
        shuffle=number_from(f"order {study.id} {rater.pseudonym}") % (SPREAD - 1) + 1,
    )


def group_size(session: Session, rater: Rater) -> int:
    """How many people can judge in this rater's group: those who are in, and those who may come."""
    n_active, n_may_come, n_came = session.execute(PEOPLE, _group(rater)).one()
    return int(n_active + max(n_may_come - n_came, 0))


def _group(rater: Rater) -> dict[str, Any]:
    return {"study": rater.study_id, "group": rater.rater_group}


def _not_full(session: Session, rater: Rater) -> list[Place]:
    rows = session.connection().execute(NOT_FULL, _group(rater)).all()
    return [Place._make(row) for row in rows]


def _met(session: Session, rater: Rater) -> tuple[Set[int], Set[int | None]]:
    """Places that were lent to this rater, and their questions by number."""
    rows = session.execute(MET, {"rater": rater.id}).all()
    questions = {number for _, *both in rows for number in both} - {None}
    return {quota_id for quota_id, *_ in rows}, questions


def _raters_for_once(session: Session, rater: Rater, protocol: Protocol) -> int:
    """How many places a question may have for the group's raters to meet it no more than once."""
    match protocol.limits.same_question:
        case "any":
            return 0
        case "once_per_rubric":
            return UNCOUNTED
        case _:
            return group_size(session, rater)


def _written_by(session: Session, rater: Rater) -> Set[int]:
    """Units with an answer that this rater wrote."""
    if rater.author is None:
        return set()
    authors = session.execute(
        select(col(Unit.id), col(Unit.authors)).where(col(Unit.study_id) == rater.study_id)
    )
    return {unit for unit, names in authors if rater.author in names}
