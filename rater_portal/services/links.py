"""One-time links: making one, looking at it, using it up, and why one lets nobody in.

Tokens are 256 random bits; the database keeps their hashes alone, so that it lets nobody in.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from rater_portal.errors import SignInError
from rater_portal.models import Account, Invite, Rater, Role, Study
from rater_portal.services.studies import protocol_of
from rater_portal.settings import current_settings


class UnknownLinkError(SignInError):
    """No link has this token."""


class UsedLinkError(SignInError):
    """The link has let somebody in already."""


class ExpiredLinkError(SignInError):
    """The link came too late."""


class PasswordNeededError(SignInError):
    """The link is for setting a password: it lets nobody in who has not set one."""


@dataclass(frozen=True)
class InviteLink:
    """A link to hand to one person. Its token is kept nowhere else."""

    rater_id: int
    pseudonym: str
    role: Role
    rater_group: str | None
    url: str
    expires_at: datetime


@dataclass(frozen=True)
class Invitation:
    """What a person may know of a link before using it."""

    study_title: str
    synthetic: bool
    """Whether simulated raters judge in the study."""

    role: Role
    group_label: str | None
    """The group as its raters read it; None for everyone but raters."""

    expires_at: datetime
    username: str | None = None
    """Of the account whose password the link sets; None where it lets in by itself."""


def link_for(
    session: Session, rater: Rater, base_url: str | None, valid_days: int | None
) -> InviteLink:
    """A new one-time link for this person."""
    settings = current_settings()
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    invite = Invite(
        rater_id=rater.id,
        token_hash=token_hash(token),
        expires_at=now + timedelta(days=settings.invite_days if valid_days is None else valid_days),
        created_at=now,
    )
    session.add(invite)
    session.flush()
    return InviteLink(
        rater_id=rater.id,
        pseudonym=rater.pseudonym,
        role=rater.role,
        rater_group=rater.rater_group,
        url=f"{settings.base_url if base_url is None else base_url}/invite/{token}",
        expires_at=invite.expires_at,
    )


def show_invite(session: Session, *, token: str) -> Invitation:
    """What a link leads to; looking does not use it up.

    Raises
    ------
    UnknownLinkError, UsedLinkError, ExpiredLinkError
        If the link lets nobody in, or no longer.
    """
    invite = invite_with(session, token)
    if invite.used_at is not None or invite.expires_at <= datetime.now(UTC):
        raise refusal(invite)
    rater = session.get_one(Rater, invite.rater_id)
    study = session.get_one(Study, rater.study_id)
    account = session.get(Account, rater.account_id) if rater.account_id else None
    labels = {group.id: group.label for group in protocol_of(study).groups}
    label = labels[rater.rater_group] if rater.rater_group else None
    return Invitation(
        study_title=study.title,
        synthetic=study.synthetic,
        role=rater.role,
        group_label=label,
        expires_at=invite.expires_at,
        username=account.username if account else None,
    )


def withdraw_links(session: Session, rater_id: int) -> None:
    """Let a person's unopened links work no longer."""
    now = datetime.now(UTC)
    unopened = update(Invite).where(
        col(Invite.rater_id) == rater_id,
        col(Invite.used_at).is_(None),
        col(Invite.expires_at) > now,
    )
    session.execute(unopened.values(expires_at=now))


def use_up(session: Session, token: str) -> Rater:
    """Use up a link, and whose it is; of all who try at once, one succeeds.

    Raises
    ------
    UnknownLinkError, UsedLinkError, ExpiredLinkError
        If the link lets nobody in, or no longer.
    """
    now = datetime.now(UTC)
    # One statement decides: whoever finds the link unused has used it, in the same moment.
    used = session.exec(
        update(Invite)
        .where(
            col(Invite.token_hash) == token_hash(token),
            col(Invite.used_at).is_(None),
            col(Invite.expires_at) > now,
        )
        .values(used_at=now)
    )
    invite = invite_with(session, token)
    if used.rowcount != 1:
        raise refusal(invite)
    return session.get_one(Rater, invite.rater_id)


def invite_with(session: Session, token: str) -> Invite:
    """The link's row, used or not; UnknownLinkError if there is none."""
    invite = session.exec(
        select(Invite).where(Invite.token_hash == token_hash(token))
    ).one_or_none()
    if invite is None:
        raise UnknownLinkError("We do not know this link.")
    return invite


def refusal(invite: Invite) -> SignInError:
    """Why a link that exists lets nobody in."""
    if invite.used_at is not None:
        return UsedLinkError("This link has been used already. Each link works once.")
    day = f"{invite.expires_at.day} {invite.expires_at:%B %Y}"
    return ExpiredLinkError(f"This link was valid until {day}.")


def token_hash(token: str) -> str:
    """What the database keeps of a token."""
    # The tokens are random through and through, so a fast hash without salt gives nothing away.
    return hashlib.sha256(token.encode()).hexdigest()
