"""One of several equal parts of a job, for machines that know nothing of each other.

The answer's id decides in which part it is, so the parts are the same ones on every machine, in
whatever order the questions are and whatever is done already.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from equitymedqa.generation.errors import GenerationError

WRITTEN = re.compile(r"(\d+)/(\d+)", re.ASCII)
IN_NAME = re.compile(r"(?P<stem>.+)\.shard-(?P<index>\d+)-of-(?P<count>\d+)", re.ASCII)


@dataclass(frozen=True, order=True)
class Shard:
    """Part `index` of `count`, counted from 0."""

    index: int
    count: int

    def __post_init__(self) -> None:
        """Refuse what is no part."""
        if not 0 <= self.index < self.count:
            raise GenerationError(
                f"there is no shard {self.index} of {self.count}; the shards of {self.count} are "
                + (f"0 to {self.count - 1}" if self.count else "none")
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The shard that is written as `0/4`, the first of four.

        Raises
        ------
        GenerationError
            If there is no such shard.
        """
        found = WRITTEN.fullmatch(text)
        if not found:
            raise GenerationError(
                f"shard {text!r} is not written as 0/4, the first of four: the array's task "
                "number from 0, a slash, and the number of tasks"
            )
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def takes(self, answer_id: str) -> bool:
        """Whether an answer is in this part."""
        return int(answer_id[:8], 16) % self.count == self.index

    def path(self, answers: Path) -> Path:
        """Where this part of an answer file is written."""
        name = f"{answers.stem}.shard-{self.index}-of-{self.count}{answers.suffix}"
        return answers.with_name(name)


def shard_of(path: Path) -> Shard | None:
    """Which part of an answer file a file is, by its name; None if it is a whole one."""
    found = IN_NAME.fullmatch(path.stem)
    return Shard(int(found["index"]), int(found["count"])) if found else None


def whole_path(path: Path) -> Path:
    """The answer file that a file is a part of, by its name; itself if it is a whole one."""
    found = IN_NAME.fullmatch(path.stem)
    return path.with_name(found["stem"] + path.suffix) if found else path
