"""`equitymedqa study` and `equitymedqa portal`: make a study, invite people, serve, take out."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from equitymedqa.cli.accounts import RoleName

app = typer.Typer(
    no_args_is_help=True, help="Studies: create, invite, pause, lock, list, export, verify."
)

MOMENTS = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]

StudyName = Annotated[str | None, typer.Option("--study", help="Needed if there are several.")]


@app.command()
def create(
    protocol: Annotated[str, typer.Argument(help="A shipped protocol or a YAML file.")],
    answers: Annotated[list[Path], typer.Option(help="Answer files, one of each source.")],
    more: Annotated[list[Path] | None, typer.Argument(help="Further answer files.")] = None,
    study: Annotated[str | None, typer.Option("--name", help="How commands call it.")] = None,
    title: Annotated[str | None, typer.Option(help="What raters read.")] = None,
    seed: Annotated[int, typer.Option(help="Where orders start from.")] = 0,
    checks: Annotated[
        list[Path] | None, typer.Option(help="A file of training, gold and attention units.")
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="A folder that the questions' images were moved to."
        ),
    ] = None,
    whole_only: Annotated[
        bool, typer.Option("--whole-only", help="Leave out answers cut at the token limit.")
    ] = False,
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
            checks=checks or [],
            images=images,
            whole_only=whole_only,
        )
    typer.echo(f"Study {made.name!r}: {_counts(made.units)} units of {len(made.sources)} sources.")
    typer.echo(f"Judgments needed: {_counts(made.judgments_needed)}.")
    if made.keyed_units:
        typer.echo(f"Besides, with known answers: {_counts(made.keyed_units)}.")
    if made.n_images:
        typer.echo(
            f"Images: {made.n_images}, stored as the models were shown them, without metadata."
        )
    if made.n_failed:
        typer.echo(
            f"{made.n_failed} of {made.n_answers} answers are left out: they failed, or were cut "
            "before the model had ended its reasoning."
        )
    for name, meant in made.doubtful_sets.items():
        typer.echo(f"{name!r} is no published set and is treated as your own. Is {meant!r} meant?")
    if made.unused_sets:
        typer.echo(
            "In no unit, since the protocol has no line for them or what they would be shown with "
            f"is left out: {_counts(made.unused_sets)}."
        )
    if made.n_truncated:
        typer.echo(
            f"{made.n_truncated} answers were cut at the token limit and "
            f"{'are left out' if whole_only else 'are shown as cut'}. `equitymedqa answers extend` "
            "gives them more room."
        )


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
def pause(
    study: Annotated[str, typer.Argument(metavar="NAME", help="Of the study.")],
    message: Annotated[str | None, typer.Option(help="What raters are told.")] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=MOMENTS, help="When raters may come back, by this machine's clock."),
    ] = None,
) -> None:
    """Take no judgments for a while; what raters have chosen so far is kept."""
    from rater_portal.database import database, session_on
    from rater_portal.services.states import pause_study

    back_at = until.astimezone() if until else None
    with session_on(database()) as session:
        pause_study(session, study=study, message=message, back_at=back_at)


@app.command()
def lock(
    study: Annotated[str, typer.Argument(metavar="NAME", help="Of the study.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take no write ever again. This cannot be undone."""
    from rater_portal.database import database, session_on
    from rater_portal.services.states import lock_study
    from rater_portal.services.studies import find_study

    with session_on(database()) as session:
        find_study(session, study)
        if not yes:
            question = f"Nothing can be judged, changed or reopened in {study!r} then. Its name"
            if typer.prompt(question) != study:
                raise typer.BadParameter("another name was typed; nothing was locked")
        lock_study(session, study=study)
    typer.echo(f"Study {study!r} is locked.")


@app.command()
def close(
    study: StudyName = None,
    message: Annotated[str | None, typer.Option(help="What raters are told.")] = None,
) -> None:
    """Take no more judgments."""
    from rater_portal.database import database, session_on
    from rater_portal.services.states import close_study
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        close_study(session, study=only_study(session, study), message=message)


@app.command()
def reopen(study: StudyName = None) -> None:
    """Take judgments again."""
    from rater_portal.database import database, session_on
    from rater_portal.services.states import reopen_study
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        reopen_study(session, study=only_study(session, study))


@app.command()
def grant(
    username: Annotated[str, typer.Argument(help="Of an account.")],
    role: RoleName,
    study: StudyName = None,
) -> None:
    """Give an account a role in a study, in place of the one that it had there."""
    from rater_portal.database import database, session_on
    from rater_portal.services.members import grant as give
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        name = only_study(session, study)
        given = give(session, username=username, study=name, role=role.value)
    typer.echo(f"{username} is {given.role} in {given.study!r}, as {given.pseudonym}.")


@app.command()
def withdraw(
    username: Annotated[str, typer.Argument(help="Of an account.")], study: StudyName = None
) -> None:
    """Take an account's role in a study away; what it did there stays."""
    from rater_portal.database import database, session_on
    from rater_portal.services.members import withdraw as take
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        take(session, username=username, study=only_study(session, study))


@app.command()
def consent(
    text: Annotated[Path, typer.Argument(help="A YAML file: version, text, translations.")],
    study: StudyName = None,
) -> None:
    """Give a study another text to agree to; a new version asks every rater again."""
    from rater_portal.database import database, session_on
    from rater_portal.services.consent import change_consent
    from rater_portal.services.studies import only_study
    from rubrics.conduct import ConsentText
    from rubrics.loader import load_definition

    with session_on(database()) as session:
        name = only_study(session, study)
        change_consent(session, study=name, consent=load_definition(text, ConsentText))


@app.command("list")
def list_studies() -> None:
    """List studies and how far they are."""
    from rater_portal.database import database, session_on
    from rater_portal.services.progress import overview
    from rater_portal.services.studies import find_study, study_names

    with session_on(database()) as session:
        for name in study_names(session):
            seen = overview(session, study=name)
            state = find_study(session, name).state
            typer.echo(f"{name}  {state}  {seen.accepted} of {seen.capacity} judgments")


@app.command()
def export(
    out: Annotated[
        Path,
        typer.Argument(help="A .parquet or .csv file; or a folder, for every table there is."),
    ],
    study: StudyName = None,
) -> None:
    """Write the judgment table; into a folder also all other tables, the codebook and images."""
    from analysis.table import write_table
    from rater_portal.database import database, session_on
    from rater_portal.services.export import judgment_table
    from rater_portal.services.folder import export_folder
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        name = only_study(session, study)
        if out.suffix:
            written = [write_table(judgment_table(session, study=name), out)]
        else:
            written = export_folder(session, study=name, folder=out)
    for path in written:
        typer.echo(path)


@app.command()
def verify(study: StudyName = None) -> None:
    """Check that no judgment and no event was altered, removed, added or moved."""
    from rater_portal.database import database, session_on
    from rater_portal.services.audit import verify as verify_trail
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        found = verify_trail(session, study=only_study(session, study))
    for problem in found.problems:
        typer.echo(problem, err=True)
    wholeness = "all whole" if found.whole else f"{len(found.problems)} problems"
    typer.echo(f"{found.n_judgments} judgments and {found.n_events} events: {wholeness}.")
    typer.echo(f"Last hash of the judgments: {found.last_hash}")
    typer.echo(f"Last hash of the events:    {found.last_event_hash}")
    raise typer.Exit(0 if found.whole else 1)


def portal() -> None:
    """Serve the rater portal until Ctrl-C."""
    from rater_portal.serving import run_portal
    from rater_portal.settings import Settings

    run_portal(Settings())


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counted.items())
