"""Forest plots: estimates with their intervals, below each other.

An estimate can have three intervals, which differ in width and in shape: as published, by question,
and two-way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from analysis.drawing import COLOURS, GRID, INK, MUTED, STRIPE, SYMBOLS, finished, plain, wrapped
from analysis.estimates import Estimate, Interval
from analysis.rounding import shown_estimate
from analysis.sections.cells import Cell, Undefined

SLOT = 19
"""Pixels for one estimate."""

GAP = 0.7
"""Slots between two lines."""

THICK = 3
"""Pixels of an interval by question among other intervals."""


@dataclass(frozen=True)
class Mark:
    """One estimate of a forest plot."""

    line: str
    """Where it stands: marks of one line are drawn below each other."""

    series: str
    """What it belongs to: gives symbol and colour."""

    cell: Cell
    band: Interval | None = None
    """As published, drawn as a pale band behind the interval of the estimate."""

    reach: Interval | None = None
    """Two-way, drawn as a thin line with ends behind both."""


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
    if any(mark.band or mark.reach for mark in marks):
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
    intervals = [estimate.interval for estimate in estimates]
    intervals += [one for mark in marks for one in (mark.band, mark.reach)]
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
    reaches = [(mark.reach, height) for mark, height in marks]
    bands = [(mark.band, height) for mark, height in marks]
    _add_intervals(figure, name, reaches, _thin(colour))
    _add_intervals(figure, name, bands, _pale(colour))
    is_one_of_several = any(interval for interval, _ in [*reaches, *bands])
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
            "thickness": THICK if is_one_of_several else 1.5,
            "width": 0 if is_one_of_several else 4,
            "color": colour,
        },
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": 9},
        name=name,
        legendgroup=name,
        customdata=[[line, shown_estimate(estimate)] for line, estimate, _ in drawn],
        hovertemplate="%{customdata[0]}<br>" + name + ": %{customdata[1]}<extra></extra>",
    )


def _add_intervals(
    figure: go.Figure,
    name: str,
    intervals: Sequence[tuple[Interval | None, float]],
    look: Mapping[str, Any],
) -> None:
    known = [(interval, height) for interval, height in intervals if interval is not None]
    if known:
        # None lifts the pen between two intervals.
        figure.add_scatter(
            x=[x for interval, _ in known for x in (interval.low, interval.high, None)],
            y=[y for _, height in known for y in (height, height, None)],
            **look,
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
        )


def _pale(colour: str) -> dict[str, Any]:
    """The look of an interval as published."""
    return {"mode": "lines", "line": {"color": colour, "width": 11}, "opacity": 0.28}


def _thick(colour: str) -> dict[str, Any]:
    """The look of an interval by question, where there are others."""
    return {"mode": "lines", "line": {"color": colour, "width": THICK}}


def _thin(colour: str) -> dict[str, Any]:
    """The look of a two-way interval."""
    ends = {"symbol": "line-ns", "size": 7, "line": {"color": colour, "width": 1}}
    return {"mode": "lines+markers", "line": {"color": colour, "width": 1}, "marker": ends}


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
    for name, look in (
        ("as published: ratings as if independent", _pale(INK)),
        ("by question: these raters", _thick(INK)),
        ("two-way: raters like these", _thin(INK)),
    ):
        figure.add_scatter(x=[None], y=[None], name=name, **look)
