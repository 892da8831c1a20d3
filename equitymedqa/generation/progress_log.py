"""A log of a job's progress for a cluster: one JSON object a line, at least every half minute.

The lines come from a thread of their own, so that a step that takes minutes does not look like a
dead process. Several processes may add to one log.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Literal

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.pace import Pace
from equitymedqa.generation.usage import gpu_peak, process_memory

BEAT_EVERY_S = 30.0


class ProgressLog:
    """Adds lines to a log file: `begin`, `progress` again and again, `end`.

    In every line `resumed`, `answered`, `failed` and `left` add up to `total`.

    Parameters
    ----------
    path
        Made with its folders if it is not there.
    shard
        Which part of a job this is, for example `0/4`.
    every_s
        Seconds between two lines.
    clock
        Seconds from any start.

    Raises
    ------
    GenerationError
        If the file cannot be written. If that happens later, the job goes on without its log.
    """

    def __init__(
        self,
        path: Path,
        *,
        shard: str | None = None,
        every_s: float = BEAT_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._place = {"host": socket.gethostname(), "pid": os.getpid(), "shard": shard}
        self._every_s = every_s
        self._clock = clock
        self._lock = Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._add(b"" if _ends_whole(path) else b"\n")
        except OSError as error:
            raise GenerationError(f"log {path} cannot be written: {error.strerror}") from error

    def note(self, text: str) -> None:
        """Nothing: what is said to people is not logged."""

    def begin(self, label: str, *, total: int, done: int) -> None:
        """Start with so many answers, some of them made before."""
        self._label = label
        self._pace = Pace(self._clock, total=total, done=done)
        self._write("begin")
        self._ended = Event()
        self._beat = Thread(target=self._beat_until_ended, daemon=True)
        self._beat.start()

    def advance(
        self, *, questions: int = 0, tokens: int = 0, prompt_tokens: int = 0, errors: int = 0
    ) -> None:
        """Count what has been done since."""
        with self._lock:
            self._pace.count(
                questions=questions, tokens=tokens, prompt_tokens=prompt_tokens, errors=errors
            )

    def end(self) -> None:
        """Stop, whether all is done or not."""
        self._ended.set()
        self._beat.join()
        self._write("end")

    def _beat_until_ended(self) -> None:
        while not self._ended.wait(self._every_s):
            self._write("progress")

    def _write(self, event: Literal["begin", "progress", "end"]) -> None:
        with self._lock:
            line = {
                "event": event,
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                **self._place,
                "source": self._label,
                **_counts(self._pace),
                "memory_bytes": process_memory(),
                "gpu_peak_bytes": gpu_peak(),
            }
        try:
            self._add(json.dumps(line).encode() + b"\n")
        except OSError as error:
            sys.stderr.write(
                f"log {self._path} cannot be written: {error.strerror}; the job goes on\n"
            )

    def _add(self, line: bytes) -> None:
        """One write, so that the lines of several processes do not mix."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def _counts(pace: Pace) -> dict[str, int | float | None]:
    return {
        "total": pace.total,
        "resumed": pace.before,
        "answered": pace.answered,
        "failed": pace.errors,
        "left": pace.total - pace.done,
        "tokens_in": pace.prompt_tokens,
        "tokens_out": pace.tokens,
        "tokens_per_s": round(pace.tokens_per_s, 3),
        "recent_tokens_per_s": round(pace.recent_tokens_per_s, 3),
        "elapsed_s": round(pace.elapsed_s, 3),
        "left_s": None if pace.left_s is None else round(pace.left_s, 3),
    }


def _ends_whole(path: Path) -> bool:
    """Whether the last line is whole, which it is not where a process was killed in it."""
    return not path.exists() or path.read_bytes()[-1:] in (b"", b"\n")
