"""Prompts of different lengths as one batch."""

from collections.abc import Sequence

import torch


def pad_left(prompts: Sequence[list[int]], *, pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, both (n_prompts, longest), prompts aligned at their end.

    The next token is read from the last column, so padding on the right changes every shorter
    row's answer, without an error.
    """
    longest = max(len(prompt) for prompt in prompts)
    ids = [[pad] * (longest - len(prompt)) + prompt for prompt in prompts]
    mask = [[False] * (longest - len(prompt)) + [True] * len(prompt) for prompt in prompts]
    return torch.tensor(ids), torch.tensor(mask)
