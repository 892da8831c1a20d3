"""The transformers engine where memory does not suffice: smaller batches, and no token twice."""

import pytest
import torch

from equitymedqa.generation import GenerationError, prepare_engine
from equitymedqa.generation.local import memory
from equitymedqa.generation.local.engine import TransformersEngine
from equitymedqa.generation.local.halving import FIRST_WAIT
from tests.test_equitymedqa_engine import completions, engine_in, prompts_for, texts
from tests.tiny_models import save_tiny_model

CPU = torch.device("cpu")


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
    done = completions(engine, prompts)

    assert [one.text for one in done] == texts(llama, prompts)
    assert [one.batch_size for one in done] == [2, 2, 2, 2, 1]


def test_batch_of_shorter_prompts_is_answered_whole_after_memory_failed(llama, tmp_path):
    engine = engine_in(save_tiny_model(tmp_path))

    def at_most_200_tokens(_module, args, kwargs):
        if kwargs["input_ids"].numel() > 200:
            raise torch.OutOfMemoryError("CUDA out of memory")

    def batch_sizes(prompts):
        return [one.batch_size for one in completions(engine, prompts, max_new_tokens=10)]

    engine.model.register_forward_pre_hook(at_most_200_tokens, with_kwargs=True)

    # 4 rows of 60 and 10 tokens are too many, 2 are not; 4 of 20 and 10 are few enough.
    assert batch_sizes([[7] * 60] * 4) == [2, 2, 2, 2]
    assert batch_sizes([[7] * 20] * 4) == [4, 4, 4, 4]


def test_answers_of_a_batch_that_was_split_name_the_part_they_were_made_in(tmp_path):
    # In bfloat16, where the neighbours decide the rounding.
    folder, prompts = save_tiny_model(tmp_path), [[7 + row] * (20 - row) for row in range(4)]
    split, calm = (prepare_engine(str(folder), device="cpu", dtype="bfloat16") for _ in range(2))

    def fail_once(*_):
        failing.remove()
        raise torch.OutOfMemoryError("CUDA out of memory")

    def named(engine, rows):
        done = completions(engine, [prompts[row] for row in rows], seeds=list(rows))
        return [(one.batch_sha256, one.batch_size, one.text) for one in done]

    failing = split.model.register_forward_pre_hook(fail_once)
    halves = [*named(calm, range(2)), *named(calm, range(2, 4))]
    while_short = [named(split, range(4)) for _ in range(1 + FIRST_WAIT)]

    assert while_short == [halves] * (1 + FIRST_WAIT)
    assert named(split, range(4)) == named(calm, range(4))


def test_tokens_of_a_batch_that_memory_broke_off_are_not_counted(llama, tmp_path):
    engine = engine_in(save_tiny_model(tmp_path))

    def grown_too_large(_module, args, kwargs):
        # 5 rows fail once their answers have some tokens.
        if len(kwargs["input_ids"]) > 2 and len(told) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")

    told: list[int] = []
    engine.model.register_forward_pre_hook(grown_too_large, with_kwargs=True)
    done = completions(engine, prompts_for(llama), on_tokens=told.append)

    assert min(told) < 0
    assert sum(told) == sum(one.n_output_tokens for one in done)


def test_prompt_without_room_is_an_error_and_the_others_are_answered(llama, tmp_path):
    engine = engine_in(save_tiny_model(tmp_path))

    def at_most_60_tokens(_module, args, kwargs):
        if kwargs["input_ids"].numel() > 60:
            raise RuntimeError(
                "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9"
            )

    engine.model.register_forward_pre_hook(at_most_60_tokens, with_kwargs=True)
    done = completions(engine, [[7] * 61, [8] * 61, [9] * 20, [7] * 20])

    assert [one.error_kind for one in done] == ["out_of_memory", "out_of_memory", None, None]
    assert done[0].error.startswith("memory does not suffice for one prompt and its answer, toge")
    assert [one.text for one in done[2:]] == texts(llama, [[9] * 20, [7] * 20])


def test_weights_larger_than_the_device_are_refused_before_they_are_read(tmp_path, monkeypatch):
    weights = save_tiny_model(tmp_path) / "model.safetensors"
    monkeypatch.setattr(memory, "device_bytes", lambda _: weights.stat().st_size - 1)
    engine = engine_in(tmp_path)
    weights.unlink()

    with pytest.raises(GenerationError, match=r"weights of 'tiny' take 0\.0 GB .*; take a smaller"):
        engine.load_weights()


def test_memory_is_that_of_the_container_where_it_is_limited(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "CGROUP_LIMIT", limit)
    whole = memory.device_bytes(CPU)
    limit.write_text("1000\n")
    contained = memory.device_bytes(CPU)
    limit.write_text("max\n")

    assert contained == 1000
    assert memory.device_bytes(CPU) == whole > 1000


def test_other_failures_of_the_model_are_not_taken_for_lack_of_memory(tmp_path):
    engine = engine_in(save_tiny_model(tmp_path))

    def broken(*_):
        raise RuntimeError("shapes do not match")

    engine.model.register_forward_pre_hook(broken)

    with pytest.raises(RuntimeError, match="shapes do not match"):
        texts(engine, prompts_for(engine))
