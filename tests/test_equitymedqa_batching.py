"""Which prompts are answered together: planned over the whole job, by length and by memory."""

import random

import torch
from transformers import Gemma3TextConfig, Gemma4TextConfig, LlamaConfig

from equitymedqa.generation.engine import RenderedPrompt, Request
from equitymedqa.generation.local.batching import similar_lengths
from equitymedqa.generation.local.engine import TransformersEngine
from equitymedqa.generation.local.memory import Room, cache_bytes, weight_bytes
from equitymedqa.records import Decoding
from tests.test_equitymedqa_engine import engine_in
from tests.tiny_models import save_tiny_model

BF16 = torch.bfloat16
# SmolLM2-135M: 30 layers, 3 heads of 64, keys and values, 4 bytes: 46,080 bytes a token.
SMOLLM2 = LlamaConfig(
    num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, hidden_size=576
)


def requests(*lengths: int) -> list[Request]:
    return [
        Request(f"{place:03}", RenderedPrompt(f"{place}", ids=[7] * length), seed=0)
        for place, length in enumerate(lengths)
    ]


def lengths_of(batches: list[list[Request]]) -> list[list[int]]:
    return [[len(one.prompt.ids) for one in batch] for batch in batches]


def test_same_requests_give_the_same_batches_in_any_order():
    asked = requests(*[5, 9, 5, 7, 9, 5, 30, 2] * 4)
    shuffled = random.Random(0).sample(asked, len(asked))

    assert similar_lengths(asked, most_rows=lambda _: 6) == similar_lengths(
        shuffled, most_rows=lambda _: 6
    )


def test_batches_of_short_prompts_hold_more():
    batches = similar_lengths(
        requests(10, 40, 10, 20, 10, 10, 20), most_rows=lambda longest: 40 // longest
    )

    assert lengths_of(batches) == [[40], [20, 20], [10, 10, 10, 10]]


def test_room_of_a_row_is_that_of_its_keys_and_values():
    assert cache_bytes(SMOLLM2, n_tokens=100, dtype=torch.float32) == 100 * 46_080


def test_room_of_gemma_3_is_the_published_one():
    # 136 KiB a token: 34 layers of 4 heads of 256, keys and values, 2 bytes.
    gemma = Gemma3TextConfig(num_hidden_layers=34, num_key_value_heads=4, head_dim=256)

    assert cache_bytes(gemma, n_tokens=500, dtype=BF16) == 500 * 136 * 1024


def test_layers_with_a_window_take_no_more_than_twice_the_window():
    # One of 6 layers sees all of 10,000 tokens, the others hold at most 2 * 100.
    gemma = Gemma3TextConfig(
        num_hidden_layers=6, num_key_value_heads=1, head_dim=8, sliding_window=100
    )

    assert cache_bytes(gemma, n_tokens=10_000, dtype=BF16) == 2 * 8 * 2 * (10_000 + 5 * 200)


def test_layers_that_share_keys_take_none():
    shared = {"num_hidden_layers": 12, "sliding_window": 512}
    whole, half = (
        cache_bytes(Gemma4TextConfig(num_kv_shared_layers=n, **shared), n_tokens=10, dtype=BF16)
        for n in (0, 6)
    )

    assert half * 2 == whole


def test_weights_are_counted_in_the_dtype_that_they_are_loaded_in(tmp_path):
    folder = save_tiny_model(tmp_path)
    engine = engine_in(folder)
    size = (folder / "model.safetensors").stat().st_size

    assert weight_bytes(folder, engine._config, dtype=BF16) == size // 2
    assert weight_bytes(folder, engine._config, dtype=torch.float32) == size


def test_rows_fill_the_room_that_the_weights_leave():
    # 0.8 * 10 GB - 1 GB for rows of 4.608 MB each.
    room = Room(10**10, 10**9, SMOLLM2, torch.float32)

    assert room.rows(100, at_most=9999) == 1519
    assert room.rows(100, at_most=32) == 32


def test_row_without_room_is_tried_all_the_same():
    assert Room(10**9, 10**9, SMOLLM2, torch.float32).rows(100, at_most=32) == 1


def planned(engine: TransformersEngine, asked: list[Request], **settings) -> list[list[Request]]:
    return engine.batches(asked, decoding=Decoding(max_new_tokens=20), size=None, **settings)


def test_engine_plans_for_prompt_and_answer(tmp_path, monkeypatch):
    # A row of the tiny model takes 2 layers * 2 * 2 heads * 8 * 4 = 256 bytes a token.
    engine = engine_in(save_tiny_model(tmp_path))
    room = Room(int(60 * 256 * 2 / 0.8) + 1, 0, engine._config, torch.float32)
    monkeypatch.setattr(engine, "_room", room)

    # 120 tokens: two rows of 40 and 20, or three of 20 and 20.
    assert lengths_of(planned(engine, requests(40, 40, 20, 20, 20))) == [[40, 40], [20, 20, 20]]


def test_size_that_is_asked_for_is_never_exceeded(tmp_path):
    engine = engine_in(save_tiny_model(tmp_path))

    batches = engine.batches(requests(*[5] * 7), decoding=Decoding(max_new_tokens=20), size=3)

    assert [len(batch) for batch in batches] == [3, 3, 1]


def test_device_is_named_with_the_memory_that_batches_are_planned_for(tmp_path, monkeypatch):
    monkeypatch.setattr("equitymedqa.generation.local.engine.device_bytes", lambda _: 24.6e9)

    assert engine_in(save_tiny_model(tmp_path)).device_name.endswith("threads, 24.6 GB)")
