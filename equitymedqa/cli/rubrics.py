"""`equitymedqa rubrics`: the shipped rubrics and protocols, and whether a file is sound."""

from pathlib import Path

import typer

app = typer.Typer(no_args_is_help=True, help="Rubrics and protocols: list, show, check.")


@app.command("list")
def list_rubrics() -> None:
    """List the shipped rubrics and protocols."""
    from rubrics import available_protocols, available_rubrics, load_protocol, load_rubric

    for rubric_id in available_rubrics():
        rubric = load_rubric(rubric_id)
        typer.echo(f"rubric    {rubric.id}  {rubric.version}  {rubric.title}")
    for protocol_id in available_protocols():
        protocol = load_protocol(protocol_id)
        typer.echo(f"protocol  {protocol.id}  {protocol.version}  {protocol.title}")


@app.command()
def show(name: str) -> None:
    """Show a rubric as its raters are asked it."""
    from rubrics import load_rubric

    rubric = load_rubric(name)
    typer.echo(f"{rubric.title} (version {rubric.version}, {rubric.unit})\n{rubric.source}\n")
    for item in rubric.items:
        asked = (
            f"  [if {item.show_if.item}: {', '.join(item.show_if.is_in)}]" if item.show_if else ""
        )
        typer.echo(f"{item.id} ({item.kind}){asked}\n  {item.text}")
        for option in item.options:
            typer.echo(f"    {option.code}: {option.label}")


@app.command()
def check(file: Path) -> None:
    """Check a rubric or protocol file; every mistake is named with file, line and key."""
    from rubrics import check_file

    problems = check_file(file)
    for problem in problems:
        typer.echo(str(problem))
    if not problems:
        typer.echo(f"{file} is sound")
    raise typer.Exit(1 if problems else 0)
