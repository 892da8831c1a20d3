"""What adjudicators decided, beside what most raters had chosen: a table that leaves the portal."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd
from sqlmodel import Session

from rater_portal.services.export import counted, given_codes, newest
from rater_portal.services.permissions import study_for
from rater_portal.services.studies import rubrics_of
from rater_portal.services.trail import Entry, entries
from rubrics.schema import Rubric

DECISION_COLUMNS: Final = (
    "unit_id",
    "dataset",
    "rubric",
    "rater_group",
    "item",
    "raters",
    "agreeing",
    "majority",
    "tie",
    "adjudicated",
    "adjudicator",
    "adjudicated_at",
)
DECIDED: Final = frozenset({"choice", "multichoice", "scale", "preference"})
"""Kinds of items of which a majority can be told."""


def adjudicated(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """What was decided of each unit, a row for each item that was asked.

    Where several options can be chosen each is an item of its own, 0 or 1, as in the judgment
    table. `majority` is empty for a tie, and where no rater was asked the item. Of a decision
    that was changed, the newest revision counts.

    Raises
    ------
    StudyError, NotAllowedError
        As for `export.judgment_table`.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="take_table")
    rubrics = rubrics_of(session, row.id)
    votes: dict[int, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for entry in newest(counted(session, row)):
        for item, code in _told(rubrics, entry):
            votes[entry[1].id][item][code] += 1
    rows = [
        _decided(entry, item, code, votes[entry[1].id][item])
        for entry in newest(one for one in entries(session, row.id) if _is_decision(one))
        for item, code in _told(rubrics, entry)
    ]
    return pd.DataFrame(rows, columns=list(DECISION_COLUMNS))


def majority(votes: Mapping[str, int]) -> tuple[str | None, bool]:
    """The code that more raters gave than any other, if there is one; whether it is a tie."""
    most = max(votes.values(), default=0)
    leading = [code for code, count in votes.items() if count == most]
    return (leading[0] if len(leading) == 1 else None), len(leading) > 1


def _is_decision(entry: Entry) -> bool:
    """One that came when another adjudicator had decided is kept, and does not count."""
    return entry[0].purpose == "adjudication" and not entry[0].surplus


def _told(rubrics: Mapping[str, Rubric], entry: Entry) -> Iterator[tuple[str, str]]:
    judgment, quota, _, _ = entry
    for item in rubrics[quota.rubric_id].items:
        if item.kind in DECIDED:
            for given in given_codes(item, judgment.codes.get(item.id)):
                yield given["item"], given["code"]


def _decided(entry: Entry, item: str, code: str, votes: Counter[str]) -> tuple[Any, ...]:
    judgment, quota, unit, adjudicator = entry
    most, is_tie = majority(votes)
    return (
        unit.unit_id,
        unit.dataset,
        quota.rubric_id,
        quota.rater_group,
        item,
        votes.total(),
        max(votes.values(), default=0),
        most,
        is_tie,
        code,
        adjudicator.pseudonym,
        judgment.submitted_at,
    )
