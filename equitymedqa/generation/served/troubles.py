"""Why one attempt brought nothing, and when the next one may be made."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import httpx

from equitymedqa.records import ErrorKind


class Trouble(NamedTuple):
    """Why one attempt brought nothing, and may bring something the next time."""

    kind: ErrorKind
    why: str
    pause_s: float | None = None
    """As the server asks for."""

    status: int | None = None
    """None where there was no reply."""


def asked_pause(headers: httpx.Headers) -> float | None:
    """Seconds that a server asks to be left alone."""
    asked = headers.get("retry-after")
    if asked is None:
        return None
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
