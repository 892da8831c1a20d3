"""`equitymedqa account`: people who sign in with a username, to run a study or to read it."""

from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Accounts of coordinators, analysts and adjudicators.")

Name = Annotated[str, typer.Argument(metavar="USERNAME", help="Of the account.")]
StudyName = Annotated[str | None, typer.Option("--study", help="Needed if there are several.")]


class StaffRoleName(StrEnum):
    """What one may do in a study."""

    COORDINATOR = "coordinator"
    ANALYST = "analyst"
    ADJUDICATOR = "adjudicator"


RoleName = Annotated[StaffRoleName, typer.Option("--role", help="What the person may do.")]


@app.command()
def add(name: Name, role: RoleName, study: StudyName = None) -> None:
    """Make an account, and print the one-time link behind which its password is chosen."""
    from rater_portal.database import database, session_on
    from rater_portal.services.members import add_account
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        link = add_account(
            session, username=name, study=only_study(session, study), role=role.value
        )
    typer.echo(f"{name}, {link.role} as {link.pseudonym}, chooses a password here:", err=True)
    typer.echo(link.url)


@app.command()
def password(name: Name) -> None:
    """Print a new one-time link behind which an account's password is chosen anew."""
    from rater_portal.database import database, session_on
    from rater_portal.services.members import password_link

    with session_on(database()) as session:
        link = password_link(session, username=name)
    typer.echo(link.url)


@app.command()
def disable(name: Name) -> None:
    """Let an account in no more and sign it out everywhere, from this moment on."""
    from rater_portal.database import database, session_on
    from rater_portal.services.members import disable_account

    with session_on(database()) as session:
        disable_account(session, username=name)
