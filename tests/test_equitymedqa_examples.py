"""The examples for clusters, run as they are on a tiny model; the test plays the cluster."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.generation import iter_answers
from tests.tiny_models import question_set, save_tiny_model

EXAMPLES = Path(__file__).parents[1] / "examples"
N_QUESTIONS = 7


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture
def settings(model, tmp_path) -> dict[str, str]:
    """What a person would change in an example."""
    questions = tmp_path / "tiny.csv"
    lines = [f"{one.question_id},{one.text!r}" for one in question_set(N_QUESTIONS).questions]
    questions.write_text("\n".join(["question_id,question_text", *lines]))
    (tmp_path / "logs").mkdir()
    return {
        "SHARDS": "2",
        "MODEL": str(model),
        "NAME": "tiny-llama-plain",
        "QUESTIONS": str(questions),
        "OUT": str(tmp_path / "answers"),
    }


def commands_of(script: str, tmp_path: Path, variables: dict[str, str]) -> list[list[str]]:
    """The arguments with which a script calls the program."""
    calls = tmp_path / "calls"
    calls.unlink(missing_ok=True)
    stand_in = tmp_path / "bin" / "equitymedqa"
    stand_in.parent.mkdir(exist_ok=True)
    stand_in.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" >> {calls}; printf "\\n" >> {calls}\n')
    stand_in.chmod(0o755)
    environment = {**os.environ, **variables, "PATH": f"{stand_in.parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", script], env=environment, cwd=tmp_path, check=True)
    return [line.split("\0")[:-1] for line in calls.read_text().splitlines()]


def run(script: str, tmp_path: Path, variables: dict[str, str]) -> None:
    """What a script does, but in this process, where torch is loaded already."""
    for command in commands_of(script, tmp_path, variables):
        few = ["--max-new-tokens", "4", "--device", "cpu"] if command[0] == "generate" else []
        result = CliRunner().invoke(app, [*command, *few], catch_exceptions=False)
        assert result.exit_code == 0, result.output


def container(name: str) -> dict[str, object]:
    job = yaml.safe_load((EXAMPLES / "kubernetes" / name).read_text())
    return job["spec"]["template"]["spec"]["containers"][0]


def answered(tmp_path: Path) -> list[str]:
    return [
        answer.question.question_id
        for answer in iter_answers(tmp_path / "answers" / "tiny-llama-plain.jsonl")
    ]


def test_slurm_array_and_merge_answer_every_question(settings, tmp_path):
    generate = (EXAMPLES / "slurm" / "generate.sbatch").read_text()
    for task in range(2):
        run(generate, tmp_path, {**settings, "SLURM_ARRAY_TASK_ID": str(task)})

    run((EXAMPLES / "slurm" / "merge.sbatch").read_text(), tmp_path, settings)

    assert answered(tmp_path) == [one.question_id for one in question_set(N_QUESTIONS).questions]


def test_kubernetes_job_and_merge_answer_every_question(settings, tmp_path):
    for index in range(2):
        variables = {**settings, "JOB_COMPLETION_INDEX": str(index)}
        run(container("generate.yaml")["args"][0], tmp_path, variables)

    run(container("merge.yaml")["args"][0], tmp_path, settings)

    assert answered(tmp_path) == [one.question_id for one in question_set(N_QUESTIONS).questions]


def test_slurm_array_has_as_many_tasks_as_shards():
    script = (EXAMPLES / "slurm" / "generate.sbatch").read_text()

    assert "#SBATCH --array=0-7\n" in script
    assert "SHARDS=${SHARDS:-8}\n" in script
    assert "SHARDS=${SHARDS:-8}\n" in (EXAMPLES / "slurm" / "merge.sbatch").read_text()


def test_kubernetes_job_has_as_many_pods_as_shards():
    job = yaml.safe_load((EXAMPLES / "kubernetes" / "generate.yaml").read_text())

    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["completions"] == 8
    for name in ("generate.yaml", "merge.yaml"):
        assert {"name": "SHARDS", "value": "8"} in container(name)["env"]


@pytest.mark.parametrize("name", ["generate.yaml", "merge.yaml"])
def test_every_setting_of_a_kubernetes_command_is_given(name):
    content = container(name)
    given = {one["name"] for one in content["env"]} | {"JOB_COMPLETION_INDEX"}

    used = {
        word
        for word in ("SHARDS", "MODEL", "NAME", "QUESTIONS", "OUT", "JOB_COMPLETION_INDEX")
        if f"${word}" in content["args"][0]
    }

    assert used <= given


@pytest.mark.parametrize(("code", "end"), [(0, 0), (3, 0), (1, 1), (2, 1)])
def test_pod_is_tried_again_unless_only_single_answers_failed(tmp_path, code, end):
    stand_in = tmp_path / "equitymedqa"
    stand_in.write_text(f"#!/bin/sh\nexit {code}\n")
    stand_in.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    done = subprocess.run(["sh", "-c", container("generate.yaml")["args"][0]], env=environment)

    assert done.returncode == end
