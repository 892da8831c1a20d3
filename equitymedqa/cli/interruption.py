"""What a person who stops a long command with Ctrl-C needs to know."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def goes_on_later() -> Iterator[None]:
    """Around a job that the same command takes up again: Ctrl-C says so, and ends with 130."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(
            "Stopped. What is written is kept; the same command goes on from here.", err=True
        )
        raise typer.Exit(130) from None
