"""`equitymedqa datasets`: which question sets there are, what is in them, whether a file is one."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="Question sets: list, show, fetch, check.")

Folder = Annotated[
    Path | None, typer.Option(help="Where files are kept; else $EQUITYMEDQA_DATA or the cache.")
]


@app.command("list")
def list_sets(folder: Folder = None) -> None:
    """List every published set and the samples."""
    from equitymedqa.datasets import describe_catalog, draw_catalog

    Console().print(draw_catalog(describe_catalog(folder)))


@app.command()
def show(
    name: str,
    folder: Folder = None,
    rows: Annotated[int, typer.Option(min=1, help="How many questions to show.")] = 5,
) -> None:
    """Show what a set is and its first questions."""
    from equitymedqa.datasets import draw_set, show_set

    Console().print(draw_set(show_set(name, folder=folder), n_rows=rows))


@app.command()
def fetch(name: str, folder: Folder = None) -> None:
    """Download a published set, at the revision that this version was written for."""
    from equitymedqa.fetching import fetch_set

    typer.echo(fetch_set(name, folder=folder))


@app.command()
def check(
    file: Path,
    dataset: Annotated[str | None, typer.Option(help="Name of the set; else the file's.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
) -> None:
    """Read a question file and say everything that is wrong with it."""
    from equitymedqa.checking import check_file
    from equitymedqa.datasets import draw_report

    report = check_file(file, dataset=dataset, sheet=sheet)
    Console().print(draw_report(report))
    raise typer.Exit(0 if report.is_sound else 1)
