"""Which unit a rater judges next, and what the rater may see of it.

A unit is lent, not given: its place is kept while the rater does something, and another rater may
take it once the lease has run out.
"""

import hashlib
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import BigInteger, Select, Subquery, cast, exists, func, or_
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import NotAllowedError
from rater_portal.models import Assignment, Draft, Quota, Rater, Side, Study, Unit
from rater_portal.services.studies import protocol_of, rater_in_open_study, rubrics_of
from rater_portal.settings import Settings
from rubrics.schema import Rubric, UnitKind

_SPREAD = 1_000_003
"""A prime above any number of places: multiplying by a rater's own number shuffles them."""


@dataclass(frozen=True)
class Panel:
    """One text on the screen."""

    kind: Literal["question", "answer"]
    slot: Side
    position: int
    """1 for what is shown on the left or on top, 2 for the other."""

    text: str
    is_cut: bool
    """Whether the answer stopped at a length limit, in the middle of what it was saying."""


@dataclass(frozen=True)
class ShownUnit:
    """All that a rater's browser may learn of a unit: no source, no set, no other rater."""

    assignment_id: int
    submission_id: str
    kind: UnitKind
    rubric: Rubric
    rater_group: str
    panels: tuple[Panel, ...]
    """In the order of the screen."""

    shown_first: Side
    draft: Mapping[str, Any]
    saved_at: datetime | None
    """When the draft was saved last."""

    done: int
    left: int
    """Units this rater could still judge, this one included."""


def next_assignment(session: Session, *, rater_id: int) -> ShownUnit | None:
    """The unit this rater has open, else a new one, else None when nothing is left now.

    A refresh, a second tab and another device all get the same open unit. A unit whose lease has
    lapsed comes back while its place is free, and in any case if something was chosen already.

    Raises
    ------
    NotAllowedError, ClosedStudyError
        If the person may not judge now.
    """
    with transaction(session):
        rater, study = rater_in_open_study(session, rater_id)
        now = datetime.now(UTC)
        assignment = _open_assignment(session, rater, now) or _lend(session, rater, study, now)
        if assignment is None:
            return None
        renew_lease(session, assignment, now)
        session.flush()
        return _shown(session, assignment, rater, now)


def own_assignment(session: Session, assignment_id: int, rater_id: int) -> Assignment:
    """The assignment, if it is this rater's own.

    Raises
    ------
    NotAllowedError
        If it is another's or none: the two must not be told apart.
    """
    assignment = session.get(Assignment, assignment_id)
    if assignment is None or assignment.rater_id != rater_id:
        raise NotAllowedError("This unit is not yours to judge.")
    return assignment


def count_time(assignment: Assignment, now: datetime) -> None:
    """Count the time since the rater's last act, cut where it must have been a pause."""
    silence = (now - assignment.last_active_at).total_seconds()
    assignment.active_seconds += min(max(silence, 0.0), Settings().idle_seconds)
    assignment.last_active_at = now


def renew_lease(session: Session, assignment: Assignment, now: datetime) -> None:
    """Keep the place for its rater a while longer, unless it went to another meanwhile."""
    if holds_place(session, assignment, now):
        assignment.leased_until = now + timedelta(minutes=Settings().lease_minutes)


def holds_place(session: Session, assignment: Assignment, now: datetime) -> bool:
    """Whether this rater's judgment would be counted: the lease runs, or the place is free."""
    if assignment.leased_until > now:
        return True
    quota = session.get_one(Quota, assignment.quota_id)
    others = session.exec(
        select(func.count())
        .select_from(Assignment)
        .where(
            Assignment.quota_id == quota.id,
            Assignment.id != assignment.id,
            col(Assignment.submitted_at).is_(None),
            Assignment.leased_until > now,
        )
    ).one()
    return quota.accepted + others < quota.capacity


def submission_id_of(assignment: Assignment) -> str:
    """The same for every tab and device, so that no judgment can be stored twice."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"assignment {assignment.id} revision 1"))


def judged_count(session: Session, rater_id: int) -> int:
    """How many units this rater has judged."""
    judged = col(Assignment.submitted_at).is_not(None)
    return session.exec(
        select(func.count()).select_from(Assignment).where(Assignment.rater_id == rater_id, judged)
    ).one()


def _open_assignment(session: Session, rater: Rater, now: datetime) -> Assignment | None:
    """The rater's unfinished unit, unless its place went to others before anything was chosen."""
    live = _live_leases(rater, now)
    is_free = Quota.accepted + func.coalesce(live.c.n, 0) < Quota.capacity
    has_draft = exists().where(col(Draft.assignment_id) == col(Assignment.id))
    statement = (
        select(Assignment)
        .join(Quota, col(Quota.id) == Assignment.quota_id)
        .outerjoin(live, live.c.quota_id == Quota.id)
        .where(Assignment.rater_id == rater.id, col(Assignment.submitted_at).is_(None))
        .where(or_(col(Assignment.leased_until) > now, is_free, has_draft))
        .order_by(col(Assignment.id))
    )
    return session.exec(statement).first()


def _lend(session: Session, rater: Rater, study: Study, now: datetime) -> Assignment | None:
    for rubric_id in _rubric_order(session, rater, study):
        free = _free_places(rater, now).where(Quota.rubric_id == rubric_id)
        quota = session.exec(free.limit(1)).first()
        if quota is not None:
            return _new_assignment(session, rater, study, quota, now)
    return None


def _new_assignment(
    session: Session, rater: Rater, study: Study, quota: Quota, now: datetime
) -> Assignment:
    unit = session.get_one(Unit, quota.unit_pk)
    assignment = Assignment(
        study_id=study.id,
        unit_pk=unit.id,
        quota_id=quota.id,
        rater_id=rater.id,
        shown_first=_side(session, rater, study, unit),
        created_at=now,
        last_active_at=now,
        leased_until=now,
    )
    session.add(assignment)
    return assignment


def _rubric_order(session: Session, rater: Rater, study: Study) -> Sequence[str]:
    """Rubrics in the order this rater should meet them: in the protocol's order, or in turn."""
    rubrics = list(rubrics_of(session, rater.study_id))
    if protocol_of(study).order == "by_rubric":
        return rubrics
    met = session.exec(
        select(Quota.rubric_id)
        .join(Assignment, col(Assignment.quota_id) == Quota.id)
        .where(Assignment.rater_id == rater.id)
    )
    return sorted(rubrics, key=Counter(met).__getitem__)


def _live_leases(rater: Rater, now: datetime) -> Subquery:
    """How many other raters hold each place at this moment."""
    return (
        select(Assignment.quota_id, func.count().label("n"))
        .where(
            Assignment.study_id == rater.study_id,
            Assignment.rater_id != rater.id,
            col(Assignment.submitted_at).is_(None),
            Assignment.leased_until > now,
        )
        .group_by(col(Assignment.quota_id))
        .subquery()
    )


def _free_places(rater: Rater, now: datetime) -> Any:
    """Places this rater could take, the emptiest first, equals in an order of the rater's own."""
    live = _live_leases(rater, now)
    taken = Quota.accepted + func.coalesce(live.c.n, 0)
    mine = select(Assignment.quota_id).where(Assignment.rater_id == rater.id)
    shuffle = _number(f"order {rater.study_id} {rater.pseudonym}") % (_SPREAD - 1) + 1
    return (
        select(Quota)
        .outerjoin(live, live.c.quota_id == Quota.id)
        .where(Quota.study_id == rater.study_id, Quota.rater_group == rater.rater_group)
        .where(taken < Quota.capacity, col(Quota.id).not_in(mine))
        .order_by(taken, cast(col(Quota.id), BigInteger) * shuffle % _SPREAD, col(Quota.id))
    )


def _side(session: Session, rater: Rater, study: Study, unit: Unit) -> Side:
    """Which slot is shown first: balanced over the unit, then within the rater, else by chance."""
    if unit.source_b is None:
        return "A"
    kind = select(Assignment.shown_first).join(Unit, col(Unit.id) == Assignment.unit_pk)
    over_unit = session.exec(
        select(Assignment.shown_first).where(Assignment.unit_pk == unit.id)
    ).all()
    within_rater = session.exec(
        kind.where(Assignment.rater_id == rater.id, Unit.kind == unit.kind)
    ).all()
    for sides, slack in ((over_unit, 0), (within_rater, 1)):
        lead = sides.count("A") - sides.count("B")
        if abs(lead) > slack:
            return "B" if lead > 0 else "A"
    return "AB"[_number(f"side {study.seed} {unit.unit_id} {rater.pseudonym}") % 2]  # type: ignore[return-value]


def _number(text: str) -> int:
    """A number that nobody can guess from the outside but everybody can recompute."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])


def _shown(session: Session, assignment: Assignment, rater: Rater, now: datetime) -> ShownUnit:
    unit = session.get_one(Unit, assignment.unit_pk)
    quota = session.get_one(Quota, assignment.quota_id)
    draft = session.get(Draft, assignment.id)
    free: Select[Any] = select(func.count()).select_from(_free_places(rater, now).subquery())
    return ShownUnit(
        assignment_id=assignment.id,
        submission_id=submission_id_of(assignment),
        kind=unit.kind,
        rubric=rubrics_of(session, rater.study_id)[quota.rubric_id],
        rater_group=quota.rater_group,
        panels=_on_screen(unit, assignment.shown_first),
        shown_first=assignment.shown_first,
        draft=draft.codes if draft else {},
        saved_at=draft.saved_at if draft else None,
        done=judged_count(session, rater.id),
        left=1 + session.execute(free).scalar_one(),
    )


def _on_screen(unit: Unit, shown_first: str) -> tuple[Panel, ...]:
    """The panels in the order of the screen; the one question of a pair stays on top."""
    ranked = sorted(
        unit.panels,
        key=lambda panel: (
            unit.kind == "pair" and panel["kind"] != "question",
            panel["slot"] != shown_first,
        ),
    )
    return tuple(
        Panel(
            kind=panel["kind"],
            slot=panel["slot"],
            position=1 if panel["slot"] == shown_first else 2,
            text=panel["text"],
            is_cut=panel.get("is_cut", False),
        )
        for panel in ranked
    )
