"""How far a job is: a bar on a terminal, else a plain line a minute."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

LINE_EVERY_S = 60.0


class Progress(Protocol):
    """What a job tells while it runs."""

    def note(self, text: str) -> None:
        """Say one line."""

    def begin(self, label: str, *, total: int, done: int) -> None:
        """Start with so many questions, some of them answered before."""

    def advance(self, *, questions: int = 0, tokens: int = 0) -> None:
        """Count what has been done since."""

    def end(self) -> None:
        """Stop, whether all is done or not."""


def console_progress() -> Progress:
    """A bar if standard error is a terminal, else lines."""
    console = Console(stderr=True)
    return ProgressBar(console) if console.is_terminal else ProgressLines()


class ProgressBar:
    """A bar with questions, tokens per second and time left."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def note(self, text: str) -> None:
        """Say one line."""
        self._console.print(text, highlight=False)

    def begin(self, label: str, *, total: int, done: int) -> None:
        """Start with so many questions, some of them answered before."""
        self._progress = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("questions  {task.fields[rate]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._console,
        )
        self._pace = Pace(time.monotonic, total=total, done=done)
        self._task = self._progress.add_task(label, total=total, completed=done, rate="")
        self._progress.start()

    def advance(self, *, questions: int = 0, tokens: int = 0) -> None:
        """Count what has been done since."""
        self._pace.count(questions=questions, tokens=tokens)
        rate = f"{self._pace.tokens_per_s:.0f} tokens/s"
        self._progress.update(self._task, advance=questions, rate=rate)

    def end(self) -> None:
        """Take the bar off the screen's live part."""
        self._progress.stop()


class ProgressLines:
    """A plain line at the start, every minute and at the end.

    Parameters
    ----------
    stream
        Standard error by default.
    clock
        Seconds from any start.
    """

    def __init__(
        self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock

    def note(self, text: str) -> None:
        """Say one line."""
        print(text, file=self._stream, flush=True)

    def begin(self, label: str, *, total: int, done: int) -> None:
        """Start with so many questions, some of them answered before."""
        self._label = label
        self._pace = Pace(self._clock, total=total, done=done)
        self._say_where()

    def advance(self, *, questions: int = 0, tokens: int = 0) -> None:
        """Count what has been done since."""
        self._pace.count(questions=questions, tokens=tokens)
        if self._clock() - self._said_at >= LINE_EVERY_S:
            self._say_where()

    def end(self) -> None:
        """Say where the job ended, unless the last line said it."""
        if self._pace.sentence() != self._said:
            self._say_where()

    def _say_where(self) -> None:
        self._said_at = self._clock()
        self._said = self._pace.sentence()
        self.note(f"{self._label}: {self._said}")


class Pace:
    """Questions and tokens against the clock."""

    def __init__(self, clock: Callable[[], float], *, total: int, done: int) -> None:
        self._clock = clock
        self._started = clock()
        self._total = total
        self._before = self._done = done
        self._tokens = 0

    def count(self, *, questions: int, tokens: int) -> None:
        """Add what has been done since."""
        self._done += questions
        self._tokens += tokens

    @property
    def tokens_per_s(self) -> float:
        """Tokens per second since the start."""
        elapsed = self._clock() - self._started
        return self._tokens / elapsed if elapsed > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds left at the pace so far; None before the first question is answered."""
        if self._done == self._before:
            return None
        elapsed = self._clock() - self._started
        return elapsed * (self._total - self._done) / (self._done - self._before)

    def sentence(self) -> str:
        """How far the job is, in one line."""
        parts = [f"{self._done} of {self._total} questions"]
        if self._tokens:
            parts.append(f"{self.tokens_per_s:.0f} tokens/s")
        if self.left_s:
            parts.append(f"{timedelta(seconds=round(self.left_s))} left")
        return ", ".join(parts)
