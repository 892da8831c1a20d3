"""Choosing tokens at a temperature, the same for a question in whatever batch it is answered."""

from collections.abc import Sequence
from typing import Protocol, Self

import torch

MASK = 0xFFFFFFFF
# The fractional part of the golden ratio in 32 bits: it spreads neighbouring steps.
GOLDEN = 0x9E3779B9
# Colder than this, scores would leave the range of float32; the most likely token wins long before.
COLDEST = 1e-30
# Tokens of one block; near the square root of the largest vocabularies.
BLOCK = 512
# Blocks are numbered from here, beyond all tokens, so that their noise is another.
FIRST_BLOCK = 1 << 31
# Tokens that nearly always hold a `top_p` of the probability, far fewer than a vocabulary.
LIKELY = 1024


class Choice(Protocol):
    """How the next token of each row is chosen."""

    def tokens(self, scores: torch.Tensor, *, step: int) -> torch.Tensor:
        """The next tokens, (n_rows,), from the model's (n_rows, n_tokens)."""

    def keep(self, rows: torch.Tensor) -> Self:
        """The same for these rows alone."""


class Greedy:
    """The most likely token."""

    def tokens(self, scores: torch.Tensor, *, step: int) -> torch.Tensor:
        """The next tokens, (n_rows,), from the model's (n_rows, n_tokens)."""
        return scores.argmax(dim=-1)

    def keep(self, rows: torch.Tensor) -> Self:
        """The same for these rows alone."""
        return self


class Seeded:
    """A draw that depends on nothing but the row's scores, its seed and the step.

    The largest sum of log-probability and Gumbel noise is a draw from the distribution (Gumbel
    1954; Maddison, Tarlow and Minka 2014, NeurIPS 27). A generator shared by the batch would make
    an answer depend on its neighbours; a draw by cumulative probability would depend on the
    rounding of every token before the one drawn, this one only on the two that come nearest.

    Parameters
    ----------
    keys : (n_rows, 2)
        As `row_keys` gives them.
    temperature
        Above 0.
    top_k
        How many of the most likely tokens are drawn from; 0 for all.
    top_p
        Share of probability from which tokens are drawn, most likely first.
    """

    def __init__(
        self, keys: torch.Tensor, *, temperature: float, top_k: int = 0, top_p: float = 1.0
    ) -> None:
        self._keys = keys
        self._temperature = max(temperature, COLDEST)
        self._top_k = top_k
        self._top_p = top_p

    def tokens(self, scores: torch.Tensor, *, step: int) -> torch.Tensor:
        """The next tokens, (n_rows,), from the model's (n_rows, n_tokens)."""
        scores = scores.float() / self._temperature
        keys = step_keys(self._keys, step)
        if self._top_k == 0 and self._top_p >= 1:
            return _draw_from_all(scores, keys)
        scores, ids = most_likely(scores, top_k=self._top_k, top_p=self._top_p)
        place = (scores + gumbel_noise(keys, ids)).argmax(dim=-1, keepdim=True)
        return ids.gather(-1, place).squeeze(-1)

    def keep(self, rows: torch.Tensor) -> Self:
        """The same for these rows alone."""
        return type(self)(
            self._keys[rows],
            temperature=self._temperature,
            top_k=self._top_k,
            top_p=self._top_p,
        )


def row_keys(seeds: Sequence[int], *, device: torch.device) -> torch.Tensor:
    """Seeds of 64 bits as two numbers of 32 bits each, (n_rows, 2)."""
    halves = [(seed >> 32 & MASK, seed & MASK) for seed in seeds]
    return torch.tensor(halves, device=device)


def step_keys(keys: torch.Tensor, step: int) -> torch.Tensor:
    """What the draws of one step depend on, (n_rows, 2), mixed on the rows' own device."""
    high, low = keys.unbind(dim=-1)
    shift = step * GOLDEN & MASK
    first = _mix(_mix(high ^ shift) ^ low)
    return torch.stack((first, _mix(_mix(low ^ shift) ^ first)), dim=-1)


def gumbel_noise(keys: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Standard Gumbel noise for tokens, (n_rows, n_ids), a function of key and token.

    Parameters
    ----------
    keys : (n_rows, 2)
    ids : (n_rows or 1, n_ids)
    """
    hashed = _mix(_mix(ids ^ keys[:, :1]) ^ keys[:, 1:])
    # Half a step off 0 and 1, where the logarithm ends.
    uniform = (hashed.double() + 0.5) / (MASK + 1)
    return -torch.log(-torch.log(uniform))


def most_likely(
    scores: torch.Tensor, *, top_k: int, top_p: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores of the tokens that may be drawn, most likely first, and which tokens these are.

    Of the `top_k` most likely tokens those stay that it takes to reach `top_p` of their
    probability; the others are at minus infinity. Both are (n_rows, n_kept).
    """
    n_tokens = scores.shape[-1]
    ordered, ids = scores.topk(min(top_k or LIKELY, n_tokens), dim=-1)
    total = (ordered if top_k else scores).logsumexp(dim=-1, keepdim=True)
    before = _share_before(ordered, total)
    if not top_k and ordered.shape[-1] < n_tokens and bool((before[:, -1] < top_p).any()):
        ordered, ids = scores.sort(dim=-1, descending=True)
        before = _share_before(ordered, total)
    return ordered.masked_fill(before >= top_p, -torch.inf), ids


def _share_before(ordered: torch.Tensor, total: torch.Tensor) -> torch.Tensor:
    """Probability of all that is more likely, (n_rows, n_tokens)."""
    share = (ordered - total).double().exp()
    return share.cumsum(dim=-1) - share


def _draw_from_all(scores: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """A draw from the whole vocabulary: a block of tokens first, then a token of it.

    The same distribution as over single tokens, with a few hundred hashes instead of one for each
    of up to 262,144 tokens.
    """
    n_rows, n_tokens = scores.shape
    padded = torch.nn.functional.pad(scores, (0, -n_tokens % BLOCK), value=-torch.inf)
    blocks = padded.view(n_rows, -1, BLOCK)
    numbers = torch.arange(blocks.shape[1], device=scores.device)
    noise = gumbel_noise(keys, FIRST_BLOCK + numbers[None])
    block = (blocks.logsumexp(dim=-1) + noise).argmax(dim=-1)

    within = blocks[torch.arange(n_rows, device=scores.device), block]
    ids = block[:, None] * BLOCK + torch.arange(BLOCK, device=scores.device)
    return block * BLOCK + (within + gumbel_noise(keys, ids)).argmax(dim=-1)


def _mix(values: torch.Tensor) -> torch.Tensor:
    # The 32-bit integer hash "lowbias32" of Chris Wellons' hash-prospector, public domain.
    values = ((values ^ (values >> 16)) * 0x7FEB352D) & MASK
    values = ((values ^ (values >> 15)) * 0x846CA68B) & MASK
    return values ^ (values >> 16)
