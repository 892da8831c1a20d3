"""What goes into a batch and what comes out of each of its steps."""

from collections.abc import Callable, Sequence
from typing import Any

import torch


def pad_left(prompts: Sequence[list[int]], *, pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, both (n_prompts, longest), prompts aligned at their end.

    The next token is read from the last column, so padding on the right changes every shorter
    row's answer, without an error.
    """
    longest = max(len(prompt) for prompt in prompts)
    ids = [[pad] * (longest - len(prompt)) + prompt for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return torch.tensor(ids), torch.tensor(mask)


class StepCounter:
    """Counts the tokens of each step; stops nothing.

    Parameters
    ----------
    stop_ids
        Tokens after which a row writes no more.
    on_step
        Told how many tokens each step brought.
    """

    def __init__(self, stop_ids: Sequence[int], on_step: Callable[[int], None]) -> None:
        self._stop_ids = torch.tensor(stop_ids, dtype=torch.long)
        self._on_step = on_step
        self._running: torch.Tensor | None = None
        self._n_tokens = 0

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """Count the step that gave the last column of (n_rows, n_tokens)."""
        last = input_ids[:, -1].cpu()
        running = (
            torch.ones_like(last, dtype=torch.bool) if self._running is None else self._running
        )
        self._count(int(running.sum()))
        self._running = running & ~torch.isin(last, self._stop_ids)
        return torch.zeros(len(last), dtype=torch.bool, device=input_ids.device)

    def take_back(self) -> None:
        """Uncount all tokens, because they are lost and will be written again."""
        self._count(-self._n_tokens)

    def _count(self, n_tokens: int) -> None:
        self._n_tokens += n_tokens
        self._on_step(n_tokens)
