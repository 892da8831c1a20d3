"""A GGUF file as an ordinary float32 checkpoint."""

from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint
from transformers.utils import logging

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.local.loading import is_out_of_memory


def save_as_checkpoint(gguf: Path, folder: Path) -> None:
    """Unpack the weights to float32 and save them with configuration and tokenizer.

    `from_pretrained(gguf_file=...)` would do the same and asks for the accelerate library, which
    nothing else here needs.

    Raises
    ------
    OSError
        If there is no room for it.
    GenerationError
        If memory does not suffice.
    """
    try:
        _save_as_checkpoint(gguf, folder)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise GenerationError(
            f"{gguf.name} cannot be unpacked: memory does not suffice. It needs 2 GB for half a "
            "minute; close other programs, or name another model"
        ) from error


def _save_as_checkpoint(gguf: Path, folder: Path) -> None:
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    config = AutoConfig.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    # Its bar heeds no setting, and errors are raised all the same.
    with redirect_stderr(StringIO()):
        content = load_gguf_checkpoint(str(gguf), return_tensors=True, model_to_load=model)

    missing, strange = model.load_state_dict(content["tensors"], strict=False)
    # The output layer shares the weights of the input layer, which are there.
    unfilled = set(missing) - set(model.all_tied_weights_keys)
    if unfilled or strange:
        raise OSError(f"{gguf.name} does not fit its model: {sorted(unfilled)} {sorted(strange)}")
    try:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    except SafetensorError as error:
        raise OSError(str(error)) from error
