"""A file that was changed by something else than a job: told, and not forgotten by the next run."""

from itertools import islice
from pathlib import Path

import pytest

from equitymedqa.generation import GenerationError, iter_answers
from equitymedqa.generation.inspection import inspect_answers
from equitymedqa.generation.manifest import manifest_path, read_manifest
from equitymedqa.generation.merging import merge_answers
from equitymedqa.generation.repairs import retry_failed
from tests.canned_engine import CannedEngine, canned_questions
from tests.light_engine import LightEngine, questions
from tests.light_shards import answered


class Stopped(LightEngine):
    """Comes to an end nobody foresaw, as a kill does, after the first batch."""

    def answers(self, *args, **settings):
        """The first batch."""
        yield from islice(super().answers(*args, **settings), 1)
        raise ZeroDivisionError("killed")


@pytest.fixture
def out(tmp_path) -> Path:
    return answered(tmp_path / "a.jsonl")


def stop(out: Path, n: int) -> None:
    with pytest.raises(ZeroDivisionError, match="killed"):
        answered(out, questions(n), model=Stopped())


def change_words(path: Path, words: str = "What of number 3?") -> None:
    path.write_text(path.read_text().replace(f'"text":"You ask: {words}', '"text":"Rest.'))


def found(path: Path) -> list[str]:
    return [run.found for run in read_manifest(path).runs]


def told_of(path: Path) -> list[str]:
    """What a check says of digests."""
    return [one.detail for one in inspect_answers(path).problems if one.kind == "digest"]


@pytest.mark.parametrize("n", [12, 14], ids=["nothing to do", "more to do"])
def test_changed_words_are_not_forgotten_by_the_next_run(out, n):
    change_words(out)

    answered(out, questions(n))

    began = read_manifest(out).runs[-1].began
    assert told_of(out) == [f"the run that began {began} found its file changed"]


def test_changed_words_stay_known_however_often_the_job_is_run(out):
    change_words(out)
    for n in (12, 12, 14):
        answered(out, questions(n))

    assert found(out) == ["as_left", "changed", "as_left"]
    assert len(told_of(out)) == 1


def test_changed_words_are_said_on_standard_error(out, capsys):
    change_words(out)

    answered(out)

    said = capsys.readouterr().err
    assert "a.jsonl was changed since its manifest was written, and not by a job" in said


def test_changed_words_that_a_run_took_up_are_refused_when_joined_and_told_after(out, tmp_path):
    change_words(out)
    answered(out)

    with pytest.raises(GenerationError, match=r"a.jsonl: the run that began .* found its file ch"):
        merge_answers([out], out=tmp_path / "b.jsonl")

    merge_answers([out], out=tmp_path / "b.jsonl", partial=True)
    assert len(told_of(tmp_path / "b.jsonl")) == 1


def test_changed_words_are_not_forgotten_by_a_retry(tmp_path):
    failing = CannedEngine(failures={"of 3?": "timeout"})
    path = answered(tmp_path / "a.jsonl", canned_questions(6), model=failing)
    words = next(one.text for one in iter_answers(path) if one.text)
    path.write_text(path.read_text().replace(words, "Rest.", 1))

    retry_failed(path, model=CannedEngine())

    assert found(path) == ["as_left", "changed"]


def test_file_as_it_was_left_is_not_told_of(out):
    answered(out, questions(14))

    assert found(out) == ["as_left", "as_left"]
    assert told_of(out) == []


@pytest.mark.parametrize("torn", [b"", b'{"answer_id": "12'], ids=["whole", "torn"])
def test_run_that_was_killed_is_not_taken_for_a_change(out, torn):
    stop(out, 20)
    out.write_bytes(out.read_bytes() + torn)

    answered(out, questions(20))

    assert found(out) == ["as_left"] * 3


def test_killed_first_run_is_not_taken_for_a_change(tmp_path):
    stop(tmp_path / "a.jsonl", 12)

    answered(tmp_path / "a.jsonl")

    assert found(tmp_path / "a.jsonl") == ["as_left"] * 2


def test_words_changed_after_a_kill_are_told_by_check_merge_and_the_next_run(out, tmp_path):
    stop(out, 20)
    change_words(out)

    assert told_of(out) == ["not the manifest's: the file was changed since"]
    with pytest.raises(GenerationError, match=r"a.jsonl was changed since its manifest was"):
        merge_answers([out], out=tmp_path / "b.jsonl")
    answered(out, questions(20))
    assert found(out)[-1] == "changed"


def test_new_labels_before_a_run_that_could_not_begin_are_not_taken_for_a_change(out):
    asked = questions(14)
    labelled = [one.model_copy(update={"attributes": {"axis": "age"}}) for one in asked.questions]

    with pytest.raises(GenerationError, match="the weights are not whole"):
        answered(out, asked._replace(questions=labelled), model=LightEngine(device="broken"))

    assert told_of(out) == []


def test_lost_answers_that_are_made_anew_can_be_joined_and_are_told_by_a_check(out, tmp_path):
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:-1]))

    answered(out)

    assert merge_answers([out], out=tmp_path / "b.jsonl").gaps == ()
    began = read_manifest(out).runs[-1].began
    assert told_of(out) == [f"the run that began {began} found answers gone"]


def test_file_whose_manifest_is_gone_is_taken_as_it_is(out):
    manifest_path(out).unlink()

    answered(out, questions(14))

    assert found(out) == ["as_left"]
