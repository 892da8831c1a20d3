"""Tokens that a tokenizer knows and its model does not: one question fails, the job goes on."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from equitymedqa.generation import generate_answers, prepare_engine, read_answers
from equitymedqa.generation.errors import PromptError
from equitymedqa.generation.local.vocabulary import Vocabulary
from equitymedqa.records import Decoding, QuestionRecord, QuestionSet
from tests.tiny_families import save_family
from tests.tiny_models import save_tiny_model, tiny_tokenizer


def extend_tokenizer(folder: Path, *words: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(list(words))
    tokenizer.save_pretrained(folder)


def questions(*texts: str) -> QuestionSet:
    records = [
        QuestionRecord(question_id=f"q{number}", dataset="own", text=text)
        for number, text in enumerate(texts)
    ]
    return QuestionSet("own", records, [])


def test_question_with_a_word_that_the_model_lacks_is_refused_and_the_others_go_on(tmp_path):
    folder = save_tiny_model(tmp_path / "m")
    extend_tokenizer(folder, "zebra")
    engine = prepare_engine(str(folder), device="cpu")

    generate_answers(
        questions("Is it safe?", "Is a zebra safe?", "What helps?"),
        out=tmp_path / "a.jsonl",
        model=engine,
        decoding=Decoding(max_new_tokens=4),
    )

    failed = [one for one in read_answers([tmp_path / "a.jsonl"]) if one.finish_reason == "error"]
    assert [one.question.question_id for one in failed] == ["q1"]
    assert failed[0].error_kind == "prompt_refused"
    assert failed[0].error.startswith("the prompt holds the token 'zebra', number ")


def test_rows_beyond_the_tokenizer_are_rows_all_the_same():
    # Families pad their embedding: its last rows belong to no token, and may be given one.
    Vocabulary(n_rows=512).refuse_strangers([0, 511], tiny_tokenizer())


def test_place_of_an_image_needs_no_row():
    tokenizer = tiny_tokenizer()

    Vocabulary(n_rows=10, image_place=10).refuse_strangers([1, 10], tokenizer)

    with pytest.raises(PromptError, match=r"number 11 of the tokenizer, and the model has 10"):
        Vocabulary(n_rows=10, image_place=10).refuse_strangers([1, 10, 11], tokenizer)


@pytest.mark.parametrize("family", ["gemma3", "gemma3n", "gemma4", "qwen3"])
def test_rows_are_those_of_the_model_as_it_is_loaded(tmp_path, family):
    engine = prepare_engine(str(save_family(tmp_path / "m", family)), device="cpu")

    rows = engine.model.get_input_embeddings().num_embeddings

    assert Vocabulary.of(engine.model.config).n_rows == rows
