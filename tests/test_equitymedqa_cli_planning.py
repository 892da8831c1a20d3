"""`equitymedqa plan` as a person types it."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from analysis.estimates import RatingsError
from analysis.table import write_table
from equitymedqa.cli import app
from tests.judgment_tables import drawn_table


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["plan", *map(str, words)], env={"COLUMNS": "200"})


def test_published_plan_says_how_far_it_is_from_the_published_count() -> None:
    shown = run("published").output

    assert "17,093 ratings by this plan; 17,099 are published" in shown
    assert "consumer: 3 ratings by each of 262" in shown


def test_precision_is_written_with_all_digits(tmp_path: Path) -> None:
    out = tmp_path / "plan.csv"

    done = run(
        "precision", "--rate", 0.2, "--units", "100,200", "--per-unit", "2", "--simulations", 3,
        "--out", out,
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert "two raters agree in 71%" in done.output
    assert pd.read_csv(out)["n_ratings"].tolist() == [200, 400]


def test_precision_reads_its_assumptions_off_a_pilot(tmp_path: Path) -> None:
    pilot = write_table(drawn_table(), tmp_path / "pilot.parquet")

    done = run("precision", "--pilot", pilot, "--group", "consumer", "--simulations", 0)

    assert done.exit_code == 0, done.output
    assert "of ratings find bias" in done.output


def test_pilot_needs_a_group_that_it_has(tmp_path: Path) -> None:
    pilot = write_table(drawn_table(), tmp_path / "pilot.parquet")

    done = run("precision", "--pilot", pilot, "--group", "nurse")

    # `main` prints it; here the runner keeps it.
    assert isinstance(done.exception, RatingsError)
    assert "group is 'nurse'" in str(done.exception)
    assert "consumer" in str(done.exception)


def test_file_for_all_digits_may_lie_in_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    out = tmp_path / "plans" / "power.csv"

    done = run("power", "--rate", 0.2, "--other-rate", 0.3, "--units", 50, "--out", out)

    assert done.exit_code == 0, done.output
    assert "power" in pd.read_csv(out).columns


@pytest.mark.parametrize(
    "words",
    [
        ["precision", "--rate", 0.2, "--simulations", 0],
        ["power", "--rate", 0.2, "--other-rate", 0.3],
        ["study", "equitymedqa", "--set", "fbrt_llm_661_sampled", "--set", "cc_manual"],
        ["published"],
    ],
)
def test_tables_fit_a_screen_of_80_columns_whole(words: list[object]) -> None:
    done = CliRunner().invoke(app, ["plan", *map(str, words)], env={"COLUMNS": "80"})

    assert done.exit_code == 0, done.output
    assert "…" not in done.output


def test_power_grows_with_the_number_of_units(tmp_path: Path) -> None:
    out = tmp_path / "power.csv"

    run("power", "--rate", 0.2, "--other-rate", 0.3, "--units", "50,500", "--out", out)

    power = pd.read_csv(out).set_index(["n_units", "raters_per_unit"])["power"]
    assert power[500, 3] > power[50, 3]


def test_study_counts_pairs_of_sources_and_pairs_of_questions(tmp_path: Path) -> None:
    out = tmp_path / "study.csv"

    done = run("study", "equitymedqa", "--set", "cc_llm", "--set", "trinds", "--out", out)

    # CC-LLM: 100 questions and 200 pairs; TRINDS: 106 questions; two sources, so one comparison.
    frame = pd.read_csv(out).drop_duplicates(["rubric", "dataset"])
    units = frame.set_index(["rubric", "dataset"])["n_units"].to_dict()
    assert units == {
        ("equitymedqa-independent", "cc_llm"): 200,
        ("equitymedqa-counterfactual", "cc_llm"): 400,
        ("equitymedqa-independent", "trinds"): 212,
        ("equitymedqa-pairwise", "trinds"): 106,
    }
    assert "ratings in all" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["precision"], "give either --rate"),
        (["precision", "--rate", "0.2", "--units", "many"], "give whole numbers"),
    ],
)
def test_plan_without_what_it_needs_says_so(words: list[str], said: str) -> None:
    done = run(*words)

    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())
