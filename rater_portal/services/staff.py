"""How coordinators, analysts and adjudicators come in, and go from one of their studies to another.

Passwords are hashed and compared by whoever calls, outside any transaction: that takes as long as
fifty submissions do.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import NotAllowedError, SignInError
from rater_portal.language import mark
from rater_portal.models import Account, BrowserSession
from rater_portal.services.accounts import (
    check_caller,
    end_sessions,
    open_session,
    staff_until,
)
from rater_portal.services.links import UnknownLinkError, token_hash, use_up
from rater_portal.services.members import memberships
from rater_portal.settings import current_settings


class WrongPasswordError(SignInError):
    """There is no such account, or this is not its password: which of the two is never said."""


class NoAccountError(SignInError):
    """The identity provider knows the person, and this portal does not."""


WRONG: Final = mark("The username or the password is not right.")
UNKNOWN: Final = mark("You have no account here, or no role in any study.")
NOT_ONE_OF_YOURS: Final = mark("This is none of your studies.")


@dataclass(frozen=True)
class Stored:
    """What a password is compared with."""

    username: str
    account_id: int | None
    """None where no account has the name."""

    password_hash: str | None


@dataclass(frozen=True)
class Identity:
    """Who a person is for an identity provider that has just vouched for it."""

    issuer: str
    subject: str
    verified_email: str | None = None


def stored_password(session: Session, *, username: str) -> Stored:
    """What to compare a password with; accounts that are disabled count as unknown."""
    name = username.strip().lower()
    account = session.exec(select(Account).where(Account.username == name)).one_or_none()
    if account is None or account.disabled_at is not None:
        return Stored(name, None, None)
    return Stored(account.username, account.id, account.password_hash)


def stored_password_of(session: Session, *, account_id: int) -> Stored:
    """The same for an account that is signed in."""
    account = session.get_one(Account, account_id)
    return Stored(account.username, account.id, account.password_hash)


def enter(
    session: Session, *, account_id: int, study: str | None = None, replaces: str | None = None
) -> str:
    """Sign a browser in for an account whose owner has proved who that is.

    Parameters
    ----------
    study
        Where to work; the account's first study unless given.
    replaces
        The cookie's token of the same browser, if it was signed in already: that session ends.

    Returns
    -------
    the token that the browser's cookie will hold

    Raises
    ------
    NoAccountError
        If the account is disabled, or has no role in this or in any study.
    """
    with transaction(session):
        account = session.get_one(Account, account_id)
        own = memberships(session, account_id=account_id)
        fitting = [one for one in own if study is None or one.study == study]
        if account.disabled_at is not None or not fitting:
            raise NoAccountError(UNKNOWN)
        now = datetime.now(UTC)
        return open_session(
            session,
            rater_id=fitting[0].rater_id,
            account_id=account_id,
            until=staff_until(current_settings(), opened=now, now=now),
            replaces=replaces,
        )


def switch_study(session: Session, *, session_id: int, study: str) -> str:
    """Go on in another study of the same account; the session before ends.

    Returns
    -------
    the token that the browser's cookie will hold; the whole time since signing in counts on

    Raises
    ------
    SessionEndedError
        If the browser is not signed in.
    NotAllowedError
        If the account has no role in this study, or nobody signed in with an account.
    """
    with transaction(session):
        caller = check_caller(session, session_id=session_id)
        if caller.account_id is None:
            raise NotAllowedError(NOT_ONE_OF_YOURS)
        own = memberships(session, account_id=caller.account_id)
        fitting = [one for one in own if one.study == study]
        if not fitting:
            raise NotAllowedError(NOT_ONE_OF_YOURS)
        opened = session.get_one(BrowserSession, session_id).created_at
        end_sessions(session, col(BrowserSession.id) == session_id)
        token = open_session(
            session,
            rater_id=fitting[0].rater_id,
            account_id=caller.account_id,
            until=staff_until(current_settings(), opened=opened, now=datetime.now(UTC)),
        )
        fresh = select(BrowserSession).where(BrowserSession.token_hash == token_hash(token))
        session.exec(fresh).one().created_at = opened
        return token


def set_first_password(session: Session, *, token: str, password_hash: str) -> int:
    """Use up a link by choosing the password of its account; its sessions everywhere end.

    Returns
    -------
    the account's number

    Raises
    ------
    UnknownLinkError, UsedLinkError, ExpiredLinkError
        If the link lets nobody in, or no longer, or is none for an account.
    """
    with transaction(session):
        account = _account_behind(session, token)
        _change(session, account, password_hash)
        return account.id


def change_password(session: Session, *, account_id: int, password_hash: str) -> None:
    """Change a password; the account's sessions end everywhere, this browser's too."""
    with transaction(session):
        _change(session, session.get_one(Account, account_id), password_hash)


def account_for(session: Session, *, identity: Identity, link: str | None = None) -> int:
    """The account of a person whom the identity provider vouches for.

    An account is bound to a person when first met: by a link of the operator's, or by a verified
    e-mail address that is the account's username. Nobody is registered.

    Raises
    ------
    NoAccountError
        If there is none, or it is disabled, or it is bound to another person.
    UnknownLinkError, UsedLinkError, ExpiredLinkError
        If the link binds nobody, or no longer.
    """
    with transaction(session):
        bound = session.exec(
            select(Account).where(
                Account.issuer == identity.issuer, Account.subject == identity.subject
            )
        ).one_or_none()
        if link is not None:
            account: Account | None = _account_behind(session, link)
        else:
            account = bound or _with_email(session, identity.verified_email)
        if account is None or account.disabled_at is not None or bound not in (None, account):
            raise NoAccountError(UNKNOWN)
        account.issuer, account.subject = identity.issuer, identity.subject
        return account.id


def _account_behind(session: Session, token: str) -> Account:
    rater = use_up(session, token)
    if rater.account_id is None:
        raise UnknownLinkError(mark("We do not know this link."))
    return session.get_one(Account, rater.account_id)


def _with_email(session: Session, email: str | None) -> Account | None:
    if email is None:
        return None
    return session.exec(
        select(Account).where(
            Account.username == email.strip().lower(), col(Account.subject).is_(None)
        )
    ).one_or_none()


def _change(session: Session, account: Account, password_hash: str) -> None:
    account.password_hash = password_hash
    end_sessions(session, col(BrowserSession.account_id) == account.id)
