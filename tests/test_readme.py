"""What the README tells people to type exists and works."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis import krippendorff_alpha
from equitymedqa.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GROUPS = ("account", "answers", "augment", "datasets", "panel", "plan", "rubrics", "study")
COMMANDS = sorted(set(re.findall(r"^equitymedqa ([^#\n]+)", README, re.MULTILINE)))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("command", COMMANDS)
def test_command_of_the_readme_has_its_options(command: str) -> None:
    words = command.split()
    options = {word for word in words if word.startswith("--")}
    names = [words[0], *(words[1:2] if words[0] in GROUPS else [])]

    shown = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "200"})

    assert shown.exit_code == 0
    assert {option for option in options if option not in shown.output} == set()


@pytest.mark.parametrize("code", blocks("python"))
def test_python_of_the_readme_uses_public_names_and_runs(code: str) -> None:
    names: dict[str, object] = {}

    exec(compile(code, "README.md", "exec"), names)

    assert names["krippendorff_alpha"] is krippendorff_alpha


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^):#]+)\)", README))))
def test_link_of_the_readme_leads_somewhere(target: str) -> None:
    assert (ROOT / target).is_file()


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
