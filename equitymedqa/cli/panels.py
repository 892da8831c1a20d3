"""`equitymedqa panel`: doors for the people of a crowd platform, opened, closed and looked at."""

from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="Doors for crowd platforms: open, close, list.")

StudyName = Annotated[str | None, typer.Option("--study", help="Needed if there are several.")]
Outcomes = Annotated[
    list[str] | None, typer.Option(help="OUTCOME=CODE, with complete, screened_out or withdrawn.")
]


@app.command("open")
def open_door(
    name: Annotated[str, typer.Argument(help="How commands and lists call the door.")],
    group: Annotated[str, typer.Option(help="Group of the protocol.")],
    capacity: Annotated[int, typer.Option(min=1, help="How many people may come in.")],
    code: Outcomes = None,
    adapter: Annotated[str, typer.Option(help="prolific or generic.")] = "prolific",
    person: Annotated[
        str | None, typer.Option(help="generic: the parameter that tells who comes.")
    ] = None,
    visit: Annotated[
        str | None, typer.Option(help="generic: the parameter that tells which visit it is.")
    ] = None,
    address: Annotated[
        list[str] | None, typer.Option(help="generic: OUTCOME=https://... to return to.")
    ] = None,
    study: StudyName = None,
) -> None:
    """Open a door, and print the address to give to the platform. It is shown this once."""
    from rater_portal.database import database, session_on
    from rater_portal.services.panels import open_panel
    from rater_portal.services.studies import only_study

    own = {"person": person, "visit": visit, "addresses": _by_outcome(address)}
    settings: dict[str, Any] = {key: value for key, value in own.items() if value}
    with session_on(database()) as session:
        door = open_panel(
            session,
            study=only_study(session, study),
            name=name,
            adapter=adapter,
            group=group,
            capacity=capacity,
            settings={"codes": _by_outcome(code), **settings},
        )
    typer.echo(door.url)


@app.command()
def close(
    name: Annotated[str, typer.Argument(help="The door's name.")], study: StudyName = None
) -> None:
    """Let nobody new in through a door; who came before still comes back."""
    from rater_portal.database import database, session_on
    from rater_portal.services.panels import close_panel
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        close_panel(session, study=only_study(session, study), name=name)


@app.command("list")
def list_doors(
    people: Annotated[
        bool, typer.Option(help="Who came, by the platform's names, and the code of each.")
    ] = False,
    study: StudyName = None,
) -> None:
    """List doors and how many came, or the people, as CSV."""
    from rater_portal.database import database, session_on
    from rater_portal.services.panels import panel_participants, panels
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        seen = (panel_participants if people else panels)(session, study=only_study(session, study))
    typer.echo(seen.to_csv(index=False), nl=False)


def _by_outcome(said: list[str] | None) -> dict[str, str]:
    """`OUTCOME=VALUE` options as a mapping."""
    pairs = [one.partition("=") for one in said or []]
    if wrong := [name for name, sign, value in pairs if not (sign and value)]:
        raise typer.BadParameter(f"{wrong[0]!r} is not of the form OUTCOME=VALUE")
    return {name: value for name, _, value in pairs}
