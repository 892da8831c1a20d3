"""What is wrong with a question file: what was found, where, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SHOWN = 10
"""How many problems an error message spells out; `check` reports more."""


@dataclass(frozen=True)
class Problem:
    """One thing that keeps a file from being loaded."""

    place: str
    """`line 3`, `row 3`, `sheet 'CC-LLM', row 3`; empty if the whole file is meant."""

    found: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.found}. {self.remedy}."


def row_number(place: str) -> int:
    """The number of a place's line or row; 0 if the whole file is meant."""
    number = place.rsplit(" ", 1)[-1]
    return int(number) if number.isdigit() else 0


def is_in_sheet(place: str) -> bool:
    """Whether a place is in a workbook, where fields are cells and nothing is quoted."""
    return place.startswith("sheet ")


class QuestionFileError(ValueError):
    """A question file that cannot be explained whole; nothing of it was loaded."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        lines = [f"{path}, {problem}" for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"... and {len(self.problems) - SHOWN} more problems in {path}")
        super().__init__("\n".join(lines))
