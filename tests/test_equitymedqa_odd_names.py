"""Names of files that are no UTF-8, as from an old archive: used, and said with escapes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from equitymedqa.generation import generate_answers, read_answers
from equitymedqa.generation.local.checkpoints import find_checkpoint
from equitymedqa.generation.manifest import read_manifest
from equitymedqa.loading import load_questions
from equitymedqa.records import Decoding
from tests.canned_engine import IDENTITY, CannedEngine, canned_questions

ODD = os.fsdecode(b"caf\xe9")
SAID = "caf\\udce9"
MAIN = "from equitymedqa.cli import main; main()"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with such a name, where the file system allows it."""
    folder = tmp_path / ODD
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system allows no name that is not UTF-8")
    return folder


def answers_in(out: Path, **changes: object) -> Path:
    engine = CannedEngine(**changes)
    generate_answers(
        canned_questions(3), out=out, model=engine, decoding=Decoding(max_new_tokens=5)
    )
    return out


def test_arguments_that_are_no_text_are_kept_with_escapes(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["equitymedqa", "generate", f"{ODD}.csv"])
    identity = type(IDENTITY)(**{**vars(IDENTITY), "arguments": {"model": f"/{ODD}"}})

    out = answers_in(tmp_path / "a.jsonl", identity=identity)

    run = read_manifest(out).runs[-1]
    assert run.command_line == f"equitymedqa generate '{SAID}.csv'"
    assert run.arguments == {"model": f"/{SAID}"}


def test_answers_go_to_a_file_of_any_name(folder):
    out = answers_in(folder / f"{ODD}.jsonl")

    assert len(read_answers([out])) == 3
    assert read_manifest(out).answer_file == f"{SAID}.jsonl"


def test_questions_of_a_file_of_any_name_are_a_set(folder):
    path = folder / f"{ODD}.csv"
    path.write_text("question\nWhat helps?\n")

    assert load_questions(path).dataset == SAID


def test_model_in_a_folder_of_any_name_has_a_name(folder):
    # transformers itself could not write one there.
    (folder / "model.safetensors").touch()

    checkpoint = find_checkpoint(str(folder), print)

    assert (checkpoint.name, checkpoint.folder) == (SAID, folder.resolve())


def test_command_says_a_file_of_any_name_where_only_text_can_be_said(folder):
    out = answers_in(folder / "a.jsonl")

    done = subprocess.run(
        [sys.executable, "-c", MAIN, "answers", "merge", out, "--out", folder / "b.jsonl"],
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
    )

    assert done.returncode == 0, done.stderr
    assert f"{SAID}/b.jsonl: 3 answers" in done.stdout.decode()
