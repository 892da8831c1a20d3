"""What a table of the report is: rows at full precision, and the columns that a reader sees.

The CSV files and the HTML tables are made from the same frame, so they cannot differ.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from analysis.sections.cells import FEWEST_CLUSTERS, Cell, Counts, Share, Undefined

ALL_SETS = "All sets"
ALL_SOURCES = "All sources"


@dataclass(frozen=True)
class Column:
    """One column as a reader sees it."""

    header: str
    field: str
    kind: Literal["text", "words", "count", "number", "estimate", "interval", "shares"] = "text"
    """`words` may break into lines; `estimate` is a value with its interval, `interval` the
    interval alone, and `shares` a share by label, which the frame holds as JSON."""


@dataclass(frozen=True, eq=False)
class ReportTable:
    """One table of the report."""

    name: str
    """Of its CSV file, without the ending."""

    title: str
    note: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    """All there is, at full precision. An estimate `x` has `x_low, x_high, x_note` beside it."""

    is_long: bool = False
    """Whether a reader opens it only when it is wanted."""


COUNTS = (
    Column("Units", "n_units", "count"),
    Column("Raters", "n_raters", "count"),
    Column("Ratings", "n_ratings", "count"),
    Column("Clusters", "n_clusters", "count"),
)
FEW_CLUSTERS = (
    "A cluster is a question with its counterfactual twins, or the seed that questions were made "
    f"from: with fewer than {FEWEST_CLUSTERS} of them an interval by question is too narrow."
)
SHARE = (
    Column("Rate (interval as published)", "rate_published", "estimate"),
    Column("Interval by question", "rate_clustered", "interval"),
)


def estimate_columns(name: str, cell: Cell) -> dict[str, Any]:
    """An estimate, its interval, and under `_note` why it lacks either."""
    if isinstance(cell, Undefined):
        return {name: None, f"{name}_low": None, f"{name}_high": None, f"{name}_note": cell.reason}
    interval = cell.interval
    return {
        name: cell.value,
        f"{name}_low": interval.low if interval else None,
        f"{name}_high": interval.high if interval else None,
        f"{name}_note": cell.refusal,
    }


def share_columns(name: str, share: Share) -> dict[str, Any]:
    """A share twice: with the published interval, and with the one by question."""
    return {
        **estimate_columns(f"{name}_published", share.row_level),
        **estimate_columns(f"{name}_clustered", share.clustered),
    }


def count_columns(row: Counts) -> dict[str, int]:
    """What the row rests on."""
    return {
        "n_units": row.n_units,
        "n_raters": row.n_raters,
        "n_ratings": row.n_ratings,
        "n_clusters": row.n_clusters,
    }


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows as a frame in which estimates are numbers even where all are undefined."""
    frame = pd.DataFrame(list(rows))
    numeric = [c for c in frame.columns if f"{c}_note" in frame or c.endswith(("_low", "_high"))]
    return frame.astype(dict.fromkeys(numeric, "float64"))
