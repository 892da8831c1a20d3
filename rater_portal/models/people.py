"""People: who they are in a study, what they agreed to, and how they come in."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlmodel import Field

from rater_portal.models.fields import (
    Decision,
    RaterState,
    Role,
    Table,
    json_column,
    moment,
)


class Account(Table, table=True):
    """A person who signs in by password or through an identity provider: staff, never raters."""

    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: int = Field(default=None, primary_key=True)
    username: str = Field(unique=True)
    """In lower case."""

    password_hash: str | None = None
    """Argon2id, in its own text form; null for who signs in through an identity provider."""

    issuer: str | None = None
    subject: str | None = None
    created_at: datetime = moment()
    disabled_at: datetime | None = moment(nullable=True)


class Rater(Table, table=True):
    """A person in one study, known by a pseudonym, whatever the role."""

    __table_args__ = (
        UniqueConstraint("study_id", "pseudonym"),
        UniqueConstraint("panel_id", "panel_person"),
    )

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    pseudonym: str
    rater_group: str | None = None
    """The protocol's group; null for everyone but raters."""

    role: Role = Field(sa_type=String)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    """Who this is, where the person has an account."""

    state: RaterState = Field(default="active", sa_type=String)
    synthetic: bool = False
    author: str | None = None
    """The name under which answers of this person's own are filed."""

    language: str | None = None
    """Of the interface; null until the person chose one."""

    preferences: dict[str, Any] = json_column(dict)
    """Keys of the keyboard, size of the texts."""

    panel_id: int | None = Field(default=None, foreign_key="panel.id")
    panel_person: str | None = None
    """What the crowd platform calls this person."""

    panel_session: str | None = None
    guided_at: datetime | None = moment(nullable=True)
    """When the rater had read the guide."""

    qualified_at: datetime | None = moment(nullable=True)
    """When the rater had passed the training, where there is one."""

    rested_seconds: float = 0.0
    """Active seconds in the study at the last break."""

    created_at: datetime = moment()


class ShownText(Table, table=True):
    """A text that people agreed to, under its hash. Append-only."""

    __tablename__ = "shown_text"

    text_hash: str = Field(primary_key=True)
    """SHA-256 of the text in UTF-8."""

    text: str


class Consent(Table, table=True):
    """What one person decided about taking part, and about which text. Append-only."""

    id: int = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id", index=True)
    rater_id: int = Field(foreign_key="rater.id", index=True)
    version: str
    text_hash: str = Field(foreign_key="shown_text.text_hash")
    language: str
    decision: Decision = Field(sa_type=String)
    decided_at: datetime = moment()


class Profile(Table, table=True):
    """What a rater said of themselves: kept apart from judgments, and changed at will."""

    rater_id: int = Field(primary_key=True, foreign_key="rater.id")
    answers: dict[str, Any] = json_column()
    saved_at: datetime = moment()


class Invite(Table, table=True):
    """A one-time link. Only the token's hash is kept."""

    id: int = Field(default=None, primary_key=True)
    rater_id: int = Field(foreign_key="rater.id", index=True)
    token_hash: str = Field(unique=True)
    expires_at: datetime = moment()
    used_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()


class BrowserSession(Table, table=True):
    """One signed-in browser. Only the cookie's hash is kept."""

    __tablename__ = "browser_session"

    id: int = Field(default=None, primary_key=True)
    rater_id: int = Field(foreign_key="rater.id", index=True)
    token_hash: str = Field(unique=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    """The account that signed in, if it was no link: it may change between its studies."""

    expires_at: datetime = moment()
    last_seen_at: datetime | None = moment(nullable=True)
    revoked_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()


class FailedAttempt(Table, table=True):
    """One failure to sign in or to open a link: what lockouts are counted from."""

    __tablename__ = "failed_attempt"
    __table_args__ = (Index("ix_failed_attempt_kind_key_hash", "kind", "key_hash"),)

    id: int = Field(default=None, primary_key=True)
    kind: str
    """What was tried: `link`, `password`, ..."""

    key_hash: str
    """SHA-256 of the account's name or of the address that tried."""

    failed_at: datetime = moment(index=True)
