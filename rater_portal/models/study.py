"""Studies: what was planned, what is judged, and how many raters each unit needs."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlmodel import Field

from rater_portal.models.fields import (
    StudyState,
    Table,
    UnitPurpose,
    json_column,
    moment,
    perhaps_json,
)
from rubrics.schema import UnitKind


class Study(Table, table=True):
    """One study: a protocol applied to the answers of some sources."""

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    title: str
    protocol: dict[str, Any] = json_column()
    """The protocol as it was when the study was made."""

    synthetic: bool = False
    """Whether simulated raters judge in it: said wherever a number is shown."""

    state: StudyState = Field(default="open", sa_type=String)
    message: str | None = None
    """What raters are told while the study is paused or closed."""

    back_at: datetime | None = moment(nullable=True)
    """When raters may come back, while the study is paused."""

    seed: int = 0
    """Where the order of units and of sides starts from."""

    created_at: datetime = moment()

    @property
    def is_open(self) -> bool:
        """Whether the study takes judgments."""
        return self.state == "open"


class StudyRubric(Table, table=True):
    """A rubric as it was when the study was made."""

    __tablename__ = "study_rubric"
    __table_args__ = (UniqueConstraint("study_id", "rubric_id"),)

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    rubric_id: str
    version: str
    content_hash: str
    definition: dict[str, Any] = json_column()
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
    panels: list[dict[str, Any]] = json_column()
    """Panels in slot order: `kind`, `slot`, `text`; for answers `is_cut` and `answer_id`; for
    questions that show any `images`: `sha256`, `width`, `height` and `png_sha256` of each."""

    purpose: UnitPurpose = Field(default="study", sa_type=String)
    key: dict[str, Any] | None = perhaps_json()
    """Right codes by item, a list each, for training, gold and attention units."""

    feedback: dict[str, Any] | None = perhaps_json()
    """What a rater in training is told afterwards, by item."""

    content_note: str | None = None
    """What a rater is told before the texts are revealed."""

    authors: list[str] = json_column(list)
    """Who wrote its answers, where people did: nobody judges an answer of one's own."""


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
    """0 where no judgment is needed: training, gold and attention units."""

    accepted: int = 0
    question: int | None = None
    """Number of the question it asks, among those that the group is asked under the rubric; null
    where nobody counted them."""

    question_2: int | None = None
    """The same of the other question of a counterfactual pair."""

    question_places: int | None = None
    """Places of all units that share a question with this one, itself included. A group with as
    many raters never has to meet a question twice."""


class Panel(Table, table=True):
    """A crowd platform's door into one study."""

    __table_args__ = (UniqueConstraint("study_id", "name"),)

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    name: str
    adapter: str
    """`prolific`, or `generic`."""

    rater_group: str
    token_hash: str = Field(unique=True)
    """Of the secret part of the door's address."""

    settings: dict[str, Any] = json_column()
    """Names of the address's parameters, completion codes and addresses to return to."""

    capacity: int
    """How many people may come in through this door."""

    created_at: datetime = moment()
    closed_at: datetime | None = moment(nullable=True)
