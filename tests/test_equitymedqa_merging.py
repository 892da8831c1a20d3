"""Shards joined to one answer file: no answer twice, none lost, the same bytes every time."""

from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import GenerationError, generate_answers, iter_answers
from equitymedqa.generation.identity import file_sha256
from equitymedqa.generation.manifest import manifest_path, read_manifest
from equitymedqa.generation.merging import merge_answers
from equitymedqa.records import AnswerRecord
from tests.light_engine import LightEngine, questions
from tests.light_shards import SHORT, answered, continued, copied, records, three_shards


@pytest.fixture
def shards(tmp_path) -> list[Path]:
    return three_shards(tmp_path)


def question_ids(path: Path) -> list[str]:
    return [answer.question.question_id for answer in records(path)]


def test_shards_make_the_whole(shards, tmp_path):
    whole = answered(tmp_path / "whole.jsonl")

    summary = merge_answers(shards, out=tmp_path / "a.jsonl")

    assert (summary.n_answers, summary.n_error, summary.n_doubles, summary.gaps) == (12, 0, 0, ())
    merged = {answer.answer_id: answer.text for answer in iter_answers(tmp_path / "a.jsonl")}
    assert merged == {answer.answer_id: answer.text for answer in iter_answers(whole)}


def test_order_of_the_files_does_not_matter(shards, tmp_path):
    out = tmp_path / "a.jsonl"

    made = set()
    for order in permutations(shards):
        merge_answers(order, out=out)
        made.add((out.read_bytes(), manifest_path(out).read_bytes()))

    assert len(made) == 1


def test_merging_what_was_merged_changes_nothing(shards, tmp_path):
    out = tmp_path / "a.jsonl"
    merge_answers(shards, out=out)
    before = (out.read_bytes(), manifest_path(out).read_bytes())

    merge_answers([out], out=out)

    assert (out.read_bytes(), manifest_path(out).read_bytes()) == before


def test_file_that_is_named_twice_counts_once(shards, tmp_path):
    summary = merge_answers([*shards, shards[0]], out=tmp_path / "a.jsonl")

    assert (summary.n_doubles, len(read_manifest(tmp_path / "a.jsonl").parts)) == (0, 3)


def test_lines_are_kept_to_the_byte(shards, tmp_path):
    merge_answers(shards, out=tmp_path / "a.jsonl")

    there = [line for path in shards for line in path.read_bytes().splitlines()]
    assert sorted((tmp_path / "a.jsonl").read_bytes().splitlines()) == sorted(there)


def test_answers_are_ordered_by_question_id(shards, tmp_path):
    merge_answers(shards, out=tmp_path / "a.jsonl")

    ids = question_ids(tmp_path / "a.jsonl")
    assert ids == sorted(ids)


def test_question_file_decides_the_order(shards, tmp_path):
    asked = questions()
    backwards = asked._replace(questions=asked.questions[::-1])

    merge_answers(shards, out=tmp_path / "a.jsonl", questions=backwards)

    assert question_ids(tmp_path / "a.jsonl") == [f"q{n}" for n in range(11, -1, -1)]


def test_manifest_names_the_parts_and_keeps_their_runs(shards, tmp_path):
    merge_answers(shards, out=tmp_path / "a.jsonl")

    manifest = read_manifest(tmp_path / "a.jsonl")
    assert [(part.answer_file, part.sha256, part.n_answers) for part in manifest.parts] == [
        (path.name, file_sha256(path), len(records(path))) for path in shards
    ]
    assert [run.shard for run in manifest.runs] == ["0/3", "1/3", "2/3"]
    assert (manifest.counts.done, manifest.n_planned) == (12, 12)


def test_generating_goes_on_in_a_merged_file(shards, tmp_path):
    out = tmp_path / "a.jsonl"
    merge_answers(shards, out=out)
    engine = LightEngine()

    summary = generate_answers(questions(14), out=out, model=engine, decoding=SHORT)

    assert (summary.n_resumed, summary.n_questions) == (12, 14)
    assert len(read_manifest(out).parts) == 3


def test_missing_shard_is_told_when_a_part_will_do(shards, tmp_path):
    summary = merge_answers(shards[:2], out=tmp_path / "a.jsonl", partial=True)

    assert summary.gaps == ("of a.jsonl, shard 2 of 3 is missing",)


def test_shard_missing_from_a_merged_file_is_still_known(shards, tmp_path):
    merge_answers(shards[:2], out=tmp_path / "a.jsonl", partial=True)

    with pytest.raises(GenerationError, match="shard 2 of 3 is missing"):
        merge_answers([tmp_path / "a.jsonl"], out=tmp_path / "b.jsonl")

    merge_answers([tmp_path / "a.jsonl", shards[2]], out=tmp_path / "b.jsonl")
    merge_answers(shards, out=tmp_path / "c.jsonl")
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "c.jsonl").read_bytes()


def test_torn_line_is_left_out_when_a_part_will_do(shards, tmp_path):
    n = len(records(shards[1]))
    shards[1].write_bytes(shards[1].read_bytes()[:-20])

    summary = merge_answers(shards, out=tmp_path / "a.jsonl", partial=True)

    assert summary.gaps == (
        f"a.shard-1-of-3.jsonl lost 1 of the {n} answers its manifest counts",
        "a.shard-1-of-3.jsonl ends in a torn line",
    )
    assert summary.n_answers == 11


def test_answer_in_two_files_is_kept_once_as_it_was_made_first(shards, tmp_path):
    later = copied(
        shards[0],
        tmp_path / "0.jsonl",
        lambda one: {"created_at": one.created_at + timedelta(days=1), "batch_size": 9},
    )

    summary = merge_answers([later, *shards], out=tmp_path / "a.jsonl")

    assert (summary.n_answers, summary.n_doubles) == (12, len(records(later)))
    assert {answer.batch_size for answer in records(tmp_path / "a.jsonl")} <= {1, 2, 3, 4}


def test_new_labels_within_a_file_count(tmp_path):
    asked = questions(2)
    labelled = [one.model_copy(update={"attributes": {"axis": "age"}}) for one in asked.questions]
    part = answered(tmp_path / "a.jsonl", asked)
    answered(tmp_path / "a.jsonl", asked._replace(questions=labelled))

    merge_answers([part], out=tmp_path / "b.jsonl")

    assert [one.question for one in records(tmp_path / "b.jsonl")] == labelled


def failed(one: AnswerRecord) -> dict[str, object]:
    return {"text": "", "finish_reason": "error", "error": "no answer", "error_kind": "timeout"}


@pytest.mark.parametrize("name", ["0.jsonl", "z.jsonl"], ids=["before", "after"])
def test_error_gives_way_to_an_answer(shards, tmp_path, name):
    errors = copied(shards[0], tmp_path / name, failed)

    summary = merge_answers([errors, *shards], out=tmp_path / "a.jsonl")

    assert (summary.n_answers, summary.n_error) == (12, 0)


def test_latest_of_several_errors_is_kept(shards, tmp_path):
    first = copied(shards[0], tmp_path / "y.jsonl", failed)
    again = copied(first, tmp_path / "x.jsonl", lambda one: {"attempt": 2, "error": "still none"})

    merge_answers([first, again], out=tmp_path / "a.jsonl")

    assert {answer.error for answer in records(tmp_path / "a.jsonl")} == {"still none"}


def test_answer_that_continues_a_cut_one_is_kept_after_it(shards, tmp_path):
    longer = copied(shards[0], tmp_path / "0.jsonl", continued)

    summary = merge_answers([longer, *shards], out=tmp_path / "a.jsonl")

    lines = records(tmp_path / "a.jsonl")
    superseding = {one.supersedes: place for place, one in enumerate(lines) if one.supersedes}
    assert len(lines) == 12 + len(superseding)
    assert all(lines[place - 1].answer_id == gone for gone, place in superseding.items())
    assert summary.n_answers == read_manifest(tmp_path / "a.jsonl").counts.done == 12


def test_command_tells_what_it_joined_and_what_is_missing(shards, tmp_path):
    asked = [str(path) for path in shards[:2]]

    result = CliRunner().invoke(
        app, ["answers", "merge", *asked, "--out", str(tmp_path / "a.jsonl"), "--partial"]
    )

    n = sum(len(records(path)) for path in shards[:2])
    assert result.exit_code == 0
    assert f"a.jsonl: {n} answers, 0 of them failed; 0 doubles left out" in result.stdout
    assert "Not whole: of a.jsonl, shard 2 of 3 is missing" in result.stderr
