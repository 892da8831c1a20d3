"""Answers in smaller batches where memory does not suffice, and in larger ones where it does."""

import math
from collections.abc import Callable, Sequence

from equitymedqa.generation.engine import Completion, Request
from equitymedqa.generation.local.loading import is_out_of_memory

Together = Callable[[Sequence[Request], Callable[[int], None]], list[Completion]]
"""Answers requests together, telling how many tokens were written since."""

# What may be held, of what was too much.
MARGIN = 0.9
# Good batches after the first failure.
FIRST_WAIT = 4


class Halving:
    """Learns from failures how much a batch may hold, and tries now and then whether it is more.

    Memory can be short for a moment only, as when another process took of it. To try costs the
    time of one batch if it fails, and with each failure the wait for the next try doubles: where
    memory stays short, the failures of a job grow with the logarithm of its batches.
    """

    def __init__(self) -> None:
        self._room = math.inf
        """Tokens that a batch may hold, prompts and answers, after what memory has taught."""

        self._wait = 0
        """Good batches before more than that is tried."""

        self._n_good = 0
        """Batches without a failure since that was learnt."""

    def answer(
        self,
        requests: Sequence[Request],
        together: Together,
        *,
        n_new: int,
        on_tokens: Callable[[int], None],
        clear: Callable[[], None],
    ) -> list[Completion]:
        """Answer a batch whole, or in halves, quarters, ... where memory does not suffice.

        A request that has no room by itself gets an error, and the job goes on.

        Parameters
        ----------
        n_new
            Tokens of the longest answer.
        on_tokens
            Told how many tokens were written since, and fewer than none where they were lost.
        clear
            Gives back what a batch that failed has left behind.
        """
        tokens_each = max(len(one.prompt.ids) for one in requests) + n_new
        size = self._rows_to_try(len(requests), tokens_each)
        completions: list[Completion] = []
        failed: list[int] = []
        while len(completions) < len(requests):
            part = requests[len(completions) : len(completions) + size]
            made = _attempt(part, together, Tally(on_tokens))
            if made is None:
                clear()
                failed.append(len(part))
                size = max(1, len(part) // 2)
                made = [_no_room(tokens_each)] if len(part) == 1 else []
            completions += made
        if failed:
            self._learn_failures(failed, tokens_each)
        else:
            self._learn_success(size * tokens_each)
        return completions

    def _rows_to_try(self, n_rows: int, tokens_each: int) -> int:
        """How many to answer together at first: shorter prompts can be more at once."""
        room = 2 * self._room if self._n_good >= self._wait else self._room
        size = n_rows
        while size > 1 and size * tokens_each > room:
            size //= 2
        return size

    def _learn_failures(self, sizes: Sequence[int], tokens_each: int) -> None:
        self._room = min(self._room, MARGIN * min(sizes) * tokens_each)
        self._n_good = 0
        # A prompt that has no room by itself is no try that could be put off.
        if max(sizes) > 1:
            self._wait = max(FIRST_WAIT, 2 * self._wait)

    def _learn_success(self, n_tokens: int) -> None:
        self._n_good += 1
        if n_tokens > self._room:
            self._room, self._n_good = n_tokens, 0


def _attempt(
    requests: Sequence[Request], together: Together, tally: "Tally"
) -> list[Completion] | None:
    """The answers, or nothing where memory did not suffice.

    What filled the memory hangs on the failure, and is free once this has returned.
    """
    try:
        return together(requests, tally)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        tally.take_back()
        return None


class Tally:
    """Passes counts on, and takes them back when what was counted is lost."""

    def __init__(self, on_tokens: Callable[[int], None]) -> None:
        self._on_tokens = on_tokens
        self._n_tokens = 0

    def __call__(self, n_tokens: int) -> None:
        """Count so many tokens more."""
        self._n_tokens += n_tokens
        self._on_tokens(n_tokens)

    def take_back(self) -> None:
        """Uncount all tokens, because they are lost and will be written again."""
        self(-self._n_tokens)


def _no_room(n_tokens: int) -> Completion:
    return Completion(
        text="",
        finish_reason="error",
        n_output_tokens=0,
        batch_size=1,
        error=(
            f"memory does not suffice for one prompt and its answer, together {n_tokens} tokens; "
            "allow fewer tokens, or take a smaller model or another device"
        ),
        error_kind="out_of_memory",
    )
