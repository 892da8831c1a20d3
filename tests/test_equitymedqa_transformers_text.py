"""From the tokens that a model writes to the text of its answer: each test says what it writes."""

import itertools
from pathlib import Path

import pytest

from equitymedqa.generation.engine import Completion, RenderedPrompt, Request
from equitymedqa.generation.identity import tokens_digest
from equitymedqa.generation.local.checkpoints import Checkpoint
from equitymedqa.generation.local.engine import TransformersEngine
from equitymedqa.prompts import find_prompt
from equitymedqa.records import Decoding
from tests.tiny_models import save_tiny_model


@pytest.fixture
def engine(tmp_path) -> TransformersEngine:
    """A model whose tokenizer has marks of reasoning in the place of two turns."""
    folder = save_tiny_model(tmp_path, template=None)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        path: Path = folder / file
        words = path.read_text(encoding="utf-8")
        for old, new in (("<|user|>", "<think>"), ("<|system|>", "</think>")):
            words = words.replace(old, new)
        path.write_text(words, encoding="utf-8")
    return TransformersEngine(Checkpoint("tiny", folder, "sha256:0"), device="cpu")


def written(engine: TransformersEngine, text: str) -> Completion:
    """What becomes of this text, control tokens among it, if the model writes it."""
    tokens = engine.tokenizer(text, add_special_tokens=False)["input_ids"]
    script = itertools.chain(tokens, itertools.repeat(tokens[-1]))

    def write(_module, _inputs, output):
        output.logits.fill_(-1.0)
        output.logits[..., next(script)] = 1.0

    engine.model.register_forward_hook(write)
    prompt = engine.prompt_writer(find_prompt("plain")).ids("Is it safe?")
    decoding = Decoding(max_new_tokens=len(tokens))
    request = Request("0", RenderedPrompt(tokens_digest(prompt), ids=prompt), seed=0)
    return engine.answer([request], decoding=decoding, on_tokens=lambda _: None)[0]


def test_reasoning_is_no_part_of_the_answer(engine):
    done = written(engine, "<think>They ask about pain.</think>Yes, it is.</s>")

    assert (done.text, done.stripped) == ("Yes, it is.", "They ask about pain.")
    assert done.finish_reason == "stop"


def test_answer_cut_in_its_reasoning_keeps_the_reasoning(engine):
    done = written(engine, "<think>They ask about pain.")

    assert (done.text, done.stripped) == ("", "They ask about pain.")
    assert (done.finish_reason, done.error) == ("length", None)


def test_answer_ends_at_the_mark_of_its_end(engine):
    done = written(engine, "Yes.</s>Is it?")

    assert (done.text, done.finish_reason) == ("Yes.", "stop")


def test_answer_keeps_the_spaces_that_the_model_wrote(engine):
    assert written(engine, "Is it safe ? Yes , it is .</s>").text == "Is it safe ? Yes , it is ."


def test_answer_that_no_database_can_hold_is_an_error(engine):
    done = written(engine, "Yes\0 it is.</s>")

    assert (done.text, done.finish_reason) == ("", "error")
    assert done.error == "the model's answer is not storable: it holds a NUL character"
