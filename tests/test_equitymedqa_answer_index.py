"""Which line of an answer file counts for each answer."""

import tracemalloc
from pathlib import Path

import pytest

from equitymedqa.generation import GenerationError, iter_answers, read_answers
from equitymedqa.generation.answer_file import AnswerFile
from equitymedqa.records import AnswerRecord
from tests.test_equitymedqa_answer_file import answer, ids


@pytest.fixture
def path(tmp_path) -> Path:
    """A file with the answers a and b."""
    path = tmp_path / "answers.jsonl"
    write(path, answer("a"), answer("b"))
    return path


def test_last_line_of_an_answer_counts_and_stands_where_the_first_did(path):
    labelled = answer("a").question.model_copy(update={"attributes": {"axis": "age"}})
    with AnswerFile(path) as file:
        file.append([answer("a", question=labelled)])

    assert list(iter_answers(path)) == [answer("a", question=labelled), answer("b")]
    assert read_answers([path]) == [answer("a", question=labelled), answer("b")]


def test_one_id_for_two_texts_in_one_file_is_refused(path):
    with AnswerFile(path) as file:
        file.append([answer("a", text="Drink tea.")])

    with pytest.raises(GenerationError, match=r"jsonl, line 3: answer 'a' is not the same as on"):
        list(iter_answers(path))


FAILED = {"text": "", "finish_reason": "error", "error": "no", "error_kind": "timeout"}


def write(path: Path, *answers: AnswerRecord) -> None:
    with AnswerFile(path) as file:
        file.append(answers)


def test_new_attempt_takes_the_place_of_a_failure(path):
    write(path, answer("c", **FAILED), answer("c", attempt=2))

    assert list(iter_answers(path)) == [answer("a"), answer("b"), answer("c", attempt=2)]


def test_new_attempt_can_fail_again(path):
    write(path, answer("c", **FAILED), answer("c", **FAILED, attempt=2))

    assert [one.attempt for one in iter_answers(path)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (FAILED, {}),
        ({"attempt": 2, **FAILED}, {"attempt": 2}),
        ({"attempt": 2, **FAILED}, {"attempt": 1}),
        ({}, {"attempt": 2, "text": "Drink tea."}),
        ({}, {"attempt": 2, **FAILED}),
    ],
    ids=["no attempt", "same attempt", "earlier attempt", "after an answer", "failed after it"],
)
def test_what_is_no_new_attempt_after_a_failure_is_refused(path, first, second):
    write(path, answer("c", **first), answer("c", **second))

    with pytest.raises(GenerationError, match=r"jsonl, line 4: answer 'c' is not the same as on"):
        list(iter_answers(path))


def test_superseded_answer_is_left_out_in_a_chain(path):
    write(path, answer("a1", supersedes="a"), answer("a2", supersedes="a1"))

    assert ids(path) == ["b", "a2"]


def test_superseded_answer_is_left_out_of_another_file(path, tmp_path):
    write(tmp_path / "long.jsonl", answer("a1", question=answer("a").question, supersedes="a"))

    for paths in ([path, tmp_path / "long.jsonl"], [tmp_path / "long.jsonl", path]):
        assert {one.answer_id for one in read_answers(paths)} == {"b", "a1"}


def test_superseded_answer_stays_left_out_when_it_is_labelled_anew(path):
    labelled = answer("a").question.model_copy(update={"attributes": {"axis": "age"}})
    write(path, answer("a1", supersedes="a"), answer("a", question=labelled))

    assert ids(path) == ["b", "a1"]


def test_two_answers_in_the_place_of_one_are_refused(path):
    write(path, answer("a1", supersedes="a"), answer("a2", supersedes="a"))

    with pytest.raises(GenerationError, match=r"line 4: answers 'a1' and 'a2' both take the place"):
        list(iter_answers(path))


def test_batch_and_moment_may_differ_between_two_runs_with_the_same_answer(path, tmp_path):
    write(tmp_path / "again.jsonl", answer("a", batch_sha256="1", reported={"model": "x"}))

    assert len(read_answers([path, tmp_path / "again.jsonl"])) == 2


def test_readers_hold_no_answers_in_memory(tmp_path):
    path = tmp_path / "long.jsonl"
    write(path, *(answer(str(number), text="Rest. " * 2000) for number in range(300)))

    tracemalloc.start()
    for _ in iter_answers(path):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < path.stat().st_size / 10


def test_manifest_is_told_from_an_answer_file(path):
    beside = path.with_name(path.name + ".manifest.json")
    beside.write_text("{}")

    with pytest.raises(GenerationError, match=r"is a manifest.* beside it, answers\.jsonl"):
        read_answers([path, beside])


def test_folder_is_told_from_an_answer_file(tmp_path):
    with pytest.raises(GenerationError, match="is a folder; name the answer files in it"):
        read_answers([tmp_path])
