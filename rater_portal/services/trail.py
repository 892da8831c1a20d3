"""The trails of a study: each row's hash covers all that it says and the hash of the row before.

There are two: judgments, and everything that somebody did (`events`). What a judgment says
includes what its row only points to: which texts were shown, whose they were, who judged, and in
which group. So none of these can be changed unseen either. Beside both stands where they end, so
that nothing can be cut off unseen.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm.util import identity_key
from sqlmodel import Session, col, select

from rater_portal.models import (
    Assignment,
    AuditEvent,
    Judgment,
    Quota,
    Rater,
    Table,
    TrailEnd,
    Unit,
)
from rater_portal.services.studies import hold_study

FIRST_HASH = "0" * 64
"""What the first row of a trail points back to."""

Entry = tuple[Judgment, Quota, Unit, Rater]

# Columns that the first release did not have, with what they hold where nothing is said: left out
# of the hash then, so that judgments stored before still have the hash that they were given.
LATER_OF_JUDGMENT: Mapping[str, object] = {"marks": [], "purpose": "study", "language": None}
LATER_OF_UNIT: Mapping[str, object] = {
    "purpose": "study",
    "key": None,
    "feedback": None,
    "content_note": None,
    "authors": [],
}
OF_RATER = ("pseudonym", "rater_group", "synthetic")


def entries(session: Session, study_id: int) -> Iterator[Entry]:
    """Every judgment of a study, oldest first, with what it points to."""
    yield from session.exec(
        select(Judgment, Quota, Unit, Rater)
        .join(Assignment, col(Assignment.id) == Judgment.assignment_id)
        .join(Quota, col(Quota.id) == Assignment.quota_id)
        .join(Unit, col(Unit.id) == Assignment.unit_pk)
        .join(Rater, col(Rater.id) == Assignment.rater_id)
        .where(Judgment.study_id == study_id)
        .order_by(col(Judgment.id))
    )


def entry_hash(entry: Entry) -> str:
    """SHA-256 over all that a judgment says; not over its number, which an event tells."""
    judgment, quota, unit, rater = entry
    said = _told(_row(judgment, "id", "row_hash"), LATER_OF_JUDGMENT)
    said["rubric"] = quota.rubric_id
    said["unit"] = _told(_row(unit, "id", "study_id"), LATER_OF_UNIT)
    said["rater"] = {name: getattr(rater, name) for name in OF_RATER}
    return _hash(said)


def is_counted(judgment: Judgment) -> bool:
    """Whether a judgment takes one of its unit's places, and is in the judgment table."""
    return judgment.purpose == "study" and not judgment.surplus


def event_hash(event: AuditEvent) -> str:
    """SHA-256 over all that an event says, its number included."""
    return _hash(_row(event, "row_hash"))


def held_end(session: Session, study_id: int) -> TrailEnd:
    """Where the study's trails end, held with the study until the transaction ends.

    Asked for again in the same transaction, it costs nothing.
    """
    known = session.identity_map.get(identity_key(TrailEnd, study_id))
    if known is not None and not inspect(known).expired:
        return known
    hold_study(session, study_id)
    end = session.get(TrailEnd, study_id, populate_existing=True)
    if end is None:
        end = TrailEnd(study_id=study_id, judgment_hash=FIRST_HASH, event_hash=FIRST_HASH)
        session.add(end)
        session.flush()
    session.info["trail_end"] = end  # the session would forget it between two writes
    return end


def append_judgment(session: Session, entry: Entry) -> None:
    """Add a judgment to the end of its study's trail, and give it its number."""
    judgment = entry[0]
    end = held_end(session, judgment.study_id)
    judgment.previous_hash = end.judgment_hash
    judgment.row_hash = entry_hash(entry)
    session.add(judgment)
    session.flush()
    end.n_judgments += 1
    end.judgment_hash = judgment.row_hash


def _row(row: Table, *unsaid: str) -> dict[str, Any]:
    """Every column of a row, whatever its value has become, but those that stay unsaid."""
    return {name: getattr(row, name) for name in type(row).model_fields if name not in unsaid}


def _told(row: dict[str, Any], later: Mapping[str, object]) -> dict[str, Any]:
    return {name: said for name, said in row.items() if name not in later or said != later[name]}


def _hash(said: Mapping[str, Any]) -> str:
    canonical = json.dumps(
        said, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain
    )
    # Half a character can come from a browser; it has no bytes of its own in UTF-8.
    return hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()


def _plain(value: object) -> str:
    """A moment in UTC; anything else got into the row by no service, and shows."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else repr(value)
