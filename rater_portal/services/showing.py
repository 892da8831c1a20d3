"""What a rater's browser may learn of a unit: its texts in the order of the screen, and no more."""

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final, Literal

from sqlalchemy import and_, bindparam, func
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Draft, Purpose, Quota, Rater, Side, Study, Unit
from rater_portal.services.checks import checks_to_come
from rater_portal.services.studies import rubric_of
from rater_portal.services.training import standing
from rubrics.schema import Rubric, UnitKind

NEEDED_FOR_PACE: Final = 3
RECENT: Final = 50
"""Units from which a rater's pace is told: what one needs at the end, not at the beginning."""

# Asked for each unit that is shown: built once.
IS_JUDGED: Final = and_(
    col(Assignment.rater_id) == bindparam("rater"),
    col(Assignment.purpose) != "training",
    col(Assignment.submitted_at).is_not(None),
)
JUDGED: Final = select(func.count()).select_from(Assignment).where(IS_JUDGED)
TIMES: Final = (
    select(Assignment.active_seconds)
    .where(IS_JUDGED)
    .order_by(col(Assignment.id).desc())
    .limit(RECENT)
)


@dataclass(frozen=True)
class PanelImage:
    """An image on the screen, in px; its digest is all that a browser learns of its file."""

    sha256: str
    width: int
    height: int


@dataclass(frozen=True)
class Panel:
    """One text on the screen, and the images that belong to it."""

    kind: Literal["question", "answer"]
    slot: Side
    position: int
    """1 for what is shown on the left or on top, 2 for the other."""

    text: str
    is_cut: bool
    """Whether the answer stopped at a length limit, in the middle of what it was saying."""

    images: tuple[PanelImage, ...] = ()


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

    marks: Sequence[Mapping[str, Any]] = ()
    """Passages that the rater tied to items so far, as they are stored."""

    active_seconds: float = 0.0
    """Spent on this unit so far."""

    minutes_left: int | None = None
    """About how long the units that are left will take, once it can be said."""

    content_note: str | None = None
    """What to say before the texts are revealed."""

    purpose: Purpose = "study"
    """Stays on the server: a rater must not know a check from a unit of the study."""

    mode: Literal["judge", "revise"] = "judge"
    synthetic: bool = False
    """Whether simulated raters judge in the study."""


def shown_unit(
    session: Session, assignment: Assignment, rater: Rater, study: Study, *, free: int
) -> ShownUnit:
    """An assignment as its rater sees it.

    Parameters
    ----------
    free
        Units of the study that the rater could judge after this one.
    """
    unit = session.get_one(Unit, assignment.unit_pk)
    quota = session.get_one(Quota, assignment.quota_id)
    draft = session.get(Draft, assignment.id)
    done, left = _place(session, assignment, rater, study, free)
    return ShownUnit(
        assignment_id=assignment.id,
        submission_id=submission_id_of(assignment),
        kind=unit.kind,
        rubric=rubric_of(session, study.id, quota.rubric_id),
        rater_group=quota.rater_group,
        panels=on_screen(unit, assignment.shown_first),
        shown_first=assignment.shown_first,
        draft=draft.codes if draft else {},
        marks=tuple(draft.marks) if draft else (),
        saved_at=draft.saved_at if draft else None,
        done=done,
        left=left,
        active_seconds=assignment.active_seconds,
        minutes_left=_minutes(session, rater, left),
        content_note=unit.content_note,
        purpose=assignment.purpose,
        synthetic=study.synthetic,
    )


def submission_id_of(assignment: Assignment, revision: int = 1) -> str:
    """The same for every tab and device, so that no judgment can be stored twice.

    The moment of lending is in it, so that no other rater can guess it: whoever stored it first
    would keep this rater from ever submitting.
    """
    lent = assignment.created_at.astimezone(UTC).isoformat()
    made_from = f"assignment {assignment.id} lent {lent} revision {revision}"
    return str(uuid.uuid5(uuid.NAMESPACE_OID, made_from))


def judged_count(session: Session, rater_id: int) -> int:
    """How many units this rater has judged, training apart."""
    return session.exec(JUDGED, params={"rater": rater_id}).one()


def _place(
    session: Session, assignment: Assignment, rater: Rater, study: Study, free: int
) -> tuple[int, int]:
    """Units behind the rater and, this one included, ahead; in training, those of the training."""
    if assignment.purpose == "training":
        trained = standing(session, rater=rater, study=study)
        if trained is not None:
            return trained.done, trained.total - trained.done
    if assignment.purpose == "adjudication":
        return judged_count(session, rater.id), 1 + free
    checks = checks_to_come(session, rater=rater, study=study, shown=assignment.purpose, left=free)
    return judged_count(session, rater.id), 1 + free + checks


def _minutes(session: Session, rater: Rater, units: int) -> int | None:
    """What so many units take at the rater's own pace, a pause or a slow unit notwithstanding."""
    seconds = session.exec(TIMES, params={"rater": rater.id}).all()
    if len(seconds) < NEEDED_FOR_PACE:
        return None
    return math.ceil(median(seconds) * units / 60)


def on_screen(unit: Unit, shown_first: Side) -> tuple[Panel, ...]:
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
            images=tuple(
                PanelImage(one["sha256"], one["width"], one["height"])
                for one in panel.get("images", ())
            ),
        )
        for panel in ranked
    )
