"""How many answers a device has room for, told from its size and the model's shape.

The room that is free at the moment plays no part: a job that goes on after a crash has to form
the same batches again.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers.cache_utils import get_layer_types_and_kwargs

from equitymedqa.generation.errors import GenerationError

# Of a device's memory for weights, keys and values; the rest is for what a step computes with.
SHARE = 0.8
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
GB = 1e9


@dataclass(frozen=True)
class Room:
    """What a device holds, and what a model takes of it."""

    total_bytes: int
    weight_bytes: int
    config: Any
    """The model's configuration."""

    dtype: torch.dtype

    def rows(self, n_tokens: int, *, at_most: int) -> int:
        """How many rows of this length there is room for, at least one."""
        free = SHARE * self.total_bytes - self.weight_bytes
        each = cache_bytes(self.config, n_tokens=n_tokens, dtype=self.dtype)
        return max(1, min(at_most, int(free / each)))

    def refuse_too_large_weights(self, model: str, device: str) -> None:
        """Refuse a model whose weights alone are larger than the device.

        Raises
        ------
        GenerationError
            If they are; the message names the model, both sizes and the way out.
        """
        if self.weight_bytes > self.total_bytes:
            raise GenerationError(
                f"the weights of {model!r} take {self.weight_bytes / GB:.1f} GB in {self.dtype}, "
                f"and {device} has {self.total_bytes / GB:.1f} GB; take a smaller model or a "
                "larger device"
            )


def room_for(folder: Path, config: Any, *, device: torch.device, dtype: torch.dtype) -> Room:
    """The room of a device for a model's files."""
    return Room(device_bytes(device), weight_bytes(folder, config, dtype=dtype), config, dtype)


def cache_bytes(config: Any, *, n_tokens: int, dtype: torch.dtype) -> int:
    """Bytes of the keys and values of one row of this length."""
    text = config.get_text_config(decoder=True)
    kinds, windows = get_layer_types_and_kwargs(text)
    layers = zip(kinds, windows, text.per_layer_config, strict=True)
    # "dummy": the layer looks at the keys of another one.
    numbers = sum(
        2 * _head_dims(layer) * min(n_tokens, 2 * window.get("sliding_window", n_tokens))
        for kind, window, layer in layers
        if kind != "dummy"
    )
    return int(numbers * dtype.itemsize)


def weight_bytes(folder: Path, config: Any, *, dtype: torch.dtype) -> int:
    """Bytes of a model's weights once they are loaded in this dtype."""
    for pattern in ("*.safetensors", "*.bin"):
        if size := sum(path.stat().st_size for path in folder.glob(pattern)):
            stored = config.dtype or config.get_text_config().dtype or torch.float32
            return int(size * dtype.itemsize // stored.itemsize)
    return 0


def device_bytes(device: torch.device) -> int:
    """All memory of a device, used or not."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(total, _container_bytes() or total)


def _container_bytes() -> int | None:
    """What a container may use, where it is limited."""
    try:
        limit = CGROUP_LIMIT.read_text().strip()
    except OSError:
        return None
    return int(limit) if limit.isdigit() else None


def _head_dims(layer: Any) -> int:
    """Numbers that one layer keeps of one token, as keys."""
    head_dim = getattr(layer, "head_dim", None) or layer.hidden_size // layer.num_attention_heads
    n_heads = getattr(layer, "num_key_value_heads", None) or layer.num_attention_heads
    return int(n_heads * head_dim)
