"""The judgment table of a study: what leaves the portal, by source and never by side."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import pandas as pd
from sqlmodel import Session

from analysis.table import COLUMNS, JudgmentTable
from rater_portal.errors import StudyError
from rater_portal.models import Study
from rater_portal.services.consent import left_out
from rater_portal.services.permissions import study_for
from rater_portal.services.profiles import attributes
from rater_portal.services.studies import protocol_of, rubrics_of
from rater_portal.services.trail import Entry, entries, is_counted
from rubrics.schema import Code, Item, Rubric

REVISION_COLUMNS = (*COLUMNS, "revision", "reason")


def judgment_table(session: Session, *, study: str, asked_by: int | None = None) -> JudgmentTable:
    """Every counted judgment of a study, the newest revision of each, as a checked table.

    Parameters
    ----------
    asked_by
        Id of who asks; None for the operator at the shell.

    Raises
    ------
    StudyError
        If there is no such study, or nothing was judged yet.
    NotAllowedError
        If the caller is neither coordinator nor analyst of this study.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="take_table")
    rubrics = rubrics_of(session, row.id)
    judged = newest(counted(session, row))
    about = attributes(session, row.id, raters={entry[3].id for entry in judged})
    rows = [
        {**given, **about.get(entry[3].id, {})}
        for entry in judged
        for given in _rows(row, rubrics, entry)
    ]
    if not rows:
        raise StudyError(f"Nothing has been judged in {study!r} yet.")
    protocol = protocol_of(row)
    return JudgmentTable(
        frame=pd.DataFrame(rows),
        rubrics=tuple(rubrics.values()),
        title=row.title,
        protocol=f"{protocol.id}@{protocol.version}",
        groups=protocol.groups,
    )


def revisions(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """Every counted judgment as it was first and after each change, with the reasons given.

    The rows of the highest `revision` of a unit and rater are those of the judgment table. There
    are none where nothing was judged yet.

    Parameters
    ----------
    asked_by
        As for `judgment_table`.

    Raises
    ------
    StudyError, NotAllowedError
        As for `judgment_table`.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="take_table")
    rubrics = rubrics_of(session, row.id)
    rows = [
        {**given, "revision": entry[0].revision, "reason": entry[0].reason}
        for entry in counted(session, row)
        for given in _rows(row, rubrics, entry)
    ]
    return pd.DataFrame(rows, columns=list(REVISION_COLUMNS))


def newest(judged: Iterable[Entry]) -> Collection[Entry]:
    """The newest revision of each judgment."""
    return {entry[0].assignment_id: entry for entry in judged}.values()


def counted(session: Session, study: Study) -> Iterator[Entry]:
    """What leaves the portal: judgments of the study's own units, of who has not taken it back."""
    gone = left_out(session, study=study)
    for entry in entries(session, study.id):
        judgment, _, _, rater = entry
        if is_counted(judgment) and rater.id not in gone:
            yield entry


def _rows(study: Study, rubrics: Mapping[str, Rubric], entry: Entry) -> Iterator[dict[str, Any]]:
    judgment, quota, unit, rater = entry
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
        for given in given_codes(item, judgment.codes.get(item.id)):
            yield {**shared, **given}


def given_codes(item: Item, code: Code | None) -> Iterator[dict[str, Any]]:
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
