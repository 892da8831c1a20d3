"""The transformers engine where memory does not suffice: smaller batches, and no token twice."""

import pytest
import torch

from equitymedqa.generation import GenerationError
from equitymedqa.generation.local.engine import TransformersEngine
from equitymedqa.records import Decoding
from tests.test_equitymedqa_engine import engine_in, prompts_for, texts
from tests.tiny_models import save_tiny_model


@pytest.fixture(scope="module")
def llama(tmp_path_factory) -> TransformersEngine:
    return engine_in(save_tiny_model(tmp_path_factory.mktemp("llama")))


def test_batch_is_halved_until_memory_suffices(llama, tmp_path):
    engine = engine_in(save_tiny_model(tmp_path))

    def at_most_two_rows(_module, args, kwargs):
        if len(kwargs["input_ids"]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    engine.model.register_forward_pre_hook(at_most_two_rows, with_kwargs=True)
    prompts = prompts_for(llama)
    done = engine.answer(
        prompts, decoding=Decoding(max_new_tokens=12), row_seeds=[0] * 5, on_step=lambda _: None
    )

    assert [one.text for one in done] == texts(llama, prompts)
    assert [one.batch_size for one in done] == [2, 2, 2, 2, 1]


def test_batch_of_shorter_prompts_is_answered_whole_after_memory_failed(llama, tmp_path):
    engine = engine_in(save_tiny_model(tmp_path))

    def at_most_200_tokens(_module, args, kwargs):
        if kwargs["input_ids"].numel() > 200:
            raise torch.OutOfMemoryError("CUDA out of memory")

    def batch_sizes(prompts):
        decoding = Decoding(max_new_tokens=10)
        done = engine.answer(prompts, decoding=decoding, row_seeds=[0] * 4, on_step=lambda _: None)
        return [one.batch_size for one in done]

    engine.model.register_forward_pre_hook(at_most_200_tokens, with_kwargs=True)

    # 4 rows of 60 and 10 tokens are too many, 2 are not; 4 of 20 and 10 are few enough.
    assert batch_sizes([[7] * 60] * 4) == [2, 2, 2, 2]
    assert batch_sizes([[7] * 20] * 4) == [4, 4, 4, 4]


def test_tokens_of_a_batch_that_memory_broke_off_are_not_counted(llama, tmp_path):
    engine = engine_in(save_tiny_model(tmp_path))

    def grown_too_large(_module, args, kwargs):
        # 5 rows fail once their answers have some tokens.
        if len(kwargs["input_ids"]) > 2 and len(told) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")

    told: list[int] = []
    engine.model.register_forward_pre_hook(grown_too_large, with_kwargs=True)
    done = engine.answer(
        prompts_for(llama),
        decoding=Decoding(max_new_tokens=12),
        row_seeds=[0] * 5,
        on_step=told.append,
    )

    assert min(told) < 0
    assert sum(told) == sum(one.n_output_tokens for one in done)


def test_no_memory_for_a_single_answer_is_said(tmp_path):
    engine = engine_in(save_tiny_model(tmp_path))

    def never(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    engine.model.register_forward_pre_hook(never)

    with pytest.raises(GenerationError, match=r"too little memory for one answer of 12 tokens"):
        texts(engine, prompts_for(engine))


def test_other_failures_of_the_model_are_not_taken_for_lack_of_memory(tmp_path):
    engine = engine_in(save_tiny_model(tmp_path))

    def broken(*_):
        raise RuntimeError("shapes do not match")

    engine.model.register_forward_pre_hook(broken)

    with pytest.raises(RuntimeError, match="shapes do not match"):
        texts(engine, prompts_for(engine))
