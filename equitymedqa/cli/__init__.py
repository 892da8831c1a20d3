"""The shell's front door: `equitymedqa ...`. One short function per command; imports come late.

Only this package may look up to the analysis and the portal.
"""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from equitymedqa.cli import (
    accounts,
    answer_files,
    answers,
    augment,
    datasets,
    demonstration,
    panels,
    planning,
    planning_answers,
    questions,
    reports,
    rubrics,
    studies,
)
from equitymedqa.cli.errors import explained, known_errors

app = typer.Typer(
    name="equitymedqa",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Find out, by asking people, whether a medical language model harms some more.",
)
app.add_typer(datasets.app, name="datasets")
app.command("generate")(answers.generate)
app.add_typer(answer_files.answers_app, name="answers")
augment.app.command("send")(questions.send)
augment.app.command("fetch")(questions.fetch)
app.add_typer(augment.app, name="augment")
app.add_typer(rubrics.app, name="rubrics")
planning.app.command("answers")(planning_answers.answers)
app.add_typer(planning.app, name="plan")
app.add_typer(studies.app, name="study")
app.add_typer(accounts.app, name="account")
app.add_typer(panels.app, name="panel")
app.command("portal")(studies.portal)
app.command("report")(reports.report)
app.command("demo")(demonstration.demo)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("equitymedqa"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """Run a command; what is wrong with the input is said in one message, without a traceback."""
    _say_names_of_any_bytes()
    try:
        app()
    except known_errors() as error:
        typer.secho(explained(error), err=True, fg="red")
        sys.exit(2)
    except OSError as error:
        if error.filename is None:
            raise
        typer.secho(f"{error.filename}: {error.strerror}", err=True, fg="red")
        sys.exit(2)


def _say_names_of_any_bytes() -> None:
    # A path need not be UTF-8, and a job is not to end in a traceback because its file is named.
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
