"""One job on a Ray cluster, here of this machine alone: workers that die, and what they leave."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import GenerationError, generate_answers, iter_answers
from equitymedqa.generation.cluster.engine import ClusterEngine, journal_folder
from equitymedqa.generation.cluster.journal import Journal, Written
from equitymedqa.generation.cluster.ray_data import LOCAL, Cluster
from equitymedqa.generation.cluster.worker import Order, Outcome, Row
from equitymedqa.generation.engine import Completion
from equitymedqa.generation.manifest import read_manifest
from equitymedqa.prompts import find_prompt
from equitymedqa.records import Decoding
from tests.light_engine import LightEngine, light_engine, questions
from tests.tiny_families import save_family

SHORT = Decoding(max_new_tokens=6)
ONE = Cluster(LOCAL, n_workers=1)
TWO = Cluster(LOCAL, n_workers=2)


@pytest.fixture(scope="module", autouse=True)
def cluster_of_this_machine() -> Iterator[None]:
    """Begins with the first test that needs it, and ends with the last one."""
    with pytest.MonkeyPatch.context() as patch:
        # The workers import the light engine from here.
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        patch.setenv("RAY_AUTH_MODE", "disabled")
        yield
        if "ray" in sys.modules:
            import ray

            ray.shutdown()


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "a.jsonl"


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "workers"


def answered(out: Path, asked=None, *, engine=None, make=light_engine, cluster=ONE):
    engine = engine or ClusterEngine(
        LightEngine(), make, folder=out.parent / "workers", cluster=cluster
    )
    return generate_answers(
        asked or questions(), out=out, model=engine, decoding=SHORT, batch_size=3
    )


def texts(out: Path) -> dict[str, str]:
    return {answer.question.question_id: answer.text for answer in iter_answers(out)}


def batch_sizes(out: Path) -> dict[str, int]:
    return {answer.answer_id: answer.batch_size for answer in iter_answers(out)}


def test_cluster_answers_as_one_engine_does(out, tmp_path):
    answered(out, questions(20), cluster=TWO)
    answered(tmp_path / "one.jsonl", questions(20), engine=LightEngine())

    assert texts(out) == texts(tmp_path / "one.jsonl")
    assert batch_sizes(out) == batch_sizes(tmp_path / "one.jsonl")


def test_cluster_goes_on_where_one_engine_stopped(out, tmp_path):
    answered(tmp_path / "one.jsonl", questions(10), engine=LightEngine())
    lines = (tmp_path / "one.jsonl").read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:4]))

    summary = answered(out, questions(10))

    assert (summary.n_resumed, summary.n_stop) == (4, 10)
    assert out.read_bytes().startswith(b"".join(lines[:4]))
    assert batch_sizes(out) == batch_sizes(tmp_path / "one.jsonl")


def test_killed_worker_loses_and_doubles_nothing(out, tmp_path):
    died = tmp_path / "died"

    summary = answered(
        out, questions(20, q4="DEADLY"), make=partial(light_engine, once=died), cluster=TWO
    )

    assert died.exists()
    assert summary.n_stop == len(out.read_bytes().splitlines()) == len(texts(out)) == 20


def test_question_that_kills_every_worker_is_given_up(out):
    with pytest.raises(
        GenerationError, match=r"3 workers died over the batch of .* 17 of 20 answers were made"
    ):
        answered(out, questions(20, q4="DEADLY"))

    assert len(texts(out)) == 17


def test_refused_question_does_not_stop_the_others(out):
    summary = answered(out, questions(8, q3="REFUSED"))

    assert (summary.n_stop, summary.n_error) == (7, 1)


def test_batch_that_cannot_be_answered_is_told_at_the_end(out, folder):
    with pytest.raises(GenerationError, match=r"the worker on .* gave up: memory does not suffice"):
        answered(out, questions(20, q4="HOPELESS"))

    assert len(texts(out)) == 17
    assert folder.exists()


def test_batch_that_meets_a_bug_is_told_at_the_end_and_made_by_the_next_run(out, tmp_path):
    asked, make = questions(20, q4="BUGGY"), partial(light_engine, once=tmp_path / "harm")
    words = (
        r"the worker on .* died: exit code 1 / .*ZeroDivisionError: nobody foresaw this\. "
        r"17 of 20 answers were made; run the same command again"
    )
    with pytest.raises(GenerationError, match=words):
        answered(out, asked, make=make, cluster=TWO)
    kept = out.read_bytes()

    summary = answered(out, asked, make=make)

    assert (summary.n_resumed, summary.n_stop) == (17, 20)
    assert out.read_bytes().startswith(kept)
    assert len(texts(out)) == len(out.read_bytes().splitlines()) == 20


def failing(order: Order, rows: Sequence[Row]) -> Iterator[Outcome]:
    """The outcomes of a cluster whose workers answer nothing."""
    return (Outcome(n_tokens=0, failure=f"worker {number} gave up") for number in range(len(rows)))


def test_job_is_not_tried_to_the_end_where_every_batch_fails(out):
    broken = SimpleNamespace(outcomes=failing, n_workers=1)

    with pytest.raises(GenerationError, match=r"worker 15 gave up\. 0 of 60 answers were made"):
        answered(out, questions(60), cluster=broken)


def test_folder_of_the_workers_is_gone_when_all_is_done(out, folder):
    answered(out)

    assert not folder.exists()


def keys(tmp_path: Path, asked) -> dict[str, str]:
    """Answer ids by question id."""
    answered(tmp_path / "keys.jsonl", asked, engine=LightEngine())
    found = iter_answers(tmp_path / "keys.jsonl")
    return {answer.question.question_id: answer.answer_id for answer in found}


def written(key: str, text: str) -> Written:
    return Written(key=key, completion=Completion(text, "stop", n_output_tokens=1, batch_size=1))


def test_answers_that_an_earlier_start_left_are_taken_over(out, folder, tmp_path):
    names = keys(tmp_path, questions())
    Journal(folder).add(written(names[one], f"Earlier, {one}.") for one in ("q1", "q2"))

    answered(out)

    earlier = {name: text for name, text in texts(out).items() if text.startswith("Earlier")}
    assert earlier == {"q1": "Earlier, q1.", "q2": "Earlier, q2."}
    assert len(texts(out)) == 12


def test_job_that_others_have_finished_needs_no_cluster(out, folder, tmp_path):
    Journal(folder).add(written(key, "Earlier.") for key in keys(tmp_path, questions()).values())

    answered(out, cluster=Cluster("there.is.none:1"))

    assert set(texts(out).values()) == {"Earlier."}
    assert not folder.exists()


def test_torn_entry_of_a_dead_worker_is_made_anew(out, folder, tmp_path):
    names = keys(tmp_path, questions())
    Journal(folder).add(written(names[one], "Earlier.") for one in ("q1", "q2"))
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:-5])

    answered(out)

    assert [name for name, text in texts(out).items() if text == "Earlier."] == ["q1"]
    assert len(texts(out)) == 12


def test_answer_given_twice_counts_once(out, folder, tmp_path):
    names = keys(tmp_path, questions())
    Journal(folder).add([written(names["q1"], "First."), written(names["q1"], "Second.")])

    answered(out)

    assert texts(out)["q1"] == "First."
    assert len(out.read_bytes().splitlines()) == 12


def other_elsewhere(*, device: str | None, home: int) -> LightEngine:
    """Another model in any process but one."""
    return replace(LightEngine(), revision="here" if os.getpid() == home else "elsewhere")


def test_worker_with_another_model_is_refused(out):
    make = partial(other_elsewhere, home=os.getpid())
    lead = make(device=None)
    engine = ClusterEngine(lead, make, folder=out.parent / "workers", cluster=TWO)

    with pytest.raises(GenerationError, match="its model would give other answers: revision is"):
        answered(out, engine=engine)


def test_manifest_says_that_a_cluster_answered(out):
    answered(out)

    assert read_manifest(out).runs[0].device.startswith("Ray, 1 workers, each as cpu")


def test_command_has_a_model_answer_on_a_cluster_that_runs_in_another_folder(
    out, tmp_path, monkeypatch
):
    # So that the cluster begins before the folder is changed.
    answered(out, questions(1))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    save_family(Path("tiny-gemma3"), "gemma3")
    Image.new("RGB", (24, 20), (200, 40, 90)).save("red.png")
    Path("own.csv").write_text("question,image\nIs it safe?,red.png\nIs it far?,\nIs it dear?,\n")
    command = ["generate", "own.csv", "--model", "tiny-gemma3", "--device", "cpu"]
    command += ["--max-new-tokens", "4", "--batch-size", "1"]

    alone = CliRunner().invoke(app, [*command, "--out", "alone"])
    shared = CliRunner().invoke(
        app, [*command, "--out", "shared", "--ray", "local", "--workers", "2"]
    )

    assert (alone.exit_code, shared.exit_code) == (0, 0), shared.output
    name = "tiny-gemma3-plain.jsonl"
    assert texts(Path("shared", name)) == texts(Path("alone", name))
    assert [path.name for path in Path("shared").iterdir() if path.is_dir()] == []


def test_cluster_without_room_is_refused(out):
    with pytest.raises(GenerationError, match="no room for a worker of 1 CPUs and 1 GPUs"):
        answered(out, cluster=Cluster(LOCAL, gpus_each=1))


def test_missing_ray_is_told_with_the_way_out(out, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(GenerationError, match=r"pip install 'equitymedqa\[ray\]'"):
        answered(out)


def test_each_job_has_a_folder_of_its_own():
    identity, plain = LightEngine().identity, find_prompt("plain")

    def place(**changes: object) -> Path:
        job = {"identity": identity, "prompt": plain, "decoding": SHORT, "seed": 0, **changes}
        return journal_folder(Path("out/a.jsonl"), **job)

    assert place().parent == Path("out")
    assert place() == place()
    changed = [
        place(identity=replace(identity, revision="other")),
        place(prompt=find_prompt("careful")),
        place(decoding=Decoding(max_new_tokens=7)),
        place(seed=1),
    ]
    assert len({place(), *changed}) == 5


def test_job_keeps_its_folder_when_the_model_is_found_elsewhere():
    job = {"prompt": find_prompt("plain"), "decoding": SHORT, "seed": 0}
    here, there = (
        replace(LightEngine().identity, arguments={"server": f"http://node{number}:8000/v1"})
        for number in (1, 2)
    )

    folder = journal_folder(Path("a.jsonl"), identity=here, **job)

    assert journal_folder(Path("a.jsonl"), identity=there, **job) == folder
