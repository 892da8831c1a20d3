"""Which tokens end an answer, and what counts as a lack of memory."""

import json
from pathlib import Path

import pytest
import torch

from equitymedqa.generation import GenerationError
from equitymedqa.generation.local.checkpoints import Checkpoint
from equitymedqa.generation.local.engine import TransformersEngine
from equitymedqa.generation.local.gguf import save_as_checkpoint
from equitymedqa.generation.local.loading import is_out_of_memory
from tests.tiny_models import save_tiny_model


def engine_in(folder: Path) -> TransformersEngine:
    return TransformersEngine(Checkpoint("tiny", folder, "sha256:0"), device="cpu")


def set_eos(folder: Path, file: str, eos: object) -> None:
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), "eos_token_id": eos}))


@pytest.mark.parametrize(
    ("generation", "config", "expected"),
    [
        # 2 is </s>, the tokenizer's own; 3, 4 and 5 are turns; 300 is a piece of a word.
        (5, 2, (2, 5)),
        ([5, 3], 2, (2, 3, 5)),
        (None, 4, (2, 4)),
        (300, 2, (2, 300)),
        # A class's default can be any word of this tokenizer, and would cut answers there.
        (2, 300, (2,)),
        (2, None, (2,)),
    ],
)
def test_all_that_name_an_end_of_the_answer_are_heard(tmp_path, generation, config, expected):
    folder = save_tiny_model(tmp_path)
    set_eos(folder, "generation_config.json", generation)
    set_eos(folder, "config.json", config)

    assert engine_in(folder).identity.stop_ids == expected


def test_pad_token_without_a_row_in_the_model_is_not_used(tmp_path):
    folder = save_tiny_model(tmp_path)
    tokenizer = engine_in(folder).tokenizer
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    tokenizer.save_pretrained(folder)
    engine = engine_in(folder)

    engine.load_weights()

    n_rows = engine.model.get_input_embeddings().num_embeddings
    assert engine.tokenizer.pad_token_id >= n_rows
    assert engine.model.generation_config.pad_token_id == engine.tokenizer.eos_token_id


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        MemoryError(),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=str,
)
def test_lack_of_memory_is_known_in_all_its_words(error):
    assert is_out_of_memory(error)


def test_other_errors_of_cuda_are_no_lack_of_memory():
    assert not is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))


def test_lack_of_memory_while_unpacking_is_said(tmp_path, monkeypatch):
    def full(*_args, **_settings):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", full)

    with pytest.raises(GenerationError, match=r"m\.gguf cannot be unpacked: memory does not suff"):
        save_as_checkpoint(tmp_path / "m.gguf", tmp_path)
