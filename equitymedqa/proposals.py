"""Files of `equitymedqa augment` that hold proposed questions, told by their columns.

They look like question files, but undecided, rejected and dropped questions are among theirs.
"""

import re

from equitymedqa.columns import Table
from equitymedqa.problems import Problem

CANDIDATE_COLUMNS = ("candidate_id", "seed", "recipe", "filters", "status")
"""Of the file of candidates; no other file has all of them."""

SHEET_ID, SHEET_SEED, SHEET_DECISION = "candidate_id", "seed_text", "decision"
SHEET_COLUMNS = (SHEET_ID, SHEET_SEED, SHEET_DECISION)
"""Of the sheet in which people decide; no other file has all of them."""

REMEDY = (
    "Review them, and make the question file with `equitymedqa augment release FOLDER --out "
    "questions.csv`"
)


def proposed_only(table: Table) -> Problem | None:
    """That a table's questions are still to be released, or were left out; None if it has others.

    What a person made, with a column `status` or `decision` of their own, is not meant.
    """
    names = _column_names(table)
    kinds = {"file of candidates": CANDIDATE_COLUMNS, "review sheet": SHEET_COLUMNS}
    for what, columns in kinds.items():
        if names.issuperset(columns):
            found = f"this is the {what} of a job of `equitymedqa augment`, not a question file"
            return Problem("", found, REMEDY)
    return None


def _column_names(table: Table) -> set[str]:
    if table.has_header or not table.entries:
        return set(table.columns)
    # A spreadsheet of some countries saves with other separators, and then no header is seen.
    return set(re.split("[;\t]", str(next(iter(table.entries[0].fields.values())))))
