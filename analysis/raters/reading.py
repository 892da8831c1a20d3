"""Who gave which rating to which unit: one entry for each rating."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.intervals.ratios import finite_numbers
from analysis.intervals.resampling import cluster_numbers
from analysis.ratings import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class LongRatings:
    """Ratings with their units, raters and clusters as numbers from 0, (n_ratings,) each."""

    values: FloatArray
    unit: IntArray
    rater: IntArray
    cluster: IntArray
    raters: tuple[Hashable, ...]
    """What the numbers of the raters stand for."""

    def per_unit(self) -> IntArray:
        """How many ratings the unit of each rating has, (n_ratings,)."""
        sizes: IntArray = np.bincount(self.unit)[self.unit]
        return sizes

    def shared(self) -> NDArray[np.bool_]:
        """Whether somebody else rated the unit too, (n_ratings,)."""
        return self.per_unit() >= 2


def read_long(
    values: ArrayLike,
    *,
    units: ArrayLike | None,
    raters: ArrayLike | None,
    clusters: ArrayLike | None = None,
) -> LongRatings:
    """Check ratings that come one by one, or as units x raters.

    Parameters
    ----------
    values : (n_ratings,) or (n_units, n_raters)
        Numbers, or True and False; in a table NaN for missing.
    units, raters, clusters : (n_ratings,)
        Labels. For a table: units and clusters by row, raters by column, all optional.

    Raises
    ------
    RatingsError
        If lists differ in length, hold what is no finite number, or a rater comes twice on a unit.
    UndefinedStatisticError
        If there are no ratings.
    """
    table = np.asarray(values)
    if table.ndim == 2:
        return _from_table(table, units=units, raters=raters, clusters=clusters)
    if units is None or raters is None:
        raise RatingsError("give `units` and `raters`, one label for each rating")
    numbers = finite_numbers(values)
    if not len(numbers):
        raise UndefinedStatisticError("there are no ratings")
    unit = cluster_numbers(units, len(numbers), noun="unit")
    rater, names = number_raters(raters, len(numbers))
    _refuse_twice(unit, rater, names)
    cluster = unit if clusters is None else cluster_numbers(clusters, len(numbers))
    return LongRatings(numbers, unit, rater, cluster, names)


def _from_table(
    table: NDArray[Any],
    *,
    units: ArrayLike | None,
    raters: ArrayLike | None,
    clusters: ArrayLike | None,
) -> LongRatings:
    rows, columns = np.nonzero(~np.asarray(pd.isna(table), dtype=bool))
    unit_labels = np.arange(table.shape[0]) if units is None else _labels(units)
    rater_labels = np.arange(table.shape[1]) if raters is None else _labels(raters)
    for labels, length, noun in (
        (unit_labels, table.shape[0], "unit"),
        (rater_labels, table.shape[1], "rater"),
    ):
        cluster_numbers(labels, length, noun=noun)
    of_unit = unit_labels if clusters is None else _labels(clusters)
    cluster_numbers(of_unit, table.shape[0])
    return read_long(
        table[rows, columns],
        units=unit_labels[rows],
        raters=rater_labels[columns],
        clusters=of_unit[rows],
    )


def number_raters(raters: ArrayLike, n_rows: int) -> tuple[IntArray, tuple[Hashable, ...]]:
    """Number the raters in the order of their labels, or of appearance if these have no order."""
    numbers = cluster_numbers(raters, n_rows, noun="rater")
    labels = _labels(raters)
    _, first = np.unique(numbers, return_index=True)
    names = [labels[row] for row in first]
    try:
        order = sorted(range(len(names)), key=lambda number: names[number])
    except TypeError:
        order = list(range(len(names)))
    place = np.argsort(np.array(order, dtype=np.int64))
    return place[numbers], tuple(names[number] for number in order)


def read_order(order: ArrayLike, n_rows: int) -> "pd.Series[Any]":
    """Check that every rating has a place in the order, and that these can be compared.

    Raises
    ------
    RatingsError
        If one is missing, or they cannot be sorted.
    """
    when = pd.Series(order).reset_index(drop=True)
    if len(when) != n_rows:
        raise RatingsError(f"{len(when)} places in the order for {n_rows} ratings: give each one")
    if when.isna().any():
        row = int(when.isna().to_numpy().argmax())
        raise RatingsError(f"row {row} (counted from 0) has no place in the order: leave it out")
    try:
        when.sort_values()
    except TypeError as error:
        raise RatingsError(f"the order cannot be sorted: {error}") from error
    return when


def read_codes(codes: ArrayLike) -> "pd.Series[Any]":
    """Check that no code is missing.

    Raises
    ------
    RatingsError
        If one is.
    """
    given = pd.Series(codes, dtype=object).reset_index(drop=True)
    if given.isna().any():
        row = int(given.isna().to_numpy().argmax())
        raise RatingsError(f"row {row} (counted from 0) has no code: leave out what was not rated")
    return given


def _labels(labels: ArrayLike) -> NDArray[Any]:
    return np.array(pd.Series(labels, dtype=object), dtype=object)


def _refuse_twice(unit: IntArray, rater: IntArray, names: tuple[Hashable, ...]) -> None:
    twice = pd.DataFrame({"unit": unit, "rater": rater}).duplicated().to_numpy()
    if twice.any():
        row = int(twice.argmax())
        raise RatingsError(
            f"row {row} (counted from 0): rater {names[rater[row]]!r} has rated this unit before; "
            "keep one rating, or see `repeated_agreement`"
        )
