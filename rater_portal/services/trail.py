"""The trail of judgments: each row's hash covers all that it says and the hash of the row before.

What a judgment says includes what its row only points to: which texts were shown, whose they
were, who judged, and in which group. So none of these can be changed unseen either.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Judgment, Quota, Rater, Unit

FIRST_HASH = "0" * 64
"""What the first judgment of a study points back to."""

Entry = tuple[Judgment, Quota, Unit, Rater]


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
    """SHA-256 over all that a judgment says."""
    judgment, quota, unit, rater = entry
    said: dict[str, Any] = judgment.model_dump(exclude={"id", "row_hash"})
    said["submitted_at"] = judgment.submitted_at.astimezone(UTC).isoformat()
    said["rubric"] = quota.rubric_id
    said["unit"] = unit.model_dump(exclude={"id", "study_id"})
    said["rater"] = rater.model_dump(include={"pseudonym", "rater_group", "synthetic"})
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def last_hash(session: Session, study_id: int) -> str:
    """The hash of the study's newest judgment."""
    newest = session.exec(
        select(Judgment.row_hash)
        .where(Judgment.study_id == study_id)
        .order_by(col(Judgment.id).desc())
        .limit(1)
    ).first()
    return newest or FIRST_HASH
