"""What the workers of a cluster have done: a folder that all see, in it a file a worker.

Only its worker adds to a file, so no file is locked. A line counts once it has its end; what a
worker left torn when it died is passed over, and made again.
"""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from equitymedqa.generation.answer_file import add_lines
from equitymedqa.generation.engine import Answered, Completion
from equitymedqa.generation.errors import GenerationError
from equitymedqa.records import Record


class Begun(Record):
    """A worker took a batch."""

    kind: Literal["begun"] = "begun"
    run: str
    """Which start of the job it was for."""

    batch: str
    """Key of its first request."""


class Written(Record):
    """A worker made an answer."""

    kind: Literal["written"] = "written"
    key: str
    completion: Completion


class Died(Record):
    """A batch met an error that nobody foresaw, and its worker ended over it."""

    kind: Literal["died"] = "died"
    run: str
    """Which start of the job it was for."""

    batch: str
    """Key of its first request."""

    words: str
    """The end of what the worker said of it."""


Entry = Begun | Written | Died
ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)


class Journal:
    """The entries of all workers, as far as they were read, and a file for one's own.

    Parameters
    ----------
    folder
        The same one for all, on a disk that all see.

    Raises
    ------
    GenerationError
        If it cannot be made or written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = folder / f"worker-{os.urandom(8).hex()}.jsonl"
        self._read: dict[Path, int] = defaultdict(int)
        """Bytes of each file that were read."""

        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GenerationError(f"{folder} cannot be made: {error.strerror}") from error

    def add(self, entries: Iterable[Entry]) -> None:
        """Add to one's own file, and return once it is on the disk.

        Raises
        ------
        GenerationError
            If there is no room. Entries that were written whole stay; none is left half written.
        """
        try:
            descriptor = os.open(self._own, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                add_lines(descriptor, (ENTRY.dump_json(entry) + b"\n" for entry in entries))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise GenerationError(f"{self._own} cannot be written: {error.strerror}") from error

    def news(self) -> list[Entry]:
        """What all workers have added since this was last asked.

        Raises
        ------
        GenerationError
            If a line that has its end is no entry; the message names the file.
        """
        return [
            _parsed(line, path=path)
            for path in sorted(self._folder.glob("worker-*.jsonl"))
            for line in self._new_lines(path)
        ]

    def _new_lines(self, path: Path) -> list[bytes]:
        with path.open("rb") as file:
            file.seek(self._read[path])
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read[path] += len(whole)
        return whole.splitlines()


def _parsed(line: bytes, *, path: Path) -> Entry:
    try:
        return ENTRY.validate_json(line)
    except ValidationError as error:
        raise GenerationError(
            f"{path} has a line that is no entry of a worker: {line[:60]!r}. Move the file out of "
            "the folder and run the same command again: only what it alone held is made anew"
        ) from error


def answered(entries: Iterable[Entry]) -> list[Answered]:
    """The answers among the entries."""
    return [Answered(one.key, one.completion) for one in entries if isinstance(one, Written)]
