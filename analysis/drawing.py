"""The look that all figures share.

Nothing is told by colour alone, and a figure of simulated raters says so inside the picture.
"""

from textwrap import wrap

import plotly.graph_objects as go

# Okabe and Ito's palette, which people with any colour vision can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "cross", "star")
SYNTHETIC = "SYNTHETIC RATERS"
WARNING, INK, MUTED, GRID, STRIPE = "#9b1c1c", "#1b1f24", "#5b6470", "#e3e6ea", "#f5f6f8"
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
ABOVE, BELOW = 48, 80
"""Pixels above the plot for a legend of one line, which makes itself more room where it is longer,
and below it for the axis and the mark."""

MARK_BELOW = 58
"""Pixels from the plot down to the mark of simulated raters, past the axis and its title."""


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
        height=height + ABOVE + BELOW,
        margin={"l": 10, "r": 14, "t": ABOVE, "b": BELOW},
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
        yshift=-MARK_BELOW,
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
