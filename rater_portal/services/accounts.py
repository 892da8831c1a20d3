"""Who has come in: links redeemed, browsers signed in, and the caller behind each of them."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, or_, update
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import SignInError
from rater_portal.language import mark
from rater_portal.models import Account, BrowserSession, Rater, Role, Study
from rater_portal.services.invitations import (
    enrol_raters,
    invite_again,
    invite_coordinator,
    invite_rater,
)
from rater_portal.services.links import (
    ExpiredLinkError,
    Invitation,
    InviteLink,
    PasswordNeededError,
    UnknownLinkError,
    UsedLinkError,
    show_invite,
    token_hash,
    use_up,
)
from rater_portal.settings import Settings, current_settings

__all__ = [
    "Caller",
    "ExpiredLinkError",
    "Invitation",
    "InviteLink",
    "PasswordNeededError",
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

SEEN_EVERY: Final = timedelta(minutes=3)
"""How exactly is known when a browser was seen last."""


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
    language: str | None = None
    """Of the interface; None until the person chose one."""

    account_id: int | None = None
    """The account that signed in; None for who came by a link."""


def redeem_invite(
    session: Session, *, token: str, valid_days: int = 14, replaces: str | None = None
) -> str:
    """Use up a link and sign a browser in; of all who try at once, one succeeds.

    Parameters
    ----------
    valid_days
        How long the browser stays signed in if it is not seen again.
    replaces
        The cookie's token of the same browser, if it was signed in already: that session ends.

    Returns
    -------
    the token that the browser's cookie will hold

    Raises
    ------
    UnknownLinkError, UsedLinkError, ExpiredLinkError
        If the link lets nobody in, or no longer.
    PasswordNeededError
        If it is for setting an account's password.
    """
    with transaction(session):
        rater = use_up(session, token)
        if rater.account_id is not None:
            raise PasswordNeededError(mark("Please choose a password first."))
        until = datetime.now(UTC) + timedelta(days=valid_days)
        return open_session(session, rater_id=rater.id, until=until, replaces=replaces)


def open_session(
    session: Session,
    *,
    rater_id: int,
    until: datetime,
    account_id: int | None = None,
    replaces: str | None = None,
) -> str:
    """Sign a browser in, under a token made now, and give the token back.

    Whatever the browser held before is worth nothing afterwards: nobody can prepare a browser
    with a token of their own.
    """
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    with transaction(session):
        if replaces is not None:
            end_sessions(session, col(BrowserSession.token_hash) == token_hash(replaces))
        session.add(
            BrowserSession(
                rater_id=rater_id,
                account_id=account_id,
                token_hash=token_hash(token),
                expires_at=until,
                last_seen_at=now,
                created_at=now,
            )
        )
    return token


def identify(session: Session, *, cookie_token: str) -> Caller:
    """The caller whose browser holds this cookie.

    Raises
    ------
    SessionEndedError
        If the cookie is unknown, signed out or too old.
    """
    return _caller(session, BY_COOKIE, token_hash(cookie_token))


def check_caller(session: Session, *, session_id: int) -> Caller:
    """The caller of a signed-in browser, looked up afresh.

    Raises
    ------
    SessionEndedError
        If the browser was signed out or its time is up.
    """
    return _caller(session, BY_SESSION, session_id)


def _signed_in(known: Any) -> Any:
    """The browser that is known by this, its person and study, if it may come in `now`."""
    return (
        select(BrowserSession, Rater, Study.name)
        .join(Rater, col(Rater.id) == col(BrowserSession.rater_id))
        .join(Study, col(Study.id) == col(Rater.study_id))
        .outerjoin(Account, col(Account.id) == col(BrowserSession.account_id))
        .where(
            known == bindparam("known"),
            col(BrowserSession.revoked_at).is_(None),
            col(BrowserSession.expires_at) > bindparam("now"),
            col(Account.disabled_at).is_(None),
            # A rater who has withdrawn still reads what that means; staff see nothing more.
            or_(col(BrowserSession.account_id).is_(None), col(Rater.state) == "active"),
        )
    )


# Asked with every request: built once.
BY_COOKIE: Final = _signed_in(col(BrowserSession.token_hash))
BY_SESSION: Final = _signed_in(col(BrowserSession.id))


def _caller(session: Session, query: Any, known: str | int) -> Caller:
    now = datetime.now(UTC)
    row = session.exec(query, params={"known": known, "now": now}).one_or_none()
    if row is None:
        raise SessionEndedError(mark("You are signed out. Please ask for a new invite link."))
    browser, rater, study = row
    caller = Caller(
        rater_id=rater.id,
        study_id=rater.study_id,
        study=study,
        role=rater.role,
        rater_group=rater.rater_group,
        pseudonym=rater.pseudonym,
        session_id=browser.id,
        language=rater.language,
        account_id=browser.account_id,
    )
    if browser.last_seen_at is None or browser.last_seen_at <= now - SEEN_EVERY:
        _note_seen(session, browser, now)
    return caller


def _note_seen(session: Session, browser: BrowserSession, now: datetime) -> None:
    """Move the end of the session on; written rarely, since every request asks who it is."""
    settings, browser_id = current_settings(), browser.id
    until = now + timedelta(days=settings.session_days)
    if browser.account_id is not None:
        until = staff_until(settings, opened=browser.created_at, now=now)
    with transaction(session):
        session.execute(
            update(BrowserSession)
            .where(col(BrowserSession.id) == browser_id)
            .values(last_seen_at=now, expires_at=until)
        )


def staff_until(settings: Settings, *, opened: datetime, now: datetime) -> datetime:
    """When a session that was opened by an account ends, if it is not seen again."""
    idle = now + timedelta(minutes=settings.staff_idle_minutes)
    return min(idle, opened + timedelta(hours=settings.staff_hours))


def sign_out(session: Session, *, session_id: int) -> None:
    """End a browser's session; signing out twice is no error."""
    end_sessions(session, col(BrowserSession.id) == session_id)


def end_sessions(session: Session, condition: Any) -> None:
    """End all open sessions of which the condition holds."""
    with transaction(session):
        session.execute(
            update(BrowserSession)
            .where(condition, col(BrowserSession.revoked_at).is_(None))
            .values(revoked_at=datetime.now(UTC))
        )
