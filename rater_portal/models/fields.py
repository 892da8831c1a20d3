"""What the tables are made of: their common parent, moments in UTC, JSON, and the fixed sets."""

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import JSON, Column, Dialect, MetaData
from sqlalchemy.types import DateTime, TypeDecorator
from sqlmodel import Field, SQLModel

Role = Literal["rater", "adjudicator", "analyst", "coordinator"]
Side = Literal["A", "B"]
"""A unit's slot: A and B stay what they are wherever the screen shows them."""

StudyState = Literal["open", "paused", "closed", "locked"]
"""Only an open study takes judgments; a locked one can never be opened again."""

RaterState = Literal["active", "withdrawn", "screened_out"]
UnitPurpose = Literal["study", "training", "gold", "attention"]
Purpose = Literal["study", "training", "gold", "attention", "repeat", "adjudication"]
"""Why a unit is judged. Only `study` takes a place and counts; raters are not told which is which,
but for training."""

SkipKind = Literal["skip", "cannot_judge"]
Decision = Literal["given", "declined", "withdrawn"]
Verb = Literal["accept", "edit", "reject"]
"""What can be decided about a question that was made."""


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


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """A column of moments."""
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable, index=index))


def json_column(default: Any = None) -> Any:
    """A JSON column; `default` makes what a row holds that says nothing."""
    if default is None:
        return Field(sa_column=Column(JSON, nullable=False))
    return Field(default_factory=default, sa_column=Column(JSON, nullable=False))


def perhaps_json() -> Any:
    """A JSON column that may hold nothing."""
    return Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))


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
