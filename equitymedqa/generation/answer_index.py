"""Which line of an answer file counts for each answer: places in the file, not the answers.

The last line of an answer counts. It may differ from the one before in the labels of its
question; or the one before is a failure that was asked again. An answer that another one
supersedes is not given to readers any more.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import ValidationError

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.manifest import MANIFEST_SUFFIX
from equitymedqa.records import AnswerRecord, FinishReason

# What may differ between two runs that gave the same answer.
CIRCUMSTANCES = {"created_at", "batch_size", "batch_sha256", "reported"}
# What may differ between two lines of one answer: the text of the question decides the id.
LABELS = {"question", "pairs"}


class Line(NamedTuple):
    """One line of an answer file, as it is there."""

    number: int
    """From 1."""

    offset: int
    """Bytes before it."""

    content: bytes


class Place(NamedTuple):
    """Where the line is that counts for an answer, and how the answer ended."""

    offset: int
    finish_reason: FinishReason
    is_superseded: bool = False


class AnswerIndex:
    """The places of all answers of one file, in the order of their first lines.

    Parameters
    ----------
    path
        The answer file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[str, Place] = {}
        self._superseded: dict[str, str] = {}
        """By id of the answer that is gone: the id of the one that took its place."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read a whole file.

        Raises
        ------
        GenerationError
            If the file cannot be read, a line is no answer, the last line is torn or two lines
            give one id to different answers; the message names file and line.
        """
        index = cls(path)
        for line in iter_lines(path):
            index.add(parse(line, path=path), line)
        return index

    def add(self, answer: AnswerRecord, line: Line) -> None:
        """Count one more line.

        Raises
        ------
        GenerationError
            If the line is not the same answer as an earlier one of its id.
        """
        known = self.last_line(answer.answer_id)
        if known and not is_later_line(known, answer):
            raise GenerationError(
                f"{self.path}, line {line.number}: answer {answer.answer_id!r} is not the same as "
                "on an earlier line; keep the right one of the two"
            )
        gone = answer.answer_id in self._superseded
        self._places[answer.answer_id] = Place(line.offset, answer.finish_reason, gone)
        if answer.supersedes:
            self._supersede(answer.supersedes, answer.answer_id, line)

    def last_line(self, answer_id: str) -> AnswerRecord | None:
        """The answer as its last line has it, superseded or not; None if it is not there."""
        return next(self.answers_of([answer_id]), None) if answer_id in self._places else None

    @property
    def superseded(self) -> Set[str]:
        """Ids of answers that others took the place of, whether they are in this file or not."""
        return self._superseded.keys()

    def ends(self) -> Counter[str]:
        """How many of the answers that count ended how."""
        return Counter(
            place.finish_reason for place in self._places.values() if not place.is_superseded
        )

    def answers(self, *, without: Set[str] = frozenset()) -> Iterator[AnswerRecord]:
        """The answers that count, read one by one."""
        wanted = (
            place.offset
            for name, place in self._places.items()
            if not place.is_superseded and name not in without
        )
        return self._answers_at(wanted)

    def answers_of(self, ids: Iterable[str]) -> Iterator[AnswerRecord]:
        """The answers with these ids, superseded or not."""
        return self._answers_at(self._places[name].offset for name in ids)

    def all_answers(self) -> Iterator[AnswerRecord]:
        """The superseded answers as well."""
        return self.answers_of(self._places)

    def _supersede(self, gone: str, by: str, line: Line) -> None:
        if self._superseded.setdefault(gone, by) != by:
            raise GenerationError(
                f"{self.path}, line {line.number}: answers {self._superseded[gone]!r} and {by!r} "
                f"both take the place of {gone!r}; keep one of the two"
            )
        if gone in self._places:
            self._places[gone] = self._places[gone]._replace(is_superseded=True)

    def _answers_at(self, offsets: Iterable[int]) -> Iterator[AnswerRecord]:
        with self.path.open("rb") as file:
            for offset in offsets:
                file.seek(offset)
                yield AnswerRecord.model_validate_json(file.readline())


def is_later_line(earlier: AnswerRecord, later: AnswerRecord) -> bool:
    """Whether a line may stand after another one of the same id."""
    return is_new_attempt(earlier, later) or (
        content_of(earlier, without=LABELS) == content_of(later, without=LABELS)
    )


def is_new_attempt(earlier: AnswerRecord, later: AnswerRecord) -> bool:
    """Whether the later one is what came of asking again after a failure."""
    return earlier.finish_reason == "error" and later.attempt > earlier.attempt


def content_of(answer: AnswerRecord, *, without: Set[str] = frozenset()) -> Mapping[str, object]:
    """What two lines of one answer have in common."""
    return answer.model_dump(exclude={*CIRCUMSTANCES, *without})


def iter_lines(path: Path) -> Iterator[Line]:
    """The lines of a file, whatever is in them.

    Raises
    ------
    GenerationError
        If the file cannot be read.
    """
    if path.name.endswith(MANIFEST_SUFFIX):
        raise GenerationError(
            f"{path} is a manifest and no answer file; name the file beside it, "
            f"{path.name.removesuffix(MANIFEST_SUFFIX)}"
        )
    offset = 0
    try:
        with path.open("rb") as file:
            for number, content in enumerate(file, start=1):
                yield Line(number, offset, content)
                offset += len(content)
    except IsADirectoryError as error:
        raise GenerationError(f"{path} is a folder; name the answer files in it") from error
    except OSError as error:
        raise GenerationError(f"{path} cannot be read: {error.strerror}") from error


def parse(line: Line, *, path: Path) -> AnswerRecord:
    """The answer that a line holds.

    Raises
    ------
    GenerationError
        If it holds none, or is torn.
    """
    try:
        return AnswerRecord.model_validate_json(line.content)
    except ValidationError as error:
        place = f"{path}, line {line.number}"
        if not line.content.endswith(b"\n"):
            raise GenerationError(
                f"{place} is torn, as after a crash: run the `equitymedqa generate` command "
                "that made the file again, and it mends this"
            ) from error
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the line"
        raise GenerationError(f"{place} is not an answer: {key}: {first['msg']}") from error
