"""A checkpoint as tokenizer, configuration and weights on a device, or a reason why not."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    GenerationConfig,
)
from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES
from transformers.utils import is_timm_available, logging

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.local.chat_templates import turn_end
from equitymedqa.generation.local.checkpoints import Checkpoint

# torch has a class for a full device; these come as plain RuntimeErrors.
OUT_OF_MEMORY = (
    "can't allocate memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)

ATTENTIONS = ("sdpa", "eager")
# What the weights of the part that writes are called in a checkpoint that also sees and hears.
TEXT_PART = {r"^model\.language_model\.": "model."}

logging.disable_progress_bar()
logging.set_verbosity_error()


def load_config(checkpoint: Checkpoint) -> Any:
    """The model's configuration."""
    with _explained(checkpoint):
        return AutoConfig.from_pretrained(checkpoint.folder)


def load_tokenizer(checkpoint: Checkpoint) -> Any:
    """The model's tokenizer, with its chat template."""
    with _explained(checkpoint):
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder)
        # Older models that take images keep the template apart from the tokenizer.
        apart = checkpoint.folder / "chat_template.json"
        if tokenizer.chat_template is None and apart.is_file():
            tokenizer.chat_template = json.loads(apart.read_text("utf-8"))["chat_template"]
        return tokenizer


def takes_images(config: Any) -> bool:
    """Whether a model of this configuration can be shown images, with what is installed."""
    return type(config) in AutoModelForImageTextToText._model_mapping and not _lacks_eyes(config)


def _lacks_eyes(config: Any) -> bool:
    """Whether the model's vision is of the timm library, as Gemma 3n's, and that is not here."""
    vision = getattr(config, "vision_config", None)
    kind = MODEL_MAPPING_NAMES.get(getattr(vision, "model_type", ""))
    return kind == "TimmWrapperModel" and not is_timm_available()


def load_processor(checkpoint: Checkpoint) -> Any:
    """What puts images into the prompts of a model, with Pillow."""
    with _explained(checkpoint, "cannot be shown images"):
        return AutoProcessor.from_pretrained(checkpoint.folder, backend="pil")


def load_stop_ids(checkpoint: Checkpoint, *, config: Any, tokenizer: Any) -> tuple[int, ...]:
    """The tokens that end an answer, of which a chat model has several.

    Each of generation configuration, model's configuration, tokenizer and chat template can lack
    one, and an answer that runs past its end goes on with an invented conversation: so all count.
    """
    with _explained(checkpoint):
        if (checkpoint.folder / "generation_config.json").is_file():
            own = GenerationConfig.from_pretrained(checkpoint.folder)
        else:
            own = GenerationConfig.from_model_config(config)
    # A configuration without an EOS gets its class's default, which can be any word's token here.
    control = set(tokenizer.added_tokens_decoder)
    configured = {*_ids(config), *_ids(config.get_text_config())} & control
    end = turn_end(tokenizer)
    closing = set() if end is None else {end}
    return tuple(sorted({*_ids(own), *configured, *_ids(tokenizer), *closing}))


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
        kind, parts = _kind_of(AutoConfig.from_pretrained(checkpoint.folder))
        model, report = kind.from_pretrained(
            checkpoint.folder,
            **parts,
            dtype=dtype,
            attn_implementation=attention,
            output_loading_info=True,
        )
        # transformers fills what is missing with random numbers.
        if missing := report["missing_keys"]:
            raise ValueError(f"its files lack {len(missing)} weights, such as {min(missing)!r}")
        return model.to(device).eval()


def _kind_of(config: Any) -> tuple[Any, dict[str, Any]]:
    """The class that loads a model, and which part of the checkpoint it is to load."""
    if takes_images(config):
        return AutoModelForImageTextToText, {}
    if _lacks_eyes(config):
        return AutoModelForCausalLM, {"config": config.get_text_config(), "key_mapping": TEXT_PART}
    return AutoModelForCausalLM, {}


def find_attention(config: Any, asked: str | None = None) -> str:
    """How attention is computed: fused, unless the model was trained with capped scores.

    Parameters
    ----------
    asked
        `sdpa` or `eager`, where the caller chooses.

    Raises
    ------
    GenerationError
        If fused attention is asked for and would leave the capping out, as some versions of
        transformers do in silence for Gemma 2 and TxGemma; or if there is no such attention.
    """
    if asked not in (None, *ATTENTIONS):
        raise GenerationError(f"attention {asked!r} is none of {', '.join(ATTENTIONS)}")
    if getattr(config.get_text_config(), "attn_logit_softcapping", None) is None:
        return asked or "sdpa"
    if asked == "sdpa":
        raise GenerationError(
            f"attention 'sdpa' would leave out the capping of scores that {config.model_type} was "
            "trained with, and change every answer; take 'eager', or leave it to be chosen"
        )
    return "eager"


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
def _explained(checkpoint: Checkpoint, failure: str = "cannot be loaded") -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, ImportError, RuntimeError, MemoryError, SafetensorError) as error:
        reason = "it does not fit into memory" if is_out_of_memory(error) else str(error)
        raise GenerationError(f"model {checkpoint.name!r} {failure}: {reason}") from error
