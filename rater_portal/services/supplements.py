"""What leaves the portal beside the judgment table: units that were left out, passages marked.

Raters who withdrew with their judgments are in neither.
"""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Quota, Rater, Unit
from rater_portal.services.consent import left_out
from rater_portal.services.export import counted, newest
from rater_portal.services.permissions import study_for
from rater_portal.services.trail import Entry

SKIP_COLUMNS: Final = (
    "unit_id",
    "dataset",
    "rubric",
    "rater_id",
    "rater_group",
    "purpose",
    "kind",
    "reason",
    "comment",
    "skipped_at",
    "active_seconds",
)
MARK_COLUMNS: Final = (
    "unit_id",
    "dataset",
    "question_id",
    "rubric",
    "rater_id",
    "rater_group",
    "item",
    "panel",
    "slot",
    "source",
    "quote",
    "start",
    "end",
    "sentence",
    "submitted_at",
)


def skips(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """Every unit that was left out, by whom and why.

    Raises
    ------
    StudyError, NotAllowedError
        As for `export.judgment_table`.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="take_table")
    gone = left_out(session, study=row)
    skipped = session.exec(
        select(Assignment, Unit, Quota, Rater)
        .join(Unit, col(Unit.id) == Assignment.unit_pk)
        .join(Quota, col(Quota.id) == Assignment.quota_id)
        .join(Rater, col(Rater.id) == Assignment.rater_id)
        .where(Assignment.study_id == row.id, col(Assignment.skipped_at).is_not(None))
        .order_by(col(Assignment.skipped_at), col(Assignment.id))
    )
    rows = [
        (
            unit.unit_id,
            unit.dataset,
            quota.rubric_id,
            rater.pseudonym,
            quota.rater_group,
            assignment.purpose,
            assignment.skip_kind,
            assignment.skip_reason,
            assignment.skip_comment,
            assignment.skipped_at,
            assignment.active_seconds,
        )
        for assignment, unit, quota, rater in skipped
        if rater.id not in gone
    ]
    return pd.DataFrame(rows, columns=list(SKIP_COLUMNS))


def marks(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """Every passage that raters tied to an item, as it stands in the newest revision.

    `start` and `end` count code points in the panel's plain text; `source` is the source of the
    answer that was marked, and is empty for questions.

    Raises
    ------
    StudyError, NotAllowedError
        As for `export.judgment_table`.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="take_table")
    rows = [
        _marked(entry, one) for entry in newest(counted(session, row)) for one in entry[0].marks
    ]
    return pd.DataFrame(rows, columns=list(MARK_COLUMNS))


def _marked(entry: Entry, one: Mapping[str, Any]) -> tuple[Any, ...]:
    judgment, quota, unit, rater = entry
    is_second = one["slot"] == "B"
    source = unit.source_b if is_second and unit.source_b is not None else unit.source_a
    question = unit.question_2_id if is_second and unit.question_2_id else unit.question_id
    return (
        unit.unit_id,
        unit.dataset,
        question,
        quota.rubric_id,
        rater.pseudonym,
        quota.rater_group,
        one["item"],
        one["panel"],
        one["slot"],
        source if one["panel"] == "answer" else None,
        one["quote"],
        one["start"],
        one["end"],
        one["sentence"],
        judgment.submitted_at,
    )
