"""How figures are drawn: forest plots, and the look that all figures share.

Nothing is told by colour alone, and a figure of simulated raters says so inside the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

import plotly.graph_objects as go

from analysis.estimates import Estimate, Interval
from analysis.rounding import shown_estimate
from analysis.sections.cells import Cell, Undefined

# Okabe and Ito's palette, which people with any colour vision can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "cross", "star")
SYNTHETIC = "SYNTHETIC RATERS"
WARNING, INK, MUTED, GRID, STRIPE = "#9b1c1c", "#1b1f24", "#5b6470", "#e3e6ea", "#f5f6f8"
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
SLOT = 19
"""Pixels for one estimate."""

GAP = 0.7
"""Slots between two lines."""

MARGINS = 130
"""Pixels above and below the plot, for the legend and the axis."""


@dataclass(frozen=True)
class Mark:
    """One estimate of a forest plot."""

    line: str
    """Where it stands: marks of one line are drawn below each other."""

    series: str
    """What it belongs to: gives symbol and colour."""

    cell: Cell
    band: Interval | None = None
    """A second interval, drawn as a band behind the first."""


@dataclass(frozen=True)
class Place:
    """Where a line of a forest plot lies, in slots from the top."""

    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """Where the label stands."""
        return (self.top + self.bottom) / 2


def forest(marks: Sequence[Mark], *, axis: str, synthetic: bool) -> go.Figure | None:
    """Draw estimates with their intervals below each other; no marks, no figure.

    Parameters
    ----------
    marks
    axis
        What the numbers are.
    synthetic
        Whether any rating behind the numbers was simulated.
    """
    if not marks:
        return None

    places = _places(marks)
    heights = _heights(marks, places)
    figure = go.Figure()
    for i, place in enumerate(places.values()):
        if i % 2 == 0:
            figure.add_hrect(place.top, place.bottom, fillcolor=STRIPE, line_width=0, layer="below")
    for i, series in enumerate(dict.fromkeys(mark.series for mark in marks)):
        chosen = [j for j, mark in enumerate(marks) if mark.series == series]
        look = (COLOURS[i % len(COLOURS)], SYMBOLS[i % len(SYMBOLS)])
        _add_series(figure, series, [(marks[j], heights[j]) for j in chosen], *look)
    _add_undefined(figure, marks, heights)
    if any(mark.band for mark in marks):
        _explain_intervals(figure)
    bottom = max(place.bottom for place in places.values())
    figure.update_yaxes(
        tickvals=[place.middle for place in places.values()],
        ticktext=[wrapped(line) for line in places],
        range=[bottom, 0],
        showgrid=False,
        zeroline=False,
    )
    figure.update_xaxes(
        range=_reach(marks), zeroline=True, zerolinecolor=MUTED, zerolinewidth=1, linecolor=GRID
    )
    return finished(figure, axis=axis, height=bottom * SLOT, synthetic=synthetic)


def _reach(marks: Sequence[Mark]) -> list[float]:
    """From 0 or the lowest limit to the highest one, with a margin."""
    estimates = [mark.cell for mark in marks if isinstance(mark.cell, Estimate)]
    intervals = [estimate.interval for estimate in estimates] + [mark.band for mark in marks]
    limits = [limit for one in intervals if one for limit in (one.low, one.high)]
    values = [0.0, *(estimate.value for estimate in estimates), *limits]
    margin = 0.03 * ((max(values) - min(values)) or 1.0)
    return [min(values) - margin, max(values) + margin]


def _places(marks: Sequence[Mark]) -> dict[str, Place]:
    places, top = {}, 0.0
    for line in dict.fromkeys(mark.line for mark in marks):
        slots = max(sum(mark.line == line for mark in marks), 1 + wrapped(line).count("<br>"))
        places[line] = Place(top, top + slots + GAP)
        top += slots + GAP
    return places


def _heights(marks: Sequence[Mark], places: dict[str, Place]) -> list[float]:
    heights = []
    for i, mark in enumerate(marks):
        before = sum(other.line == mark.line for other in marks[:i])
        in_line = sum(other.line == mark.line for other in marks)
        heights.append(places[mark.line].middle + before - (in_line - 1) / 2)
    return heights


def _add_series(
    figure: go.Figure, name: str, marks: list[tuple[Mark, float]], colour: str, symbol: str
) -> None:
    _add_bands(figure, name, marks, colour)
    drawn = [
        (plain(mark.line), mark.cell, height)
        for mark, height in marks
        if isinstance(mark.cell, Estimate)
    ]
    arms = [_arms(estimate) for _, estimate, _ in drawn]
    figure.add_scatter(
        x=[estimate.value for _, estimate, _ in drawn],
        y=[height for *_, height in drawn],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [above for above, _ in arms],
            "arrayminus": [below for _, below in arms],
            "thickness": 1.5,
            "width": 4,
            "color": colour,
        },
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": 9},
        name=name,
        legendgroup=name,
        customdata=[[line, shown_estimate(estimate)] for line, estimate, _ in drawn],
        hovertemplate="%{customdata[0]}<br>" + name + ": %{customdata[1]}<extra></extra>",
    )


def _add_bands(figure: go.Figure, name: str, marks: list[tuple[Mark, float]], colour: str) -> None:
    bands = [(mark.band, height) for mark, height in marks if mark.band is not None]
    if bands:
        # None lifts the pen between two bands.
        figure.add_scatter(
            x=[x for band, _ in bands for x in (band.low, band.high, None)],
            y=[y for _, height in bands for y in (height, height, None)],
            mode="lines",
            line={"color": colour, "width": 9},
            opacity=0.28,
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
        )


def _arms(estimate: Estimate) -> tuple[float, float]:
    interval = estimate.interval
    if interval is None:
        return 0.0, 0.0
    return interval.high - estimate.value, estimate.value - interval.low


def _add_undefined(figure: go.Figure, marks: Sequence[Mark], heights: Sequence[float]) -> None:
    for mark, height in zip(marks, heights, strict=True):
        if isinstance(mark.cell, Undefined):
            figure.add_annotation(
                x=0,
                y=height,
                text=f"{mark.series}: undefined",
                hovertext=mark.cell.reason,
                showarrow=False,
                xanchor="left",
                xshift=4,
                font={"size": 11, "color": MUTED},
            )


def _explain_intervals(figure: go.Figure) -> None:
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="lines",
        name="interval by question",
        line={"color": INK, "width": 1.5},
    )
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="lines",
        name="interval as published",
        opacity=0.28,
        line={"color": INK, "width": 9},
    )


def finished(figure: go.Figure, *, axis: str, height: float, synthetic: bool) -> go.Figure:
    """Give a figure the look that all share, and the mark of simulated raters where it applies.

    Parameters
    ----------
    figure
    axis
        Title of the horizontal axis.
    height
        Pixels of the plot itself.
    synthetic
    """
    figure.update_layout(
        template="none",
        height=height + MARGINS,
        margin={"l": 10, "r": 14, "t": 62, "b": 56},
        font={"family": FONT, "size": 13, "color": INK},
        paper_bgcolor="white",
        plot_bgcolor="white",
        legend={
            "orientation": "h",
            "x": 0,
            "xref": "container",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "traceorder": "normal",
        },
        hoverlabel={"bgcolor": "white", "font": {"color": INK}},
        dragmode=False,
    )
    figure.update_xaxes(title=axis, gridcolor=GRID, automargin=True, title_font_size=13)
    figure.update_yaxes(automargin=True, ticks="", linecolor=GRID)
    if synthetic:
        _mark_synthetic(figure)
    return figure


def _mark_synthetic(figure: go.Figure) -> None:
    shared = {"text": SYNTHETIC, "xref": "paper", "yref": "paper", "showarrow": False}
    figure.add_annotation(
        **shared,
        x=1,
        y=0,
        xanchor="right",
        yanchor="top",
        yshift=-32,
        font={"size": 12, "color": WARNING, "weight": 700},
    )
    figure.add_annotation(
        **shared, x=0.5, y=0.5, opacity=0.09, textangle=-12, font={"size": 54, "color": WARNING}
    )


def wrapped(text: str, width: int = 38) -> str:
    """The text broken into lines of about this many characters; markup between `<br>` stays."""
    return "<br>".join(
        part if part.startswith("<") else "<br>".join(wrap(part, width))
        for part in text.split("<br>")
    )


def plain(text: str) -> str:
    """The text without markup."""
    for markup in ("<b>", "</b>", "<i>", "</i>"):
        text = text.replace(markup, "")
    return text.replace("<br>", ", ")
