"""The portal's clock, in one place: what leases and daily limits are measured by."""

from datetime import UTC, datetime


def now() -> datetime:
    """The moment in UTC."""
    return datetime.now(UTC)
