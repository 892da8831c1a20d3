"""Choosing tokens at a temperature, the same for a question in whatever batch it is answered."""

import hashlib
from collections.abc import Sequence

import torch

MASK = 0xFFFFFFFF


class SeededSampling:
    """Adds to each row's scores noise that depends on its seed, the step and the token alone.

    The largest sum of log-probability and Gumbel noise is a draw from the distribution (Gumbel
    1954; Maddison, Tarlow and Minka 2014, NeurIPS 27), so that greedy decoding of these scores
    samples. A generator shared by the batch would make an answer depend on its neighbours.

    Parameters
    ----------
    row_seeds : (n_rows,)
    n_prompt : int
        Padded length of the prompts.
    temperature : float
        Above 0.
    top_p : float
        Share of probability from which tokens are drawn, most likely first.
    """

    def __init__(
        self, row_seeds: Sequence[int], *, n_prompt: int, temperature: float, top_p: float
    ) -> None:
        self._row_seeds = row_seeds
        self._n_prompt = n_prompt
        self._temperature = temperature
        self._top_p = top_p

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores whose largest is the draw, (n_rows, n_tokens) to (n_rows, n_tokens)."""
        step = input_ids.shape[1] - self._n_prompt
        kept = keep_top_p(scores.double() / self._temperature, self._top_p)
        return kept + gumbel_noise(self._row_seeds, step=step, like=kept)


def keep_top_p(scores: torch.Tensor, top_p: float) -> torch.Tensor:
    """Scores with the least likely tokens at minus infinity, (n_rows, n_tokens) both.

    The most likely tokens stay, as many as it takes to reach `top_p` of the probability.
    """
    if top_p >= 1:
        return scores
    ordered, order = scores.sort(dim=-1, descending=True)
    share = ordered.softmax(dim=-1)
    ordered = ordered.masked_fill(share.cumsum(dim=-1) - share >= top_p, -torch.inf)
    return torch.empty_like(scores).scatter(-1, order, ordered)


def gumbel_noise(row_seeds: Sequence[int], *, step: int, like: torch.Tensor) -> torch.Tensor:
    """Standard Gumbel noise, (n_rows, n_tokens), a function of seed, step and token."""
    keys = torch.tensor([_step_keys(seed, step) for seed in row_seeds], device=like.device)
    tokens = torch.arange(like.shape[-1], device=like.device)
    hashed = _mix(_mix(tokens ^ keys[:, :1]) ^ keys[:, 1:])
    # Half a step off 0 and 1, where the logarithm ends.
    uniform = (hashed.double() + 0.5) / (MASK + 1)
    return -torch.log(-torch.log(uniform))


def _step_keys(seed: int, step: int) -> tuple[int, int]:
    key = hashlib.sha256(f"{seed}:{step}".encode()).digest()
    return int.from_bytes(key[:4]), int.from_bytes(key[4:8])


def _mix(values: torch.Tensor) -> torch.Tensor:
    # The 32-bit integer hash "lowbias32" of Chris Wellons' hash-prospector, public domain.
    values = ((values ^ (values >> 16)) * 0x7FEB352D) & MASK
    values = ((values ^ (values >> 15)) * 0x846CA68B) & MASK
    return values ^ (values >> 16)
