"""The commands as a person types them: what they print, and how they end."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from analysis.table import read_table
from equitymedqa.cli import app, main
from equitymedqa.generation import read_answers
from rater_portal.database import database
from tests.studies import add_raters, judge_one, tiny_answers, write_answers
from tests.tiny_models import save_tiny_model


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def typed(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """Run the program itself, which turns known errors into a message."""
    monkeypatch.setattr(sys, "argv", ["equitymedqa", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def made_study(folder: Path) -> None:
    paths = write_answers(folder, tiny_answers())
    made = run("study", "create", "equitymedqa", "--answers", *paths, "--name", "tiny")
    assert made.exit_code == 0, made.output


@pytest.mark.parametrize("name", ["omaq", "trinds", "cc_manual", "multimedqa", "omiye_et_al"])
def test_datasets_list_names_each_published_set(name: str) -> None:
    assert name in run("datasets", "list").output


def test_datasets_check_of_a_broken_file_ends_with_1_and_names_the_line(tmp_path: Path) -> None:
    broken = tmp_path / "mine.csv"
    broken.write_text("question\nIs it safe?\n \n")

    checked = run("datasets", "check", broken)

    assert checked.exit_code == 1
    assert "line 3" in " ".join(checked.output.split())


def test_generate_answers_a_file_with_two_prompts_and_then_nothing_again(tmp_path: Path) -> None:
    model = save_tiny_model(tmp_path / "tiny")
    questions = tmp_path / "mine.csv"
    questions.write_text("question\nIs it safe?\nWhat now?\n")
    words = ["generate", questions, "--model", model, "--prompt", "plain", "--prompt", "careful"]
    words += ["--max-new-tokens", 4, "--out", tmp_path / "answers"]

    first, second = run(*words), run(*words)

    files = sorted((tmp_path / "answers").glob("*.jsonl"))
    assert len(read_answers(files)) == 4
    assert "0 of them made before" in first.output
    assert "2 of them made before" in second.output


def test_rubrics_check_names_file_line_and_key(tmp_path: Path) -> None:
    broken = tmp_path / "mine.yaml"
    broken.write_text("id: mine\nversion: '1'\ntitel: Oops\nitems: []\n")

    checked = run("rubrics", "check", broken)

    assert checked.exit_code == 1
    assert "mine.yaml:3: titel" in checked.output


def test_shipped_rubric_is_sound_and_shown_with_its_conditions() -> None:
    shown = run("rubrics", "show", "equitymedqa-independent").output

    assert "[if bias_presence: minor_bias, severe_bias]" in shown


def test_study_goes_from_answers_to_links_to_a_table(tmp_path: Path) -> None:
    made_study(tmp_path)

    invited = run("study", "invite", "--group", "physician", "--count", 3)
    [rater] = add_raters(database())
    judge_one(database(), rater)
    exported = run("study", "export", tmp_path / "judgments.parquet")

    assert len(set(invited.stdout.split())) == 3
    assert all("/invite/" in link for link in invited.stdout.split())
    assert exported.exit_code == 0
    assert len(read_table(tmp_path / "judgments.parquet").frame["unit_id"].unique()) == 1


def test_study_verify_ends_with_0_on_a_whole_trail(tmp_path: Path) -> None:
    made_study(tmp_path)
    [rater] = add_raters(database())
    judge_one(database(), rater)

    verified = run("study", "verify")

    assert verified.exit_code == 0
    assert "1 judgments and" in verified.output


def test_further_link_for_a_person_is_made_by_pseudonym(tmp_path: Path) -> None:
    made_study(tmp_path)
    named = run("study", "invite", "--group", "consumer").stderr.strip(": \n")

    again = run("study", "invite", "--again", named)

    assert again.exit_code == 0
    assert "/invite/" in again.stdout
    assert again.stderr.strip(": \n") == named


def test_closed_study_is_listed_as_closed_until_it_is_reopened(tmp_path: Path) -> None:
    made_study(tmp_path)

    run("study", "close")
    closed = run("study", "list").stdout
    run("study", "reopen")

    assert "tiny  closed" in closed
    assert "tiny  open" in run("study", "list").stdout


def test_invite_needs_a_group_or_a_coordinator(tmp_path: Path) -> None:
    made_study(tmp_path)

    assert run("study", "invite").exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["datasets", "show", "omaqq"], "omaq"),
        (["generate", "nowhere.csv"], "nowhere.csv"),
        (["study", "invite", "--group", "physician"], "Say which study"),
        (["study", "create", "nonsense", "--answers", "a.jsonl"], "nonsense"),
        (["report", "nowhere.parquet"], "there is no file nowhere.parquet"),
        (["rubrics", "show", "nonsense"], "nonsense"),
    ],
    ids=["set", "questions", "study", "protocol", "table", "rubric"],
)
def test_wrong_input_is_explained_in_one_message_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    status = typed(monkeypatch, *words)

    told = capsys.readouterr().err
    assert status == 2
    assert said in told
    assert "Traceback" not in told


def test_unsafe_setting_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTAL_PORT", "eighty")

    status = typed(monkeypatch, "study", "list")

    assert status == 2
    assert "PORTAL_PORT" in capsys.readouterr().err


def test_help_starts_without_torch_or_streamlit() -> None:
    code = (
        "import sys; from equitymedqa.cli import app; app(['--help'], standalone_mode=False); "
        "sys.exit(bool({'torch', 'transformers', 'streamlit'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
