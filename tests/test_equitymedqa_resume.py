"""A job that is interrupted and started again: nothing lost, nothing twice, the same words."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from equitymedqa.generation import generate_answers, prepare_engine, read_answers
from equitymedqa.generation.answer_file import iter_answers
from equitymedqa.generation.manifest import read_manifest
from equitymedqa.records import AnswerRecord, Decoding
from tests.tiny_models import question_set, save_tiny_model

N_QUESTIONS = 40
DECODING = Decoding(max_new_tokens=24)


def work(model: Path, out: Path) -> None:
    generate_answers(
        question_set(N_QUESTIONS),
        out=out,
        model=prepare_engine(str(model), device="cpu"),
        decoding=DECODING,
        batch_size=2,
    )


def work_until_done(model: Path, out: Path, *, seed: int) -> None:
    """Start the work again and again, interrupted after some more bytes; print how often.

    Run in a process of its own that has not computed anything: a fork of one that has may hang.
    """
    chance = random.Random(seed)
    deaths = 0
    while True:
        enough = _size(out) + chance.randrange(1, 14000)
        worker = os.fork()
        if worker == 0:
            work(model, out)
            os._exit(0)
        while _size(out) < enough and os.waitpid(worker, os.WNOHANG)[0] == 0:
            time.sleep(0.001)
        if _size(out) < enough:
            break
        os.kill(worker, signal.SIGINT)
        os.waitpid(worker, 0)
        deaths += 1
    print(deaths)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def undisturbed(model, tmp_path_factory) -> dict[str, AnswerRecord]:
    out = tmp_path_factory.mktemp("undisturbed") / "answers.jsonl"
    work(model, out)
    return {answer.answer_id: answer for answer in read_answers([out])}


@pytest.fixture(scope="module")
def disturbed(model, tmp_path_factory) -> Path:
    """The file of a job that was stopped many times."""
    out = tmp_path_factory.mktemp("disturbed") / "answers.jsonl"
    call = (
        "from pathlib import Path;"
        "from tests.test_equitymedqa_resume import work_until_done;"
        f"work_until_done(Path({str(model)!r}), Path({str(out)!r}), seed=3)"
    )
    done = subprocess.run(
        [sys.executable, "-c", call],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 4, "the job was not stopped often enough to show anything"
    return out


def test_no_question_is_lost_or_answered_twice(disturbed, undisturbed):
    found = [answer.answer_id for answer in iter_answers(disturbed)]

    assert sorted(found) == sorted(undisturbed)


def test_stopped_job_gives_the_same_answers(disturbed, undisturbed):
    texts = {answer.answer_id: answer.text for answer in iter_answers(disturbed)}

    assert texts == {name: answer.text for name, answer in undisturbed.items()}


def test_manifest_tells_the_runs_that_were_stopped(disturbed):
    manifest = read_manifest(disturbed)

    assert manifest.counts.done == N_QUESTIONS
    assert manifest.runs[-1].finished_at is not None
    assert None in {run.finished_at for run in manifest.runs[:-1]}
