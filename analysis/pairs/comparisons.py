"""Comparisons of sources, read once: who met whom, in which order, and what came of it."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.ratios import finite_numbers
from analysis.rates.codes import as_series, read_codes
from analysis.ratings import FloatArray, IntArray

OUTCOMES = ("first", "second", "tie")


@dataclass(frozen=True, eq=False)
class Comparisons:
    """How often each meeting (two sources in one order) ended in each way."""

    sources: tuple[Hashable, ...]
    meetings: IntArray
    """(n_meetings, 3): first source, second source, and which was shown first: 1 the first, -1 the
    second, 0 where no order was given."""

    cells: IntArray
    """(n_rows,) meeting and outcome of each row, as `3 * meeting + outcome`."""

    weights: FloatArray
    """(n_rows,) how many comparisons each row stands for."""

    clusters: IntArray | None
    """(n_rows,)"""

    raters: IntArray | None
    """(n_rows,)"""

    has_order: bool

    @property
    def counts(self) -> FloatArray:
        """Comparisons by meeting and outcome (first, second, tie), (n_meetings, 3)."""
        flat = np.bincount(self.cells, self.weights, minlength=3 * len(self.meetings))
        return flat.astype(float).reshape(-1, 3)

    def wins(self) -> FloatArray:
        """How often each source (row) beat each other one (column), ties as half wins."""
        table = np.zeros((len(self.sources), len(self.sources)))
        first, second, _ = self.meetings.T
        of_first, of_second, ties = self.counts.T
        np.add.at(table, (first, second), of_first + ties / 2)
        np.add.at(table, (second, first), of_second + ties / 2)
        return table


def read_comparisons(
    outcome: ArrayLike,
    *,
    first: ArrayLike,
    second: ArrayLike,
    shown_first: ArrayLike | None,
    counts: ArrayLike | None,
    clusters: ArrayLike | None,
    raters: ArrayLike | None,
    sources: Sequence[Hashable] | None,
) -> Comparisons:
    """Check the rows and count equal ones; arguments as for `bradley_terry`.

    Raises
    ------
    RatingsError
        If lists differ in length, a source meets itself or is not among the sources, an outcome or
        an order is unknown, or a count is negative.
    UndefinedStatisticError
        If there are no comparisons.
    """
    results = read_codes(outcome, OUTCOMES, noun="outcome")
    n_rows = len(results)
    if n_rows == 0:
        raise UndefinedStatisticError("there are no comparisons")
    known = _sources(first, second) if sources is None else sources
    if raters is not None and clusters is None:
        raise RatingsError("raters alone are not enough: give `clusters` too, such as the units")
    one, other = (read_codes(side, known, noun="source", n_rows=n_rows) for side in (first, second))
    if (one == other).any():
        row = int((one == other).argmax())
        raise RatingsError(f"row {row} (counted from 0) compares {known[one[row]]!r} with itself")
    order = np.zeros(n_rows, dtype=np.int64)
    if shown_first is not None:
        order = 1 - 2 * read_codes(shown_first, OUTCOMES[:2], noun="shown_first", n_rows=n_rows)
    weights = _weights(counts, n_rows)
    # Rows that stand for no comparison bring no cluster and no rater either.
    kept = weights > 0

    q = len(known)
    keys, meeting = np.unique(((one * q + other) * 3 + order + 1)[kept], return_inverse=True)
    meetings = np.column_stack([keys // 3 // q, keys // 3 % q, keys % 3 - 1])
    return Comparisons(
        sources=tuple(known),
        meetings=meetings,
        cells=3 * meeting + results[kept],
        weights=weights[kept],
        clusters=_numbers(clusters, kept, "cluster"),
        raters=_numbers(raters, kept, "rater"),
        has_order=shown_first is not None,
    )


def _numbers(labels: ArrayLike | None, kept: NDArray[np.bool_], noun: str) -> IntArray | None:
    if labels is None:
        return None
    numbers = cluster_numbers(labels, len(kept), noun=noun)[kept]
    return cluster_numbers(numbers, len(numbers))


def check_connected(comparisons: Comparisons) -> None:
    """Refuse sources that no chain of wins (or ties) leads to and from.

    Such a source has no finite ability, whatever an iteration that stops early may print.

    Raises
    ------
    UndefinedStatisticError
        Naming the sources and why they cannot be placed.

    References
    ----------
    Ford (1957), American Mathematical Monthly 64(8), 28-33.
    """
    wins = comparisons.wins() > 0
    n_parts, part = connected_components(wins, directed=True, connection="strong")
    if n_parts == 1:
        return

    main = np.bincount(part).argmax()
    reasons = [
        _misplaced(comparisons.sources, wins, part == number)
        for number in dict.fromkeys(part.tolist())
        if number != main
    ]
    raise UndefinedStatisticError(
        f"{'; '.join(reasons)}; so their abilities are not finite: leave them out, or add "
        "comparisons with the others"
    )


def _misplaced(
    sources: Sequence[Hashable], wins: NDArray[np.bool_], members: NDArray[np.bool_]
) -> str:
    names = ", ".join(repr(name) for name, is_one in zip(sources, members, strict=True) if is_one)
    won, lost = wins[np.ix_(members, ~members)].any(), wins[np.ix_(~members, members)].any()
    if not won and not lost:
        return f"{names} never met any other source"
    if not lost:
        return f"{names} never lost to, or tied with, any other source"
    if not won:
        return f"{names} never beat, or tied with, any other source"
    return f"{names} only beat some other sources, and only lost to the rest"


def _sources(first: ArrayLike, second: ArrayLike) -> tuple[Any, ...]:
    labels = pd.concat([as_series(side, "source") for side in (first, second)])
    try:
        return tuple(sorted(labels.dropna().unique()))
    except TypeError as error:
        raise RatingsError(
            "the sources are no labels, or labels of several types: give `sources`"
        ) from error


def _weights(counts: ArrayLike | None, n_rows: int) -> FloatArray:
    weights: FloatArray = np.ones(n_rows) if counts is None else finite_numbers(counts)
    if len(weights) != n_rows:
        raise RatingsError(f"{len(weights)} counts for {n_rows} outcomes: give one for each")
    strange = (weights < 0) | (weights % 1 != 0)
    if strange.any():
        row = int(strange.argmax())
        raise RatingsError(
            f"row {row} (counted from 0): {weights[row]} comparisons; give whole numbers from 0 on"
        )
    if weights.sum() == 0:
        raise UndefinedStatisticError("there are no comparisons")
    return weights
