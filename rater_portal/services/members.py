"""Accounts of those who run a study, and what each may do where: made by the operator alone.

Nobody registers, and no account has a first password: it is chosen behind a one-time link.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import StudyError
from rater_portal.models import Account, BrowserSession, Rater, Role, Study
from rater_portal.services.accounts import end_sessions
from rater_portal.services.events import record_event
from rater_portal.services.invitations import newcomer
from rater_portal.services.links import InviteLink, link_for, withdraw_links
from rater_portal.services.permissions import check_operator, study_for

StaffRole = Literal["adjudicator", "analyst", "coordinator"]

USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{2,63}")


class AccountError(StudyError):
    """An account cannot be made, found or used as asked."""


@dataclass(frozen=True)
class Membership:
    """What one account may do in one study."""

    rater_id: int
    study: str
    title: str
    role: Role
    pseudonym: str


def add_account(
    session: Session,
    *,
    username: str,
    study: str,
    role: StaffRole,
    base_url: str | None = None,
    valid_days: int | None = None,
    asked_by: int | None = None,
) -> InviteLink:
    """Make an account with a role in a study, and the link behind which its password is chosen.

    Parameters
    ----------
    username
        Small letters, digits and `._@+-`, at least three; capital letters are made small. An
        e-mail address lets its owner come through the identity provider as well.
    base_url, valid_days
        Where the link leads and how long it works; the settings say so unless given.

    Raises
    ------
    AccountError
        If the name is taken or cannot be one.
    StudyError
        If there is no such study.
    NotAllowedError
        If anyone but the operator asks.
    """
    name = username.strip().lower()
    if USERNAME.fullmatch(name) is None:
        raise AccountError(
            f"{username!r} cannot be a username: it has 3 to 64 letters, digits or signs out of "
            "._@+- and starts with a letter or digit."
        )
    with transaction(session):
        check_operator(asked_by)
        if _with_name(session, name) is not None:
            raise AccountError(
                f"There is an account {name!r} already. Give it a role in a study with "
                "`equitymedqa study grant`."
            )
        account = Account(username=name, created_at=datetime.now(UTC))
        session.add(account)
        session.flush()
        rater = _join(session, account, study, role)
        return link_for(session, rater, base_url, valid_days)


def password_link(
    session: Session,
    *,
    username: str,
    base_url: str | None = None,
    valid_days: int | None = None,
    asked_by: int | None = None,
) -> InviteLink:
    """Make a link behind which an account's password is chosen anew; earlier links end.

    The password of now stays good until the link is used.

    Raises
    ------
    AccountError
        If there is no such account, it is disabled, or it has no role in any study.
    NotAllowedError
        If anyone but the operator asks.
    """
    with transaction(session):
        check_operator(asked_by)
        account = find_account(session, username)
        if account.disabled_at is not None:
            raise AccountError(f"The account {account.username!r} is disabled.")
        own = _active(session, account.id)
        if not own:
            raise AccountError(f"The account {account.username!r} has no role in any study.")
        for rater in own:
            withdraw_links(session, rater.id)
        return link_for(session, own[0], base_url, valid_days)


def disable_account(session: Session, *, username: str, asked_by: int | None = None) -> None:
    """Let an account in no more, from this moment on; what it did stays.

    Raises
    ------
    AccountError
        If there is no such account.
    NotAllowedError
        If anyone but the operator asks.
    """
    with transaction(session):
        check_operator(asked_by)
        account = find_account(session, username)
        account.disabled_at = account.disabled_at or datetime.now(UTC)
        for rater in _active(session, account.id):
            withdraw_links(session, rater.id)
            _note(session, rater, "account.disabled", asked_by)
        end_sessions(session, col(BrowserSession.account_id) == account.id)


def grant(
    session: Session, *, username: str, study: str, role: StaffRole, asked_by: int | None = None
) -> Membership:
    """Give an account a role in a study; another role that it had there ends.

    Raises
    ------
    AccountError
        If there is no such account, or it is disabled.
    StudyError
        If there is no such study.
    NotAllowedError
        If anyone but the operator asks.
    """
    with transaction(session):
        check_operator(asked_by)
        account = find_account(session, username)
        if account.disabled_at is not None:
            raise AccountError(f"The account {account.username!r} is disabled.")
        found = study_for(session, study=study, asked_by=asked_by, action="appoint")
        for rater in _active(session, account.id):
            if rater.study_id == found.id:
                if rater.role == role:
                    return _membership(rater, found)
                _end(session, rater, asked_by)
        return _membership(_join(session, account, study, role), found)


def withdraw(session: Session, *, username: str, study: str, asked_by: int | None = None) -> None:
    """Take an account's role in a study away; what it did there stays.

    Raises
    ------
    AccountError
        If there is no such account, or it has no role in this study.
    StudyError
        If there is no such study.
    NotAllowedError
        If anyone but the operator asks.
    """
    with transaction(session):
        found = study_for(session, study=study, asked_by=asked_by, action="appoint")
        account = find_account(session, username)
        own = [one for one in _active(session, account.id) if one.study_id == found.id]
        if not own:
            raise AccountError(f"{account.username!r} has no role in study {study!r}.")
        for rater in own:
            _end(session, rater, asked_by)


def memberships(session: Session, *, account_id: int) -> tuple[Membership, ...]:
    """Where an account may do something now, the oldest first."""
    rows = session.exec(
        select(Rater, Study)
        .join(Study, col(Study.id) == col(Rater.study_id))
        .where(col(Rater.account_id) == account_id, col(Rater.state) == "active")
        .order_by(col(Rater.id))
    )
    return tuple(_membership(rater, study) for rater, study in rows)


def find_account(session: Session, username: str) -> Account:
    """The account with this name; AccountError if there is none."""
    account = _with_name(session, username.strip().lower())
    if account is None:
        raise AccountError(f"There is no account {username!r}.")
    return account


def _with_name(session: Session, name: str) -> Account | None:
    return session.exec(select(Account).where(Account.username == name)).one_or_none()


def _active(session: Session, account_id: int) -> list[Rater]:
    rows = select(Rater).where(Rater.account_id == account_id, Rater.state == "active")
    return list(session.exec(rows.order_by(col(Rater.id))))


def _join(session: Session, account: Account, study: str, role: StaffRole) -> Rater:
    found = study_for(session, study=study, asked_by=None, action="appoint")
    rater = newcomer(session, found, role)
    rater.account_id = account.id
    session.flush()
    _note(session, rater, "member.granted", None)
    return rater


def _end(session: Session, rater: Rater, asked_by: int | None) -> None:
    rater.state = "withdrawn"
    withdraw_links(session, rater.id)
    end_sessions(session, col(BrowserSession.rater_id) == rater.id)
    _note(session, rater, "member.withdrawn", asked_by)


def _note(session: Session, rater: Rater, action: str, asked_by: int | None) -> None:
    """Whom it concerns stands in the trail by pseudonym, never by username."""
    said = {"pseudonym": rater.pseudonym, "role": rater.role}
    record_event(session, study_id=rater.study_id, actor_id=asked_by, action=action, new=said)


def _membership(rater: Rater, study: Study) -> Membership:
    return Membership(rater.id, study.name, study.title, rater.role, rater.pseudonym)
