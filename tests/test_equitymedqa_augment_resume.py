"""Jobs that are killed at any step and started again: the same set, and nothing asked twice."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from equitymedqa.augment.cc import CcSettings, make_cc_set
from equitymedqa.augment.fbrt import FbrtSettings, make_fbrt_set
from equitymedqa.generation import iter_answers
from tests.augmenting import ScriptedEngine, kill_at_size, seed_questions, size_of

RECIPES = ("cc", "fbrt")
STEPS = {"cc": ("write", "plausible", "comparable"), "fbrt": ("write", "consistent")}
MOST_BYTES = 30_000
"""By which the folder grows before the next kill, at most."""


def work(recipe: str, folder: Path, engine: ScriptedEngine) -> None:
    seeds = seed_questions()
    if recipe == "cc":
        make_cc_set(seeds, folder=folder, engine=engine, settings=CcSettings(draws=8), batch_size=3)
    else:
        settings = FbrtSettings(mutations=20, per_seed=5)
        make_fbrt_set(seeds, folder=folder, engine=engine, settings=settings, batch_size=3)


def work_until_done(recipe: str, folder: Path, log: Path, *, seed: int) -> None:
    """Start the work again and again, each time killed after some bytes; print the deaths.

    Run in a process of its own, so that what is forked has no threads.
    """
    chance = random.Random(seed)
    work(recipe, folder.with_name("warm"), ScriptedEngine())
    deaths = 0
    while True:
        enough = size_of(folder) + chance.randrange(1, MOST_BYTES)
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            work(recipe, folder, ScriptedEngine(log=log))
            os._exit(0)
        if not kill_at_size(child, folder, enough):
            break
        deaths += 1
    print(deaths)


@pytest.fixture(scope="module", params=RECIPES)
def recipe(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def undisturbed(recipe, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed") / "job"
    work(recipe, folder, ScriptedEngine())
    return folder


@pytest.fixture(scope="module")
def killed(recipe, tmp_path_factory) -> Path:
    """The folder of a job that was killed many times."""
    folder = tmp_path_factory.mktemp("killed") / "job"
    call = (
        "from pathlib import Path; from tests.test_equitymedqa_augment_resume import *;"
        f"work_until_done({recipe!r}, Path({str(folder)!r}), "
        f"Path({str(folder.with_name('asked'))!r}), seed=1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", call],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 4, "the job was not killed often enough to show anything"
    return folder


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def without_times(path: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in _lines(path)]
    return [{key: value for key, value in line.items() if key != "created_at"} for line in lines]


def test_killed_job_makes_the_same_set(killed, undisturbed):
    assert without_times(killed / "candidates.jsonl") == without_times(
        undisturbed / "candidates.jsonl"
    )


def test_killed_job_makes_the_same_pairs(recipe, killed, undisturbed):
    if recipe == "fbrt":
        assert not (killed / "pairs.jsonl").exists()
    else:
        assert (killed / "pairs.jsonl").read_bytes() == (undisturbed / "pairs.jsonl").read_bytes()


def test_every_reply_is_in_the_folder_once(recipe, killed, undisturbed):
    for step in STEPS[recipe]:
        ids = [one.answer_id for one in iter_answers(killed / f"{step}.jsonl")]
        assert len(_lines(killed / f"{step}.jsonl")) == len(set(ids)) == len(ids)
        assert set(ids) == {one.answer_id for one in iter_answers(undisturbed / f"{step}.jsonl")}


def test_nothing_that_was_stored_is_asked_again(recipe, killed):
    # A kill can come between an answer and its storing, of one batch of three at a time.
    asked = Counter(_lines(killed.with_name("asked")))
    stored = sum(len(list(iter_answers(killed / f"{step}.jsonl"))) for step in STEPS[recipe])
    assert len(asked) == stored
    again = sum(asked.values()) - len(asked)
    assert again < stored / 4


class Killed(BaseException):
    """Stands for a kill in a test that has to go on."""


@pytest.mark.parametrize("n_calls", [0, 7, 17, 45])
def test_job_stopped_before_any_batch_asks_exactly_what_is_missing(
    recipe, undisturbed, tmp_path, n_calls
):
    stopping, going_on = ScriptedEngine(), ScriptedEngine()

    def reply(prompt: str, seed: int) -> str:
        if len(stopping.prompts) > n_calls:
            raise Killed
        return ScriptedEngine().reply(prompt, seed)

    stopping.reply = reply
    with pytest.raises(Killed):
        work(recipe, tmp_path / "job", stopping)
    stored = sum(len(_lines(path)) for path in (tmp_path / "job").glob("*.jsonl"))

    work(recipe, tmp_path / "job", going_on)

    whole = sum(len(_lines(undisturbed / f"{step}.jsonl")) for step in STEPS[recipe])
    assert len(going_on.prompts) == whole - stored
    assert not (tmp_path / "job" / "candidates.jsonl.unfinished").exists()
