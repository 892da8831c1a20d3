"""What is not joined to one answer file, and that it is then as it was."""

import json
from pathlib import Path

import pytest

from equitymedqa.generation import GenerationError
from equitymedqa.generation.manifest import manifest_path
from equitymedqa.generation.merging import merge_answers
from equitymedqa.records import Decoding
from tests.light_engine import LightEngine, questions
from tests.light_shards import answered, continued, copied, records, three_shards, write


@pytest.fixture
def shards(tmp_path) -> list[Path]:
    return three_shards(tmp_path)


def test_missing_shard_is_refused_by_its_number(shards, tmp_path):
    with pytest.raises(GenerationError, match=r"of a.jsonl, shard 1 of 3 is missing.*--partial"):
        merge_answers([shards[0], shards[2]], out=tmp_path / "a.jsonl")

    assert not (tmp_path / "a.jsonl").exists()


def test_shard_that_was_broken_off_is_refused(shards, tmp_path):
    path = manifest_path(shards[1])
    manifest = json.loads(path.read_text())
    manifest["counts"]["done"] -= 1
    path.write_text(json.dumps(manifest))

    with pytest.raises(GenerationError, match=f"{shards[1].name} is still being made or was"):
        merge_answers(shards, out=tmp_path / "a.jsonl")


def test_unanswered_question_is_refused(shards, tmp_path):
    missing = "2 of 14 answers are missing, such as answer 1 of 1 to question 'q12'"
    with pytest.raises(GenerationError, match=missing):
        merge_answers(shards, out=tmp_path / "a.jsonl", questions=questions(14))


def test_torn_line_is_refused_with_the_way_out(shards, tmp_path):
    shards[1].write_bytes(shards[1].read_bytes()[:-20])

    with pytest.raises(GenerationError, match=r"shard-1-of-3.jsonl, line \d is torn.*generate"):
        merge_answers(shards, out=tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"model": LightEngine(revision="sha256:other")}, "weights: 'sha256:light'"),
        ({"decoding": Decoding(max_new_tokens=7)}, "max_new_tokens: 6 in the first, 7 in the"),
        ({"prompt": "careful"}, "source: 'light/plain' in the first, 'light/careful'"),
        ({"seed": 3}, "seed: 0 in the first, 3 in the second"),
    ],
    ids=["weights", "decoding", "prompt", "seed"],
)
def test_files_of_two_jobs_are_refused(shards, tmp_path, changes, difference):
    other = answered(tmp_path / "b.jsonl", questions(3, q0="Another?"), **changes)

    with pytest.raises(GenerationError, match=f"are not of one job .*{difference}"):
        merge_answers([*shards, other], out=tmp_path / "c.jsonl")


def test_question_with_other_words_under_the_same_id_is_refused(shards, tmp_path):
    other = answered(tmp_path / "b.jsonl", questions(1, q0="Another?"))

    with pytest.raises(GenerationError, match=r"answers question 'q0'.* has other words"):
        merge_answers([*shards, other], out=tmp_path / "c.jsonl")


def test_two_answers_under_one_id_are_refused_with_their_places(shards, tmp_path):
    other = copied(shards[0], tmp_path / "b.jsonl", lambda one: {"text": "Otherwise."})

    with pytest.raises(
        GenerationError, match=r"shard-0-of-3.jsonl, line 1 and in .*b.jsonl, line 1, but it is not"
    ):
        merge_answers([*shards, other], out=tmp_path / "a.jsonl")


def test_other_labels_in_another_file_are_refused(shards, tmp_path):
    labelled = copied(
        shards[0],
        tmp_path / "b.jsonl",
        lambda one: {"question": one.question.model_copy(update={"attributes": {"axis": "age"}})},
    )

    with pytest.raises(GenerationError, match="has other labels or pairs there"):
        merge_answers([*shards, labelled], out=tmp_path / "a.jsonl")


def test_two_continuations_of_one_answer_are_refused(shards, tmp_path):
    longer = copied(shards[0], tmp_path / "x.jsonl", continued)
    longest = copied(
        longer,
        tmp_path / "y.jsonl",
        lambda one: {"answer_id": "f" * 64, "supersedes": one.supersedes},
    )
    write(longest, records(longest)[:1])

    with pytest.raises(GenerationError, match=r"answers question .* leave one of the two out"):
        merge_answers([*shards, longer, longest], out=tmp_path / "a.jsonl")


def test_file_with_answers_of_its_own_is_not_replaced(shards, tmp_path):
    out = answered(tmp_path / "b.jsonl", questions(20))
    before = out.read_bytes()

    with pytest.raises(
        GenerationError, match=r"holds 8 answers that the files lack or .* name it among"
    ):
        merge_answers(shards, out=out)

    assert out.read_bytes() == before


def test_file_that_is_no_answer_file_is_refused_by_its_name(shards, tmp_path):
    (tmp_path / "b.jsonl").write_text("{}\n")

    with pytest.raises(GenerationError, match=r"b.jsonl, line 1 is not an answer"):
        merge_answers([*shards, tmp_path / "b.jsonl"], out=tmp_path / "a.jsonl")


def test_file_that_is_not_there_is_refused_by_its_name(shards, tmp_path):
    with pytest.raises(GenerationError, match=r"c.jsonl cannot be read: No such file"):
        merge_answers([*shards, tmp_path / "c.jsonl"], out=tmp_path / "a.jsonl")
