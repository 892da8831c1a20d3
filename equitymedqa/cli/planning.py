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
Group = Annotated[str | None, typer.Option(help="The pilot's group of raters.")]
Out = Annotated[Path | None, typer.Option(help="A CSV file for all digits.")]
INDEPENDENT = "equitymedqa-independent"


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
    seed: int = 1,
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
    typer.echo(_described(assumed))
    _show(plan.to_frame(), out)


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
        {**vars(one), "power": difference_power(assumed, other, designs=(one, one))}
        for one in designs
    ]
    typer.echo(f"{_described(assumed)}\nThe other group: {other_rate:.1%}, otherwise alike.")
    _show(pd.DataFrame(rows), out)


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
    _show(plan.to_frame(), out)
    typer.echo(f"{plan.n_ratings:,} ratings in all")


@app.command()
def published(out: Out = None) -> None:
    """The published EquityMedQA study, line by line."""
    from analysis.planning import published_plan
    from analysis.planning.study import PUBLISHED_RATINGS

    plan = published_plan()
    _show(plan.to_frame(), out)
    typer.echo(
        f"{plan.n_ratings:,} ratings by this plan; {PUBLISHED_RATINGS:,} are published. Lines that "
        "are not verified follow from totals, and are not the only ones that fit."
    )
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

    if (rate is None) == (pilot is None):
        raise typer.BadParameter("give either --rate (with --alpha), or --pilot")
    if rate is not None:
        return Assumptions(rate, alpha, rater_correlation)
    assert pilot is not None
    found = table_assumptions(read_table(pilot), rubric=rubric)
    if group not in found:
        raise typer.BadParameter(f"--group is {group!r}: the pilot has {sorted(found)}")
    return found[group]


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


def _show(frame: "pd.DataFrame", out: Path | None) -> None:
    """Draw the rows, rounded for reading; write them whole."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*(str(column).replace("_", " ") for column in frame.columns))
    for row in frame.itertuples(index=False, name=None):
        table.add_row(*map(_cell, row))
    Console().print(table)
    if out is not None:
        frame.to_csv(out, index=False)
        typer.echo(f"written to {out}")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.3f}"
    return str(value)
