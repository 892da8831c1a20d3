"""The job that made a file once more: the same model, or none."""

import re
import shutil
from pathlib import Path

import pytest

from equitymedqa.generation import (
    GenerationError,
    iter_answers,
    prepare_engine,
)
from equitymedqa.generation.manifest import manifest_path, read_manifest
from equitymedqa.generation.repairs import extend_truncated, retry_failed
from equitymedqa.generation.verifying import verify_answers
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, QuestionRecord, QuestionSet
from tests.canned_engine import IDENTITY, CannedEngine
from tests.small_answer_files import FAILING, generate
from tests.tiny_models import question_set, save_tiny_model


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "answers.jsonl"


@pytest.fixture
def engine() -> CannedEngine:
    return CannedEngine()


@pytest.fixture
def failing(out) -> Path:
    """A file in which question 3 ended in a time-out and question 4 in a filter."""
    generate(CannedEngine(failures=dict(FAILING)), out)
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="module")
def generated(folder, tmp_path_factory) -> Path:
    """Six answers of eight tokens by a real model in float32."""
    out = tmp_path_factory.mktemp("generated") / "tiny.jsonl"
    generate(
        prepare_engine(str(folder), device="cpu"),
        out,
        questions=question_set(6),
        decoding=Decoding(max_new_tokens=8),
    )
    return out


@pytest.fixture
def tiny(generated, tmp_path) -> Path:
    """A copy of those answers and of their manifest."""
    return shutil.copytree(generated.parent, tmp_path / "copy") / generated.name


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"revision": "sha256:2"}, "weights: 'sha256:1' there, 'sha256:2' now"),
        ({"dtype": "bfloat16"}, "dtype: 'float32' there, 'bfloat16' now"),
        ({"tokenizer_sha256": "0"}, "tokenizer: '3' there, '0' now"),
        ({"template_sha256": None}, "chat template: '2' there, None now"),
        ({"stop_ids": (0, 1)}, r"stop tokens: \(0,\) there, \(0, 1\) now"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_another_model_is_refused_and_nothing_is_written(failing, change, named):
    other = CannedEngine(identity=IDENTITY.__class__(**{**vars(IDENTITY), **change}))
    before = failing.read_bytes()

    for repair in (retry_failed, verify_answers):
        with pytest.raises(GenerationError, match=named):
            repair(failing, model=other)

    assert failing.read_bytes() == before


def test_file_without_manifest_cannot_be_asked_again(failing):
    manifest_path(failing).unlink()

    with pytest.raises(GenerationError, match=r"answers\.jsonl has no manifest that says how"):
        retry_failed(failing)


@pytest.mark.parametrize("name", [".", "nowhere.jsonl"])
def test_what_is_no_file_cannot_be_asked_again(name):
    with pytest.raises(GenerationError, match=rf"{re.escape(name)} is no file"):
        verify_answers(Path(name))

    assert not Path("nowhere.jsonl").exists()


def test_answers_of_a_batch_file_are_not_asked_for_here(failing):
    manifest = read_manifest(failing)
    run = manifest.runs[-1].model_copy(update={"engine": "openai-batch", "arguments": {}})
    manifest_path(failing).write_text(
        manifest.model_copy(update={"runs": (run,)}).model_dump_json()
    )

    with pytest.raises(GenerationError, match=r"came from a batch file.*answers import-batch"):
        retry_failed(failing)


def test_answer_that_the_last_run_did_not_make_is_named(failing, engine):
    other = QuestionRecord(question_id="other", dataset="tiny", text="What else helps?")
    changed = Prompt(name="plain", version=2, system="Be brief.")
    generate(engine, failing, questions=QuestionSet("tiny", [other], []), prompt=changed)

    message = r"'q3' was not made as the last run .*prompt: 'plain@1' there, 'plain@2' now"
    with pytest.raises(GenerationError, match=message):
        retry_failed(failing, model=engine)


def test_extension_in_float32_begins_with_the_words_that_were_cut(tiny):
    cut = {one.answer_id: one for one in iter_answers(tiny) if one.finish_reason == "length"}

    extend_truncated(tiny, max_new_tokens=20)

    extended = [one for one in iter_answers(tiny) if one.supersedes]
    assert len(extended) == len(cut) > 0
    for one in extended:
        # The cut may go through a character of several bytes, and end in its broken half.
        assert one.text.startswith(cut[one.supersedes].text.rstrip("\ufffd "))
        assert one.n_output_tokens > cut[one.supersedes].n_output_tokens


def test_model_that_was_moved_is_found_where_it_is_named(tiny, folder, tmp_path):
    manifest = tiny.with_name(tiny.name + ".manifest.json")
    manifest.write_text(manifest.read_text().replace(str(folder), str(tmp_path / "gone")))
    moved = shutil.copytree(folder, tmp_path / "elsewhere")

    with pytest.raises(GenerationError, match=r"gone' is no folder here"):
        extend_truncated(tiny, max_new_tokens=9)
    extend_truncated(tiny, max_new_tokens=9, model=str(moved))

    assert {one.source for one in iter_answers(tiny)} == {"tiny-llama/plain"}


def test_float32_answers_are_the_same_when_made_once_more(tiny):
    before = tiny.read_bytes()

    verification = verify_answers(tiny, n=4)

    assert (len(verification.comparisons), verification.n_answers) == (4, 6)
    assert all(one.is_same and one.is_promised for one in verification.comparisons)
    assert tiny.read_bytes() == before
