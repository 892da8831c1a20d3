"""Questions and tokens against the clock: how fast a job is, and how long it will take."""

from collections import deque
from collections.abc import Callable
from datetime import timedelta

RECENT_S = 60.0


class Pace:
    """What has been done, and how fast.

    Parameters
    ----------
    clock
        Seconds from any start.
    total, done
        Answers of the job, and those made before it started.
    """

    def __init__(self, clock: Callable[[], float], *, total: int, done: int) -> None:
        self._clock = clock
        self._started = clock()
        self.total = total
        self.before = self.done = done
        self.errors = 0
        self.tokens = 0
        """Written since the start."""

        self.prompt_tokens = 0
        self._tokens_of_answered = 0
        """Written when the last question was answered."""

        self._recent: deque[tuple[float, int]] = deque([(self._started, 0)])
        """Times, and how many tokens had been written by then."""

    def count(
        self, *, questions: int = 0, tokens: int = 0, prompt_tokens: int = 0, errors: int = 0
    ) -> None:
        """Add what has been done since."""
        self.done += questions
        self.errors += errors
        self.tokens += tokens
        self.prompt_tokens += prompt_tokens
        if questions > errors:
            self._tokens_of_answered = self.tokens
        now = self._clock()
        # Steps come many times a second, and a window of seconds needs no more than one each.
        if now - self._recent[-1][0] >= 1 or len(self._recent) == 1:
            self._recent.append((now, self.tokens))
        while len(self._recent) > 2 and now - self._recent[1][0] >= RECENT_S:
            self._recent.popleft()

    @property
    def answered(self) -> int:
        """Answers made since the start, without those that failed."""
        return self.done - self.before - self.errors

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    @property
    def tokens_per_s(self) -> float:
        """Tokens written per second since the start."""
        return self.tokens / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def recent_tokens_per_s(self) -> float:
        """Tokens written per second of the last minute."""
        since, had = self._recent[0]
        elapsed = self._clock() - since
        return max(0, self.tokens - had) / elapsed if elapsed > 0 else 0.0

    @property
    def tokens_left(self) -> float | None:
        """Tokens still to be written, if the answers are as long as those so far.

        None before the first question is answered.
        """
        if not self.answered:
            return None
        expected = self._tokens_of_answered / self.answered * (self.total - self.done)
        return max(0.0, expected - (self.tokens - self._tokens_of_answered))

    @property
    def left_s(self) -> float | None:
        """Seconds left at the recent pace; None where that cannot be known."""
        if self.answered and not self.tokens:
            return self.elapsed_s * (self.total - self.done) / self.answered
        if self.tokens_left is None or not self.recent_tokens_per_s:
            return None
        return self.tokens_left / self.recent_tokens_per_s

    def short(self) -> list[str]:
        """What a bar says beside itself."""
        parts = []
        if self.tokens:
            parts.append(f"{self.recent_tokens_per_s:.0f} tokens/s")
            parts.append(f"{_rounded(self.prompt_tokens)} in, {_rounded(self.tokens)} out")
        if self.errors:
            parts.append(f"{self.errors} failed")
        if self.left_s:
            parts.append(f"{timedelta(seconds=round(self.left_s))} left")
        return parts

    def sentence(self) -> str:
        """How far the job is, in one line."""
        parts = [f"{self.done} of {self.total} answers"]
        if self.errors:
            parts.append(f"{self.errors} failed")
        if self.tokens:
            parts.append(
                f"{self.recent_tokens_per_s:.0f} tokens/s ({self.tokens_per_s:.0f} since the "
                f"start), {self.prompt_tokens:,} tokens in and {self.tokens:,} out"
            )
        if self.left_s:
            parts.append(f"{timedelta(seconds=round(self.left_s))} left")
        return ", ".join(parts)


def _rounded(n_tokens: int) -> str:
    """In at most five characters: 999, 3.4k, 12k, 1.2M."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        # What would be rounded to a thousand is one of the next unit.
        if n_tokens >= 0.9995 * size:
            value = n_tokens / size
            return f"{value:.1f}{unit}" if value < 9.95 else f"{value:.0f}{unit}"
    return str(n_tokens)
