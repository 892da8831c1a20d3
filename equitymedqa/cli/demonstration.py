"""`equitymedqa demo`: the whole way of the datum in minutes, with simulated raters."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="Where everything is left.")] = Path("demo"),
    questions: Annotated[
        int | None, typer.Option(min=3, help="How many questions; all of the sample unless given.")
    ] = None,
    serve: Annotated[bool, typer.Option(help="Start the portal at the end.")] = True,
) -> None:
    """Answer the sample, simulate raters, write the report, then open the portal."""
    from rater_portal.demo import run_demo

    run_demo(out, n_questions=questions, serve=serve)
