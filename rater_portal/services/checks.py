"""Units put among the others, unannounced: gold units, attention checks, and one's own again.

When a check comes follows from the study's seed and the rater's pseudonym alone, so that a refresh
or another device cannot change it. Between two checks lies at least one unit of the study, and
none comes first. What a check says about a rater is for coordinators to weigh: it stops nobody and
takes nothing away.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.models import Assignment, Purpose, Quota, Rater, Study, Unit
from rater_portal.services.events import record_event
from rater_portal.services.keys import Key, right_items
from rater_portal.services.studies import protocol_of
from rater_portal.services.training import admit
from rubrics.conduct import Checks
from rubrics.schema import Code

Kind = Literal["attention", "gold", "repeat"]
Outcome = Literal["passed", "failed", "unchecked"]
"""`unchecked`: nobody can tell. It counts for nothing, neither for the rater nor against."""

KINDS: Final[tuple[Kind, ...]] = ("attention", "gold", "repeat")
"""In the order in which they come when several are due."""

WITHOUT_END: Final = 10**9
"""Any unit that was judged long enough ago can be shown again."""

OUTSIDE: Final = "check.asked"
"""The act of asking a check outside the portal, in the study's trail."""


class UnreachableError(Exception):
    """A check outside the portal gave no answer: nothing is known about the rater."""


@dataclass(frozen=True)
class Rhythm:
    """When one kind of check comes to one rater: once in every block of units, at random."""

    every: int
    """Units of the study in a block."""

    start: int
    """Units of the study before the first block."""

    seed: str

    def due(self, done: int) -> int:
        """How many checks are due once so many units of the study are done."""
        blocks, within = divmod(max(done - self.start, 0), self.every)
        return blocks + (within > _number(f"{self.seed} {blocks}") % self.every)


def due_check(session: Session, *, rater: Rater, study: Study) -> tuple[Quota, Purpose] | None:
    """What comes instead of the next unit of the study, and why; None where nothing does.

    Training comes first, until the rater has passed it. Simulated raters are not checked.

    Raises
    ------
    NotAllowedError
        If the rater did not pass the training.
    """
    if (training := admit(session, rater=rater, study=study)) is not None:
        return training, "training"
    checks = protocol_of(study).checks
    if checks is None or rater.synthetic:
        return None
    done = _finished(session, rater)
    if done["study"] == 0 or _latest(session, rater) != "study":
        return None
    for kind, rhythm in _rhythms(checks, rater, study).items():
        if done[kind] < rhythm.due(done["study"]):
            quota = _candidate(session, rater, kind, checks)
            if quota is not None:
                return quota, kind
    return None


def checks_to_come(
    session: Session, *, rater: Rater, study: Study, shown: Purpose, left: int
) -> int:
    """How many checks this rater will meet after the unit on the screen.

    The progress that a rater sees counts them like all others: so a check moves it on as a unit
    of the study does, and cannot be told from one.

    Parameters
    ----------
    shown
        Why the unit on the screen is judged.
    left
        Units of the study that come after it.
    """
    checks = protocol_of(study).checks
    if checks is None or rater.synthetic:
        return 0
    met = _finished(session, rater)
    rhythms = _rhythms(checks, rater, study)
    first = met["study"] + 1
    last = met["study"] + left + (shown == "study")
    if shown in KINDS:
        met[shown] += 1
    most = {kind: met[kind] + _unmet(session, rater, kind) for kind in rhythms}
    before = sum(met[kind] for kind in rhythms)
    for position in range(first, last + 1):
        for kind, rhythm in rhythms.items():
            if met[kind] < min(rhythm.due(position), most[kind]):
                met[kind] += 1
                break
    return sum(met[kind] for kind in rhythms) - before


def outcome(key: Key | None, codes: Mapping[str, Code | None] | None) -> Outcome:
    """What an attention check says: nothing, where it was skipped or has no key."""
    if not key or codes is None:
        return "unchecked"
    return "passed" if all(right_items(key, codes).values()) else "failed"


def ask_outside(session: Session, *, rater_id: int, check: str, ask: Callable[[], bool]) -> Outcome:
    """Ask a check that lives outside the portal, and note what came of it.

    Parameters
    ----------
    ask
        Whether the rater passed. An `OSError` (no connection, no answer in time) or an
        `UnreachableError` means that nobody can tell: the rater is not to blame.
    """
    try:
        said: Outcome = "passed" if ask() else "failed"
    except (OSError, UnreachableError):
        said = "unchecked"
    with transaction(session):
        rater = session.get_one(Rater, rater_id)
        record_event(
            session,
            study_id=rater.study_id,
            actor_id=rater.id,
            action=OUTSIDE,
            item=check,
            new=said,
        )
    return said


def _rhythms(checks: Checks, rater: Rater, study: Study) -> dict[Kind, Rhythm]:
    repeat_every = round(1 / checks.repeat_share) if checks.repeat_share else None
    every = {
        "attention": checks.attention_every,
        "gold": checks.gold_every,
        "repeat": repeat_every,
    }
    start = {"attention": 0, "gold": 0, "repeat": checks.repeat_after}
    seed = f"{study.seed} {study.id} {rater.pseudonym}"
    return {
        kind: Rhythm(length, start[kind], f"{seed} {kind}")
        for kind in KINDS
        if (length := every[kind]) is not None
    }


def finished() -> ColumnElement[bool]:
    """Whether the rater is through with an assignment: it was judged, or skipped."""
    return or_(col(Assignment.submitted_at).is_not(None), col(Assignment.skipped_at).is_not(None))


def _finished(session: Session, rater: Rater) -> dict[str, int]:
    counted = (
        select(Assignment.purpose, func.count())
        .where(Assignment.rater_id == rater.id, finished())
        .group_by(col(Assignment.purpose))
    )
    return {**dict.fromkeys(("study", *KINDS), 0), **dict(session.exec(counted).all())}


def _latest(session: Session, rater: Rater) -> str | None:
    """Why the unit was shown that the rater finished last, training apart."""
    ended = func.coalesce(col(Assignment.submitted_at), col(Assignment.skipped_at))
    return session.exec(
        select(Assignment.purpose)
        .where(Assignment.rater_id == rater.id, Assignment.purpose != "training", finished())
        .order_by(ended.desc(), col(Assignment.id).desc())
        .limit(1)
    ).first()


def _candidate(session: Session, rater: Rater, kind: Kind, checks: Checks) -> Quota | None:
    """A unit for a check, drawn by the rater's own number."""
    if kind == "repeat":
        found = _own_again(session, rater, checks.repeat_after)
    else:
        found = session.exec(_unseen(rater, kind)).all()
    if not found:
        return None
    return session.get_one(Quota, found[_number(f"{rater.pseudonym} {kind}") % len(found)])


def _unmet(session: Session, rater: Rater, kind: Kind) -> int:
    """How many units there still are for a check, as far as that can be said now."""
    if kind == "repeat":
        return WITHOUT_END
    return len(session.exec(_unseen(rater, kind)).all())


def _unseen(rater: Rater, kind: Kind) -> Any:
    """Places of keyed units that this rater has not met."""
    met = select(Assignment.quota_id).where(Assignment.rater_id == rater.id)
    return (
        select(Quota.id)
        .join(Unit, col(Unit.id) == col(Quota.unit_pk))
        .where(
            Quota.study_id == rater.study_id,
            Quota.rater_group == rater.rater_group,
            Unit.purpose == kind,
            col(Quota.id).not_in(met),
        )
        .order_by(col(Quota.id))
    )


def _own_again(session: Session, rater: Rater, repeat_after: int) -> list[int]:
    """Places of units that this rater judged long enough ago, and once."""
    mine = Assignment.rater_id == rater.id
    again = select(Assignment.quota_id).where(mine, Assignment.purpose == "repeat")
    ended = func.coalesce(col(Assignment.submitted_at), col(Assignment.skipped_at))
    judged = session.exec(
        select(Assignment.quota_id, Assignment.submitted_at)
        .where(mine, Assignment.purpose == "study", finished())
        .order_by(ended.desc(), col(Assignment.id).desc())
        .offset(repeat_after)
    ).all()
    repeated = set(session.exec(again).all())
    return sorted(quota for quota, at in judged if at is not None and quota not in repeated)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])
