"""The figures of a report, each from its typed rows; a section without rows has no figure."""

from collections.abc import Callable

import plotly.graph_objects as go

from analysis.drawing import finished, wrapped
from analysis.estimates import Estimate, Interval
from analysis.forest import Mark, forest
from analysis.group_tables import ALL_SHARED_SETS
from analysis.report import Report
from analysis.sections.bias_rates import RateRow
from analysis.sections.cells import Cell
from analysis.sections.counterfactuals import CounterfactualRow
from analysis.sections.preferences import PreferenceRow

ALL_SETS = "All sets"
OUTCOMES = (
    ("x_preferred", "#0072B2", "", "white"),
    ("no_preference", "#d9dce1", "", "#1b1f24"),
    ("y_preferred", "#E69F00", "/", "#1b1f24"),
)
"""Share, colour, pattern and ink of each part of a bar."""

HATCHING = {"fillmode": "overlay", "fgcolor": "#7a5200", "size": 7, "solidity": 0.15}


def report_figures(report: Report) -> dict[str, go.Figure]:
    """Every figure that has something to show, by the name of the table that holds its data."""
    makers: dict[str, Callable[[Report], go.Figure | None]] = {
        "bias_rates": rates_figure,
        "bias_dimensions": dimensions_figure,
        "group_differences": differences_figure,
        "preferences": preferences_figure,
        "counterfactual": counterfactual_figure,
        "agreement": agreement_figure,
    }
    made = {name: make(report) for name, make in makers.items()}
    return {name: figure for name, figure in made.items() if figure is not None}


def rates_figure(report: Report) -> go.Figure | None:
    """Forest plot of the rate of any bias by set and group; by source over all sets."""
    first = report.rates[0].measure if report.rates else None
    rows = [row for row in report.rates if row.measure == first]
    shown = [row for row in rows if row.of.is_all_sources or row.of.is_all_sets]
    marks = [_rate_mark(report, row, _set_and_source(row)) for row in shown]
    axis = "Share of ratings that found bias"
    return forest(marks, axis=axis, synthetic=report.is_synthetic)


def differences_figure(report: Report) -> go.Figure | None:
    """Forest plot of how far apart two groups of raters are, by set."""
    marks = [
        Mark(
            row.of.dataset or ALL_SHARED_SETS,
            " less ".join(report.group_labels[group] for group in (row.of.first, row.of.second)),
            row.difference,
        )
        for row in report.group_differences
    ]
    axis = "Difference in the share of ratings that found bias"
    return forest(marks, axis=axis, synthetic=report.is_synthetic)


def counterfactual_figure(report: Report) -> go.Figure | None:
    """Forest plot of the counterfactual rates by measure and group, all sets and sources."""
    marks = [
        _rate_mark(report, row, f"{row.label}<br><i>answers seen {row.basis}</i>")
        for row in report.counterfactuals
        if row.of.is_all_sets and row.of.is_all_sources and row.kind == "main"
    ]
    return forest(marks, axis="Share of ratings of pairs", synthetic=report.is_synthetic)


def agreement_figure(report: Report) -> go.Figure | None:
    """Forest plot of the best known coefficients by item and group, over all sets."""
    names = {
        "percent_agreement": "Percent agreement",
        "krippendorff_alpha": "Krippendorff's alpha",
        "brennan_prediger": "Brennan-Prediger",
        "gwet_ac": "Gwet's AC",
    }
    rows = [row for row in report.agreement if row.of.is_all_sets and not row.is_dimension]
    marks = [
        Mark(
            f"{row.label}<br><i>{report.group_labels[row.of.group]}</i>",
            shown,
            row.coefficients[name],
        )
        for row in rows
        for name, shown in names.items()
    ]
    return forest(marks, axis="Agreement", synthetic=report.is_synthetic)


def preferences_figure(report: Report) -> go.Figure | None:
    """Stacked shares of which source is preferred, by set and group, for each two sources."""
    rows = [row for row in report.preferences if not row.is_dimension]
    if not rows:
        return None

    several = len({(row.source_x, row.source_y) for row in rows}) > 1
    lines = [_compared(report, row, name_sources=several) for row in rows]
    x, y = ("First source", "Second source") if several else (rows[0].source_x, rows[0].source_y)
    names = (f"{x} preferred", "No preference", f"{y} preferred")
    figure = go.Figure()
    for name, (share, colour, pattern, ink) in zip(names, OUTCOMES, strict=True):
        figure.add_bar(
            y=lines,
            x=[_value(getattr(row, share).clustered) for row in rows],
            name=name,
            orientation="h",
            marker={
                "color": colour,
                "pattern": {**HATCHING, "shape": pattern},
                "line": {"color": "white", "width": 1},
            },
            texttemplate="%{x:.2f}",
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": ink},
            hovertemplate="%{y}: %{x:.3f}<extra>" + name + "</extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.3)
    figure.update_xaxes(range=[0, 1])
    figure.update_yaxes(autorange="reversed")
    height = 34 * len(lines)
    axis = "Share of comparisons"
    return finished(figure, axis=axis, height=height, synthetic=report.is_synthetic)


def dimensions_figure(report: Report) -> go.Figure | None:
    """Heatmap of how often each dimension was ticked, by group and set, all sources together."""
    rows = [r for r in report.rates if r.kind == "dimension" and r.of.is_all_sources]
    if not rows:
        return None

    sets = list(dict.fromkeys(row.of.dataset or ALL_SETS for row in rows))
    found = {
        (row.of.group, row.label, row.of.dataset or ALL_SETS): _value(row.share.clustered)
        for row in rows
    }
    lines = [
        (group, label)
        for label in dict.fromkeys(row.label for row in rows)
        for group in report.group_labels
        if any(row.of.group == group for row in rows)
    ]
    figure = go.Figure(
        go.Heatmap(
            x=sets,
            y=[
                f"{wrapped(label, 44)}<br><i>{report.group_labels[group]}</i>"
                for group, label in lines
            ],
            z=[[found.get((*line, dataset)) for dataset in sets] for line in lines],
            zmin=0,
            colorscale=[[0, "#f7fbff"], [0.5, "#6baed6"], [1, "#08306b"]],
            texttemplate="%{z:.2f}",
            xgap=2,
            ygap=2,
            colorbar={"title": "Share", "thickness": 12, "outlinewidth": 0},
            hovertemplate="%{y}<br>%{x}: %{z:.3f}<extra></extra>",
        )
    )
    figure.update_xaxes(side="top", showgrid=False, zeroline=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return finished(figure, axis="", height=40 * len(lines), synthetic=report.is_synthetic)


def _rate_mark(report: Report, row: RateRow | CounterfactualRow, line: str) -> Mark:
    band, reach = (_interval(one) for one in (row.share.row_level, row.share.two_way))
    return Mark(line, report.group_labels[row.of.group], row.share.clustered, band, reach)


def _interval(cell: Cell) -> Interval | None:
    return cell.interval if isinstance(cell, Estimate) else None


def _set_and_source(row: RateRow) -> str:
    dataset = row.of.dataset or ALL_SETS
    return dataset if row.of.is_all_sources else f"{dataset}<br><i>{row.of.source}</i>"


def _compared(report: Report, row: PreferenceRow, *, name_sources: bool) -> str:
    line = f"{row.of.dataset or ALL_SETS}, {report.group_labels[row.of.group]}"
    return f"{line}<br>{row.source_x} / {row.source_y}" if name_sources else line


def _value(cell: Cell) -> float | None:
    return cell.value if isinstance(cell, Estimate) else None
