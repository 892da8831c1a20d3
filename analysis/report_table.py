"""What a table of the report is: rows at full precision, and the columns that a reader sees.

The CSV files and the HTML tables are made from the same frame, so they cannot differ.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from analysis.estimates import Estimate
from analysis.sections.cells import FEWEST_CLUSTERS, Cell, Counts, Share, Undefined

ALL_SETS = "All sets"
ALL_SOURCES = "All sources"


@dataclass(frozen=True)
class Column:
    """One column as a reader sees it."""

    header: str
    field: str
    kind: Literal[
        "text", "words", "count", "number", "value", "p", "estimate", "interval", "shares"
    ] = "text"
    """`words` may break into lines; `estimate` is a value with its interval, `value` and `interval`
    are one of the two, and `shares` a share by label, which the frame holds as JSON."""

    whom: str = ""
    """Of whom an interval speaks, said below the header."""

    wider: str = ""
    """The field of a two-way interval, shown below the estimate."""


@dataclass(frozen=True, eq=False)
class ReportTable:
    """One table of the report."""

    name: str
    """Of its CSV file, without the ending."""

    title: str
    note: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    """All there is, at full precision. An estimate `x` has `x_low, x_high, x_method, x_note`
    beside it."""

    is_long: bool = False
    """Whether a reader opens it only when it is wanted."""


UNITS = Column("Units", "n_units", "count")
RATERS = Column("Raters", "n_raters", "count")
RATINGS = Column("Ratings", "n_ratings", "count")
CLUSTERS = Column("Clusters", "n_clusters", "count")
COUNTS = (UNITS, RATERS, RATINGS, CLUSTERS)
FEW_CLUSTERS = (
    "A cluster is a question with its counterfactual twins, or the seed that questions were made "
    f"from: with fewer than {FEWEST_CLUSTERS} of them intervals can be too narrow."
)
SHARE = (
    Column(
        "Rate, interval as published", "rate_published", "estimate", "ratings as if independent"
    ),
    Column("Interval by question", "rate_clustered", "interval", "these raters"),
    Column("Two-way interval", "rate_two_way", "interval", "raters like these"),
)
BOTH_WAYS = "these raters; two-way: raters like these"
"""Of whom the intervals speak that stand in one cell."""


def estimate_columns(name: str, cell: Cell) -> dict[str, Any]:
    """An estimate, its interval and how it was made, and under `_note` why it lacks either."""
    estimate = cell if isinstance(cell, Estimate) else None
    interval = estimate.interval if estimate else None
    return {
        name: estimate.value if estimate else None,
        f"{name}_low": interval.low if interval else None,
        f"{name}_high": interval.high if interval else None,
        f"{name}_method": interval.method if interval else None,
        f"{name}_note": cell.reason if isinstance(cell, Undefined) else cell.refusal,
    }


def share_columns(name: str, share: Share) -> dict[str, Any]:
    """A share with the published interval, the one by question, and the two-way one."""
    return {
        **estimate_columns(f"{name}_published", share.row_level),
        **estimate_columns(f"{name}_clustered", share.clustered),
        **estimate_columns(f"{name}_two_way", share.two_way),
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
