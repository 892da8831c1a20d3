"""Sets are made over the engines that answers are made with: devices, a cluster, a server."""

import re
import shlex
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equitymedqa.augment.cc import CcSettings, make_cc_set
from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.fbrt import FbrtSettings, make_fbrt_set
from equitymedqa.cli import app
from equitymedqa.generation.cluster.engine import cluster_engine
from equitymedqa.generation.cluster.ray_data import LOCAL, Cluster
from equitymedqa.generation.manifest import read_manifest
from equitymedqa.generation.served import connect
from equitymedqa.generation.workers import DeviceWorkers
from tests.augmenting import ScriptedEngine, scripted_engine, seed_questions, without_times
from tests.scripted_server import refuse, say
from tests.served_jobs import QUICK
from tests.tiny_models import save_tiny_model

FEW = CcSettings(draws=4)
ONE = FbrtSettings(mutations=1)


@pytest.fixture(scope="module", autouse=True)
def cluster_of_this_machine() -> Iterator[None]:
    """Begins with the first test that needs it, and ends with the last one."""
    with pytest.MonkeyPatch.context() as patch:
        # The workers import the scripted engine from here.
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        patch.setenv("RAY_AUTH_MODE", "disabled")
        yield
        if "ray" in sys.modules:
            import ray

            ray.shutdown()


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny-llama", context=2048)


def cc(folder: Path, engine=None, **more) -> list[dict[str, object]]:
    """The candidates of a job with three steps."""
    engine = engine or ScriptedEngine()
    make_cc_set(seed_questions(), folder=folder, engine=engine, settings=FEW, **more)
    return without_times(folder)


def run(*arguments: object) -> None:
    done = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def devices_of(folder: Path, step: str = "write") -> str:
    return read_manifest(folder / f"{step}.jsonl").runs[0].device


def test_two_devices_make_the_set_that_one_makes(tmp_path):
    two = DeviceWorkers(scripted_engine, ["cpu", "cpu"])

    made = cc(tmp_path / "two", two, batch_size=3)
    two.stop()

    assert made == cc(tmp_path / "one")


def test_cluster_makes_the_set_that_one_engine_makes(tmp_path):
    cluster = Cluster(LOCAL, n_workers=1)
    on_cluster = partial(cluster_engine, ScriptedEngine(), scripted_engine, cluster=cluster)

    made = cc(tmp_path / "shared", on_cluster=on_cluster, batch_size=20)

    assert made == cc(tmp_path / "one")
    for step in ("write", "plausible", "comparable"):
        assert devices_of(tmp_path / "shared", step).startswith("Ray, 1 workers")
    assert [path.name for path in (tmp_path / "shared").iterdir() if path.is_dir()] == []


@pytest.mark.parametrize(
    ("options", "devices"),
    [
        (("--device", "cpu,cpu"), r"cpu \(.*\), cpu \(.*\)"),
        (("--device", "cpu", "--ray", "local", "--workers", 1), "Ray, 1 workers, each as cpu"),
    ],
    ids=["devices", "cluster"],
)
def test_command_takes_the_engines_of_generate(model, options, devices, tmp_path):
    Path("seeds.csv").write_text("question\nIs it flu?\nIs it far?\n")
    command = ("augment", "fbrt", "seeds.csv", "--model", model, "--mutations", 2)
    command += ("--max-new-tokens", 4, "--batch-size", 2)
    run(*command, "--out", "one", "--device", "cpu")

    run(*command, "--out", "several", *options)

    assert re.match(devices, devices_of(Path("several")))
    assert without_times(Path("several")) == without_times(Path("one"))


def test_cluster_and_server_together_are_refused(server, tmp_path):
    Path("seeds.csv").write_text("question\nIs it flu?\n")
    command = ["augment", "cc", "seeds.csv", "--out", "job", "--server", server.address]

    done = CliRunner().invoke(app, [*command, "--ray", "local"])

    assert done.exit_code == 2
    assert "a server is asked from one machine" in " ".join(done.output.replace("│", "").split())


def test_command_that_is_told_after_a_time_out_asks_again(server, tmp_path):
    folder = tmp_path / "a job's folder"
    engine = connect(server.address, limits=QUICK)

    def make() -> None:
        make_fbrt_set(seed_questions("Why?"), folder=folder, engine=engine, settings=ONE)

    server.act = lambda question, _: refuse(503, "busy")
    with pytest.raises(AugmentError) as told:
        make()
    command = re.search(r"`equitymedqa (.*)`", str(told.value))[1]
    server.act = lambda question, _: say("<question>Why me?</question> VERDICT: yes")

    run(*shlex.split(command))
    make()

    assert [one["text"] for one in without_times(folder)] == ["Why me?"]
