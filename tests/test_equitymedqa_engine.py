"""The transformers engine, on tiny random models of three families."""

from collections import Counter
from pathlib import Path

import pytest
import torch

from equitymedqa.generation import GenerationError, prepare_engine
from equitymedqa.generation.engine import Completion, RenderedPrompt, Request
from equitymedqa.generation.identity import tokens_digest
from equitymedqa.generation.local import batch_answers
from equitymedqa.generation.local.checkpoints import Checkpoint
from equitymedqa.generation.local.engine import TransformersEngine
from equitymedqa.generation.local.loading import find_device
from equitymedqa.prompts import find_prompt
from equitymedqa.records import Decoding
from tests.tiny_models import CORPUS, greedy_one_by_one, save_tiny_model

QUESTIONS = [CORPUS[number % 4][: 12 + 13 * number] for number in range(5)]


def engine_in(folder: Path) -> TransformersEngine:
    return TransformersEngine(Checkpoint("tiny", folder, "sha256:0"), device="cpu")


def prompts_for(engine: TransformersEngine) -> list[list[int]]:
    writer = engine.prompt_writer(find_prompt("plain"))
    return [writer.ids(question) for question in QUESTIONS]


def asked(prompts: list[list[int]], seeds: list[int] | None = None) -> list[Request]:
    seeds = seeds or list(range(len(prompts)))
    return [
        Request(f"{place}", RenderedPrompt(tokens_digest(ids), ids=ids), seed)
        for place, (ids, seed) in enumerate(zip(prompts, seeds, strict=True))
    ]


def completions(
    engine: TransformersEngine, prompts, *, seeds=None, on_tokens=lambda _: None, **decoding: float
) -> list[Completion]:
    return engine.answer(
        asked(prompts, seeds),
        decoding=Decoding(**{"max_new_tokens": 12, **decoding}),
        on_tokens=on_tokens,
    )


def texts(engine: TransformersEngine, prompts, **settings) -> list[str]:
    return [completion.text for completion in completions(engine, prompts, **settings)]


def expected_text(engine: TransformersEngine, prompt: list[int], n: int = 12) -> str:
    ids = greedy_one_by_one(engine, prompt, n)
    stop = engine.identity.stop_ids
    end = next((place for place, one in enumerate(ids) if one in stop), None)
    return engine.tokenizer.decode(ids[:end], skip_special_tokens=True).strip()


@pytest.fixture(scope="module", params=["llama", "gemma2", "gemma3"])
def engine(request, tmp_path_factory) -> TransformersEngine:
    return engine_in(save_tiny_model(tmp_path_factory.mktemp(request.param), request.param))


@pytest.fixture(scope="module")
def llama(tmp_path_factory) -> TransformersEngine:
    return engine_in(save_tiny_model(tmp_path_factory.mktemp("llama")))


def test_batch_gives_what_each_prompt_gives_alone(engine):
    prompts = prompts_for(engine)

    assert texts(engine, prompts) == [expected_text(engine, prompt) for prompt in prompts]


def test_padding_on_the_right_would_give_other_answers(engine, monkeypatch):
    def pad_right(prompts, *, pad):
        ids, mask = pad_left(prompts, pad=pad)
        shifts = [int((row == 0).sum()) for row in mask]
        rolled = [row.roll(-shift) for row, shift in zip(ids, shifts, strict=True)]
        masks = [row.roll(-shift) for row, shift in zip(mask, shifts, strict=True)]
        return torch.stack(rolled), torch.stack(masks)

    prompts = prompts_for(engine)
    right = texts(engine, prompts)
    pad_left = batch_answers.pad_left
    monkeypatch.setattr(batch_answers, "pad_left", pad_right)

    assert texts(engine, prompts) != right


def test_gemma_2_runs_without_fused_attention(engine, request):
    expected = "eager" if "gemma2" in request.node.name else "sdpa"

    assert engine.identity.attention == engine.model.config._attn_implementation == expected


def test_any_token_of_the_list_ends_an_answer(llama, tmp_path):
    prompts = prompts_for(llama)
    free = [greedy_one_by_one(llama, prompt, 12) for prompt in prompts]
    # What the first answer has in third and the second in fifth place now ends an answer.
    stops = [free[0][2], free[1][4]]
    listed = engine_in(save_tiny_model(tmp_path, eos_token_id=stops))

    done = completions(listed, prompts)

    stops.append(listed.tokenizer.eos_token_id)
    ends = [next((n for n, one in enumerate(row) if one in stops), None) for row in free]
    assert [one.n_output_tokens for one in done] == [12 if n is None else n + 1 for n in ends]
    assert [one.finish_reason for one in done] == [
        "length" if n is None else "error" if n == 0 else "stop" for n in ends
    ]


def test_steps_bring_as_many_tokens_as_the_answers_have(llama, tmp_path):
    prompts = prompts_for(llama)
    stop = greedy_one_by_one(llama, prompts[0], 12)[2]
    counted = Counter()
    done = completions(
        engine_in(save_tiny_model(tmp_path, eos_token_id=[stop])),
        prompts,
        on_tokens=lambda tokens: counted.update(tokens=tokens),
    )

    assert counted["tokens"] == sum(one.n_output_tokens for one in done)


def test_answer_without_words_is_an_error_with_its_reason(llama, tmp_path):
    prompts = prompts_for(llama)[:1]
    first = greedy_one_by_one(llama, prompts[0], 1)
    silent = engine_in(save_tiny_model(tmp_path, eos_token_id=first))

    done = completions(silent, prompts)

    assert (done[0].finish_reason, done[0].error) == ("error", "the model gave no answer")


def test_models_own_sampling_and_penalties_are_off(llama, tmp_path):
    own = {"do_sample": True, "top_k": 5, "temperature": 3.0, "repetition_penalty": 5.0}
    sampling = engine_in(save_tiny_model(tmp_path, **own))

    assert texts(sampling, prompts_for(llama)) == texts(llama, prompts_for(llama))


def test_sampled_answer_does_not_depend_on_its_neighbours(llama):
    prompts, seeds = prompts_for(llama), [11, 22, 33, 44, 55]

    together = texts(llama, prompts, seeds=seeds, temperature=0.8, top_p=0.9)
    backwards = texts(llama, prompts[::-1], seeds=seeds[::-1], temperature=0.8, top_p=0.9)
    alone = [
        texts(llama, [prompt], seeds=[seed], temperature=0.8, top_p=0.9)[0]
        for prompt, seed in zip(prompts, seeds, strict=True)
    ]

    assert together == backwards[::-1] == alone


def test_sampled_answer_changes_with_its_seed(llama):
    prompt = prompts_for(llama)[:1]

    answers = {texts(llama, prompt, seeds=[seed], temperature=1.0)[0] for seed in range(5)}

    assert len(answers) == 5


def test_missing_weights_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    weights = save_tiny_model(tmp_path) / "model.safetensors"
    tensors = load_file(weights)
    del tensors["model.norm.weight"]
    save_file(tensors, weights, metadata={"format": "pt"})

    with pytest.raises(GenerationError, match=r"lack 1 weights, such as 'model\.norm\.weight'"):
        _ = engine_in(tmp_path).model


def test_torn_weights_are_refused(tmp_path):
    weights = save_tiny_model(tmp_path) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])

    with pytest.raises(GenerationError, match=r"model 'tiny' cannot be loaded"):
        _ = engine_in(tmp_path).model


def test_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(GenerationError, match=r"holds no model: no file there ends in \.safetens"):
        prepare_engine(str(tmp_path), device="cpu")


@pytest.mark.parametrize("device", ["cuda:99", "gpu", "mps"])
def test_device_that_is_not_there_is_named(device):
    with pytest.raises(GenerationError, match=f"device '{device}' is"):
        find_device(device)
