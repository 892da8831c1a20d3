"""How often somebody may fail to come in: counted in the database, for all processes alike.

Names that no account has are counted like all others: being locked out says nothing about them.
"""

import hashlib
import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import SignInError
from rater_portal.language import mark
from rater_portal.models import FailedAttempt

Kind = Literal["link", "password", "panel"]

PER_NAME: Final = 10
PER_ADDRESS: Final = 30
WINDOW: Final = timedelta(minutes=15)
"""So many failures within it, and no further attempt is made until the oldest is this old."""

TOO_MANY: Final = mark("Too many attempts failed. Please wait a quarter of an hour and try again.")


class TooManyAttemptsError(SignInError):
    """Too many attempts from this address or for this name failed."""


@dataclass(frozen=True)
class Attempt:
    """An attempt that was let through, to be forgotten when it succeeds."""

    ids: tuple[int, ...]


def enter(session: Session, *, kind: Kind, address: str, name: str | None = None) -> Attempt:
    """Begin an attempt to come in, if its address and its name have not failed too often.

    It counts as failed from now on and is forgotten when it succeeds; so a hundred guesses sent
    at once are not a hundred guesses made before the first failure was counted. Not inside
    another transaction: all others must see it before they are counted.

    Parameters
    ----------
    address
        Where it comes from; what is counted is its network, see `network_of`.
    name
        The account that somebody tries to sign in to, whether or not there is one.

    Raises
    ------
    TooManyAttemptsError
        If there were too many failures; this attempt is then none.
    """
    limits = {_key(kind, "address", network_of(address)): PER_ADDRESS}
    if name is not None:
        limits[_key(kind, "name", name)] = PER_NAME
    attempt = _count(session, kind, tuple(limits))
    if any(_failures(session, kind, key) > limit for key, limit in limits.items()):
        forget(session, attempt=attempt)
        raise TooManyAttemptsError(TOO_MANY)
    return attempt


@contextmanager
def attempt_at(
    session: Session, *, kind: Kind, address: str, guess: type[SignInError]
) -> Iterator[None]:
    """Let somebody try a secret that cannot be guessed; errors of this class are counted.

    Counted afterwards, and not before as in `enter`: a whole ward may open its links at once from
    one address, and a race gains nobody anything against 256 random bits.

    Raises
    ------
    TooManyAttemptsError
        If there were too many failures; what is inside is then not tried.
    """
    key = _key(kind, "address", network_of(address))
    if _failures(session, kind, key) >= PER_ADDRESS:
        raise TooManyAttemptsError(TOO_MANY)
    try:
        yield
    except guess:
        _count(session, kind, [key])
        raise


def forget(session: Session, *, attempt: Attempt) -> None:
    """Count this attempt no longer: it succeeded."""
    with transaction(session):
        session.execute(delete(FailedAttempt).where(col(FailedAttempt.id).in_(attempt.ids)))


def network_of(address: str) -> str:
    """Who is counted together: one IPv4 address, or the /64 that one IPv6 customer is given."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.IPv6Network((known, 64), strict=False))


def _count(session: Session, kind: Kind, keys: Sequence[str]) -> Attempt:
    now = datetime.now(UTC)
    rows = [FailedAttempt(kind=kind, key_hash=key, failed_at=now) for key in keys]
    with transaction(session):
        session.execute(delete(FailedAttempt).where(col(FailedAttempt.failed_at) <= now - WINDOW))
        session.add_all(rows)
        session.flush()
        return Attempt(tuple(row.id for row in rows))


def _failures(session: Session, kind: Kind, key: str) -> int:
    since = datetime.now(UTC) - WINDOW
    counted = select(func.count()).where(
        col(FailedAttempt.kind) == kind,
        col(FailedAttempt.key_hash) == key,
        col(FailedAttempt.failed_at) > since,
    )
    return session.exec(counted).one()


def _key(kind: Kind, what: str, value: str) -> str:
    return hashlib.sha256(f"{kind} {what} {value}".encode()).hexdigest()
