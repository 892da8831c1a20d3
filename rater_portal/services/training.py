"""Training: units with known answers that come before the study's own, and qualification.

The share that the protocol asks for is one of all keyed items of the training: those of a skipped
unit count as not judged as expected, or else the training could be passed by skipping what is hard
in it. Whoever skips a little still passes, as far as the share leaves room, and an attempt in which
all was skipped uses up no try. Who does not reach the share may try again, as often as the protocol
says, and is then thanked and screened out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import and_, bindparam, func
from sqlmodel import Session, col, select

from rater_portal import clock
from rater_portal.errors import NotAllowedError
from rater_portal.language import mark
from rater_portal.models import Assignment, AuditEvent, Judgment, Quota, Rater, Study, Unit
from rater_portal.services.events import record_event
from rater_portal.services.keys import right_items
from rater_portal.services.studies import protocol_of
from rubrics.conduct import Training

SEEN: Final = "training.seen"
"""The act of reading what was expected of a training unit, in the study's trail."""

SCREENED_OUT: Final = mark(
    "Thank you for taking the training. For this study it led to other judgments than the ones we "
    "look for, so there is nothing more for you to do here."
)
QUOTAS: Final = (
    select(Quota)
    .join(Unit, col(Unit.id) == col(Quota.unit_pk))
    .where(
        col(Quota.study_id) == bindparam("study"),
        col(Quota.rater_group) == bindparam("group"),
        col(Unit.purpose) == "training",
    )
    .order_by(col(Quota.id))
)
Result = Literal["going on", "passed", "again", "failed"]


@dataclass(frozen=True)
class Standing:
    """Where a rater stands in the training."""

    attempt: int
    done: int
    total: int
    """Training units of one attempt."""

    right: int
    """Keyed items judged as expected in this attempt."""

    judged: int
    """Keyed items judged at all in this attempt."""

    keyed: int
    """Keyed items of all units met in this attempt, the skipped ones included."""

    needed: int
    """Keyed items to be judged as expected, of all of these."""

    result: Result
    """What the attempt has led to; `again`: it was not enough, and another one is left."""

    unread: int | None
    """Assignment whose feedback the rater has still to read."""


@dataclass(frozen=True)
class _Taken:
    """One training unit that the rater is through with."""

    assignment: Assignment
    right: int
    judged: int
    keyed: int


def standing(session: Session, *, rater: Rater, study: Study) -> Standing | None:
    """Where this rater stands; None where there is no training, or it was passed before.

    Simulated raters have nothing to learn. An attempt uses up a try as soon as one keyed item was
    judged in it: were an attempt free that fell short through skips alone, its feedback could be
    gathered until all right codes are known.
    """
    if rater.synthetic or rater.qualified_at is not None:
        return None
    quotas = training_quotas(session, rater)
    if not quotas:
        return None
    rules = protocol_of(study).training or Training()
    taken = _taken(session, rater)
    attempt = _attempt(session, rater)
    now = [one for one in taken if one.assignment.attempt == attempt]
    right, keyed = sum(one.right for one in now), sum(one.keyed for one in now)
    judged = sum(one.judged for one in now)
    needed = math.ceil(rules.pass_share * keyed - 1e-9)
    result: Result = "going on"
    if len(now) == len(quotas):
        tries = {one.assignment.attempt for one in taken if one.judged}
        if right >= needed and (judged or not keyed):
            result = "passed"
        else:
            result = "again" if len(tries) < rules.attempts else "failed"
    return Standing(
        attempt=attempt,
        done=len(now),
        total=len(quotas),
        right=right,
        judged=judged,
        keyed=keyed,
        needed=needed,
        result=result,
        unread=_unread(session, now, is_over=result != "going on", rules=rules),
    )


def admit(session: Session, *, rater: Rater, study: Study) -> Quota | None:
    """The training unit that comes next; None once the rater may judge in the study.

    Raises
    ------
    NotAllowedError
        If the training was taken as often as it may be, and not passed.
    """
    stands = standing(session, rater=rater, study=study)
    if stands is None:
        return None
    if stands.result == "failed":
        raise NotAllowedError(SCREENED_OUT)
    if stands.result == "passed":
        settle(session, rater=rater, stands=stands)
        return None
    attempt = stands.attempt + (stands.result == "again")
    met = {
        one.assignment.quota_id
        for one in _taken(session, rater)
        if one.assignment.attempt == attempt
    }
    return next(quota for quota in training_quotas(session, rater) if quota.id not in met)


def settle(session: Session, *, rater: Rater, stands: Standing) -> None:
    """Let a rater in who has passed, and screen out one who has not."""
    screened_out = stands.result == "failed"
    if screened_out:
        rater.state = "screened_out"
    else:
        rater.qualified_at = clock.now()
    record_event(
        session,
        study_id=rater.study_id,
        actor_id=None,
        action="training.failed" if screened_out else "training.passed",
        item=rater.pseudonym,
        new={"attempt": stands.attempt, "right": stands.right, "keyed": stands.keyed},
    )


def training_quotas(session: Session, rater: Rater) -> Sequence[Quota]:
    """Places of the training units of this rater's group, in the order of their file."""
    mine = {"study": rater.study_id, "group": rater.rater_group}
    return session.exec(QUOTAS, params=mine).all()


def _attempt(session: Session, rater: Rater) -> int:
    """The attempt that was begun last, a unit that is still open included."""
    begun = select(func.max(Assignment.attempt)).where(
        Assignment.rater_id == rater.id, Assignment.purpose == "training"
    )
    return session.exec(begun).one() or 1


def _taken(session: Session, rater: Rater) -> list[_Taken]:
    """Training units that this rater has judged or skipped, in that order.

    What was judged first counts: by the second time the feedback has told what is expected.
    """
    rows = session.exec(
        select(Assignment, Unit, Judgment)
        .join(Unit, col(Unit.id) == col(Assignment.unit_pk))
        .outerjoin(
            Judgment,
            and_(col(Judgment.assignment_id) == col(Assignment.id), col(Judgment.revision) == 1),
        )
        .where(Assignment.rater_id == rater.id, Assignment.purpose == "training")
        .order_by(col(Assignment.id))
    ).all()
    taken = []
    for assignment, unit, judgment in rows:
        key = unit.key or {}
        if judgment is not None:
            right = sum(right_items(key, judgment.codes).values())
            taken.append(_Taken(assignment, right, judged=len(key), keyed=len(key)))
        elif assignment.skipped_at is not None:
            taken.append(_Taken(assignment, right=0, judged=0, keyed=len(key)))
    return taken


def _unread(
    session: Session, now: Sequence[_Taken], *, is_over: bool, rules: Training
) -> int | None:
    """The newest unit, if there is something to say about it that was not read yet.

    At the end of an attempt there always is: whether it was enough.
    """
    if not now:
        return None
    newest = now[-1].assignment
    if not is_over and (newest.skipped_at is not None or not rules.show_feedback):
        return None
    seen = select(AuditEvent.id).where(
        AuditEvent.assignment_id == newest.id, AuditEvent.action == SEEN
    )
    return newest.id if session.exec(seen).first() is None else None
