"""Every table of the study database, and nothing else.

SQLModel checks no values in table rows: rows are built in `services` alone, from checked values.
"""

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Dialect,
    Index,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.types import DateTime, TypeDecorator
from sqlmodel import Field, SQLModel

from rubrics.schema import UnitKind

Role = Literal["rater", "coordinator"]
Side = Literal["A", "B"]
"""A unit's slot: A and B stay what they are wherever the screen shows them."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC on every database; SQLite alone would forget the time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a time zone, store the rest in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back a moment that knows it is UTC."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def _moment(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable, index=index))


def _json() -> Any:
    return Field(sa_column=Column(JSON, nullable=False))


class Table(SQLModel):
    """The parent of all tables: names each constraint, so that migrations can name it too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Study(Table, table=True):
    """One study: a protocol applied to the answers of some sources."""

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    title: str
    protocol: dict[str, Any] = _json()
    """The protocol as it was when the study was made."""

    synthetic: bool = False
    """Whether simulated raters judge in it: said wherever a number is shown."""

    is_open: bool = True
    seed: int = 0
    """Where the order of units and of sides starts from."""

    created_at: datetime = _moment()


class StudyRubric(Table, table=True):
    """A rubric as it was when the study was made."""

    __tablename__ = "study_rubric"
    __table_args__ = (UniqueConstraint("study_id", "rubric_id"),)

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    rubric_id: str
    version: str
    content_hash: str
    definition: dict[str, Any] = _json()
    position: int
    """Place in the protocol: rubrics are met in this order."""


class Unit(Table, table=True):
    """What a rater judges at once: ordered panels of text, with the sources kept beside them."""

    __table_args__ = (UniqueConstraint("study_id", "unit_id"),)

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    unit_id: str
    """Stable hash of kind and answers: the unit's name in every export."""

    kind: UnitKind = Field(sa_type=String)
    dataset: str
    question_id: str
    question_2_id: str | None = None
    seed: str | None = None
    """The seed question of a counterfactual pair, where the question file tells it."""

    source_a: str
    source_b: str | None = None
    panels: list[dict[str, Any]] = _json()
    """Panels in slot order: `kind`, `slot`, `text` and, for answers, `is_cut` and `answer_id`."""


class Quota(Table, table=True):
    """How many raters of a group a unit needs under a rubric, and how many it has."""

    __table_args__ = (
        UniqueConstraint("unit_pk", "rubric_id", "rater_group"),
        CheckConstraint("accepted >= 0 AND accepted <= capacity", name="within_capacity"),
        Index("ix_quota_study_id_rater_group", "study_id", "rater_group"),
    )

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    unit_pk: int = Field(foreign_key="unit.id")
    rubric_id: str
    rater_group: str
    capacity: int
    accepted: int = 0


class Rater(Table, table=True):
    """A person in one study, known by a pseudonym; coordinators are kept here too."""

    __table_args__ = (UniqueConstraint("study_id", "pseudonym"),)

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    pseudonym: str
    rater_group: str | None = None
    """The protocol's group; null for a coordinator."""

    role: Role = Field(sa_type=String)

    synthetic: bool = False
    guided_at: datetime | None = _moment(nullable=True)
    """When the rater had read the guide."""

    created_at: datetime = _moment()


class Invite(Table, table=True):
    """A one-time link. Only the token's hash is kept."""

    id: int = Field(default=None, primary_key=True)
    rater_id: int = Field(foreign_key="rater.id", index=True)
    token_hash: str = Field(unique=True)
    expires_at: datetime = _moment()
    used_at: datetime | None = _moment(nullable=True)
    created_at: datetime = _moment()


class BrowserSession(Table, table=True):
    """One signed-in browser. Only the cookie's hash is kept."""

    __tablename__ = "browser_session"

    id: int = Field(default=None, primary_key=True)
    rater_id: int = Field(foreign_key="rater.id", index=True)
    token_hash: str = Field(unique=True)
    expires_at: datetime = _moment()
    revoked_at: datetime | None = _moment(nullable=True)
    created_at: datetime = _moment()


class Assignment(Table, table=True):
    """One unit lent to one rater."""

    __table_args__ = (
        UniqueConstraint("quota_id", "rater_id"),
        CheckConstraint("shown_first IN ('A', 'B')", name="side"),
    )

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    unit_pk: int = Field(foreign_key="unit.id")
    quota_id: int = Field(foreign_key="quota.id", index=True)
    rater_id: int = Field(foreign_key="rater.id", index=True)
    shown_first: Side = Field(sa_type=String)
    """Slot shown on the left, or on top."""

    created_at: datetime = _moment()
    leased_until: datetime = _moment()
    """Until then the place is kept; later another rater may take it."""

    last_active_at: datetime = _moment()
    """When its rater opened it, chose something or submitted, whichever came last."""

    active_seconds: float = 0.0
    submitted_at: datetime | None = _moment(nullable=True)


class Draft(Table, table=True):
    """What a rater has chosen so far."""

    assignment_id: int = Field(primary_key=True, foreign_key="assignment.id")
    codes: dict[str, Any] = _json()
    saved_at: datetime = _moment()


class Judgment(Table, table=True):
    """One rater's codes for one unit. Append-only: the database refuses change and removal."""

    __table_args__ = (UniqueConstraint("assignment_id", "revision"),)

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    assignment_id: int = Field(foreign_key="assignment.id", index=True)
    revision: int = 1
    submission_id: str = Field(unique=True)
    """Made when the unit is shown: the same submission sent twice is stored once."""

    codes: dict[str, Any] = _json()
    rubric_hash: str
    shown_first: Side = Field(sa_type=String)
    active_seconds: float
    surplus: bool = False
    """Whether it came when the unit already had all its raters: kept, never counted."""

    reason: str | None = None
    submitted_at: datetime = _moment()
    previous_hash: str
    row_hash: str = Field(unique=True)
