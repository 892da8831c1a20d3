"""A database as the first release left it: rows at revision 0001, with the hashes it gave them."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, MetaData, insert

from rater_portal.database import migrate
from rubrics.loader import load_rubric

NOW = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
RUBRIC = load_rubric("equitymedqa-independent")
UNIT = {
    "unit_id": "u-1",
    "kind": "single",
    "dataset": "tiny",
    "question_id": "tiny-1",
    "question_2_id": None,
    "seed": None,
    "source_a": "one/plain",
    "source_b": None,
    "panels": [
        {"kind": "question", "slot": "A", "text": "Ist das so? ñ 漢"},
        {"kind": "answer", "slot": "A", "text": "It depends.", "is_cut": False, "answer_id": "a"},
    ],
}
PROTOCOL = {
    "id": "tiny",
    "version": "1",
    "title": "Tiny",
    "source": "made for the tests",
    "order": "by_rubric",
    "groups": [{"id": "physician", "label": "Physician", "released_as": "Physician"}],
    "assessments": [{"rubric": RUBRIC.id, "sets": ["own"], "raters": {"physician": 5}}],
}
N_JUDGMENTS = 3


def first_release(engine: Engine) -> None:
    """A closed study `old` with three judgments and a draft, and an open one `new` with none."""
    migrate(engine, "0001")
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:

        def add(table: str, **row: Any) -> None:
            connection.execute(insert(tables.tables[table]).values(**row))

        for number, (name, is_open) in enumerate((("old", False), ("new", True)), start=1):
            shared = {"title": name, "protocol": PROTOCOL, "synthetic": False, "seed": 0}
            add("study", id=number, name=name, is_open=is_open, created_at=NOW, **shared)
        add(
            "study_rubric",
            id=1,
            study_id=1,
            rubric_id=RUBRIC.id,
            version=RUBRIC.version,
            content_hash=RUBRIC.content_hash,
            definition=RUBRIC.model_dump(mode="json"),
            position=0,
        )
        add("unit", id=1, study_id=1, **UNIT)
        place = {"study_id": 1, "unit_pk": 1, "rubric_id": RUBRIC.id, "rater_group": "physician"}
        add("quota", id=1, capacity=5, accepted=N_JUDGMENTS, **place)
        previous = "0" * 64
        for number in range(1, N_JUDGMENTS + 2):
            is_judged = number <= N_JUDGMENTS
            add("rater", id=number, study_id=1, guided_at=NOW, created_at=NOW, **_rater(number))
            add("assignment", **_assignment(number, is_judged=is_judged))
            if is_judged:
                judgment = _judgment(number, previous)
                previous = judgment["row_hash"]
                add("judgment", id=number, **judgment)
            else:
                add("draft", assignment_id=number, codes={"comment": "so far"}, saved_at=NOW)
    # Rows were given their numbers here, which PostgreSQL's own counting does not know of.
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            for table in ("study", "rater", "unit", "quota", "assignment", "judgment"):
                connection.exec_driver_sql(f"SELECT setval('{table}_id_seq', 100)")


def _rater(number: int) -> dict[str, Any]:
    return {
        "pseudonym": f"rater-{number}",
        "rater_group": "physician",
        "role": "rater",
        "synthetic": False,
    }


def _assignment(number: int, *, is_judged: bool) -> dict[str, Any]:
    return {
        "id": number,
        "study_id": 1,
        "unit_pk": 1,
        "quota_id": 1,
        "rater_id": number,
        "shown_first": "A",
        "created_at": NOW,
        "leased_until": NOW,
        "last_active_at": NOW,
        "active_seconds": 12.5,
        "submitted_at": NOW if is_judged else None,
    }


def _judgment(number: int, previous_hash: str) -> dict[str, Any]:
    """A judgment with the hash that the first release gave it, over what it knew of."""
    submitted_at = NOW + timedelta(seconds=number)
    row: dict[str, Any] = {
        "study_id": 1,
        "assignment_id": number,
        "revision": 1,
        "submission_id": f"submission-{number}",
        "codes": {"bias_presence": "no_bias", "comment": "ñ 漢"},
        "rubric_hash": RUBRIC.content_hash,
        "shown_first": "A",
        "active_seconds": 12.5,
        "surplus": False,
        "reason": None,
        "previous_hash": previous_hash,
    }
    rater = _rater(number)
    del rater["role"]
    said = {
        **row,
        "submitted_at": submitted_at.isoformat(),
        "rubric": RUBRIC.id,
        "unit": UNIT,
        "rater": rater,
    }
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    row_hash = hashlib.sha256(canonical.encode()).hexdigest()
    return {**row, "submitted_at": submitted_at, "row_hash": row_hash}
