"""`equitymedqa answers merge`: shards to one answer file."""

from pathlib import Path
from typing import Annotated

import typer

from equitymedqa.cli.answer_options import all_questions


def merge(
    files: Annotated[list[Path], typer.Argument(help="Answer files of one job, such as shards.")],
    out: Annotated[Path, typer.Option(help="The answer file to make.")],
    questions: Annotated[
        list[str] | None,
        typer.Option(help="File or set that decides the order and what must be answered."),
    ] = None,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Join what there is; say what is missing or was changed."),
    ] = False,
) -> None:
    """Join shards to one answer file: no answer twice, none lost."""
    from equitymedqa.generation.merging import merge_answers

    summary = merge_answers(
        files,
        out=out,
        questions=all_questions(questions) if questions else None,
        partial=partial,
    )
    for gap in summary.gaps:
        typer.secho(f"Not whole: {gap}", err=True, fg="yellow")
    typer.echo(
        f"{summary.path}: {summary.n_answers} answers, {summary.n_error} of them failed; "
        f"{summary.n_doubles} doubles left out"
    )
