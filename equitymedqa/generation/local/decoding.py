"""Answers token by token: one pass over the prompts, then a step for each token.

A row that has ended is dropped from the batch, because the longest answer of a batch can be many
times its median. The place is not given to a waiting prompt: then an answer's neighbours would
depend on all that was answered before, and a job that goes on after a crash could not form the
same batches again.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

from equitymedqa.generation.local.reserved_cache import ReservedCache, can_drop_rows
from equitymedqa.generation.local.sampling import Choice

# Tokens that go through the model at once while it reads prompts: bounds its working memory.
PREFILL_TOKENS = 16_384
# Rows that have ended are dropped once they are this part of the batch: to drop them costs about
# as much as a step.
IDLE_SHARE = 1 / 8
# Steps between two looks at the tokens. To look means waiting for the device, which then idles;
# rows that have ended meanwhile write on, and what they wrote is cut off.
CUDA_STEPS = 8


class Forward(Protocol):
    """A model that has read a batch of prompts and writes on."""

    can_drop_rows: bool

    def first(self) -> torch.Tensor:
        """Read the prompts; scores of the first tokens, (n_rows, n_tokens)."""

    def next(self, tokens: torch.Tensor) -> torch.Tensor:
        """Read the tokens that were written, (n_rows,); scores of those that follow."""

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with these rows alone."""


class Transcript:
    """What the rows of a batch have written.

    Parameters
    ----------
    stop_ids
        Tokens after which a row writes no more.
    on_tokens
        Told how many tokens were written since.
    """

    def __init__(
        self, n_rows: int, *, stop_ids: Sequence[int], on_tokens: Callable[[int], None]
    ) -> None:
        self.rows: list[list[int]] = [[] for _ in range(n_rows)]
        """Tokens of each row, the one that ended it last."""

        self.in_batch = list(range(n_rows))
        """Rows that are still in the batch, ended or not."""

        self._stop_ids = frozenset(stop_ids)
        self._on_tokens = on_tokens

    def running(self) -> list[int]:
        """Places in the batch of the rows that have not ended."""
        return [place for place, row in enumerate(self.in_batch) if not self._has_ended(row)]

    def add(self, written: Sequence[Sequence[int]]) -> None:
        """Add the tokens of some steps, (n_in_batch, n_steps)."""
        n_tokens = 0
        for row, tokens in zip(self.in_batch, written, strict=True):
            for token in tokens:
                if self._has_ended(row):
                    break
                self.rows[row].append(token)
                n_tokens += 1
        self._on_tokens(n_tokens)

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the rows at these places of the batch alone."""
        self.in_batch = [self.in_batch[place] for place in places]

    def _has_ended(self, row: int) -> bool:
        return bool(self.rows[row]) and self.rows[row][-1] in self._stop_ids


def write_answers(
    forward: Forward,
    transcript: Transcript,
    *,
    choice: Choice,
    max_new_tokens: int,
    look_every: int = 1,
) -> list[list[int]]:
    """Write until all rows have ended or are full.

    Parameters
    ----------
    look_every
        Steps between two looks at what was written.

    Returns
    -------
    (n_rows, ragged)
        Tokens of each row, the one that ended it among them.
    """
    scores = forward.first()
    unseen: list[torch.Tensor] = []
    for step in range(max_new_tokens):
        tokens = choice.tokens(scores, step=step)
        unseen.append(tokens)
        is_last = step + 1 == max_new_tokens
        if is_last or len(unseen) == look_every:
            transcript.add(torch.stack(unseen, dim=1).tolist())
            unseen.clear()
            places = transcript.running()
            if is_last or not places:
                break
            if forward.can_drop_rows and _is_worth_it(len(places), of=len(transcript.in_batch)):
                rows = torch.tensor(places, device=tokens.device)
                forward.keep(rows)
                transcript.keep(places)
                choice, tokens = choice.keep(rows), tokens[rows]
        scores = forward.next(tokens)
    return transcript.rows


class DynamicForward:
    """A model that keeps what it has read, and no longer what of it belongs to rows that ended.

    Parameters
    ----------
    model
        A causal language model of transformers.
    ids, mask : (n_rows, n_prompt)
        Prompts, padded on the left.
    n_new
        Tokens of the longest answer.
    cache
        Keys and values, empty and with room for all of it; by default one that grows.
    extras
        What else the model is given with the prompts, such as images.
    """

    def __init__(
        self,
        model: Any,
        ids: torch.Tensor,
        mask: torch.Tensor,
        *,
        n_new: int,
        cache: Any = None,
        extras: dict[str, torch.Tensor] | None = None,
    ) -> None:
        n_rows, self._n_tokens = ids.shape
        device = model.device
        self._model = model
        self._ids = ids.to(device)
        # Answers are never masked: that part of the mask is written once.
        whole = torch.cat((mask, mask.new_ones(n_rows, n_new)), dim=1)
        self._is_padded = not bool(mask.all())
        self._mask = whole.to(device)
        self._next_place = mask.sum(dim=1, keepdim=True).to(device)
        self._extras = extras or {}
        self._cache = cache or ReservedCache(
            model.config,
            n_tokens=whole.shape[1],
            builds_masks=self._is_padded and device.type == "cuda",
        )
        self.can_drop_rows = can_drop_rows(self._cache)

    def first(self) -> torch.Tensor:
        """Read the prompts; scores of the first tokens, (n_rows, n_tokens)."""
        n_rows, n_prompt = self._ids.shape
        places = (self._mask[:, :n_prompt].cumsum(dim=1) - 1).clamp(min=0)
        # Images are read whole: some models look at all of an image from each of its places.
        width = n_prompt if self._extras else max(1, PREFILL_TOKENS // n_rows)
        for start in range(0, n_prompt, width):
            columns = slice(start, min(start + width, n_prompt))
            scores = self._scores(
                self._ids[:, columns], places[:, columns], columns.stop, **self._extras
            )
        return scores

    def next(self, tokens: torch.Tensor) -> torch.Tensor:
        """Read the tokens that were written, (n_rows,); scores of those that follow."""
        self._n_tokens += 1
        scores = self._scores(tokens[:, None], self._next_place, self._n_tokens)
        self._next_place = self._next_place + 1
        return scores

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with these rows alone."""
        self._cache.batch_select_indices(rows)
        self._mask, self._next_place = self._mask[rows], self._next_place[rows]

    def _scores(
        self, ids: torch.Tensor, places: torch.Tensor, n_tokens: int, **extras: torch.Tensor
    ) -> torch.Tensor:
        output = self._model(
            input_ids=ids,
            attention_mask=self._mask[:, :n_tokens] if self._is_padded else None,
            position_ids=places,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
            **extras,
        )
        scores: torch.Tensor = output.logits[:, -1]
        return scores


def _is_worth_it(n_running: int, *, of: int) -> bool:
    return of - n_running >= IDLE_SHARE * of
