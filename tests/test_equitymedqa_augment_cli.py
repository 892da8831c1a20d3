"""`equitymedqa augment` at the shell: each command, what it says, and how it refuses."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equitymedqa import augment
from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.folder import JobFolder
from equitymedqa.cli import app, main
from equitymedqa.loading import load_questions
from tests.augmenting import candidates_in
from tests.tiny_models import save_tiny_model

EXAMPLES = Path(augment.__file__).parent / "examples"
TEMPLATES, SEEDS = str(EXAMPLES / "templates.yaml"), str(EXAMPLES / "seeds.csv")


def run(*arguments: object):
    return CliRunner().invoke(
        app, ["augment", *map(str, arguments)], catch_exceptions=False, terminal_width=200
    )


def say(*arguments: object) -> str:
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny-llama", context=2048)


def fill_in(path: Path, **columns: str) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, **columns} for row in rows)


def test_templates_go_to_a_set_by_way_of_a_review(tmp_path):
    assert "14 of 14 questions proposed\n25 of 25 pairs" in say(
        "template", TEMPLATES, "--out", "job"
    )
    assert (
        say("review", "job") == "review.csv: 14 proposed questions, 14 of them not reviewed yet\n"
    )
    fill_in(Path("review.csv"), decision="accept")

    assert say("apply", "job", "--reviewer", "Ana") == (
        "14 decisions recorded, 0 of them in place of earlier ones; 0 as before; 0 questions not "
        "reviewed yet\n"
    )
    assert say("release", "job", "--out", "own.csv") == (
        "own.csv: 14 questions\nown_pairs.csv: 25 pairs\n"
    )
    assert len(load_questions(Path("own_pairs.csv")).pairs) == 25


def test_templates_can_become_a_set_without_a_review(tmp_path):
    said = say("template", TEMPLATES, "--out", "own.csv", "--pairs", "all")

    # 6 x 5 / 2 and 8 x 7 / 2 pairs.
    assert said == "own.csv: 14 questions\nown_pairs.csv: 43 pairs\n"


@pytest.mark.parametrize("name", ["own.csv", "own_pairs.csv"])
def test_file_that_holds_something_else_is_not_replaced_unasked(name, tmp_path):
    Path(name).write_text("question\nWhy?\n")

    with pytest.raises(AugmentError, match=rf"{name} is there already.*--overwrite"):
        run("template", TEMPLATES, "--out", "own.csv")

    assert Path(name).read_text() == "question\nWhy?\n"
    assert "own.csv: 14 questions" in say("template", TEMPLATES, "--out", "own.csv", "--overwrite")


def test_same_set_may_be_written_again(tmp_path):
    said = say("template", TEMPLATES, "--out", "own.csv")

    assert say("template", TEMPLATES, "--out", "own.csv") == said


def test_second_review_replaces_the_first_and_says_so(tmp_path):
    say("template", TEMPLATES, "--out", "job")
    say("review", "job")
    fill_in(Path("review.csv"), decision="accept", reviewer="Ana")
    say("apply", "job")
    fill_in(Path("review.csv"), decision="reject", reviewer="Bo")

    assert "14 decisions recorded, 14 of them in place of earlier ones" in say("apply", "job")
    assert "0 decisions recorded, 0 of them in place of earlier ones; 14 as before" in say(
        "apply", "job"
    )


def test_sheet_that_may_be_filled_in_is_not_overwritten(tmp_path):
    say("template", TEMPLATES, "--out", "job")
    say("review", "job")

    with pytest.raises(AugmentError, match=r"review.csv is there already.*--overwrite"):
        run("review", "job")

    assert "14 of them not reviewed" in say("review", "job", "--overwrite")


def test_release_says_what_it_left_out(tmp_path):
    say("template", TEMPLATES, "--out", "job")
    say("review", "job")
    with Path("review.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    changes = [
        {"decision": "reject"},
        {"decision": "accept"},
        {"decision": "edit", "edited_text": "Why?"},
    ]
    with Path("review.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, **change} for row, change in zip(rows, changes, strict=False))
    say("apply", "job", "--reviewer", "Ana")

    said = say("release", "job", "--out", "own.csv", "--only-reviewed")

    assert said.splitlines()[0] == (
        "own.csv: 2 questions; 1 edited; 1 rejected and left out; 11 not reviewed and left out"
    )


def test_unreviewed_job_is_refused_in_one_message(tmp_path, monkeypatch, capsys):
    say("template", TEMPLATES, "--out", "job")
    command = ["equitymedqa", "augment", "release", "job", "--out", "own.csv"]
    monkeypatch.setattr(sys, "argv", command)

    with pytest.raises(SystemExit, match="2"):
        main()

    assert "14 of 14 proposed questions were not reviewed" in capsys.readouterr().err
    assert not Path("own.csv").exists()


def test_fbrt_asks_a_model_and_counts_every_filter(model, tmp_path):
    options = ("--mutations", 2, "--max-new-tokens", 8, "--check-tokens", 4)

    said = say("fbrt", SEEDS, "--out", "job", "--model", model, *options)

    # A random model never marks a question.
    assert said.splitlines() == [
        "job: 0 of 4 questions proposed",
        "  written: 0 passed, 4 dropped",
        "There is nothing to review. Of 4 questions 4: the reply was cut at the token limit.",
        "Every reason is in job/candidates.jsonl.",
    ]
    assert {one.model.model for one in candidates_in(Path("job"))} == {model.name}


def test_review_of_nothing_is_refused_before_a_sheet_is_made(model, tmp_path):
    say("fbrt", SEEDS, "--out", "job", "--model", model, "--mutations", 1, "--max-new-tokens", 4)

    with pytest.raises(AugmentError, match="job proposes no question"):
        run("review", "job")

    assert not Path("review.csv").exists()


def test_cc_draws_from_the_axes_it_is_told(model, tmp_path):
    options = ("--draws", 3, "--axes", "race, age", "--max-new-tokens", 4, "--limit", 1)

    say("cc", SEEDS, "--out", "job", "--model", model, *options)

    assert {tuple(one.identity) for one in candidates_in(Path("job"))} == {("race", "age")}
    assert len(candidates_in(Path("job"))) == 3
    assert JobFolder(Path("job")).job().n_seeds == 1


def test_same_command_goes_on_and_another_is_refused(model, tmp_path):
    command = ("fbrt", SEEDS, "--out", "job", "--model", model, "--max-new-tokens", 4)
    say(*command, "--mutations", 1)

    assert "0 of 2 questions proposed" in say(*command, "--mutations", 1)
    with pytest.raises(AugmentError, match="mutations: 1 there, 2 now"):
        run(*command, "--mutations", 2)


def test_help_needs_no_torch():
    code = (
        "import sys; from equitymedqa.cli import app; from typer.testing import CliRunner;"
        "done = CliRunner().invoke(app, ['augment', 'fbrt', '--help']);"
        "assert done.exit_code == 0, done.output; assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
