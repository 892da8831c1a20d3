"""Answers in smaller batches where memory does not suffice, and in larger ones where it does."""

from collections.abc import Callable, Sequence

from equitymedqa.generation.engine import Completion, Request
from equitymedqa.generation.local.loading import is_out_of_memory

Together = Callable[[Sequence[Request], Callable[[int], None]], list[Completion]]
"""Answers requests together, telling how many tokens were written since."""


class Halving:
    """Remembers for which batches memory did not suffice."""

    def __init__(self) -> None:
        self._too_many_tokens: int | None = None
        """Tokens that a batch would have held, prompts and answers, when memory last failed."""

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
        most = self._rows_to_try(len(requests), tokens_each)
        completions: list[Completion] = []
        while len(completions) < len(requests):
            size = min(most, len(requests) - len(completions))
            part = requests[len(completions) : len(completions) + size]
            tally = Tally(on_tokens)
            failure = None
            try:
                completions += together(part, tally)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                failure = str(error)
            # Outside of the handler, whose traceback holds on to what fills the memory.
            if failure is not None:
                tally.take_back()
                clear()
                self._too_many_tokens = size * tokens_each
                most = max(1, size // 2)
                if size == 1:
                    completions.append(_no_room(tokens_each))
        return completions

    def _rows_to_try(self, n_rows: int, tokens_each: int) -> int:
        """How many to answer together at first, after what memory has taught.

        The longest batches come first, and shorter ones can be large again. To try one costs the
        time of a batch if it fails, so it has to be smaller by a tenth than what failed.
        """
        size = n_rows
        if self._too_many_tokens is not None:
            while size > 1 and size * tokens_each > 0.9 * self._too_many_tokens:
                size //= 2
        return size


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
