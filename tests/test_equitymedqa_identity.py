"""What an answer's id depends on: everything that could change the answer, and nothing else."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from equitymedqa.generation.identity import ModelIdentity, answer_id, folder_digest, row_seed
from equitymedqa.records import Decoding, QuestionRecord
from tests.tiny_models import save_tiny_model

MODEL = ModelIdentity(
    model="owner/tiny",
    revision="abc",
    template_sha256="1",
    tokenizer_sha256="2",
    stop_ids=(2,),
    engine="transformers",
    dtype="float32",
    attention="sdpa",
)
OTHER = {"stop_ids": (2, 3), "template_sha256": None}
QUESTION = QuestionRecord(question_id="q", dataset="own", text="What helps?")
OTHER_QUESTIONS = [{"question_id": "r"}, {"dataset": "other"}, {"text": "What heals?"}]


def id_of(identity: ModelIdentity = MODEL, question: QuestionRecord = QUESTION, **changes) -> str:
    way = {"prompt_sha256": "3", "decoding": Decoding(max_new_tokens=8), "seed": 0, **changes}
    return answer_id(question, identity=identity, **way)


@pytest.mark.parametrize(
    "name", [field.name for field in fields(ModelIdentity) if field.name != "model"]
)
def test_id_changes_with_all_that_the_model_is(name):
    assert id_of(replace(MODEL, **{name: OTHER.get(name, "other")})) != id_of()


def test_id_does_not_change_with_the_name_of_the_model():
    assert id_of(replace(MODEL, model="elsewhere/renamed")) == id_of()


@pytest.mark.parametrize("change", OTHER_QUESTIONS, ids=lambda change: next(iter(change)))
def test_id_changes_with_the_question(change):
    assert id_of(question=QUESTION.model_copy(update=change)) != id_of()


def test_id_does_not_change_with_labels():
    assert id_of(question=QUESTION.model_copy(update={"attributes": {"axis": "age"}})) == id_of()


@pytest.mark.parametrize(
    "change",
    [
        {"prompt_sha256": "4"},
        {"seed": 1},
        {"answer_index": 1},
        {"decoding": Decoding(max_new_tokens=9)},
        {"decoding": Decoding(max_new_tokens=8, temperature=0.5)},
        {"decoding": Decoding(max_new_tokens=8, top_p=0.5)},
    ],
    ids=str,
)
def test_id_changes_with_the_way_of_answering(change):
    assert id_of(**change) != id_of()


@pytest.mark.parametrize("change", OTHER_QUESTIONS[:2], ids=lambda change: next(iter(change)))
def test_questions_draw_from_seeds_of_their_own(change):
    assert row_seed(0, QUESTION.model_copy(update=change)) != row_seed(0, QUESTION)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize("name", ["config.json", "generation_config.json"])
def test_digest_of_a_folder_changes_with_its_configuration(folder, name):
    before, content = folder_digest(folder), (folder / name).read_text()
    (folder / name).write_text(json.dumps({**json.loads(content), "note": 1}))

    after = folder_digest(folder)

    (folder / name).write_text(content)
    assert after != before == folder_digest(folder)
