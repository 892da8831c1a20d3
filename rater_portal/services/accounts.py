"""Who may come in: links redeemed, browsers signed in, and the caller behind each of them."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import SignInError
from rater_portal.models import BrowserSession, Invite, Rater, Role, Study
from rater_portal.services.invitations import (
    ExpiredLinkError,
    Invitation,
    InviteLink,
    UnknownLinkError,
    UsedLinkError,
    enrol_raters,
    invite_again,
    invite_coordinator,
    invite_rater,
    invite_with,
    refusal,
    show_invite,
    token_hash,
)

__all__ = [
    "Caller",
    "ExpiredLinkError",
    "Invitation",
    "InviteLink",
    "SessionEndedError",
    "UnknownLinkError",
    "UsedLinkError",
    "check_caller",
    "enrol_raters",
    "identify",
    "invite_again",
    "invite_coordinator",
    "invite_rater",
    "redeem_invite",
    "show_invite",
    "sign_out",
]


class SessionEndedError(SignInError):
    """The browser is not, or no longer, signed in."""


@dataclass(frozen=True)
class Caller:
    """Who asks, as the database knows it now."""

    rater_id: int
    study_id: int
    study: str
    """The study's name."""

    role: Role
    rater_group: str | None
    pseudonym: str
    session_id: int


def redeem_invite(
    session: Session, *, token: str, valid_days: int = 14, replaces: str | None = None
) -> str:
    """Use up a link and sign a browser in; of all who try at once, one succeeds.

    Parameters
    ----------
    valid_days
        How long the browser stays signed in.
    replaces
        The cookie's token of the same browser, if it was signed in already: that session ends.

    Returns
    -------
    the token that the browser's cookie will hold

    Raises
    ------
    UnknownLinkError, UsedLinkError, ExpiredLinkError
        If the link lets nobody in, or no longer.
    """
    now = datetime.now(UTC)
    with transaction(session):
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
        if replaces is not None:
            _revoke(session, col(BrowserSession.token_hash) == token_hash(replaces))
        cookie_token = secrets.token_urlsafe(32)
        session.add(
            BrowserSession(
                rater_id=invite.rater_id,
                token_hash=token_hash(cookie_token),
                expires_at=now + timedelta(days=valid_days),
                created_at=now,
            )
        )
    return cookie_token


def identify(session: Session, *, cookie_token: str) -> Caller:
    """The caller whose browser holds this cookie.

    Raises
    ------
    SessionEndedError
        If the cookie is unknown, signed out or too old.
    """
    return _caller(session, BrowserSession.token_hash == token_hash(cookie_token))


def check_caller(session: Session, *, session_id: int) -> Caller:
    """The caller of a signed-in browser, looked up afresh.

    Raises
    ------
    SessionEndedError
        If the browser was signed out or its time is up.
    """
    return _caller(session, BrowserSession.id == session_id)


def _caller(session: Session, condition: Any) -> Caller:
    query = (
        select(BrowserSession, Rater, Study.name)
        .join(Rater, col(Rater.id) == col(BrowserSession.rater_id))
        .join(Study, col(Study.id) == col(Rater.study_id))
        .where(
            condition,
            col(BrowserSession.revoked_at).is_(None),
            col(BrowserSession.expires_at) > datetime.now(UTC),
        )
    )
    row = session.exec(query).one_or_none()
    if row is None:
        raise SessionEndedError("You are signed out. Please ask for a new invite link.")
    browser, rater, study = row
    return Caller(
        rater_id=rater.id,
        study_id=rater.study_id,
        study=study,
        role=rater.role,
        rater_group=rater.rater_group,
        pseudonym=rater.pseudonym,
        session_id=browser.id,
    )


def sign_out(session: Session, *, session_id: int) -> None:
    """End a browser's session; signing out twice is no error."""
    with transaction(session):
        _revoke(session, col(BrowserSession.id) == session_id)


def _revoke(session: Session, condition: Any) -> None:
    session.exec(
        update(BrowserSession)
        .where(condition, col(BrowserSession.revoked_at).is_(None))
        .values(revoked_at=datetime.now(UTC))
    )
