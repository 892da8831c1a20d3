"""`equitymedqa study` and `equitymedqa portal`: make a study, invite people, serve, take out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Studies: create, invite, list, export, verify.")

StudyName = Annotated[str | None, typer.Option("--study", help="Needed if there are several.")]


@app.command()
def create(
    protocol: Annotated[str, typer.Argument(help="A shipped protocol or a YAML file.")],
    answers: Annotated[list[Path], typer.Option(help="Answer files, one of each source.")],
    more: Annotated[list[Path] | None, typer.Argument(help="Further answer files.")] = None,
    study: Annotated[str | None, typer.Option("--name", help="How commands call it.")] = None,
    title: Annotated[str | None, typer.Option(help="What raters read.")] = None,
    seed: Annotated[int, typer.Option(help="Where orders start from.")] = 0,
) -> None:
    """Make a study of answer files under a protocol."""
    from rater_portal.database import database, session_on
    from rater_portal.services.intake import create_study

    with session_on(database()) as session:
        made = create_study(
            session,
            protocol=protocol,
            answers=[*answers, *(more or [])],
            name=study,
            title=title,
            seed=seed,
        )
    typer.echo(f"Study {made.name!r}: {_counts(made.units)} units of {len(made.sources)} sources.")
    typer.echo(f"Judgments needed: {_counts(made.judgments_needed)}.")
    if made.n_failed:
        typer.echo(f"{made.n_failed} of {made.n_answers} answers failed and are left out.")
    for name, meant in made.doubtful_sets.items():
        typer.echo(f"{name!r} is no published set and is treated as your own. Is {meant!r} meant?")
    if made.unused_sets:
        typer.echo(
            f"In no unit, since the protocol has no line for them: {_counts(made.unused_sets)}."
        )
    if made.n_truncated:
        typer.echo(f"{made.n_truncated} answers were cut at the token limit and are shown as cut.")


@app.command()
def invite(
    group: Annotated[str | None, typer.Option(help="Group of the protocol.")] = None,
    count: Annotated[int, typer.Option(min=1)] = 1,
    coordinator: Annotated[bool, typer.Option(help="Invite a coordinator instead.")] = False,
    again: Annotated[str | None, typer.Option(help="A pseudonym: a further link for it.")] = None,
    study: StudyName = None,
) -> None:
    """Print one-time links, each for one person; whose it is goes to standard error."""
    from rater_portal.database import database, session_on
    from rater_portal.services.invitations import (
        invite_again,
        invite_coordinator,
        invite_rater,
    )
    from rater_portal.services.studies import only_study

    if sum((group is not None, coordinator, again is not None)) != 1:
        raise typer.BadParameter("give one of --group GROUP, --coordinator, --again PSEUDONYM")
    with session_on(database()) as session:
        name = only_study(session, study)
        if again is not None:
            links = [invite_again(session, study=name, pseudonym=again)]
        elif group is not None:
            links = invite_rater(session, study=name, group=group, count=count)
        else:
            links = [invite_coordinator(session, study=name) for _ in range(count)]
    for link in links:
        typer.echo(f"{link.pseudonym}:", err=True)
        typer.echo(link.url)


@app.command()
def close(study: StudyName = None) -> None:
    """Take no more judgments."""
    from rater_portal.database import database, session_on
    from rater_portal.services.intake import close_study
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        close_study(session, study=only_study(session, study))


@app.command()
def reopen(study: StudyName = None) -> None:
    """Take judgments again."""
    from rater_portal.database import database, session_on
    from rater_portal.services.intake import reopen_study
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        reopen_study(session, study=only_study(session, study))


@app.command("list")
def list_studies() -> None:
    """List studies and how far they are."""
    from rater_portal.database import database, session_on
    from rater_portal.services.progress import overview
    from rater_portal.services.studies import study_names

    with session_on(database()) as session:
        for name in study_names(session):
            seen = overview(session, study=name)
            state = "open" if seen.is_open else "closed"
            typer.echo(f"{name}  {state}  {seen.accepted} of {seen.capacity} judgments")


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="A .parquet or .csv file.")],
    study: StudyName = None,
) -> None:
    """Write the judgment table."""
    from analysis.table import write_table
    from rater_portal.database import database, session_on
    from rater_portal.services.export import judgment_table
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        table = judgment_table(session, study=only_study(session, study))
    typer.echo(write_table(table, out))


@app.command()
def verify(study: StudyName = None) -> None:
    """Check that no stored judgment was altered, removed or moved."""
    from rater_portal.database import database, session_on
    from rater_portal.services.audit import verify as verify_trail
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        found = verify_trail(session, study=only_study(session, study))
    for problem in found.problems:
        typer.echo(problem, err=True)
    if found.whole:
        typer.echo(f"{found.n_judgments} judgments, all whole. Last hash: {found.last_hash}")
    raise typer.Exit(0 if found.whole else 1)


def portal() -> None:
    """Serve the rater portal until Ctrl-C."""
    from rater_portal.serving import run_portal
    from rater_portal.settings import Settings

    run_portal(Settings())


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counted.items())
