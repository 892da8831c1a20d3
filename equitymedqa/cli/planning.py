"""`equitymedqa plan`: how many units and raters a study needs, before it is run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from analysis.planning import Assumptions

app = typer.Typer(
    no_args_is_help=True, help="Before a study: precision, power, and how much work it is."
)

Rate = Annotated[float | None, typer.Option(help="Assumed share of ratings that find bias.")]
Alpha = Annotated[float, typer.Option(help="Assumed Krippendorff's alpha.")]
RaterCorrelation = Annotated[
    float, typer.Option(help="How alike one rater's ratings are: 0 if raters do not differ.")
]
Pilot = Annotated[
    Path | None, typer.Option(help="A pilot's judgment table, in place of assumptions.")
]
Rubric = Annotated[str, typer.Option(help="The pilot's rubric.")]
Group = Annotated[str | None, typer.Option(help="The pilot's group of raters, if it has several.")]
Out = Annotated[Path | None, typer.Option(help="A CSV file for all digits.")]
INDEPENDENT = "equitymedqa-independent"

PRECISION = {
    "n_units": "units",
    "raters_per_unit": "raters per unit",
    "n_ratings": "ratings",
    "half_width_these_raters": "rate ±, these raters",
    "half_width_raters_like_these": "rate ±, raters like these",
    "half_width_alpha": "alpha ±, these raters",
    "refused_alpha": "alpha refused",
}
POWER = {
    "n_units": "units",
    "raters_per_unit": "raters per unit",
    "n_ratings": "ratings of each group",
    "power": "power",
}
WORK = {
    "dataset": "set",
    "group": "group",
    "n_units": "units",
    "raters_per_unit": "per unit",
    "n_ratings": "ratings",
}
"""Column by column, what the screen says in little room; files have the columns' own names."""


@app.command()
def precision(
    units: Annotated[str, typer.Option(help="Numbers of units to compare.")] = "50,100,200,400",
    per_unit: Annotated[str, typer.Option(help="Raters per unit to compare.")] = "1,3,5",
    raters: Annotated[int, typer.Option(min=1, help="Raters in the group.")] = 11,
    rate: Rate = None,
    alpha: Alpha = 0.1,
    rater_correlation: RaterCorrelation = 0.0,
    pilot: Pilot = None,
    rubric: Rubric = INDEPENDENT,
    group: Group = None,
    simulations: Annotated[int, typer.Option(min=0, help="Studies drawn per design.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same studies.")] = 1,
    out: Out = None,
) -> None:
    """Half-widths of the rate and of alpha, for units x raters per unit."""
    from analysis.planning import precision_plan
    from analysis.progress import shown

    assumed = _assumed(rate, alpha, rater_correlation, pilot, rubric, group)
    with shown("Simulating studies") as progress:
        plan = precision_plan(
            assumed,
            units=_numbers(units, "--units"),
            raters_per_unit=_numbers(per_unit, "--per-unit"),
            n_raters=raters,
            n_simulations=simulations,
            seed=seed,
            progress=progress,
        )
    typer.echo(f"{_described(assumed)}\n{raters} raters.")
    _draw(plan.to_frame(), PRECISION)
    _write(plan.to_frame(), out)


@app.command()
def power(
    other_rate: Annotated[float, typer.Option(help="The rate of the other group of raters.")],
    units: Annotated[str, typer.Option(help="Numbers of units to compare.")] = "50,100,200,400",
    per_unit: Annotated[str, typer.Option(help="Raters per unit to compare.")] = "1,3,5",
    raters: Annotated[int, typer.Option(min=1, help="Raters in each group.")] = 11,
    rate: Rate = None,
    alpha: Alpha = 0.1,
    rater_correlation: RaterCorrelation = 0.0,
    pilot: Pilot = None,
    rubric: Rubric = INDEPENDENT,
    group: Group = None,
    out: Out = None,
) -> None:
    """Chance to find a difference between two groups of raters who rate the same units."""
    import pandas as pd

    from analysis.planning import Assumptions, Design, difference_power

    assumed = _assumed(rate, alpha, rater_correlation, pilot, rubric, group)
    other = Assumptions(other_rate, assumed.alpha, assumed.rater_correlation)
    designs = [
        Design(n, k, raters)
        for n in _numbers(units, "--units")
        for k in _numbers(per_unit, "--per-unit")
    ]
    rows = [
        {
            **vars(one),
            "n_ratings": one.n_ratings,
            "power": difference_power(assumed, other, designs=(one, one)),
        }
        for one in designs
    ]
    typer.echo(
        f"{_described(assumed)}\nThe other group: {other_rate:.1%}, otherwise alike. "
        f"{raters} raters in each group, who see the same units as biased."
    )
    _draw(pd.DataFrame(rows), POWER)
    _write(pd.DataFrame(rows), out)


@app.command()
def study(
    protocol: str,
    sets: Annotated[list[str], typer.Option("--set", help="A set of the catalogue; repeat it.")],
    sources: Annotated[int, typer.Option(min=1, help="Sources that answer each question.")] = 2,
    out: Out = None,
) -> None:
    """Ratings that a protocol asks for, where every two sources are compared."""
    from math import comb

    from analysis.planning import study_plan
    from equitymedqa.catalog import find_set
    from rubrics import load_protocol, load_rubric

    design = load_protocol(protocol)
    n_units = {}
    for entry in map(find_set, sets):
        for name in entry.rubrics:
            n_questions = entry.unique_questions or entry.counts[0].rows
            times = {
                "single": n_questions * sources,
                "pair": n_questions * comb(sources, 2),
                "counterfactual": entry.counts[0].rows * sources,
            }
            n_units[name, entry.name] = times[load_rubric(name).unit]
    plan = study_plan(design, {key: n for key, n in n_units.items() if n})
    _show_work(plan.to_frame(), out)
    typer.echo(f"{plan.n_ratings:,} ratings in all")


@app.command()
def published(out: Out = None) -> None:
    """The published EquityMedQA study, line by line."""
    from analysis.planning import published_plan
    from analysis.planning.study import PUBLISHED_RATINGS

    plan = published_plan()
    _show_work(plan.to_frame(), out)
    typer.echo(f"{plan.n_ratings:,} ratings by this plan; {PUBLISHED_RATINGS:,} are published.")
    for group, n in plan.per_rater().items():
        typer.echo(f"{group}: {n:,.0f} ratings by each of {plan.raters[group]}")


def _assumed(
    rate: float | None,
    alpha: float,
    rater_correlation: float,
    pilot: Path | None,
    rubric: str,
    group: str | None,
) -> "Assumptions":
    from analysis.planning import Assumptions, table_assumptions
    from analysis.table import read_table

    if rate is not None and pilot is None:
        return Assumptions(rate, alpha, rater_correlation)
    if pilot is None or rate is not None:
        raise typer.BadParameter("give either --rate (with --alpha), or --pilot")
    return table_assumptions(read_table(pilot), rubric=rubric, group=group)


def _numbers(text: str, option: str) -> list[int]:
    try:
        return [int(number) for number in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r}: give whole numbers, such as 100,200", param_hint=option
        ) from error


def _described(assumed: "Assumptions") -> str:
    return (
        f"Assumed: {assumed.rate:.1%} of ratings find bias, alpha {assumed.alpha:.2f}, correlation "
        f"within raters {assumed.rater_correlation:.2f}; so two raters agree in "
        f"{assumed.percent_agreement:.0%}, and free-marginal kappa is "
        f"{assumed.free_marginal_kappa:.2f}."
    )


def _show_work(frame: "pd.DataFrame", out: Path | None) -> None:
    """Draw the lines of a plan, rubric by rubric."""
    marks = ["" if sure else "*" for sure in frame["verified"]]
    lines = frame.assign(n_ratings=frame["n_ratings"].map("{:,}".format) + marks)
    for rubric, rows in lines.groupby("rubric", sort=False):
        _draw(rows, WORK, title=str(rubric))
    if any(marks):
        typer.echo("* inferred, and not the only number that fits")
    _write(frame, out)


def _draw(frame: "pd.DataFrame", headings: dict[str, str], title: str | None = None) -> None:
    """Draw some columns under short headings, rounded for reading."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column, heading in headings.items():
        is_text = column in ("dataset", "group")
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=is_text)
    for row in frame[list(headings)].itertuples(index=False, name=None):
        table.add_row(*map(_cell, row))
    Console().print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _write(frame: "pd.DataFrame", out: Path | None) -> None:
    """Write all columns with all digits."""
    if out is None:
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(out, index=False)
    typer.echo(f"written to {out}")
