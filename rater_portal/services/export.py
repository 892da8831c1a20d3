"""The judgment table of a study: what leaves the portal, by source and never by side."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from sqlmodel import Session

from analysis.table import COLUMNS, JudgmentTable
from rater_portal.errors import StudyError
from rater_portal.models import Study
from rater_portal.services.studies import (
    check_coordinator,
    find_study,
    protocol_of,
    rubrics_of,
)
from rater_portal.services.trail import entries
from rubrics.schema import Code, Item, Rubric


def judgment_table(session: Session, *, study: str, asked_by: int | None = None) -> JudgmentTable:
    """Every counted judgment of a study, the newest revision of each, as a checked table.

    Parameters
    ----------
    asked_by
        Id of the coordinator who asks; None for the operator at the shell.

    Raises
    ------
    StudyError
        If there is no such study, or nothing was judged yet.
    NotAllowedError
        If the caller does not coordinate this study.
    """
    row = find_study(session, study)
    check_coordinator(session, row, asked_by)
    rubrics = rubrics_of(session, row.id)
    rows = list(_rows(session, row, rubrics))
    if not rows:
        raise StudyError(f"Nothing has been judged in {study!r} yet.")
    protocol = protocol_of(row)
    return JudgmentTable(
        frame=pd.DataFrame(rows, columns=list(COLUMNS)),
        rubrics=tuple(rubrics.values()),
        title=row.title,
        protocol=f"{protocol.id}@{protocol.version}",
        groups=protocol.groups,
    )


def _rows(
    session: Session, study: Study, rubrics: Mapping[str, Rubric]
) -> Iterator[dict[str, Any]]:
    counted = (entry for entry in entries(session, study.id) if not entry[0].surplus)
    newest = {entry[0].assignment_id: entry for entry in counted}
    for judgment, quota, unit, rater in newest.values():
        rubric = rubrics[quota.rubric_id]
        shared = {
            "study": study.name,
            "unit_id": unit.unit_id,
            "kind": unit.kind,
            "dataset": unit.dataset,
            "question_id": unit.question_id,
            "question_2_id": unit.question_2_id,
            "seed": unit.seed,
            "rubric": rubric.id,
            "rubric_version": rubric.version,
            "rater_id": rater.pseudonym,
            "rater_group": rater.rater_group,
            "source_a": unit.source_a,
            "source_b": unit.source_b,
            "shown_first": judgment.shown_first,
            "submitted_at": judgment.submitted_at,
            "active_seconds": judgment.active_seconds,
            "synthetic": rater.synthetic,
        }
        for item in rubric.items:
            for given in _given(item, judgment.codes.get(item.id)):
                yield {**shared, **given}


def _given(item: Item, code: Code | None) -> Iterator[dict[str, Any]]:
    """The table's rows for one item: one, or one per option where several can be chosen."""
    if item.kind == "multichoice":
        chosen = code if isinstance(code, list) else []
        for option in item.codes:
            ticked = option in chosen
            yield {"item": f"{item.id}.{option}", "code": str(int(ticked)), "score": float(ticked)}
    elif code not in (None, ""):
        score = item.option(str(code)).score if item.options else None
        if isinstance(code, int | float):
            score = float(code)
        yield {"item": item.id, "code": str(code), "score": score}
