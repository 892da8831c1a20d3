"""Two workers on two shards of one job, killed a hundred times: nothing lost, nothing twice."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from equitymedqa.generation import iter_answers
from equitymedqa.generation.answer_index import iter_lines
from equitymedqa.generation.inspection import inspect_answers
from equitymedqa.generation.manifest import read_manifest
from tests.killed_workers import SHARDS, canned_work, tiny_work
from tests.tiny_models import save_tiny_model

WORK = {"canned": (canned_work, 100, 0.15), "tiny": (tiny_work, 6, None)}


@dataclass(frozen=True)
class Survived:
    """What is left when the last worker has finished."""

    shards: list[Path]
    undisturbed: dict[str, str]
    """Texts of the same job without a death, by answer id."""

    n_kills: int
    n_torn: int


@pytest.fixture(scope="module", params=list(WORK))
def survived(request, tmp_path_factory) -> Survived:
    work, n_kills, hurry_s = WORK[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "tiny":
        save_tiny_model(folder / "model")
    out = folder / "answers.jsonl"
    call = (
        "from pathlib import Path; from tests.killed_workers import *;"
        f"work_until_done({work.__name__}, Path({str(out)!r}), n_kills={n_kills}, "
        f"hurry_s={hurry_s}, seed=1)"
    )
    if request.param == "tiny":
        # Once for all workers, because it takes seconds.
        call = f"import equitymedqa.generation.local.engine; import tests.tiny_models; {call}"
    done = subprocess.run(
        [sys.executable, "-c", call],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    toll = json.loads(done.stdout)
    assert toll["kills"] == n_kills, "the job was over before all workers were dead"

    work(folder / "undisturbed.jsonl", None)
    undisturbed = {one.answer_id: one.text for one in iter_answers(folder / "undisturbed.jsonl")}
    shards = [shard.path(out) for shard in SHARDS]
    return Survived(shards, undisturbed, toll["kills"], toll["torn"])


def test_no_answer_is_lost_or_made_twice(survived):
    lines = [
        json.loads(line.content)["answer_id"]
        for shard in survived.shards
        for line in iter_lines(shard)
    ]

    assert sorted(lines) == sorted(survived.undisturbed)


def test_the_words_are_those_of_a_job_without_a_death(survived):
    texts = {one.answer_id: one.text for shard in survived.shards for one in iter_answers(shard)}

    assert texts == survived.undisturbed


def test_every_torn_line_is_set_aside(survived):
    n_torn = sum(inspect_answers(shard).tally.n_torn for shard in survived.shards)

    # One more where a worker died between setting aside and cutting off.
    assert survived.n_torn <= n_torn <= survived.n_kills


def test_manifests_are_true_in_the_end(survived):
    for shard in survived.shards:
        manifest, found = read_manifest(shard), inspect_answers(shard)
        assert manifest.counts.done == manifest.n_planned == len(list(iter_answers(shard)))
        assert found.matches_manifest is True
        assert manifest.runs[-1].finished_at is not None
    runs = [run for shard in survived.shards for run in read_manifest(shard).runs]
    assert any(run.finished_at is None for run in runs)
