"""A merge that is broken off: the old file with its manifest or the new one with its own."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from equitymedqa.generation import GenerationError
from equitymedqa.generation.inspection import inspect_answers
from equitymedqa.generation.manifest import manifest_path, read_manifest
from equitymedqa.generation.merging import merge_answers
from tests.light_engine import questions
from tests.light_shards import answered, records


class Killed(BaseException):
    """Nothing that the code could catch."""


def killed_at(step: int, act: Callable[[], object]) -> bool:
    """Do something up to the renaming or syncing of that number; whether it came so far."""
    steps = count()

    def until_then(real: Callable[..., object]) -> Callable[..., object]:
        def one(*args: object) -> object:
            if next(steps) == step:
                raise Killed
            return real(*args)

        return one

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", until_then(Path.replace))
        patch.setattr(os, "fsync", until_then(os.fsync))
        try:
            act()
        except Killed:
            return True
    return False


@pytest.fixture
def parts(tmp_path) -> tuple[Path, Path]:
    """A merged file of six answers and one of twelve."""
    out, more = tmp_path / "out.jsonl", answered(tmp_path / "more.jsonl", questions(12))
    merge_answers([answered(tmp_path / "few.jsonl", questions(6))], out=out)
    return out, more


@pytest.fixture
def half_placed(parts) -> tuple[Path, Path]:
    """The same two once they were joined, but for the manifest, which was not put in place."""
    out, more = parts
    assert killed_at(5, lambda: merge_answers([out, more], out=out))
    assert len(records(out)) == 12
    assert b'"done": 6' in manifest_path(out).read_bytes()
    return out, more


def broken_off(act: Callable[[], object], folder: Path) -> Iterator[int]:
    """Each step at which it can be broken off, with the folder as it was before that."""
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for step in count():
        for path in folder.iterdir():
            path.unlink()
        for path, content in before.items():
            path.write_bytes(content)
        if not killed_at(step, act):
            return
        yield step


def told_of(path: Path) -> list[str]:
    """What a check says of digests."""
    return [one.detail for one in inspect_answers(path).problems if one.kind == "digest"]


def test_merge_broken_off_anywhere_leaves_a_file_with_the_manifest_that_is_its_own(parts, tmp_path):
    out, more = parts

    seen = []
    for _ in broken_off(lambda: merge_answers([out, more], out=out), tmp_path):
        seen.append((len(records(out)), read_manifest(out).counts.done))
        assert told_of(out) == []

    # On the disk in turn: content, manifest, folder; then the first name, folder, second, folder.
    assert seen == [(6, 6)] * 4 + [(12, 12)] * 3


def test_merge_into_a_new_file_broken_off_anywhere_leaves_none_or_one_with_a_manifest(
    parts, tmp_path
):
    new = tmp_path / "new.jsonl"

    seen = [
        new.exists() and told_of(new) == [] and read_manifest(new).counts.done
        for _ in broken_off(lambda: merge_answers(parts, out=new), tmp_path)
    ]

    assert seen == [False] * 4 + [12] * 3


def test_merge_broken_off_can_be_done_again(parts, tmp_path):
    out, more = parts
    merge = partial(merge_answers, [out, more], out=out)

    assert {merge().gaps for _ in broken_off(merge, tmp_path)} == {()}


@pytest.mark.parametrize("n", [12, 14], ids=["nothing to do", "more to do"])
def test_run_after_a_merge_that_was_broken_off_accuses_nobody(parts, tmp_path, n):
    out, more = parts

    for _ in broken_off(lambda: merge_answers([out, more], out=out), tmp_path):
        answered(out, questions(n))
        assert {run.found for run in read_manifest(out).runs} == {"as_left"}
        assert told_of(out) == []


def test_run_puts_a_waiting_manifest_in_place(half_placed):
    out, _ = half_placed

    answered(out, questions(12))

    assert b'"done": 12' in manifest_path(out).read_bytes()
    assert not list(out.parent.glob("*.unfinished"))


@pytest.mark.parametrize(
    "act",
    [
        lambda out, more: answered(out, questions(14)),
        lambda out, more: merge_answers([out, more], out=out),
    ],
    ids=["run", "merge"],
)
def test_what_comes_after_may_be_broken_off_as_well(half_placed, tmp_path, act):
    out, more = half_placed

    for _ in broken_off(lambda: act(out, more), tmp_path):
        assert merge_answers([out, more], out=tmp_path / "all.jsonl", partial=True).gaps in (
            (),
            ("out.jsonl is still being made or was broken off",),
        )


def test_words_changed_after_a_merge_that_was_broken_off_are_told(half_placed):
    out, _ = half_placed
    out.write_text(out.read_text().replace('"text":"You ask:', '"text":"You asked:'))

    assert told_of(out) == ["not the manifest's: the file was changed since"]


def test_half_of_a_waiting_manifest_does_not_count(half_placed):
    out, _ = half_placed
    [waiting] = out.parent.glob("*.unfinished")
    waiting.write_bytes(waiting.read_bytes()[:-20])

    assert read_manifest(out).counts.done == 6


def test_nobody_adds_to_the_new_file_before_its_manifest_is_in_place(parts, monkeypatch):
    out, more = parts
    rename, refusals = Path.replace, []

    def meanwhile(path: Path, target: Path) -> Path:
        if target == manifest_path(out):
            with pytest.raises(GenerationError, match="another process is adding") as refusal:
                answered(out, questions(14))
            refusals.append(refusal)
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", meanwhile)
    merge_answers([out, more], out=out)

    assert len(refusals) == 1
    assert read_manifest(out).counts.done == 12
