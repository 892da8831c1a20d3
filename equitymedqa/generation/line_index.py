"""Where the one line of each answer is that counts, over several answer files.

Only places are kept, so that files larger than memory can be joined.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from equitymedqa.generation.answer_index import (
    Line,
    content_of,
    is_later_line,
    iter_lines,
    parse,
)
from equitymedqa.generation.conflicts import refuse_other_jobs, refuse_rivals
from equitymedqa.generation.errors import GenerationError
from equitymedqa.records import AnswerRecord, FinishReason

QuestionKey = tuple[str, str, int]
"""Question set, question id and number of the answer."""


class PlacedLine(NamedTuple):
    """Where one line is, and what it is put in order by."""

    file: int
    number: int
    offset: int
    answer_id: str
    question: QuestionKey
    max_new_tokens: int
    finish_reason: FinishReason
    supersedes: str | None


class LineIndex:
    """The answers of several files, each once, those that others continue among them.

    Parameters
    ----------
    paths
        Open as long as this is.
    skip_torn
        Whether a last line without its end is passed over; else it is refused.

    Raises
    ------
    GenerationError
        On entering, if a file cannot be read, holds a line that is no answer, or contradicts
        another one; the message names the places.
    """

    def __init__(self, paths: Sequence[Path], *, skip_torn: bool = False) -> None:
        self._paths = paths
        self._skip_torn = skip_torn
        self._files: list[BinaryIO] = []
        self._open = ExitStack()
        self._first: tuple[AnswerRecord, Path] | None = None
        self._continuing: dict[str | QuestionKey, PlacedLine] = {}
        """By the id of the cut answer that a line continues, or by the question that it opens."""

        self.lines: dict[str, PlacedLine] = {}
        """By answer id."""

        self._outlived: defaultdict[str, list[PlacedLine]] = defaultdict(list)
        """By answer id, the lines that a later one of their own file took the place of."""

        self.superseded: set[str] = set()
        """Ids of cut answers that others continue."""

        self.n_answers: list[int] = []
        """Of each file alone."""

        self.n_standing: list[int] = []
        """Of each file alone, those that no answer in it continues."""

        self.n_doubles = 0
        """Lines of a later file that say what an earlier one says."""

        self.torn: list[Path] = []

    def __enter__(self) -> Self:
        with ExitStack() as unless_ready:
            unless_ready.callback(self._open.close)
            for number, path in enumerate(self._paths):
                try:
                    self._files.append(self._open.enter_context(path.open("rb")))
                except OSError as error:
                    raise GenerationError(f"{path} cannot be read: {error.strerror}") from error
                self._add_file(number)
            unless_ready.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    def bytes_of(self, line: PlacedLine) -> bytes:
        """The line as it is in its file, with its end."""
        file = self._files[line.file]
        file.seek(line.offset)
        return file.readline().removesuffix(b"\n") + b"\n"

    def would_lose(self, answer_id: str, content: bytes) -> bool:
        """Whether these lines, put in the place of another one of an answer, would say less."""
        known = self.lines.get(answer_id)
        if known is None:
            return True
        # A file that holds the very line also knows what came after it.
        there = (known, *self._outlived.get(answer_id, ()))
        if any(self.bytes_of(line) == content for line in there):
            return False
        answer, other = AnswerRecord.model_validate_json(content), self._answer(known)
        if "error" in (answer.finish_reason, other.finish_reason):
            return _precedence(answer) > _precedence(other)
        return content_of(answer) != content_of(other)

    def _add_file(self, file: int) -> None:
        settled = self._settled(file)
        for line in settled.values():
            known = self.lines.get(line.answer_id)
            if known is None:
                self._refuse_rival(line)
            if known is None or self._counts(line, known):
                self.lines[line.answer_id] = line
        continued = {line.supersedes for line in settled.values() if line.supersedes}
        self.superseded |= continued
        self.n_answers.append(len(settled))
        self.n_standing.append(len(settled.keys() - continued))

    def _settled(self, file: int) -> dict[str, PlacedLine]:
        """The line of each answer that counts in one file, whatever the others say."""
        settled: dict[str, PlacedLine] = {}
        for line, answer in self._answers(file):
            self._refuse_other_job(answer, self._paths[file])
            known = settled.get(line.answer_id)
            if known is None or self._comes_after(line, answer, known):
                settled[line.answer_id] = line
                if known:
                    self._outlived[line.answer_id].append(known)
        return settled

    def _answers(self, file: int) -> Iterator[tuple[PlacedLine, AnswerRecord]]:
        path = self._paths[file]
        for line in iter_lines(path):
            if self._skip_torn and not line.content.endswith(b"\n"):
                self.torn.append(path)
                return
            answer = parse(line, path=path)
            yield _placed(answer, line, file=file), answer

    def _refuse_other_job(self, answer: AnswerRecord, path: Path) -> None:
        first, first_path = self._first or (answer, path)
        refuse_other_jobs(first, answer, places=(first_path, path))
        # What continues a cut answer says less about the job than any other answer.
        if self._first is None or first.supersedes:
            self._first = (answer, path)

    def _refuse_rival(self, line: PlacedLine) -> None:
        """Refuse two answers to one question, or two that continue one."""
        first = self._continuing.setdefault(line.supersedes or line.question, line)
        if first is not line:
            places = (self._paths[first.file], self._paths[line.file])
            refuse_rivals(self._answer(first), self._answer(line), places=places)

    def _comes_after(self, line: PlacedLine, answer: AnswerRecord, known: PlacedLine) -> bool:
        """Whether a line counts instead of an earlier one of its answer in the same file."""
        other = self._answer(known)
        if is_later_line(other, answer):
            return True
        if "error" not in (answer.finish_reason, other.finish_reason):
            raise self._contradiction(line, known, same_words=False)
        return _precedence(answer) > _precedence(other)

    def _counts(self, line: PlacedLine, known: PlacedLine) -> bool:
        """Whether a line counts instead of that of the same answer in another file.

        Which of the two it is does not hang on the order of the files.
        """
        content, other_content = self.bytes_of(line), self.bytes_of(known)
        answer, other = self._answer(line), self._answer(known)
        if "error" in (answer.finish_reason, other.finish_reason):
            return (_precedence(answer), content) > (_precedence(other), other_content)
        if content_of(answer) != content_of(other):
            raise self._contradiction(line, known, same_words=is_later_line(other, answer))
        self.n_doubles += 1
        return (answer.created_at, content) < (other.created_at, other_content)

    def _contradiction(
        self, line: PlacedLine, known: PlacedLine, *, same_words: bool
    ) -> GenerationError:
        what = "its question has other labels or pairs" if same_words else "it is not the same"
        return GenerationError(
            f"answer {line.answer_id!r} is in {self._place(known)} and in {self._place(line)}, "
            f"but {what} there; leave one of the two files out, or take one of the lines away"
        )

    def _answer(self, line: PlacedLine) -> AnswerRecord:
        return AnswerRecord.model_validate_json(self.bytes_of(line))

    def _place(self, line: PlacedLine) -> str:
        return f"{self._paths[line.file]}, line {line.number}"


def _placed(answer: AnswerRecord, line: Line, *, file: int) -> PlacedLine:
    question = answer.question
    return PlacedLine(
        file,
        line.number,
        line.offset,
        answer.answer_id,
        (question.dataset, question.question_id, answer.answer_index),
        answer.decoding.max_new_tokens,
        answer.finish_reason,
        answer.supersedes,
    )


def _precedence(answer: AnswerRecord) -> tuple[bool, int, datetime]:
    """An answer before an error, and the latest error before those it was tried after."""
    return (answer.finish_reason != "error", answer.attempt, answer.created_at)
