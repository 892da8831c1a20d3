"""How far a job is: a bar on a terminal, else a plain line a minute."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as RichProgress
from rich.table import Column

from equitymedqa.generation.pace import Pace
from equitymedqa.generation.usage import memory_used

LINE_EVERY_S = 60.0
# Each token tells its progress, and to look at all processes takes longer than a token.
BAR_EVERY_S = 0.5


class Progress(Protocol):
    """What a job tells while it runs."""

    def note(self, text: str) -> None:
        """Say one line."""

    def begin(self, label: str, *, total: int, done: int) -> None:
        """Start with so many answers, some of them made before."""

    def advance(
        self, *, questions: int = 0, tokens: int = 0, prompt_tokens: int = 0, errors: int = 0
    ) -> None:
        """Count what has been done since.

        Parameters
        ----------
        questions
            Answered, or failed for good.
        tokens
            Written; fewer than none where they were lost.
        prompt_tokens
            Read, of the questions that were answered.
        errors
            How many of the questions failed.
        """

    def end(self) -> None:
        """Stop, whether all is done or not."""


def console_progress() -> Progress:
    """A bar if standard error is a terminal, else lines."""
    console = Console(stderr=True)
    return ProgressBar(console) if console.is_terminal else ProgressLines()


class ProgressBar:
    """A bar with all counts behind it, drawn again several times a second."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def note(self, text: str) -> None:
        """Say one line."""
        self._console.print(text, highlight=False)

    def begin(self, label: str, *, total: int, done: int) -> None:
        """Start with so many answers, some of them made before."""
        self.note(f"{label}:")
        # On a narrow screen the counts stay whole, and the pace goes on in the next line.
        self._progress = RichProgress(
            BarColumn(bar_width=10, table_column=Column(min_width=10)),
            MofNCompleteColumn(table_column=Column(min_width=len(f"{total}/{total}"))),
            TextColumn("{task.fields[pace]}", table_column=Column(ratio=1)),
            console=self._console,
            expand=True,
        )
        self._pace = Pace(time.monotonic, total=total, done=done)
        self._task = self._progress.add_task("", total=total, completed=done, pace="")
        self._said_at = -BAR_EVERY_S
        self._progress.start()

    def advance(
        self, *, questions: int = 0, tokens: int = 0, prompt_tokens: int = 0, errors: int = 0
    ) -> None:
        """Count what has been done since."""
        self._pace.count(
            questions=questions, tokens=tokens, prompt_tokens=prompt_tokens, errors=errors
        )
        self._progress.advance(self._task, questions)
        if self._pace.elapsed_s - self._said_at >= BAR_EVERY_S:
            self._say_pace()

    def end(self) -> None:
        """Take the bar off the screen's live part."""
        self._say_pace()
        self._progress.stop()

    def _say_pace(self) -> None:
        self._said_at = self._pace.elapsed_s
        said = ", ".join([*self._pace.short(), *memory_used()])
        self._progress.update(self._task, pace=said)


class ProgressLines:
    """A plain line at the start, every minute and at the end.

    Parameters
    ----------
    stream
        Standard error by default.
    clock
        Seconds from any start.
    memory
        Phrases on memory, one for each kind.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        memory: Callable[[], list[str]] = memory_used,
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._memory = memory

    def note(self, text: str) -> None:
        """Say one line."""
        print(text, file=self._stream, flush=True)

    def begin(self, label: str, *, total: int, done: int) -> None:
        """Start with so many answers, some of them made before."""
        self._label = label
        self._pace = Pace(self._clock, total=total, done=done)
        self._say_where()

    def advance(
        self, *, questions: int = 0, tokens: int = 0, prompt_tokens: int = 0, errors: int = 0
    ) -> None:
        """Count what has been done since."""
        self._pace.count(
            questions=questions, tokens=tokens, prompt_tokens=prompt_tokens, errors=errors
        )
        if self._clock() - self._said_at >= LINE_EVERY_S:
            self._say_where()

    def end(self) -> None:
        """Say where the job ended, unless the last line said it."""
        if self._pace.sentence() != self._said:
            self._say_where()

    def _say_where(self) -> None:
        self._said_at = self._clock()
        self._said = self._pace.sentence()
        self.note(", ".join([f"{self._label}: {self._said}", *self._memory()]))


class ProgressToSeveral:
    """Tells several who want to know, such as the screen and a log."""

    def __init__(self, listeners: Sequence[Progress]) -> None:
        self._listeners = listeners

    def note(self, text: str) -> None:
        """Say one line."""
        for one in self._listeners:
            one.note(text)

    def begin(self, label: str, *, total: int, done: int) -> None:
        """Start with so many answers, some of them made before."""
        for one in self._listeners:
            one.begin(label, total=total, done=done)

    def advance(
        self, *, questions: int = 0, tokens: int = 0, prompt_tokens: int = 0, errors: int = 0
    ) -> None:
        """Count what has been done since."""
        for one in self._listeners:
            one.advance(
                questions=questions, tokens=tokens, prompt_tokens=prompt_tokens, errors=errors
            )

    def end(self) -> None:
        """Stop, whether all is done or not."""
        for one in self._listeners:
            one.end()
