"""Jobs from questions to an answer file, on a tiny random model."""

import hashlib
import json
import math
import shutil
from collections import Counter
from pathlib import Path

import pytest

from equitymedqa.generation import GenerationError, generate_answers, iter_answers, prepare_engine
from equitymedqa.generation.manifest import manifest_path, read_manifest
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, PairRecord, QuestionRecord, QuestionSet
from tests.tiny_models import question_set, save_tiny_model

SHORT = Decoding(max_new_tokens=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="module")
def engine(folder):
    return prepare_engine(str(folder), device="cpu")


def answers_of(model, out: Path, questions=None, **changes):
    settings = {"decoding": SHORT, "batch_size": 4, **changes}
    generate_answers(questions or question_set(), out=out, model=model, **settings)
    return list(iter_answers(out))


def ids_of(model, out: Path, **changes) -> set[str]:
    return {answer.answer_id for answer in answers_of(model, out, **changes)}


def test_every_question_is_answered_once(engine, tmp_path):
    answers = answers_of(engine, tmp_path / "a.jsonl")

    assert Counter(answer.question.question_id for answer in answers) == Counter(
        question.question_id for question in question_set().questions
    )


def test_answer_carries_its_question_and_pairs(engine, tmp_path):
    first, second = question_set(2).questions
    pair = PairRecord(
        pair_id="p", dataset="tiny", question_1=first, question_2=second, attributes={"axis": "age"}
    )

    answers = answers_of(engine, tmp_path / "a.jsonl", QuestionSet("tiny", [first, second], [pair]))

    sides = [(answer.question, [side.position for side in answer.pairs]) for answer in answers]
    assert sorted(sides, key=lambda side: side[1]) == [(first, [1]), (second, [2])]
    assert {side.attributes["axis"] for answer in answers for side in answer.pairs} == {"age"}


def test_source_is_model_and_prompt(engine, tmp_path):
    answers = answers_of(engine, tmp_path / "a.jsonl", prompt="plain")

    assert {answer.source for answer in answers} == {"tiny-llama/plain"}
    assert {answer.prompt_version for answer in answers} == {"plain@1"}


def test_one_engine_answers_several_prompts(engine, tmp_path):
    plain = ids_of(engine, tmp_path / "plain.jsonl", prompt="plain")
    kind = ids_of(
        engine, tmp_path / "kind.jsonl", prompt=Prompt(name="kind", version=1, system="Be kind.")
    )

    assert len(plain | kind) == 12


def test_second_run_does_nothing(engine, tmp_path):
    out = tmp_path / "a.jsonl"
    answers_of(engine, out)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    summary = generate_answers(question_set(), out=out, model=engine, decoding=SHORT)

    assert (summary.n_resumed, summary.n_output_tokens) == (6, 0)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_weights_are_not_loaded_when_all_is_done(engine, folder, tmp_path):
    answers_of(engine, tmp_path / "a.jsonl")
    fresh = prepare_engine(str(folder), device="cpu")

    answers_of(fresh, tmp_path / "a.jsonl")

    assert "model" not in vars(fresh)


def test_more_questions_join_the_same_file(engine, tmp_path):
    first = answers_of(engine, tmp_path / "a.jsonl", limit=2)
    both = answers_of(engine, tmp_path / "a.jsonl")

    assert both[:2] == first
    assert len(both) == 6


def test_missing_answer_is_made_in_the_batch_it_belongs_to(engine, tmp_path):
    out = tmp_path / "a.jsonl"
    before = answers_of(engine, out, batch_size=3)
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:1] + lines[2:]))

    after = answers_of(engine, out, batch_size=3)

    assert [one.answer_id for one in after[:-1]] == [
        one.answer_id for one in (before[0], *before[2:])
    ]
    assert (after[-1].text, after[-1].batch_size) == (before[1].text, 3)


def test_batch_size_does_not_change_an_answer(engine, tmp_path):
    def texts(out, **changes):
        return {one.answer_id: one.text for one in answers_of(engine, out, **changes)}

    assert texts(tmp_path / "a.jsonl", batch_size=1) == texts(tmp_path / "b.jsonl", batch_size=6)


@pytest.mark.parametrize(
    "change",
    [
        {"decoding": Decoding(max_new_tokens=9)},
        {"decoding": Decoding(max_new_tokens=8, temperature=0.5)},
        {"seed": 1},
        {"prompt": Prompt(name="plain", version=2, system="Be brief.")},
    ],
    ids=["tokens", "temperature", "seed", "prompt"],
)
def test_what_could_change_an_answer_changes_its_id(engine, tmp_path, change):
    before = ids_of(engine, tmp_path / "a.jsonl")
    after = ids_of(engine, tmp_path / "b.jsonl", **change)

    assert not before & after


def test_changed_weight_byte_changes_every_id(engine, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "tiny-llama")
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)

    before = ids_of(engine, tmp_path / "a.jsonl")
    after = ids_of(prepare_engine(str(copy), device="cpu"), tmp_path / "b.jsonl")

    assert not before & after


def test_same_model_in_another_folder_keeps_the_ids(engine, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "elsewhere")

    before = ids_of(engine, tmp_path / "a.jsonl")
    after = ids_of(prepare_engine(str(copy), device="cpu"), tmp_path / "b.jsonl")

    assert before == after


def test_file_is_not_mixed_from_two_ways_of_answering(engine, tmp_path):
    answers_of(engine, tmp_path / "a.jsonl")

    with pytest.raises(GenerationError, match=r"another way \(max_new_tokens: 8 there, 9 now\)"):
        answers_of(engine, tmp_path / "a.jsonl", decoding=Decoding(max_new_tokens=9))


def test_prompt_longer_than_the_context_is_an_error_and_the_job_goes_on(tmp_path):
    model = prepare_engine(str(save_tiny_model(tmp_path / "m", context=64)), device="cpu")
    long = QuestionRecord(question_id="long", dataset="tiny", text="Is it safe? " * 40)
    questions = question_set(3)

    summary = generate_answers(
        questions._replace(questions=[*questions.questions, long]),
        out=tmp_path / "a.jsonl",
        model=model,
        decoding=SHORT,
    )

    refused = [one for one in iter_answers(tmp_path / "a.jsonl") if one.finish_reason == "error"]
    assert (summary.n_questions, summary.n_error) == (4, 1)
    assert [one.question for one in refused] == [long]
    assert refused[0].error.endswith("tokens and 8 for the answer are more than the model's 64")


def test_failures_are_counted_again_on_the_second_run(tmp_path):
    model = prepare_engine(str(save_tiny_model(tmp_path / "m", context=8)), device="cpu")

    def run():
        return generate_answers(
            question_set(), out=tmp_path / "a.jsonl", model=model, decoding=SHORT
        )

    assert [run().n_error, run().n_error] == [6, 6]
    assert len(list(iter_answers(tmp_path / "a.jsonl"))) == 6


def test_two_questions_with_one_id_are_refused(engine, tmp_path):
    twice = QuestionSet("tiny", question_set(1).questions * 2, [])

    with pytest.raises(
        GenerationError, match="1 questions come twice, such as 'q0'; name each file once"
    ):
        answers_of(engine, tmp_path / "a.jsonl", twice)


def test_manifest_says_what_was_run(engine, tmp_path):
    out = tmp_path / "a.jsonl"
    answers_of(engine, out, seed=7)

    manifest = read_manifest(out)

    run = manifest.runs[0]
    assert manifest.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (manifest.counts.done, run.n_questions, run.seed) == (6, 6, 7)
    assert (run.model, run.datasets, run.prompt.name) == ("tiny-llama", ("tiny",), "plain")
    assert run.libraries["torch"].startswith("2.")
    assert run.finished_at >= run.started_at


def test_manifest_keeps_the_runs_before(engine, tmp_path):
    out = tmp_path / "a.jsonl"
    answers_of(engine, out, limit=2)
    answers_of(engine, out)

    assert [run.n_resumed for run in read_manifest(out).runs] == [0, 2]


def test_strange_manifest_is_left_alone(engine, tmp_path):
    out = tmp_path / "a.jsonl"
    manifest_path(out).write_text("notes of mine")

    with pytest.raises(GenerationError, match=r"a\.jsonl\.manifest\.json is no manifest"):
        answers_of(engine, out)

    assert manifest_path(out).read_text() == "notes of mine"


@pytest.mark.parametrize("odd", [None, 7, ["a"]])
def test_manifest_of_other_types_is_refused_as_none(engine, tmp_path, odd):
    out = tmp_path / "a.jsonl"
    answers_of(engine, out, limit=1)
    said = json.loads(manifest_path(out).read_text())
    manifest_path(out).write_text(json.dumps({**said, "answer_file": odd}))

    with pytest.raises(GenerationError, match="is no manifest"):
        read_manifest(out)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("prompt", {"prompt": "kind"}),
        ("batch_size", {"batch_size": 0}),
        ("limit", {"limit": 0}),
        ("top_p is 0", {"decoding": SHORT.model_copy(update={"top_p": 0})}),
        ("temperature is inf", {"decoding": SHORT.model_copy(update={"temperature": math.inf})}),
    ],
)
def test_nonsense_is_refused_before_the_file_is_made(engine, tmp_path, name, wrong):

    with pytest.raises(GenerationError, match=name):
        answers_of(engine, tmp_path / "a.jsonl", **wrong)

    assert not (tmp_path / "a.jsonl").exists()
