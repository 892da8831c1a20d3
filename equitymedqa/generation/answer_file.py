"""The answer file: one answer a line, only ever added to.

A line counts once its newline is on the disk. Whatever a crash left behind the last newline is
set aside in a file beside it, so that nothing is thrown away unseen and the answer is made anew.
An answer whose question got other labels or pairs is written once more, and its last line counts;
so is one that failed and was asked again.
"""

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from equitymedqa.generation.answer_index import AnswerIndex, content_of, is_new_attempt
from equitymedqa.generation.conflicts import refuse_rivals
from equitymedqa.generation.errors import GenerationError
from equitymedqa.records import AnswerRecord

CHUNK = 1 << 16
MOST_OPENINGS = 16
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


class AnswerFile:
    """An answer file open for adding to, by one process at a time.

    Parameters
    ----------
    path
        Made with its folders if it is not there.

    Raises
    ------
    GenerationError
        On entering, if the file cannot be written or another process is adding to it, or puts
        another file in its place again and again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set_aside: Path | None = None
        """Where a torn last line was moved, if there was one."""

    def __enter__(self) -> Self:
        for _ in range(MOST_OPENINGS):
            self._open()
            with ExitStack() as unless_ready:
                unless_ready.callback(os.close, self._descriptor)
                self._lock()
                # Between the two, a merge may have put another file in its place.
                if self._is_replaced():
                    continue
                self._mend_last_line()
                unless_ready.pop_all()
                return self
        raise GenerationError(
            f"{self.path} was replaced by another process {MOST_OPENINGS} times while it was "
            "opened; run the same command again once that has ended"
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def index(self) -> AnswerIndex:
        """What the file holds."""
        return AnswerIndex.of(self.path)

    def append(self, records: Iterable[AnswerRecord]) -> None:
        """Add lines and return once they are on the disk.

        Raises
        ------
        GenerationError
            If there is no room. Lines that were written whole stay; none is left half written.
        """
        try:
            add_lines(self._descriptor, (one.model_dump_json().encode() + b"\n" for one in records))
        except OSError as error:
            raise GenerationError(
                f"{self.path} cannot be written: {error.strerror}. What is in it is whole; "
                "make room and run the same command again"
            ) from error

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise GenerationError(
                f"{self.path} cannot be written: {error.strerror}: {error.filename}"
            ) from error

    def _is_replaced(self) -> bool:
        """Whether the open file is no longer the one of this name."""
        try:
            return not os.path.samestat(os.fstat(self._descriptor), self.path.stat())
        except FileNotFoundError:
            return True

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise GenerationError(
                f"another process is adding answers to {self.path}; wait for it, or choose "
                "another file"
            ) from error
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise
            raise GenerationError(
                f"{self.path} cannot be locked: {error.strerror}. Its file system lends no locks, "
                "as some network drives; choose a file on another one"
            ) from error

    def _mend_last_line(self) -> None:
        tail = _after_last_newline(self._descriptor)
        if not tail:
            return
        start = os.fstat(self._descriptor).st_size - len(tail)
        try:
            if _is_answer(tail):
                _write_all(self._descriptor, b"\n")
            else:
                self.set_aside = self.path.with_name(self.path.name + ".torn")
                _append_durably(self.set_aside, tail + b"\n")
                os.ftruncate(self._descriptor, start)
            os.fsync(self._descriptor)
        except OSError as error:
            raise GenerationError(f"{self.path} cannot be mended: {error.strerror}") from error


def add_lines(descriptor: int, lines: Iterable[bytes]) -> None:
    """Add lines to an open file and return once they are on the disk.

    Raises
    ------
    OSError
        If there is no room. Lines that were written whole stay; none is left half written.
    """
    whole = os.fstat(descriptor).st_size
    try:
        for line in lines:
            _write_all(descriptor, line)
            whole += len(line)
        os.fsync(descriptor)
    finally:
        if os.fstat(descriptor).st_size > whole:
            os.ftruncate(descriptor, whole)


def iter_answers(path: Path) -> Iterator[AnswerRecord]:
    """The answers of one file, each once as its last line has it, in the order of first lines.

    An answer that a longer one supersedes is left out. Only places are held in memory.

    Raises
    ------
    GenerationError
        If the file cannot be read, a line is no answer, the last line is torn or two lines give
        one id to different answers; the message names file and line.
    """
    return AnswerIndex.of(path).answers()


def read_answers(paths: Sequence[Path]) -> list[AnswerRecord]:
    """The answers of several files, each answer once, in the order of the files and lines.

    Raises
    ------
    GenerationError
        As `iter_answers` does; if one id stands for two different answers; and if one source
        has two answers to one question.
    """
    indexes = [AnswerIndex.of(path) for path in paths]
    superseded = frozenset(name for index in indexes for name in index.superseded)
    answers: dict[str, tuple[AnswerRecord, Path]] = {}
    for index in indexes:
        for answer in index.answers(without=superseded):
            known, place = answers.get(answer.answer_id, (answer, index.path))
            answers[answer.answer_id] = _better(known, answer, places=(place, index.path))

    firsts: dict[tuple[str, str, str, int], tuple[AnswerRecord, Path]] = {}
    for answer, path in answers.values():
        question = answer.question
        key = (answer.source, question.dataset, question.question_id, answer.answer_index)
        first, place = firsts.setdefault(key, (answer, path))
        refuse_rivals(first, answer, places=(place, path))
    return [answer for answer, _ in answers.values()]


def _better(
    known: AnswerRecord, answer: AnswerRecord, *, places: tuple[Path, Path]
) -> tuple[AnswerRecord, Path]:
    """One answer from two files: what came of asking again, else the first."""
    if is_new_attempt(known, answer):
        return answer, places[1]
    if not is_new_attempt(answer, known) and content_of(known) != content_of(answer):
        raise GenerationError(
            f"answer {answer.answer_id!r} is not the same in {places[0]} and in {places[1]}; "
            "leave one of the two out"
        )
    return known, places[0]


def _after_last_newline(descriptor: int) -> bytes:
    # Backwards, because a file of a large job is larger than memory needs to be.
    tail, start = b"", os.fstat(descriptor).st_size
    while start > 0 and b"\n" not in tail:
        length = min(start, CHUNK)
        start -= length
        tail = os.pread(descriptor, length, start) + tail
    return tail[tail.rfind(b"\n") + 1 :]


def _is_answer(line: bytes) -> bool:
    try:
        AnswerRecord.model_validate_json(line)
    except ValidationError:
        return False
    return True


def _write_all(descriptor: int, content: bytes) -> None:
    # A write may store only the beginning, for example just before the disk is full.
    while content:
        content = content[os.write(descriptor, content) :]


def _append_durably(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
