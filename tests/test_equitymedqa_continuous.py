"""Continuous batching: for few families, after a check, and leaving the model as it was."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from equitymedqa.generation import GenerationError, generate_answers, iter_answers, prepare_engine
from equitymedqa.generation.local import continuous
from equitymedqa.generation.local.engine import TransformersEngine
from equitymedqa.records import Decoding
from tests.test_equitymedqa_decoding import PROMPTS, answered, engine_in, requests_for, texts
from tests.tiny_families import save_family
from tests.tiny_models import question_set, save_tiny_model


def continuous_in(folder: Path) -> TransformersEngine:
    return engine_in(folder, decode="continuous")


def set_config(folder: Path, **values: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    ends = list(range(7, 420, 10))
    return save_tiny_model(tmp_path_factory.mktemp("model"), eos_token_id=ends)


@pytest.fixture(scope="module")
def engine(folder) -> TransformersEngine:
    return continuous_in(folder)


@pytest.mark.parametrize("name", ["qwen3", "mistral"])
def test_answers_are_those_of_plain_batches(name, tmp_path):
    folder = set_config(save_family(tmp_path, name), sliding_window=None)
    requests = requests_for(PROMPTS)

    assert texts(answered(continuous_in(folder), requests)) == texts(
        answered(engine_in(folder), requests)
    )


def test_ends_of_answers_are_heard(engine, folder):
    requests = requests_for(PROMPTS)

    done = texts(answered(engine, requests))

    assert done == texts(answered(engine_in(folder), requests))
    assert len({n_tokens for _, n_tokens in done.values()}) > 3


@pytest.mark.parametrize("name", ["gemma2", "gemma3", "gemma3-text", "gemma4", "txgemma-chat"])
def test_families_that_are_not_on_the_list_are_refused(name, tmp_path):
    with pytest.raises(GenerationError, match=r"families llama, mistral, qwen3, not for 'gemma"):
        continuous_in(save_family(tmp_path, name))


def test_model_that_sees_only_a_window_is_refused(tmp_path):
    folder = set_config(save_family(tmp_path, "mistral"), sliding_window=16)

    with pytest.raises(GenerationError, match="look back only over a window, not for 'mistral'"):
        continuous_in(folder)


def test_check_finds_that_gemma_2_loses_its_capping(tmp_path, monkeypatch):
    monkeypatch.setattr(continuous, "FAMILIES", ("gemma2",))
    folder = set_config(
        save_tiny_model(tmp_path, "gemma2"),
        attn_logit_softcapping=5.0,
        layer_types=["full_attention"] * 2,
    )

    with pytest.raises(GenerationError, match=r"log-probabilities are \S+ off those of a plain"):
        answered(continuous_in(folder), requests_for(PROMPTS))


def test_check_lets_a_gemma_2_without_capping_pass(tmp_path, monkeypatch):
    monkeypatch.setattr(continuous, "FAMILIES", ("gemma2",))
    folder = set_config(
        save_tiny_model(tmp_path, "gemma2"),
        attn_logit_softcapping=None,
        layer_types=["full_attention"] * 2,
    )
    requests = requests_for(PROMPTS)

    done = answered(engine_in(folder, decode="continuous", attention="eager"), requests)

    assert texts(done) == texts(answered(engine_in(folder, attention="eager"), requests))


def test_draws_are_refused(engine):
    drawn = Decoding(max_new_tokens=5, temperature=1.0)

    with pytest.raises(GenerationError, match=r"takes the most likely token: draws would not rep"):
        engine.batches(requests_for(PROMPTS), decoding=drawn, size=None)


def test_attention_is_restored_after_a_crash(tmp_path, monkeypatch):
    monkeypatch.setattr(continuous, "FAMILIES", ("gemma2",))
    engine = continuous_in(
        set_config(save_tiny_model(tmp_path, "gemma2"), layer_types=["full_attention"] * 2)
    )

    def crash():
        with continuous._running(engine.model, 50, max_new_tokens=5, n_rows=2):
            raise RuntimeError(f"crash with {engine.model.config._attn_implementation}")

    with pytest.raises(RuntimeError, match="crash with paged"):
        crash()

    assert engine.model.config._attn_implementation == "eager"


class Losing:
    """A manager that answers the first request, fails the second and loses the others."""

    current_batch = 1

    def __init__(self, *, goes_on: bool) -> None:
        self.goes_on = goes_on
        self.asked: list[str] = []

    def add_request(self, _ids, *, request_id, max_new_tokens):
        self.asked.append(request_id)

    def get_result(self, timeout):
        if len(self.asked) == 0 or self.asked[0] not in {"0", "1"}:
            return None
        key = self.asked.pop(0)
        return SimpleNamespace(
            request_id=key,
            is_finished=lambda: True,
            generated_tokens=[30, 31] if key == "0" else [],
            logprobs=[0.0, 0.0],
            error=None if key == "0" else "CUDA error: out of memory",
        )

    def is_running(self):
        return self.goes_on


@pytest.mark.parametrize("goes_on", [False, True], ids=["by a crash", "on the way"])
def test_request_that_is_lost_is_an_error(engine, monkeypatch, goes_on):
    class Context:
        def __enter__(self):
            return Losing(goes_on=goes_on)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(continuous, "WAIT_S", 0.0)
    monkeypatch.setattr(continuous, "_running", lambda *_, **__: Context())
    monkeypatch.setattr(continuous, "check", lambda *_, **__: None)

    done = answered(engine, requests_for(PROMPTS[:4]))

    assert [done[key].error_kind for key in sorted(done)] == [
        None,
        "out_of_memory",
        "unavailable",
        "unavailable",
    ]
    assert done["3"].error == "batching stopped before this answer was made"


def test_bfloat16_answers_are_not_promised_to_repeat(folder):
    engine = engine_in(folder, decode="continuous", dtype="bfloat16")

    done = answered(engine, requests_for(PROMPTS)).values()

    assert {one.repeatable for one in done} == {"not_promised"}


def test_whole_job_is_answered(folder, tmp_path):
    generate_answers(
        question_set(6),
        out=tmp_path / "a.jsonl",
        model=prepare_engine(str(folder), device="cpu", decode="continuous"),
        decoding=Decoding(max_new_tokens=8),
    )

    answers = list(iter_answers(tmp_path / "a.jsonl"))
    assert len({one.question.question_id for one in answers}) == len(answers) == 6
    assert {one.engine for one in answers} == {"transformers-continuous"}


def test_only_what_is_wanted_is_answered(engine):
    requests = requests_for(PROMPTS)

    groups = engine.answers(
        [requests], wanted={"2"}, decoding=Decoding(max_new_tokens=5), on_tokens=lambda _: None
    )

    assert [key for group in groups for key, _ in group] == ["2"]
