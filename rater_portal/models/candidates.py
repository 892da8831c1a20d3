"""Questions that were made and wait for people: what was sent here, and what was decided."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlmodel import Field

from rater_portal.models.fields import Table, Verb, json_column, moment


class SentCandidate(Table, table=True):
    """A proposed question of an augment folder. Append-only: people judge these very words."""

    __tablename__ = "candidate"
    __table_args__ = (UniqueConstraint("study_id", "candidate_id"),)

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    candidate_id: str
    record: dict[str, Any] = json_column()
    """The candidate with its lineage, as its folder has it: text, seed, recipe, identity,
    filters."""

    pairs: list[dict[str, Any]] = json_column(list)
    """Its proposed pairs: `pair_id`, `candidate_id` of the other side, `differs_in`."""

    sent_at: datetime = moment()


class CandidateDecision(Table, table=True):
    """What one person decided about one candidate. Append-only: a later one takes its place."""

    __tablename__ = "candidate_decision"
    __table_args__ = (
        UniqueConstraint("candidate_pk", "number"),
        UniqueConstraint("study_id", "decision_id"),
    )

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    candidate_pk: int = Field(foreign_key="candidate.id")
    number: int
    """Place among the decisions about this candidate, from 1; the last one counts."""

    decision_id: str
    """Hash of all that the decision says; the same in the folder's reviews.jsonl."""

    decision: Verb = Field(sa_type=String)
    edited_text: str | None = None
    reason: str = ""
    reviewer: str
    rater_id: int | None = Field(default=None, foreign_key="rater.id")
    """Who decided on the page; null for what was decided in the folder."""

    text_sha256: str
    """Of the words that were judged."""

    decided_at: datetime = moment()
    replaces: str | None = None
    """Id of the decision that this one takes the place of."""
