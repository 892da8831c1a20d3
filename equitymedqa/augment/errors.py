"""What can go wrong while sets of one's own are made, in words for the person who makes them."""

from collections.abc import Sequence
from pathlib import Path

from equitymedqa.problems import SHOWN, Problem


class AugmentError(ValueError):
    """Candidates cannot be made, reviewed or released; the message says why, and the way out."""


class BrokenFileError(AugmentError):
    """A file that someone wrote cannot be used; nothing of it was."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        lines = [f"{path}, {problem}" for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"... and {len(self.problems) - SHOWN} more problems in {path}")
        super().__init__("\n".join(lines))
