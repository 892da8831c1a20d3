"""Steps of always the same shape, which CUDA replays as one compiled graph.

A step of a large model starts about a thousand small computations, and on a fast GPU to start
them takes longer than to do them. A compiled step starts them all at once. In return it attends to
the whole room of the cache, and rows that have ended stay until the last one has: which of the two
is faster is for a measurement on the GPU to say, and until one has, `dynamic` is the default.
"""

from typing import Any

import torch
from transformers import StaticCache
from transformers.masking_utils import create_masks_for_generate

from equitymedqa.generation.local.decoding import DynamicForward

# Lengths are rounded up to this many tokens, so that few shapes have to be compiled.
BUCKET = 128


class StaticCaches:
    """The cache of the batch before, for one of the same shape: graphs are tied to its place.

    Parameters
    ----------
    config
        Of the model.
    """

    def __init__(self, config: Any) -> None:
        self._config = config
        self._shape: tuple[int, int] | None = None
        self._cache: Any = None

    def empty(self, n_rows: int, n_tokens: int) -> Any:
        """An empty cache with room for at least so many tokens of each row."""
        shape = (n_rows, -(-n_tokens // BUCKET) * BUCKET)
        if shape == self._shape:
            self._cache.reset()
        else:
            self._cache = StaticCache(config=self._config, max_cache_len=shape[1])
            self._shape = shape
        return self._cache

    def forget(self) -> None:
        """Give the memory back."""
        self._shape = self._cache = None


class StaticForward(DynamicForward):
    """A model over a cache of fixed length, its steps compiled on CUDA.

    Parameters
    ----------
    model, ids, mask, n_new, extras
        As for `DynamicForward`.
    caches
        Kept from batch to batch.
    """

    def __init__(
        self,
        model: Any,
        ids: torch.Tensor,
        mask: torch.Tensor,
        *,
        n_new: int,
        caches: StaticCaches,
        extras: dict[str, torch.Tensor] | None = None,
    ) -> None:
        n_rows, n_prompt = ids.shape
        cache = caches.empty(n_rows, n_prompt + n_new)
        super().__init__(model, ids, mask, n_new=n_new, cache=cache, extras=extras)
        self.can_drop_rows = False
        is_compiled = model.device.type == "cuda"
        self._step = model.get_compiled_call(None) if is_compiled else model

    def next(self, tokens: torch.Tensor) -> torch.Tensor:
        """Read the tokens that were written, (n_rows,); scores of those that follow."""
        output = self._step(
            input_ids=tokens[:, None],
            attention_mask=self._step_masks(),
            position_ids=self._next_place,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self._next_place = self._next_place + 1
        scores: torch.Tensor = output.logits[:, -1]
        return scores

    def _step_masks(self) -> Any:
        """What each layer may look at, made outside of the graph as it would be inside."""
        make = getattr(self._model, "create_masks_for_generate", create_masks_for_generate)
        n_rows = len(self._next_place)
        masks = make(
            config=self._model.config,
            # Read for its shape, dtype and device alone.
            inputs_embeds=self._mask.new_empty((n_rows, 1, 0), dtype=self._model.dtype),
            attention_mask=self._mask,
            past_key_values=self._cache,
            position_ids=self._next_place,
        )
        if isinstance(masks, dict):
            return {name: mask.contiguous() for name, mask in masks.items()}
        return masks.contiguous()
