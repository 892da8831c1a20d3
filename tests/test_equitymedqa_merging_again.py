"""Merging once more, over what was merged before: nothing that came since is lost."""

import json
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path

import pytest

from equitymedqa.generation import GenerationError, iter_answers
from equitymedqa.generation.manifest import manifest_path, read_manifest
from equitymedqa.generation.merging import merge_answers
from equitymedqa.generation.repairs import retry_failed
from equitymedqa.generation.shards import Shard
from equitymedqa.records import AnswerRecord
from tests.canned_engine import CannedEngine, canned_questions
from tests.light_engine import questions
from tests.light_shards import answered, copied, records, three_shards, write

FAILING = CannedEngine(failures={"of 3?": "timeout", "of 7?": "timeout"})
LABELS = {"axis": "age"}


def labelled_questions(n: int = 12):
    asked = questions(n)
    labelled = [one.model_copy(update={"attributes": LABELS}) for one in asked.questions]
    return asked._replace(questions=labelled)


def labelled(one: AnswerRecord) -> dict[str, object]:
    return {"question": one.question.model_copy(update={"attributes": LABELS})}


def failed(one: AnswerRecord) -> dict[str, object]:
    return {"text": "", "finish_reason": "error", "error": "no answer", "error_kind": "timeout"}


def n_errors(path: Path) -> int:
    return sum(one.finish_reason == "error" for one in iter_answers(path))


@pytest.fixture
def failing(tmp_path) -> list[Path]:
    """Two shards with two failures."""
    return [
        answered(tmp_path / "a.jsonl", canned_questions(12), shard=Shard(index, 2), model=FAILING)
        for index in range(2)
    ]


@pytest.fixture
def retried(failing, tmp_path) -> Path:
    """The shards merged, and no failure left."""
    out = tmp_path / "a.jsonl"
    merge_answers(failing, out=out)
    retry_failed(out, model=CannedEngine())
    return out


def test_retried_answers_are_not_replaced_by_the_errors_before(failing, retried):
    before = (retried.read_bytes(), manifest_path(retried).read_bytes())

    with pytest.raises(GenerationError, match=r"holds 2 answers that.*otherwise; name it among"):
        merge_answers(failing, out=retried)

    assert (retried.read_bytes(), manifest_path(retried).read_bytes()) == before


def test_retried_answers_and_their_run_are_kept_by_naming_the_file(failing, retried):
    runs = read_manifest(retried).runs

    merge_answers([*failing, retried], out=retried)

    assert n_errors(retried) == 0
    assert read_manifest(retried).runs == runs


def test_error_that_was_asked_again_in_vain_is_not_replaced_by_the_first(failing, tmp_path):
    out = tmp_path / "a.jsonl"
    merge_answers(failing, out=out)
    retry_failed(out, model=FAILING)

    with pytest.raises(GenerationError, match="holds 2 answers that the files lack or"):
        merge_answers(failing, out=out)


def test_merged_errors_give_way_to_answers_of_retried_shards(failing, tmp_path):
    out = tmp_path / "a.jsonl"
    merge_answers(failing, out=out)
    for shard in failing:
        retry_failed(shard, model=CannedEngine())

    merge_answers(failing, out=out)

    assert n_errors(out) == 0


def test_run_that_only_the_merged_file_knows_is_not_lost(tmp_path):
    shards, out = three_shards(tmp_path), tmp_path / "a.jsonl"
    merge_answers(shards, out=out)
    manifest = json.loads(manifest_path(out).read_text())
    manifest["runs"].append(manifest["runs"][-1] | {"started_at": "2030-01-01T00:00:00Z"})
    manifest_path(out).write_text(json.dumps(manifest))

    with pytest.raises(GenerationError, match=r"tells of 1 runs that.* lack; name it among them"):
        merge_answers(shards, out=out)


def test_run_that_had_not_ended_when_it_was_merged_is_known_again(tmp_path):
    shards, out = three_shards(tmp_path), tmp_path / "a.jsonl"
    whole = manifest_path(shards[0]).read_text()
    manifest = json.loads(whole)
    manifest["runs"][-1]["finished_at"] = None
    manifest_path(shards[0]).write_text(json.dumps(manifest))
    merge_answers(shards, out=out, partial=True)
    manifest_path(shards[0]).write_text(whole)

    assert merge_answers(shards, out=out).n_answers == 12


def test_new_labels_in_the_merged_file_are_not_replaced_by_the_old(tmp_path):
    shards, out = three_shards(tmp_path), tmp_path / "a.jsonl"
    merge_answers(shards, out=out)
    answered(out, labelled_questions())

    with pytest.raises(GenerationError, match="holds 12 answers that the files lack or hold other"):
        merge_answers(shards, out=out)


def test_new_labels_in_the_merged_file_can_be_kept_as_the_refusal_says(tmp_path):
    shards, out = three_shards(tmp_path), tmp_path / "a.jsonl"
    merge_answers(shards, out=out)
    answered(out, labelled_questions())
    for index in range(3):
        answered(out, labelled_questions(), shard=Shard(index, 3))

    merge_answers([*shards, out], out=out)

    assert all(one.question.attributes == LABELS for one in iter_answers(out))


def test_new_labels_of_the_shards_replace_the_old_in_the_merged_file(tmp_path):
    shards, out = three_shards(tmp_path), tmp_path / "a.jsonl"
    merge_answers(shards, out=out)
    for index in range(3):
        answered(out, labelled_questions(), shard=Shard(index, 3))

    merge_answers(shards, out=out)

    assert all(one.question.attributes == LABELS for one in iter_answers(out))


def test_words_that_were_changed_in_the_merged_file_are_not_replaced_unseen(tmp_path):
    shards, out = three_shards(tmp_path), tmp_path / "a.jsonl"
    merge_answers(shards, out=out)
    out.write_text(out.read_text().replace("You ask: What of number 3?", "Rest.", 1))

    with pytest.raises(GenerationError, match="holds 1 answers that the files lack or hold other"):
        merge_answers(shards, out=out)


def merged_in_every_order(folder: Path, contents: Mapping[str, bytes]) -> set[tuple[bytes, int]]:
    """What comes of files whose names are in every order."""
    made = set()
    for order in permutations(contents):
        paths = [folder / f"{place}.jsonl" for place in range(len(order))]
        for path, name in zip(paths, order, strict=True):
            path.write_bytes(contents[name])
        out = folder / "out.jsonl"
        summary = merge_answers(paths, out=out)
        made.add((out.read_bytes(), summary.n_doubles))
        out.unlink()
        manifest_path(out).unlink()
    return made


def test_names_of_files_with_lines_of_several_kinds_do_not_matter(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    first = answered(tmp_path / "first.jsonl", questions(4))
    new = copied(first, tmp_path / "new.jsonl", labelled)
    relabelled = first.read_bytes() + new.read_bytes()
    # Two errors of the same attempt and moment.
    wrong = copied(new, tmp_path / "wrong.jsonl", failed)
    other = copied(wrong, tmp_path / "other.jsonl", lambda one: {"error": "nothing came"})
    part = write(tmp_path / "part.jsonl", records(new)[:2])

    made = merged_in_every_order(
        folder,
        {
            "relabelled": relabelled,
            "merged": part.read_bytes(),
            "wrong": wrong.read_bytes(),
            "other": other.read_bytes(),
        },
    )

    assert len(made) == 1
    assert [set(content.splitlines()) for content, _ in made] == [
        set(new.read_bytes().splitlines())
    ]


def test_names_of_files_with_several_errors_do_not_matter(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    first = answered(tmp_path / "first.jsonl", questions(3))
    wrong = copied(first, tmp_path / "wrong.jsonl", failed)
    other = copied(wrong, tmp_path / "other.jsonl", lambda one: {"error": "nothing came"})

    made = merged_in_every_order(folder, {"wrong": wrong.read_bytes(), "other": other.read_bytes()})

    assert len(made) == 1


@pytest.mark.parametrize("names", [("a.jsonl", "b.jsonl"), ("b.jsonl", "a.jsonl")], ids="+".join)
def test_labels_of_before_in_another_file_are_refused_in_either_order(tmp_path, names):
    relabelled, before = (tmp_path / name for name in names)
    answered(relabelled, questions(2))
    before.write_bytes(relabelled.read_bytes())
    answered(relabelled, labelled_questions(2))

    with pytest.raises(GenerationError, match="has other labels or pairs there"):
        merge_answers([relabelled, before], out=tmp_path / "c.jsonl")


def test_shard_without_a_manifest_is_a_gap_that_is_not_forgotten(tmp_path):
    shards, part = three_shards(tmp_path), tmp_path / "part.jsonl"
    write(shards[0], records(shards[0])[:-1])
    manifest_path(shards[0]).unlink()

    with pytest.raises(GenerationError, match=r"shard-0-of-3.jsonl has no manifest, and so nobody"):
        merge_answers(shards, out=part)

    merge_answers(shards, out=part, partial=True)
    with pytest.raises(GenerationError, match=r"shard-0-of-3.jsonl had no manifest when it was"):
        merge_answers([part, shards[1]], out=tmp_path / "b.jsonl")


def test_file_that_is_no_shard_needs_no_manifest(tmp_path):
    path = answered(tmp_path / "a.jsonl")
    manifest_path(path).unlink()

    assert merge_answers([path], out=tmp_path / "b.jsonl").gaps == ()
