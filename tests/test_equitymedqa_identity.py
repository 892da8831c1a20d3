"""What an answer's id depends on: everything that could change the answer, and nothing else."""

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path

import pytest

from equitymedqa.generation import GenerationError, prepare_engine
from equitymedqa.generation.identity import ModelIdentity, answer_id, folder_digest, row_seed
from equitymedqa.generation.plan import Job, plan_answers
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, QuestionRecord
from tests.tiny_models import question_set, save_tiny_model

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
PLAIN = Prompt(name="plain", version=1)
SHORT = Decoding(max_new_tokens=8)
OTHER = {"stop_ids": (2, 3), "template_sha256": None}
QUESTION = QuestionRecord(question_id="q", dataset="own", text="What helps?")
OTHER_QUESTIONS = [{"question_id": "r"}, {"dataset": "other"}, {"text": "What heals?"}]


def id_of(identity: ModelIdentity = MODEL, question: QuestionRecord = QUESTION, **changes) -> str:
    way = {"prompt_sha256": "3", "decoding": SHORT, "seed": 0, **changes}
    return answer_id(question, identity=identity, **way)


# Where it was found, and by what name, does not change the model.
PLACE = {"model", "arguments"}


@pytest.mark.parametrize(
    "name", [field.name for field in fields(ModelIdentity) if field.name not in PLACE]
)
def test_id_changes_with_all_that_the_model_is(name):
    assert id_of(replace(MODEL, **{name: OTHER.get(name, "other")})) != id_of()


def test_id_does_not_change_with_the_place_of_the_model():
    elsewhere = replace(MODEL, model="elsewhere/renamed", arguments={"model": "/elsewhere"})

    assert id_of(elsewhere) == id_of()


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("owner/tiny", "tiny"),
        ("tiny", "tiny"),
        ("/models/tiny/", "tiny"),
        ("models/tiny//", "tiny"),
    ],
)
def test_name_of_a_model_is_the_last_part_of_its_path(model, name):
    assert replace(MODEL, model=model).short_name == name


@pytest.mark.parametrize("model", ["", "/", " /"])
def test_model_without_a_name_is_refused(model):
    with pytest.raises(GenerationError, match=f"'{model}' is no name to know a model's answers by"):
        replace(MODEL, model=model)


def test_id_is_the_same_for_both_zeros():
    cold = Decoding(max_new_tokens=8, temperature=-0.0)

    assert id_of(decoding=cold) == id_of()


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
        {"decoding": Decoding(max_new_tokens=8, top_k=5)},
        {"decoding": Decoding(max_new_tokens=8, reasoning="on")},
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


def test_weights_that_a_link_has_lost_are_named(tmp_path):
    (tmp_path / "model.safetensors").symlink_to(tmp_path / "gone")

    with pytest.raises(GenerationError, match=r"model\.safetensors cannot be read: No such file"):
        folder_digest(tmp_path)


def test_folder_that_is_called_like_weights_holds_none(folder, tmp_path):
    whole = shutil.copytree(folder, tmp_path / "whole")
    (whole / "old.bin").mkdir()

    assert folder_digest(whole) == folder_digest(folder)


def planned_ids(
    folder: Path,
    *,
    prompt: Prompt = PLAIN,
    decoding: Decoding = SHORT,
    seed: int = 0,
    **engine: str,
) -> set[str]:
    """The ids that a job would give; the weights are not loaded."""
    ready = prepare_engine(str(folder), device="cpu", **engine)
    job = Job(ready.identity, prompt, decoding, seed)
    writer = ready.prompt_writer(prompt)
    plan = plan_answers(question_set(), job, writer=writer, context_length=None)
    return {answer.answer_id for answer in plan}


@pytest.fixture(scope="module")
def before(folder) -> set[str]:
    return planned_ids(folder)


def flip_a_bit_of_the_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def drop_a_merge_of_the_tokenizer(folder: Path) -> None:
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    # The last one is used by none of the questions, so that the prompts stay the same.
    content["model"]["merges"].pop()
    path.write_text(json.dumps(content))


def add_a_space_to_the_template(folder: Path) -> None:
    path = folder / "chat_template.jinja"
    path.write_text(path.read_text().replace("<|assistant|>", "<|assistant|> "))


def set_another_epsilon(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "rms_norm_eps": 0.5}))


def set_another_end(folder: Path) -> None:
    path = folder / "generation_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "eos_token_id": [2, 3]}))


@pytest.mark.parametrize(
    "change",
    [
        flip_a_bit_of_the_weights,
        drop_a_merge_of_the_tokenizer,
        add_a_space_to_the_template,
        set_another_epsilon,
        set_another_end,
    ],
    ids=lambda change: change.__name__,
)
def test_every_id_changes_with_the_files_under_the_same_path(folder, before, change, tmp_path):
    kept = shutil.copytree(folder, tmp_path / "kept")
    try:
        change(folder)
        after = planned_ids(folder)
    finally:
        shutil.copytree(kept, folder, dirs_exist_ok=True)

    assert not before & after
    assert planned_ids(folder) == before


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "bfloat16"},
        {"attention": "eager"},
        {"seed": 1},
        {"prompt": Prompt(name="plain", version=2, system="Be brief.")},
        {"decoding": Decoding(max_new_tokens=9)},
        {"decoding": Decoding(max_new_tokens=8, temperature=0.5)},
        {"decoding": Decoding(max_new_tokens=8, top_p=0.5)},
        {"decoding": Decoding(max_new_tokens=8, top_k=5)},
        {"decoding": Decoding(max_new_tokens=8, reasoning="on")},
    ],
    ids=str,
)
def test_every_id_changes_with_the_way_of_answering(folder, before, change):
    assert not before & planned_ids(folder, **change)
