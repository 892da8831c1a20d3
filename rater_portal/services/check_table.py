"""What raters gave to units with known answers, and to their own again: a table that leaves.

How raters do by it is told in `quality`.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import pandas as pd
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, AuditEvent, Rater, Study
from rater_portal.services.checks import OUTSIDE
from rater_portal.services.consent import left_out
from rater_portal.services.keys import right_items, written
from rater_portal.services.permissions import study_for
from rater_portal.services.studies import rubrics_of
from rater_portal.services.trail import Entry, entries
from rubrics.schema import Code

CHECK_COLUMNS: Final = (
    "purpose",
    "unit_id",
    "rubric",
    "rater_id",
    "rater_group",
    "attempt",
    "item",
    "code",
    "expected",
    "right",
    "submitted_at",
    "active_seconds",
)
KEYED: Final = frozenset({"training", "gold", "attention"})

First = Mapping[tuple[int, int], Mapping[str, Code]]
"""What was given to a unit of the study, by place and rater."""


def checks(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """Every item of training, gold, attention and repeated units, with what was expected.

    Of a repeat that is the code that the same rater gave the first time. What was judged first
    stands here, whatever it was changed to. A check outside the portal has its name as `item` and
    what came of it as `code`; `right` is empty where nobody can tell, as of words. What was
    skipped is in `supplements.skips`.

    Raises
    ------
    StudyError, NotAllowedError
        As for `export.judgment_table`.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="take_table")
    gone = left_out(session, study=row)
    judged = [
        one for one in entries(session, row.id) if one[0].revision == 1 and one[3].id not in gone
    ]
    first = {
        (quota.id, rater.id): judgment.codes
        for judgment, quota, _, rater in judged
        if judgment.purpose == "study"
    }
    attempts = _attempts(session, row)
    words = {key: written(rubric) for key, rubric in rubrics_of(session, row.id).items()}
    rows = [
        {**_shared(entry, attempts), **item}
        for entry in judged
        for item in _items(entry, first, words[entry[1].rubric_id])
    ]
    frame = pd.DataFrame([*rows, *_outside(session, row, gone)], columns=list(CHECK_COLUMNS))
    return frame.astype({"attempt": "Int64", "right": "boolean"})


def _attempts(session: Session, study: Study) -> dict[int, int]:
    columns = select(Assignment.id, Assignment.attempt)
    return dict(session.exec(columns.where(Assignment.study_id == study.id)).all())


def _shared(entry: Entry, attempts: Mapping[int, int]) -> dict[str, Any]:
    judgment, quota, unit, rater = entry
    return {
        "purpose": judgment.purpose,
        "unit_id": unit.unit_id,
        "rubric": quota.rubric_id,
        "rater_id": rater.pseudonym,
        "rater_group": quota.rater_group,
        "attempt": attempts[judgment.assignment_id],
        "submitted_at": judgment.submitted_at,
        "active_seconds": judgment.active_seconds,
    }


def _items(entry: Entry, first: First, words: Collection[str]) -> Iterator[dict[str, Any]]:
    """Item, code, what was expected, and whether the two fit; of words nobody can tell."""
    judgment, quota, unit, rater = entry
    if judgment.purpose in KEYED:
        key = unit.key or {}
        for item, is_right in right_items(key, judgment.codes).items():
            yield _item(item, judgment.codes.get(item), list(key[item]), is_right)
    elif judgment.purpose == "repeat":
        before = first.get((quota.id, rater.id), {})
        for item in {**before, **judgment.codes}:
            then, now = before.get(item), judgment.codes.get(item)
            yield _item(item, now, then, None if item in words else now == then)


def _item(item: str, code: object, expected: object, is_right: bool | None) -> dict[str, Any]:
    return {"item": item, "code": _text(code), "expected": _text(expected), "right": is_right}


def _text(code: object) -> str | None:
    """Several codes stand in one cell, a semicolon between them."""
    if code is None:
        return None
    return ";".join(map(str, code)) if isinstance(code, list) else str(code)


def _outside(session: Session, study: Study, gone: set[int]) -> Iterator[dict[str, Any]]:
    """Attention checks that were asked outside the portal."""
    asked = session.exec(
        select(AuditEvent, Rater)
        .join(Rater, col(Rater.id) == AuditEvent.actor_id)
        .where(AuditEvent.study_id == study.id, AuditEvent.action == OUTSIDE)
        .order_by(col(AuditEvent.id))
    )
    for event, rater in asked:
        if rater.id not in gone:
            yield {
                "purpose": "attention",
                "rater_id": rater.pseudonym,
                "rater_group": rater.rater_group,
                "item": event.item,
                "code": event.new,
                "right": None if event.new == "unchecked" else event.new == "passed",
                "submitted_at": event.happened_at,
            }
