"""`review.csv`: what people fill in to decide about candidates, and how it is read back.

It is read whole or refused whole, every problem named with its row and the way out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from equitymedqa.augment.candidates import Candidate, FilterDecision
from equitymedqa.augment.errors import BrokenFileError
from equitymedqa.augment.reviewing import Choice, Reviewed, Verb, choice_fault
from equitymedqa.augment.spreadsheet import read_sheet, write_sheet
from equitymedqa.problems import Problem
from equitymedqa.proposals import SHEET_DECISION, SHEET_ID, SHEET_SEED

FROM_US = (SHEET_ID, SHEET_SEED, "text", "axes", "checks")
"""Columns that are not to be changed."""

FROM_REVIEWER = (SHEET_DECISION, "edited_text", "reason", "reviewer")
COLUMNS = (*FROM_US, *FROM_REVIEWER)
VERBS: tuple[Verb, ...] = get_args(Verb)


def review_sheet(state: Sequence[Reviewed]) -> str:
    """The sheet: a row for each proposed candidate, with the decision that counts by now."""
    return write_sheet(COLUMNS, [_row(one) for one in state])


def read_review(
    path: Path, candidates: Mapping[str, Candidate], *, reviewer: str | None = None
) -> list[Choice]:
    """What a filled-in sheet says; rows without a decision say nothing.

    Parameters
    ----------
    candidates
        All of the job, by their ids.
    reviewer
        Who decided, where the sheet does not say.

    Raises
    ------
    BrokenFileError
        If a row cannot be explained, or was changed where it must not be.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        remedy = "Check the name and the folder"
        problem = Problem("", f"it cannot be read: {error.strerror}", remedy)
        raise BrokenFileError(path, [problem]) from error
    rows, problems = read_sheet(content)
    if not problems and rows:
        problems += _missing_columns(rows[0][1])
    if problems:
        raise BrokenFileError(path, problems)
    choices: dict[str, Choice] = {}
    for number, row in rows:
        choice = _choice(row, candidates, reviewer)
        if isinstance(choice, Problem):
            problems.append(Problem(f"row {number}", choice.found, choice.remedy))
        elif choice is not None and choice.candidate_id in choices:
            found = f"the candidate {choice.candidate_id!r} was decided in an earlier row"
            problems.append(Problem(f"row {number}", found, "Keep one of the rows"))
        elif choice is not None:
            choices[choice.candidate_id] = choice
    if problems:
        raise BrokenFileError(path, problems)
    return list(choices.values())


def _row(one: Reviewed) -> dict[str, str]:
    candidate, decision = one.candidate, one.decision
    return {
        "candidate_id": candidate.candidate_id,
        "seed_text": candidate.seed.text,
        "text": candidate.text,
        "axes": "; ".join(f"{axis}: {option}" for axis, option in candidate.identity.items()),
        "checks": "; ".join(_told(check) for check in candidate.filters),
        "decision": decision.decision if decision else "",
        "edited_text": (decision.edited_text or "") if decision else "",
        "reason": decision.reason if decision else "",
        "reviewer": decision.reviewer if decision else "",
    }


def _told(check: FilterDecision) -> str:
    verdict = f" (the model says {check.verdict})" if check.verdict else ""
    return f"{check.filter}: {'passed' if check.passed else 'dropped'}{verdict}"


def _missing_columns(row: Mapping[str, str]) -> list[Problem]:
    missing = [name for name in COLUMNS if name not in row and name not in ("axes", "checks")]
    if not missing:
        return []
    remedy = "Restore them, or write a new sheet with `equitymedqa augment review`"
    return [Problem("row 1", f"the columns {missing} are missing", remedy)]


def _choice(
    row: Mapping[str, str], candidates: Mapping[str, Candidate], reviewer: str | None
) -> Choice | Problem | None:
    """What one row chooses; None if it chooses nothing."""
    name = row["candidate_id"].strip()
    if fault := _changed(row, candidates.get(name), name):
        return fault
    verb = row["decision"].strip().lower()
    edited = row["edited_text"] if row["edited_text"].strip() else ""
    reason = row["reason"].strip()
    if not verb:
        if edited or reason:
            found = "there is an edited text or a reason, but no decision"
            return Problem("", found, f"Write one of {', '.join(VERBS)}")
        return None
    if verb not in VERBS:
        return Problem("", f"the decision is {verb!r}", f"Write one of {', '.join(VERBS)}")
    who = row["reviewer"].strip() or (reviewer or "").strip()
    if not who:
        remedy = "Fill in `reviewer`, or apply the sheet with --reviewer"
        return Problem("", "nobody is named as reviewer", remedy)
    choice = Choice(
        candidate_id=name, decision=verb, reviewer=who, edited_text=edited or None, reason=reason
    )
    fault_found = choice_fault(candidates, choice)
    return Problem("", fault_found, "Change decision or text") if fault_found else choice


def _changed(row: Mapping[str, str], candidate: Candidate | None, name: str) -> Problem | None:
    remedy = "Restore it; new words belong into `edited_text`"
    if candidate is None:
        return Problem("", f"there is no candidate {name!r} in this folder", "Restore the id")
    for column, original in (("text", candidate.text), ("seed_text", candidate.seed.text)):
        if _as_saved(row[column]) != _as_saved(original):
            return Problem("", f"the column {column!r} of {name!r} was changed", remedy)
    return None


def _as_saved(text: str) -> str:
    """A text apart from how its lines end, which spreadsheets change when they save."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
