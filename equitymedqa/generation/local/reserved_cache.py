"""Keys and values of the tokens so far, in memory that is reserved once.

The cache of transformers copies all of itself at every step; here a step writes its own tokens.
Rows that have ended are cut out, so that the others no longer wait for them.
"""

from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DummyLayer, DynamicLayer, DynamicSlidingWindowLayer


class ReservedCache(DynamicCache):  # type: ignore[misc]  # transformers has no types
    """A cache with room for so many tokens.

    Parameters
    ----------
    config
        Of the model: it says which layers look back only over a window.
    n_tokens
        Longest that a prompt and its answer can be.
    builds_masks
        Whether transformers builds the mask of each step without asking first whether it could
        be left out: to ask means waiting for the device.
    """

    def __init__(self, config: Any, *, n_tokens: int, builds_masks: bool = False) -> None:
        super().__init__(config=config)
        self.layers: list[Any] = [_reserved(layer, n_tokens) for layer in self.layers]
        self._builds_masks = builds_masks

    @property
    def is_compileable(self) -> bool:
        """What transformers reads to decide whether to ask."""
        return self._builds_masks


class ReservedLayer(DynamicLayer):  # type: ignore[misc]
    """One layer; `keys` and `values`, (n_rows, n_heads, n_tokens, n_dims), are views."""

    def __init__(self, n_tokens: int) -> None:
        super().__init__()
        self._room = n_tokens
        self._end = 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add tokens; gives all that they may look at."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._reserved = _empty(key_states, self._room), _empty(value_states, self._room)
        start, self._end = self._end, self._end + key_states.shape[-2]
        for kept, new in zip(self._reserved, (key_states, value_states), strict=True):
            kept[:, :, start : self._end] = new
        self.keys, self.values = (kept[:, :, : self._end] for kept in self._reserved)
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows."""
        if self.is_initialized:
            keys, values = self._reserved
            self._reserved = keys[indices], values[indices]
            self.keys, self.values = (kept[:, :, : self._end] for kept in self._reserved)


class ReservedWindowLayer(DynamicSlidingWindowLayer):  # type: ignore[misc]
    """One layer that looks back only over a window."""

    def __init__(self, n_tokens: int, *, sliding_window: int) -> None:
        super().__init__(sliding_window=sliding_window)
        # Twice the window, so that it overflows only once in a window's length.
        self._room = min(n_tokens, 2 * sliding_window)
        self._end = 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add tokens; gives all that they may look at."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._reserved = _empty(key_states, self._room), _empty(value_states, self._room)
        self.cumulative_length += key_states.shape[-2]
        if self._end + key_states.shape[-2] > self._room:
            return self._start_anew(key_states, value_states)
        start, self._end = self._end, self._end + key_states.shape[-2]
        for kept, new in zip(self._reserved, (key_states, value_states), strict=True):
            kept[:, :, start : self._end] = new
        first = max(0, start - self.sliding_window + 1)
        self.keys, self.values = (kept[:, :, first : self._end] for kept in self._reserved)
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows."""
        if self.is_initialized:
            keys, values = self._reserved
            self._reserved = keys[indices], values[indices]

    def _start_anew(
        self, key_states: torch.Tensor, value_states: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add tokens for which there is no room, and move what stays in sight to the front."""
        first = max(0, self._end - self.sliding_window + 1)
        self.keys, self.values = (
            torch.cat((kept[:, :, first : self._end], new), dim=-2)
            for kept, new in zip(self._reserved, (key_states, value_states), strict=True)
        )
        self._end = min(self.sliding_window - 1, self.keys.shape[-2])
        for kept, whole in zip(self._reserved, (self.keys, self.values), strict=True):
            kept[:, :, : self._end] = whole[:, :, whole.shape[-2] - self._end :]
        return self.keys, self.values


def can_drop_rows(cache: ReservedCache) -> bool:
    """Whether rows can be cut out of all its layers; those of recurrent models keep more."""
    kinds = ReservedLayer, ReservedWindowLayer, DummyLayer
    return all(isinstance(layer, kinds) for layer in cache.layers)


def _reserved(layer: Any, n_tokens: int) -> Any:
    """The layer with memory reserved; one of another kind stays as it is."""
    if type(layer) is DynamicLayer:
        return ReservedLayer(n_tokens)
    if type(layer) is DynamicSlidingWindowLayer:
        return ReservedWindowLayer(n_tokens, sliding_window=layer.sliding_window)
    return layer


def _empty(states: torch.Tensor, n_tokens: int) -> torch.Tensor:
    n_rows, n_heads, _, n_dims = states.shape
    return states.new_empty((n_rows, n_heads, n_tokens, n_dims))
