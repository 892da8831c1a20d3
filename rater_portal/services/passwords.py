"""Passwords: which are good enough, and how they are kept. Knows no database."""

import unicodedata
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rater_portal.errors import PortalError
from rater_portal.language import mark

SHORTEST: Final = 12
LONGEST: Final = 256
FEWEST_DIFFERENT: Final = 5
"""Characters."""

SHORTEST_NAME: Final = 4
"""Of the names that a password must not contain: a shorter one occurs in words."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""Argon2id as the OWASP Password Storage Cheat Sheet (2024) has it: 19 MiB, two passes."""

NOBODYS: Final = _hasher.hash("the password of nobody")
"""What is checked for names that no account has, so that they take as long as all others."""

COMMON: Final = frozenset(
    (Path(__file__).parents[1] / "assets" / "common_passwords.txt").read_text("utf-8").split()
)
"""Twelve characters and more that are guessed first, in lower case."""


class WeakPasswordError(PortalError):
    """The password would be guessed."""


def check_password(password: str, *, username: str) -> None:
    """Let pass a password that is good enough for this account.

    Raises
    ------
    WeakPasswordError
        If it is not; the message says why.
    """
    folded = password.casefold()
    names = {username.casefold(), username.casefold().partition("@")[0]}
    if len(password) < SHORTEST:
        raise WeakPasswordError(
            mark("A password needs at least {n} characters. A few words in a row are good."),
            n=SHORTEST,
        )
    if len(password) > LONGEST:
        raise WeakPasswordError(mark("A password has at most {n} characters."), n=LONGEST)
    if any(name in folded for name in names if len(name) >= SHORTEST_NAME):
        raise WeakPasswordError(mark("The password must not contain your username."))
    if folded in COMMON or len(set(folded)) < FEWEST_DIFFERENT:
        raise WeakPasswordError(mark("This password is among the first that would be guessed."))


def hash_password(password: str) -> str:
    """What the database keeps of a password."""
    return _hasher.hash(_normal(password))


def is_password(password: str, *, kept: str | None) -> bool:
    """Whether this is the password; takes as long for an account that has none (None)."""
    try:
        _hasher.verify(kept or NOBODYS, _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def _normal(password: str) -> str:
    # The same letters can come as different bytes from a phone and from a laptop.
    return unicodedata.normalize("NFKC", password)
