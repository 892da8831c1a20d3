"""A checkpoint as tokenizer, configuration and weights on a device, or a reason why not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from transformers.utils import logging

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.local.checkpoints import Checkpoint

# torch has a class for a full device; these come as plain RuntimeErrors.
OUT_OF_MEMORY = (
    "can't allocate memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)

logging.disable_progress_bar()
logging.set_verbosity_error()


def load_config(checkpoint: Checkpoint) -> Any:
    """The model's configuration."""
    with _explained(checkpoint):
        return AutoConfig.from_pretrained(checkpoint.folder)


def load_tokenizer(checkpoint: Checkpoint) -> Any:
    """The model's tokenizer, with its chat template."""
    with _explained(checkpoint):
        return AutoTokenizer.from_pretrained(checkpoint.folder)


def load_stop_ids(checkpoint: Checkpoint, *, config: Any, tokenizer: Any) -> tuple[int, ...]:
    """The tokens that end an answer, of which a chat model has several.

    Each of generation configuration, model's configuration and tokenizer can lack one, and an
    answer that runs past its end goes on with an invented conversation: so all of them count.
    """
    with _explained(checkpoint):
        if (checkpoint.folder / "generation_config.json").is_file():
            own = GenerationConfig.from_pretrained(checkpoint.folder)
        else:
            own = GenerationConfig.from_model_config(config)
    # A configuration without an EOS gets its class's default, which can be any word's token here.
    control = set(tokenizer.added_tokens_decoder)
    configured = {*_ids(config), *_ids(config.get_text_config())} & control
    return tuple(sorted({*_ids(own), *configured, *_ids(tokenizer)}))


def _ids(holder: Any) -> list[int]:
    """The EOS of a configuration or tokenizer: none, one or several."""
    eos = getattr(holder, "eos_token_id", None)
    if eos is None:
        return []
    return list(eos) if isinstance(eos, list | tuple) else [eos]


def load_model(
    checkpoint: Checkpoint, *, device: torch.device, dtype: torch.dtype, attention: str
) -> Any:
    """The model with its weights, on the device.

    Raises
    ------
    GenerationError
        If the files cannot be read, lack weights, or do not fit into memory.
    """
    with _explained(checkpoint):
        model, report = AutoModelForCausalLM.from_pretrained(
            checkpoint.folder,
            dtype=dtype,
            attn_implementation=attention,
            output_loading_info=True,
        )
        # transformers fills what is missing with random numbers.
        if missing := report["missing_keys"]:
            raise ValueError(f"its files lack {len(missing)} weights, such as {min(missing)!r}")
        return model.to(device).eval()


def find_device(device: str | None) -> torch.device:
    """The device of this name; by default CUDA where there is one, else the CPU.

    Raises
    ------
    GenerationError
        If torch does not see it.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise GenerationError(f"device {device!r} is none of cpu, cuda, cuda:1, ...") from error
    if found.type not in ("cpu", "cuda"):
        raise GenerationError(f"device {device!r} is none of cpu, cuda, cuda:1, ...")
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise GenerationError(
            f"device {device!r} is not there; torch sees {torch.cuda.device_count()} CUDA devices"
        )
    return found


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this is how torch says that memory does not suffice."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(words in str(error) for words in OUT_OF_MEMORY)


@contextmanager
def _explained(checkpoint: Checkpoint) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, ImportError, RuntimeError, MemoryError, SafetensorError) as error:
        reason = "it does not fit into memory" if is_out_of_memory(error) else str(error)
        raise GenerationError(f"model {checkpoint.name!r} cannot be loaded: {reason}") from error
