"""The record: units lent, drafts, judgments, the trail of what was done, and where it ends."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlmodel import Field

from rater_portal.models.fields import (
    Purpose,
    Side,
    SkipKind,
    Table,
    json_column,
    moment,
    perhaps_json,
)


class Assignment(Table, table=True):
    """One unit lent to one rater."""

    __table_args__ = (
        UniqueConstraint("quota_id", "rater_id", "purpose", "attempt"),
        CheckConstraint("shown_first IN ('A', 'B')", name="side"),
        # What is held by others at this moment, however many units were judged before.
        Index("ix_assignment_study_id_submitted_at", "study_id", "submitted_at", "leased_until"),
    )

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    unit_pk: int = Field(foreign_key="unit.id")
    quota_id: int = Field(foreign_key="quota.id", index=True)
    rater_id: int = Field(foreign_key="rater.id", index=True)
    shown_first: Side = Field(sa_type=String)
    """Slot shown on the left, or on top."""

    purpose: Purpose = Field(default="study", sa_type=String)
    attempt: int = 1
    """The how-manieth time: above 1 only for training units that are judged again."""

    created_at: datetime = moment()
    leased_until: datetime = moment()
    """Until then the place is kept; later another rater may take it."""

    last_active_at: datetime = moment()
    """When its rater opened it, was seen at work in it or submitted, whichever came last."""

    active_seconds: float = 0.0
    submitted_at: datetime | None = moment(nullable=True)
    skipped_at: datetime | None = moment(nullable=True)
    skip_kind: SkipKind | None = Field(default=None, sa_type=String)
    skip_reason: str | None = None
    skip_comment: str | None = None


class Draft(Table, table=True):
    """What a rater has chosen so far."""

    assignment_id: int = Field(primary_key=True, foreign_key="assignment.id")
    codes: dict[str, Any] = json_column()
    changed_at: dict[str, Any] = json_column(dict)
    """When each item was changed last, ISO 8601: the later choice wins, whichever came first."""

    marks: list[dict[str, Any]] = json_column(list)
    saved_at: datetime = moment()


class Judgment(Table, table=True):
    """One rater's codes for one unit. Append-only: the database refuses change and removal."""

    __table_args__ = (UniqueConstraint("assignment_id", "revision"),)

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    assignment_id: int = Field(foreign_key="assignment.id", index=True)
    revision: int = 1
    submission_id: str = Field(unique=True)
    """Made when the unit is shown: the same submission sent twice is stored once."""

    codes: dict[str, Any] = json_column()
    marks: list[dict[str, Any]] = json_column(list)
    """Passages tied to items: `item`, `slot`, `panel`, `start`, `end`, `quote`, `sentence`."""

    rubric_hash: str
    shown_first: Side = Field(sa_type=String)
    purpose: Purpose = Field(default="study", sa_type=String)
    language: str | None = None
    """The language that the rubric was shown in; null is the file's own."""

    active_seconds: float
    surplus: bool = False
    """Whether it came when the unit already had all its raters: kept, never counted."""

    reason: str | None = None
    submitted_at: datetime = moment()
    previous_hash: str
    row_hash: str = Field(unique=True)


class AuditEvent(Table, table=True):
    """One thing that somebody did. Append-only: the database refuses change and removal."""

    __tablename__ = "audit_event"

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    happened_at: datetime = moment()
    actor_id: int | None = Field(default=None, foreign_key="rater.id")
    """Who did it; null is the operator at the shell, or the portal itself."""

    action: str
    """What was done, as in `draft.changed`, `judgment.revised` or `study.locked`."""

    assignment_id: int | None = Field(default=None, foreign_key="assignment.id", index=True)
    item: str | None = None
    old: Any = perhaps_json()
    new: Any = perhaps_json()
    reason: str | None = None
    rubric_hash: str | None = None
    previous_hash: str
    row_hash: str = Field(unique=True)


class TrailEnd(Table, table=True):
    """How long a study's two trails are, and their last hashes: what is cut off is missed."""

    __tablename__ = "trail_end"

    study_id: int = Field(primary_key=True, foreign_key="study.id")
    n_judgments: int = 0
    judgment_hash: str
    n_events: int = 0
    event_hash: str
