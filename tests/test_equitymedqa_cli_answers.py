"""`generate` and `plan answers` at the shell: the one does what the other says."""

import json
from dataclasses import dataclass
from inspect import signature
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.cli.answers import generate
from equitymedqa.cli.option_groups import grouped
from equitymedqa.cli.planning_answers import answers as plan_command
from equitymedqa.generation import GenerationError, read_answers
from equitymedqa.generation.manifest import read_manifest
from tests.scripted_server import serving
from tests.tiny_models import save_tiny_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def questions_file(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("question,topic\nIs it safe?,heart\nWhat now?,skin\n")
    return path


def typed(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_plan_answers_takes_every_option_that_decides_what_generate_does():
    beside_the_answers = {"log", "ray", "workers"}

    assert {*signature(generate).parameters} - beside_the_answers <= {
        *signature(plan_command).parameters
    }


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_temperature_that_is_no_number_is_refused(number, questions_file):
    ended = typed("plan", "answers", questions_file, "--temperature", number)

    assert ended.exit_code == 2
    assert "temperature" in ended.stderr


@pytest.fixture
def no_weights(monkeypatch):
    """Whoever loads weights fails."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the weights were loaded")

    monkeypatch.setattr("equitymedqa.generation.local.engine.load_model", refuse)


@pytest.mark.usefixtures("no_weights")
@pytest.mark.parametrize("command", [("plan", "answers"), ("generate",)], ids=" ".join)
def test_draws_that_would_not_repeat_are_refused_before_anything_is_done(
    command, tiny, questions_file, tmp_path
):
    ended = typed(
        *(*command, questions_file, "--model", tiny, "--out", tmp_path / "out"),
        *("--decode", "continuous", "--temperature", 0.7, "--max-new-tokens", 8),
    )

    assert isinstance(ended.exception, GenerationError)
    assert "draws would not repeat; take 'dynamic', or temperature 0" in str(ended.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_weights")
def test_plan_answers_does_not_load_the_weights(tiny, questions_file, tmp_path):
    ended = typed(
        *("plan", "answers", questions_file, "--model", tiny, "--out", tmp_path / "out"),
        *("--prompt", "plain", "--prompt", "consumer", "--max-new-tokens", 8),
    )

    assert ended.exit_code == 0, ended.output
    assert ended.output.count("Tokens of the prompts") == 2
    assert ended.output.endswith("Nothing was written.\n")
    assert not (tmp_path / "out").exists()


def test_own_template_is_answered_with_and_kept_in_the_manifest(tiny, questions_file, tmp_path):
    template = tmp_path / "by_topic.jinja"
    template.write_text("Topic {{ attributes.topic }}: {{ question }}\n")

    ended = typed(
        *("generate", questions_file, "--model", tiny, "--out", tmp_path / "out"),
        *("--prompt", template, "--max-new-tokens", 4, "--log", tmp_path / "log.jsonl"),
    )

    assert ended.exit_code == 0, ended.output
    path = tmp_path / "out" / "tiny-by_topic.jsonl"
    assert {answer.prompt_version[:16] for answer in read_answers([path])} == {"by_topic@sha256:"}
    manifest = read_manifest(path)
    assert manifest is not None
    assert manifest.runs[0].prompt.template == "Topic {{ attributes.topic }}: {{ question }}"
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["answered"], last["left"]) == ("end", 2, 0)
    assert last["tokens_in"] == sum(answer.n_prompt_tokens for answer in read_answers([path]))
    assert last["tokens_out"] == sum(answer.n_output_tokens for answer in read_answers([path]))


def test_generate_says_all_counts_at_the_end(tiny, questions_file, tmp_path):
    words = ["generate", questions_file, "--model", tiny, "--out", tmp_path / "out"]
    words += ["--max-new-tokens", 4, "--answers", 2, "--temperature", 1, "--top-k", 5]

    said = " ".join(typed(*words).stdout.split())
    answers = read_answers([tmp_path / "out" / "tiny-plain.jsonl"])

    n_cut = sum(answer.finish_reason == "length" for answer in answers)
    n_failed = sum(answer.finish_reason == "error" for answer in answers)
    assert "4 answers, 0 of them made before" in said
    assert f"{4 - n_cut - n_failed} whole, {n_cut} cut at the token limit" in said
    assert ("answers extend" in said) == (n_cut > 0)
    n_read = sum(answer.n_prompt_tokens for answer in answers)
    n_written = sum(answer.n_output_tokens for answer in answers)
    assert f"{n_read} tokens read and {n_written} written in" in said
    assert {answer.decoding.top_k for answer in answers} == {5}


def test_generate_ends_with_3_where_single_answers_failed(tiny, questions_file, tmp_path):
    # The tiny model's context is 512 tokens.
    questions_file.write_text("question\nIs it safe?\n" + "word " * 600 + "\n")
    words = ["generate", questions_file, "--model", tiny, "--out", tmp_path / "out"]

    done = typed(*words, "--max-new-tokens", 4)

    assert done.exit_code == 3, done.output
    assert "1 failed (too_long 1)" in done.output


def test_dry_run_asks_a_server_no_question(questions_file, tmp_path):
    with serving() as server:
        ended = typed(
            "plan", "answers", questions_file, "--out", tmp_path, "--server", server.address
        )

        assert ended.exit_code == 0, ended.output
        assert "only the server can count them" in ended.output
        assert not server.asked


@dataclass(frozen=True)
class Meal:
    """A group with an option that must be given, and one that need not."""

    dish: Annotated[str, typer.Option()]
    portions: Annotated[int, typer.Option("--n", min=1)] = 2


def test_fields_of_a_group_are_options_of_the_command():
    kitchen = typer.Typer()

    @kitchen.command()
    @grouped
    def cook(place: Annotated[str, typer.Argument()], meal: Meal, loud: bool = False) -> None:
        typer.echo(f"{meal.portions} {meal.dish} {place} {loud}")

    cooked = CliRunner().invoke(kitchen, ["here", "--dish", "rice", "--loud"])
    without = CliRunner().invoke(kitchen, ["here", "--n", "3"])

    assert cooked.output == "2 rice here True\n"
    assert without.exit_code == 2
    assert "--dish" in without.output
