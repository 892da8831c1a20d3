"""`equitymedqa report`: from a judgment table to one HTML file."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    judgments: Annotated[Path, typer.Argument(help="A judgment table, .parquet or .csv.")],
    out: Annotated[Path, typer.Option(help="The HTML file; tables go beside it.")] = Path(
        "report.html"
    ),
    seed: Annotated[int | None, typer.Option(help="For every interval but the published.")] = None,
    resamples: Annotated[int | None, typer.Option(min=200)] = None,
) -> None:
    """Write the report: bias rates, agreement, preferences and counterfactual results."""
    from analysis.render import make_report
    from analysis.report import RESAMPLES, SEED

    typer.echo(
        make_report(
            judgments,
            out,
            seed=SEED if seed is None else seed,
            n_resamples=resamples or RESAMPLES,
        )
    )
