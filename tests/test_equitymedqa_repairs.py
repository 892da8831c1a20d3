"""Asking again for answers that failed, and for answers that were cut."""

import shutil
from pathlib import Path

import pytest

from equitymedqa.generation import (
    GenerationError,
    iter_answers,
    read_answers,
)
from equitymedqa.generation.manifest import read_manifest
from equitymedqa.generation.repairs import extend_truncated, retry_failed
from equitymedqa.records import Decoding, PairRecord, QuestionSet
from tests.canned_engine import N_WORDS, CannedEngine
from tests.small_answer_files import FAILING, QUESTIONS, by_question, generate


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


def test_retry_answers_what_can_go_away(failing, engine):
    summary = retry_failed(failing, model=engine)

    found = by_question(failing)
    assert found["q3"].finish_reason != "error"
    assert found["q4"].error_kind == "filtered"
    assert (summary.n_asked, summary.n_error, summary.n_left) == (1, 0, 1)


def test_retry_of_every_kind_answers_the_rest_too(failing, engine):
    retry_failed(failing, every_kind=True, model=engine)

    assert {one.finish_reason for one in iter_answers(failing)} <= {"stop", "length"}


def test_retried_answer_is_the_one_that_would_have_been(failing, engine, tmp_path):
    generate(engine, tmp_path / "undisturbed.jsonl")

    retry_failed(failing, every_kind=True, model=engine)

    undisturbed = by_question(tmp_path / "undisturbed.jsonl")
    assert {name: (one.answer_id, one.text) for name, one in by_question(failing).items()} == {
        name: (one.answer_id, one.text) for name, one in undisturbed.items()
    }


def test_retry_asks_for_nothing_else(failing, engine):
    before = failing.read_bytes()

    retry_failed(failing, model=engine)

    assert failing.read_bytes().startswith(before)
    assert failing.read_bytes().count(b"\n") == before.count(b"\n") + 1


def test_second_failure_is_counted_as_a_second_attempt(failing):
    summary = retry_failed(failing, model=CannedEngine(failures=dict(FAILING)))

    assert summary.failures == {"timeout": 1}
    assert (by_question(failing)["q3"].attempt, by_question(failing)["q4"].attempt) == (2, 1)


def test_retried_answer_keeps_its_pairs(out, engine):
    first, second = QUESTIONS.questions[3:5]
    pair = PairRecord(pair_id="p", dataset="tiny", question_1=first, question_2=second)
    questions = QuestionSet("tiny", [first, second], [pair])
    generate(CannedEngine(failures=dict(FAILING)), out, questions=questions)

    retry_failed(out, model=engine)

    assert [side.pair_id for side in by_question(out)["q3"].pairs] == ["p"]


def test_retry_counts_each_answer_once_in_the_manifest(failing, engine):
    retry_failed(failing, every_kind=True, model=engine)

    manifest = read_manifest(failing)
    assert (manifest.counts.done, manifest.counts.error, manifest.n_planned) == (12, 0, 12)
    assert [run.n_questions for run in manifest.runs] == [12, 2]


def test_generating_again_after_a_retry_does_nothing(failing, engine):
    retry_failed(failing, every_kind=True, model=engine)
    n_lines = failing.read_bytes().count(b"\n")

    assert generate(engine, failing).n_resumed == 12
    assert failing.read_bytes().count(b"\n") == n_lines


def test_copy_from_before_the_retry_is_read_with_the_file_after(failing, engine, tmp_path):
    copy = shutil.copy(failing, tmp_path / "before.jsonl")
    retry_failed(failing, every_kind=True, model=engine)

    for paths in ([copy, failing], [failing, copy]):
        assert {one.finish_reason for one in read_answers(paths)} <= {"stop", "length"}


def test_extended_answer_takes_the_place_of_the_cut_one(out, engine):
    generate(engine, out)
    cut = {one.answer_id: one for one in iter_answers(out) if one.finish_reason == "length"}

    summary = extend_truncated(out, max_new_tokens=N_WORDS, model=engine)

    found = list(iter_answers(out))
    extended = [one for one in found if one.supersedes]
    assert (len(found), summary.n_asked, summary.n_stop) == (12, len(cut), len(cut))
    assert {one.supersedes for one in extended} == set(cut)
    assert not {one.answer_id for one in found} & set(cut)
    assert all(one.text.startswith(cut[one.supersedes].text) for one in extended)


def test_extended_answer_is_the_one_that_the_larger_limit_gives(out, engine, tmp_path):
    generate(engine, tmp_path / "long.jsonl", decoding=Decoding(max_new_tokens=N_WORDS))
    long = by_question(tmp_path / "long.jsonl")
    generate(engine, out)

    extend_truncated(out, max_new_tokens=N_WORDS, model=engine)

    extended = {name: one for name, one in by_question(out).items() if one.supersedes}
    assert extended
    assert {one.answer_id for one in extended.values()} == {
        long[name].answer_id for name in extended
    }


def test_answer_that_is_cut_again_can_be_extended_again(out, engine):
    generate(engine, out)
    extend_truncated(out, max_new_tokens=14, model=engine)
    summary = extend_truncated(out, max_new_tokens=N_WORDS, model=engine)

    found = list(iter_answers(out))
    assert summary.n_asked > 0
    assert (len(found), {one.finish_reason for one in found}) == (12, {"stop"})


def test_answer_that_had_as_much_room_is_not_asked_again(out, engine):
    generate(engine, out)
    n_cut = sum(one.finish_reason == "length" for one in iter_answers(out))

    summary = extend_truncated(out, max_new_tokens=10, model=engine)

    assert (summary.n_asked, summary.n_left) == (0, n_cut)


@pytest.mark.parametrize("limit", [10, 14, N_WORDS], ids=["old", "between", "new"])
def test_generating_after_an_extension_does_nothing_at_any_limit(out, engine, limit):
    generate(engine, out)
    extend_truncated(out, max_new_tokens=14, model=engine)
    extend_truncated(out, max_new_tokens=N_WORDS, model=engine)
    before = out.read_bytes()

    assert generate(engine, out, decoding=Decoding(max_new_tokens=limit)).n_resumed == 12
    assert out.read_bytes() == before


def test_cut_answers_are_not_taken_for_those_of_a_larger_limit(out, engine):
    generate(engine, out)

    with pytest.raises(GenerationError, match=r"10 there, 30 now\).*`equitymedqa answers extend`"):
        generate(engine, out, decoding=Decoding(max_new_tokens=N_WORDS))


def test_failure_in_the_way_of_another_limit_is_said_to_be_one(out):
    generate(CannedEngine(failures={"@": "refused"}), out)

    with pytest.raises(GenerationError, match=r"10 there, 9 now\).*this one failed"):
        generate(CannedEngine(), out, decoding=Decoding(max_new_tokens=9))


def test_more_questions_join_a_file_with_extended_answers(out, engine):
    generate(engine, out, limit=6)
    extend_truncated(out, max_new_tokens=N_WORDS, model=engine)

    summary = generate(engine, out)

    assert (summary.n_resumed, summary.n_questions, len(by_question(out))) == (6, 12, 12)


def test_cut_answer_stays_if_its_extension_fails(out, engine):
    generate(engine, out)
    cut = [one for one in iter_answers(out) if one.finish_reason == "length"]
    before = out.read_bytes()

    summary = extend_truncated(
        out, max_new_tokens=N_WORDS, model=CannedEngine(failures={"@1": "out_of_memory"})
    )

    assert summary.failures == {"out_of_memory": len(cut)}
    assert out.read_bytes() == before
    assert read_manifest(out).counts.length == len(cut)


def test_cut_answer_stays_if_the_context_has_no_room(out, engine):
    generate(engine, out)
    before = list(iter_answers(out))

    summary = extend_truncated(
        out, max_new_tokens=N_WORDS, model=CannedEngine(context_length=N_WORDS)
    )

    assert set(summary.failures) == {"too_long"}
    assert list(iter_answers(out)) == before


def test_failed_answer_of_a_file_with_extensions_is_retried_at_its_own_limit(failing, engine):
    extend_truncated(failing, max_new_tokens=N_WORDS, model=engine)

    retry_failed(failing, model=engine)

    assert by_question(failing)["q3"].decoding.max_new_tokens == 10
