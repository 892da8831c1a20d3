"""One-time links: making them, looking at them, and why one lets nobody in.

Tokens are 256 random bits; the database keeps their hashes alone, so that it lets nobody in.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import SignInError, StudyError
from rater_portal.models import Invite, Rater, Role, Study
from rater_portal.services.studies import find_study, protocol_of
from rater_portal.settings import Settings

LEGIBLE = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits that nobody mistakes for another when reading a pseudonym aloud."""


class UnknownLinkError(SignInError):
    """No link has this token."""


class UsedLinkError(SignInError):
    """The link has let somebody in already."""


class ExpiredLinkError(SignInError):
    """The link came too late."""


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
    """The group as its raters read it; None for a coordinator."""

    expires_at: datetime


def invite_rater(
    session: Session,
    *,
    study: str,
    group: str,
    count: int = 1,
    base_url: str | None = None,
    valid_days: int | None = None,
    synthetic: bool = False,
) -> list[InviteLink]:
    """Make new raters of a group, and a one-time link for each.

    Parameters
    ----------
    base_url, valid_days
        Where the links lead and how long they work; the settings say so unless given.

    Raises
    ------
    StudyError
        If there is no such study, or the study has no such group; the message lists the known
        ones. Also if `count` is below 1.
    """
    with transaction(session):
        raters = _newcomers(session, study, group, count, synthetic)
        return [_invite(session, rater, base_url, valid_days) for rater in raters]


def invite_again(
    session: Session,
    *,
    study: str,
    pseudonym: str,
    base_url: str | None = None,
    valid_days: int | None = None,
) -> InviteLink:
    """Make a further link for a person who is in the study already, for example on a new device.

    Links of that person that were never opened stop working.

    Parameters
    ----------
    base_url, valid_days
        As for `invite_rater`.

    Raises
    ------
    StudyError
        If there is no such study, or nobody of this pseudonym in it.
    """
    with transaction(session):
        found = find_study(session, study)
        rater = session.exec(
            select(Rater).where(Rater.study_id == found.id, Rater.pseudonym == pseudonym)
        ).one_or_none()
        if rater is None:
            raise StudyError(f"Nobody in study {study!r} has the pseudonym {pseudonym!r}.")
        now = datetime.now(UTC)
        unopened = update(Invite).where(
            col(Invite.rater_id) == rater.id,
            col(Invite.used_at).is_(None),
            col(Invite.expires_at) > now,
        )
        session.execute(unopened.values(expires_at=now))
        return _invite(session, rater, base_url, valid_days)


def enrol_raters(
    session: Session, *, study: str, group: str, count: int = 1, synthetic: bool = False
) -> list[int]:
    """Make new raters of a group who get no link, and give back their numbers.

    Raises
    ------
    StudyError
        As for `invite_rater`.
    """
    with transaction(session):
        raters = _newcomers(session, study, group, count, synthetic)
        return [rater.id for rater in raters]


def _newcomers(
    session: Session, study: str, group: str, count: int, synthetic: bool
) -> list[Rater]:
    if count < 1:
        raise StudyError(f"The number of raters must be at least 1, and it is {count}.")
    found = find_study(session, study)
    groups = [known.id for known in protocol_of(found).groups]
    if group not in groups:
        known = ", ".join(groups)
        raise StudyError(f"Study {study!r} has no group {group!r}. Known: {known}.")
    return [_newcomer(session, found, "rater", group, synthetic) for _ in range(count)]


def invite_coordinator(
    session: Session,
    *,
    study: str,
    base_url: str | None = None,
    valid_days: int | None = None,
) -> InviteLink:
    """Make a new coordinator of a study, and a one-time link.

    Parameters
    ----------
    base_url, valid_days
        As for `invite_rater`.

    Raises
    ------
    StudyError
        If there is no such study; the message lists the known ones.
    """
    with transaction(session):
        coordinator = _newcomer(session, find_study(session, study), "coordinator")
        return _invite(session, coordinator, base_url, valid_days)


def _newcomer(
    session: Session, study: Study, role: Role, group: str | None = None, synthetic: bool = False
) -> Rater:
    taken = session.exec(select(Rater.pseudonym).where(Rater.study_id == study.id)).all()
    rater = Rater(
        study_id=study.id,
        pseudonym=_pseudonym(role, taken),
        rater_group=group,
        role=role,
        synthetic=synthetic,
        created_at=datetime.now(UTC),
    )
    session.add(rater)
    session.flush()
    return rater


def _pseudonym(role: Role, taken: Collection[str]) -> str:
    while True:
        name = f"{role[0]}-" + "".join(secrets.choice(LEGIBLE) for _ in range(6))
        if name not in taken:
            return name


def _invite(
    session: Session, rater: Rater, base_url: str | None, valid_days: int | None
) -> InviteLink:
    settings = Settings()
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
    labels = {group.id: group.label for group in protocol_of(study).groups}
    label = labels[rater.rater_group] if rater.rater_group else None
    return Invitation(study.title, study.synthetic, rater.role, label, invite.expires_at)


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
