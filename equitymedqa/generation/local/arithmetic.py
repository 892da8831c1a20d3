"""With how many bits a model computes, and what that promises about its answers."""

from typing import Literal, get_args

import torch

from equitymedqa.generation.errors import GenerationError
from equitymedqa.records import Repeatable

DtypeName = Literal["float32", "bfloat16"]
DTYPES: dict[str, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def find_dtype(name: str | None, device: torch.device) -> torch.dtype:
    """The dtype of this name; by default bfloat16 on CUDA and float32 on CPU.

    float32 is exact enough that an answer does not depend on its batch, and on most CPUs it is
    the faster of the two. float16 is not offered: Gemma's activations exceed what it can hold.

    Raises
    ------
    GenerationError
        If there is no such dtype, or the device cannot compute in it.
    """
    if name is None:
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    if name not in DTYPES:
        raise GenerationError(f"dtype {name!r} is none of {', '.join(get_args(DtypeName))}")
    if name == "bfloat16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise GenerationError(f"{device} does not compute in bfloat16; take float32")
    return DTYPES[name]


def dtype_name(dtype: torch.dtype) -> str:
    """As records have it, for example `float32`."""
    return str(dtype).removeprefix("torch.")


def repeatability(dtype: torch.dtype) -> Repeatable:
    """Whether an answer in this dtype depends on what is answered with it."""
    return "in_any_batch" if dtype == torch.float32 else "in_same_batch"


def forbid_shortened_float32() -> None:
    """Compute float32 with all its bits: CUDA may otherwise take TF32, which has 10 of the 23."""
    torch.backends.fp32_precision = "ieee"  # type: ignore[attr-defined]  # not in its stubs
