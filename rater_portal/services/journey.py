"""The way of one rater through a study, and where on it this rater stands now.

Consent, profile, guide, training, units: one after another, each once, none where the protocol has
none. Everything else a rater can meet is a state of its own, so that a page can say it plainly.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from sqlmodel import Session

from rater_portal.database import transaction
from rater_portal.errors import NotAllowedError
from rater_portal.language import mark
from rater_portal.models import Profile, Rater, Study
from rater_portal.services.agreement import agreement, has_agreed
from rater_portal.services.assignment import ShownUnit, judged_count, next_assignment
from rater_portal.services.lending import why_nothing
from rater_portal.services.studies import hold_study, protocol_of
from rater_portal.services.training import Standing, standing
from rubrics.schema import Protocol

StepKind = Literal[
    "consent",
    "profile",
    "guide",
    "feedback",
    "training",
    "unit",
    "screened_out",
    "nothing_now",
    "daily_limit",
    "finished",
    "paused",
    "closed",
    "withdrawn",
    "declined",
]
Place = Literal["judgments", "profile", "taking_part", "support"]
"""Where a rater can go besides the way itself."""

ENDS: Final[frozenset[StepKind]] = frozenset(
    {
        "screened_out",
        "nothing_now",
        "daily_limit",
        "finished",
        "paused",
        "closed",
        "withdrawn",
        "declined",
    }
)
"""Steps at which there is nothing to do but read."""


@dataclass(frozen=True)
class Step:
    """What one rater sees now."""

    kind: StepKind
    title: str
    """The study's."""

    synthetic: bool
    unit: ShownUnit | None = None
    """At `unit` and `training`: what is judged."""

    training: Standing | None = None
    """At `training` and `feedback`: where the rater stands in the training."""

    message: str | None = None
    """At `paused` and `closed`: what the coordinator wrote."""

    back_at: datetime | None = None
    """At `paused`, `nothing_now` and `daily_limit`: when to come back, if it is known."""

    judged: int = 0
    """At the end: units that this rater has judged."""

    places: tuple[Place, ...] = ()
    """Where this rater can go besides, in the order of the menu."""


def next_step(session: Session, *, rater_id: int) -> Step:
    """What this rater sees now; a unit that comes next is lent by asking.

    Raises
    ------
    NotAllowedError
        If the person is no rater.
    """
    with transaction(session):
        rater = _rater(session, rater_id)
        study = hold_study(session, rater.study_id)
        step = _next(session, rater, study)
        return replace(step, places=_open_places(session, rater, study))


def places(session: Session, *, rater_id: int) -> tuple[Place, ...]:
    """The places besides judging that are open to this rater now, in the order of the menu."""
    rater = _rater(session, rater_id)
    return _open_places(session, rater, session.get_one(Study, rater.study_id))


def _rater(session: Session, rater_id: int) -> Rater:
    rater = session.get(Rater, rater_id)
    if rater is None or rater.role != "rater":
        raise NotAllowedError(mark("Only raters of a study can do this."))
    return rater


def _next(session: Session, rater: Rater, study: Study) -> Step:
    first = _outside(rater, study) or _before_the_first_unit(session, rater, protocol_of(study))
    if first is not None:
        return _step(session, rater, study, first)
    trained = standing(session, rater=rater, study=study)
    if trained is not None and trained.unread is not None:
        return Step("feedback", study.title, study.synthetic, training=trained)
    unit = next_assignment(session, rater_id=rater.id)
    if unit is not None:
        at: StepKind = "training" if unit.purpose == "training" else "unit"
        return Step(at, study.title, study.synthetic, unit=unit, training=trained)
    nothing = why_nothing(session, rater_id=rater.id)
    kind: StepKind = "nothing_now" if nothing.reason == "all_taken" else nothing.reason
    return _step(session, rater, study, kind, back_at=nothing.back_at)


def _open_places(session: Session, rater: Rater, study: Study) -> tuple[Place, ...]:
    protocol = protocol_of(study)
    takes_part = rater.state == "active" and has_agreed(session, rater_id=rater.id, study=study)
    is_open: dict[Place, bool] = {
        "judgments": takes_part and rater.guided_at is not None,
        "profile": takes_part and bool(protocol.profile),
        "taking_part": takes_part,
        "support": bool(protocol.care.support),
    }
    return tuple(place for place, opened in is_open.items() if opened)


def _outside(rater: Rater, study: Study) -> StepKind | None:
    """Why this rater, or anybody, judges nothing in the study now."""
    if rater.state != "active":
        return "withdrawn" if rater.state == "withdrawn" else "screened_out"
    if study.state == "paused":
        return "paused"
    return None if study.state == "open" else "closed"


def _before_the_first_unit(session: Session, rater: Rater, protocol: Protocol) -> StepKind | None:
    """What has to be read, said or decided first."""
    agreed = agreement(session, rater_id=rater.id, consent=protocol.consent)
    if agreed in ("open", "declined"):
        return "declined" if agreed == "declined" else "consent"
    if protocol.profile and session.get(Profile, rater.id) is None:
        return "profile"
    return None if rater.guided_at else "guide"


def _step(
    session: Session,
    rater: Rater,
    study: Study,
    kind: StepKind,
    *,
    back_at: datetime | None = None,
) -> Step:
    judged = judged_count(session, rater.id) if kind in ENDS else 0
    return Step(
        kind,
        study.title,
        study.synthetic,
        message=study.message if kind in ("paused", "closed") else None,
        back_at=study.back_at if kind == "paused" else back_at,
        judged=judged,
    )
