"""Files that lost answers or were changed: told when they are joined, and not forgotten then."""

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import GenerationError, generate_answers
from equitymedqa.generation.inspection import inspect_answers
from equitymedqa.generation.manifest import manifest_path, read_manifest
from equitymedqa.generation.merging import merge_answers
from equitymedqa.generation.shards import Shard
from equitymedqa.records import Decoding
from tests.light_engine import LightEngine, questions
from tests.light_shards import SHORT, answered, continued, copied, records, three_shards, write


@pytest.fixture
def shards(tmp_path) -> list[Path]:
    return three_shards(tmp_path)


def lose_last_line(path: Path) -> int:
    """How many answers there were before."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    return len(lines)


def change_words(path: Path) -> None:
    path.write_text(path.read_text().replace('"text":"You ask:', '"text":"You asked:'))


def break_off(path: Path) -> None:
    """Leave the file and its manifest as a kill in the middle does."""
    lose_last_line(path)
    manifest = json.loads(manifest_path(path).read_text())
    manifest["counts"] = {"done": 0, "stop": 0}
    manifest["sha256"] = hashlib.sha256().hexdigest()
    manifest["runs"][-1]["finished_at"] = None
    manifest_path(path).write_text(json.dumps(manifest))


def told_of(path: Path) -> list[str]:
    """What a check says of digests."""
    return [one.detail for one in inspect_answers(path).problems if one.kind == "digest"]


def test_finished_shard_that_lost_a_line_is_refused(shards, tmp_path):
    n = lose_last_line(shards[0])

    with pytest.raises(GenerationError, match=rf"shard-0-of-3.jsonl lost 1 of the {n} answers its"):
        merge_answers(shards, out=tmp_path / "a.jsonl")

    assert not (tmp_path / "a.jsonl").exists()


def test_shard_with_other_words_than_were_made_is_refused(shards, tmp_path):
    change_words(shards[0])

    with pytest.raises(GenerationError, match=r"shard-0-of-3.jsonl was changed since.*restore"):
        merge_answers(shards, out=tmp_path / "a.jsonl")


def test_shard_that_lost_a_line_and_was_not_finished_is_told_to_be_both(shards, tmp_path):
    lose_last_line(shards[0])
    manifest = json.loads(manifest_path(shards[0]).read_text())
    manifest["n_planned"] += 2
    manifest_path(shards[0]).write_text(json.dumps(manifest))

    with pytest.raises(GenerationError, match=r"was broken off; a.shard-0-of-3.jsonl lost 1 of"):
        merge_answers(shards, out=tmp_path / "a.jsonl")


def test_repair_that_was_broken_off_is_not_taken_for_a_change(shards, tmp_path):
    manifest = json.loads(manifest_path(shards[0]).read_text())
    manifest["runs"][-1]["finished_at"] = None
    manifest_path(shards[0]).write_text(json.dumps(manifest))
    relabelled = [
        one.model_copy(
            update={"question": one.question.model_copy(update={"attributes": {"axis": "age"}})}
        )
        for one in records(shards[0])
    ]
    write(shards[0], [*records(shards[0]), *relabelled])

    summary = merge_answers(shards, out=tmp_path / "a.jsonl", partial=True)

    assert summary.gaps == ("a.shard-0-of-3.jsonl is still being made or was broken off",)
    assert told_of(tmp_path / "a.jsonl") == []


def test_lost_answer_is_still_planned_in_the_merged_file(shards, tmp_path):
    lose_last_line(shards[0])

    summary = merge_answers(shards, out=tmp_path / "a.jsonl", partial=True)

    manifest = read_manifest(tmp_path / "a.jsonl")
    assert (summary.n_answers, manifest.counts.done, manifest.n_planned) == (11, 11, 12)


def test_answers_that_a_broken_off_shard_owes_are_still_planned(shards, tmp_path):
    break_off(shards[0])

    merge_answers(shards[:2], out=tmp_path / "a.jsonl", partial=True)

    # Those of the missing shard are not known.
    manifest = read_manifest(tmp_path / "a.jsonl")
    assert manifest.n_planned == manifest.counts.done + 1
    with pytest.raises(GenerationError, match=r"a.jsonl is still being made or was broken off"):
        merge_answers([tmp_path / "a.jsonl", shards[2]], out=tmp_path / "b.jsonl")


def test_changed_shard_is_told_of_in_the_merged_file(shards, tmp_path):
    change_words(shards[0])

    merge_answers(shards, out=tmp_path / "a.jsonl", partial=True)

    assert told_of(tmp_path / "a.jsonl") == [
        "a.shard-0-of-3.jsonl had been changed when it was joined"
    ]


def test_changed_shard_is_not_forgotten_by_what_is_done_with_the_merged_file(shards, tmp_path):
    change_words(shards[0])
    out = tmp_path / "a.jsonl"
    merge_answers(shards, out=out, partial=True)

    generate_answers(questions(14), out=out, model=LightEngine(), decoding=SHORT)

    assert len(told_of(out)) == 1
    with pytest.raises(GenerationError, match=r"shard-0-of-3.jsonl had been changed when it was"):
        merge_answers([out], out=tmp_path / "b.jsonl")


def test_merged_file_that_was_changed_itself_is_refused_and_remembered(shards, tmp_path):
    merge_answers(shards, out=tmp_path / "a.jsonl")
    change_words(tmp_path / "a.jsonl")

    with pytest.raises(GenerationError, match=r"a.jsonl was changed since its manifest was"):
        merge_answers([tmp_path / "a.jsonl"], out=tmp_path / "b.jsonl")

    merge_answers([tmp_path / "a.jsonl"], out=tmp_path / "b.jsonl", partial=True)
    assert told_of(tmp_path / "b.jsonl") == ["a.jsonl had been changed when it was joined"]


def test_loss_is_counted_among_the_answers_that_stand(shards, tmp_path):
    out = tmp_path / "a.jsonl"
    merge_answers([copied(shards[0], tmp_path / "0.jsonl", continued), *shards], out=out)
    lost = records(shards[1])[0].answer_id
    write(out, [one for one in records(out) if one.answer_id != lost])

    with pytest.raises(GenerationError, match=r"a.jsonl lost 1 of the 12 answers its manifest"):
        merge_answers([out], out=tmp_path / "b.jsonl")


def test_lost_line_that_was_answered_anew_is_no_gap(shards, tmp_path):
    lose_last_line(shards[0])
    answered(tmp_path / "a.jsonl", shard=Shard(0, 3))

    assert merge_answers(shards, out=tmp_path / "a.jsonl").n_answers == 12


def several_answers(folder: Path) -> list[Path]:
    """Two shards of three answers to each of four questions."""
    return [
        answered(
            folder / "a.jsonl",
            questions(4),
            shard=Shard(index, 2),
            n_answers=3,
            decoding=Decoding(max_new_tokens=6, temperature=1.0),
        )
        for index in range(2)
    ]


def without(path: Path, answer_index: int, question_id: str = "") -> Path:
    """The file without its manifest and without some answers."""
    manifest_path(path).unlink()
    return write(
        path,
        [
            one
            for one in records(path)
            if one.answer_index != answer_index
            or not one.question.question_id.startswith(question_id)
        ],
    )


def test_question_that_lacks_one_of_its_answers_is_refused(tmp_path):
    shards = [without(path, 1, "q2") for path in several_answers(tmp_path)]

    missing = "1 of 12 answers are missing, such as answer 2 of 3 to question 'q2'"
    with pytest.raises(GenerationError, match=missing):
        merge_answers(shards, out=tmp_path / "b.jsonl", questions=questions(4))


def test_runs_tell_how_many_answers_a_question_needs(tmp_path):
    shards = several_answers(tmp_path)
    kept = [read_manifest(path) for path in shards]
    for path, manifest in zip(shards, kept, strict=True):
        without(path, 2)
        manifest_path(path).write_text(manifest.model_dump_json())

    with pytest.raises(GenerationError, match="4 of 12 answers are missing, such as answer 3 of 3"):
        merge_answers(shards, out=tmp_path / "b.jsonl", questions=questions(4))


def test_file_without_answers_lacks_all_of_them(tmp_path):
    (tmp_path / "a.jsonl").touch()

    with pytest.raises(GenerationError, match="2 of 2 answers are missing"):
        merge_answers([tmp_path / "a.jsonl"], out=tmp_path / "b.jsonl", questions=questions(2))


def test_command_tells_of_a_change_when_a_part_will_do(shards, tmp_path):
    change_words(shards[0])
    files = [str(path) for path in shards]

    done = CliRunner().invoke(
        app, ["answers", "merge", *files, "--out", str(tmp_path / "a.jsonl"), "--partial"]
    )

    assert done.exit_code == 0
    assert "Not whole: a.shard-0-of-3.jsonl was changed since its manifest" in done.stderr
