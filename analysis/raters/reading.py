"""Who gave which rating to which unit: one entry for each rating."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.ratios import finite_numbers
from analysis.ratings import FloatArray, IntArray, rating_table


@dataclass(frozen=True, eq=False)
class LongRatings:
    """Ratings with their units, raters and clusters as numbers from 0, (n_ratings,) each."""

    values: FloatArray
    unit: IntArray
    rater: IntArray
    cluster: IntArray
    raters: tuple[Hashable, ...]
    """What the numbers of the raters stand for."""

    drawn: Literal["units", "clusters"]
    """What the clusters are."""

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
    if np.ndim(values) == 2:
        return _from_table(values, units=units, raters=raters, clusters=clusters)
    if units is None or raters is None:
        raise RatingsError("give `units` and `raters`, one label for each rating")
    numbers = finite_numbers(values)
    if not len(numbers):
        raise UndefinedStatisticError("there are no ratings")
    unit = cluster_numbers(units, len(numbers), noun="unit")
    rater, names = number_raters(raters, len(numbers))
    _refuse_twice(unit, rater, names)
    if clusters is None:
        return LongRatings(numbers, unit, rater, unit, names, "units")
    cluster = cluster_numbers(clusters, len(numbers))
    return LongRatings(numbers, unit, rater, cluster, names, "clusters")


def _from_table(
    ratings: ArrayLike,
    *,
    units: ArrayLike | None,
    raters: ArrayLike | None,
    clusters: ArrayLike | None,
) -> LongRatings:
    table = rating_table(ratings)
    if table.dtype == object:
        raise RatingsError("these are labels: give numbers, or True and False")
    rows, columns = np.nonzero(~np.isnan(table))
    unit_labels = _labels_of(units, table.shape[0], "unit")
    rater_labels = _labels_of(raters, table.shape[1], "rater")
    if clusters is not None:
        cluster_numbers(clusters, table.shape[0])
        clusters = _labels(clusters)[rows]
    return read_long(
        table[rows, columns],
        units=unit_labels[rows],
        raters=rater_labels[columns],
        clusters=clusters,
    )


def _labels_of(labels: ArrayLike | None, length: int, noun: str) -> NDArray[Any]:
    """Check the labels of rows or columns, each its own; without any, give numbers."""
    if labels is None:
        return np.arange(length)
    numbers = cluster_numbers(labels, length, noun=noun)
    if len(np.unique(numbers)) < length:
        raise RatingsError(f"two of the {length} {noun} labels are the same: give each its own")
    return _labels(labels)


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
        If one is missing or text, or they cannot be sorted.
    """
    when = pd.Series(order).reset_index(drop=True)
    if when.map(lambda one: isinstance(one, str)).any():
        raise RatingsError(
            "the order is text, in which '10' comes before '9': give numbers or times, for example "
            "pd.to_datetime(order)"
        )
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
    """Check that there are codes, and that none is missing.

    Raises
    ------
    RatingsError
        If one is.
    UndefinedStatisticError
        If there are none.
    """
    given = pd.Series(codes, dtype=object).reset_index(drop=True)
    if given.empty:
        raise UndefinedStatisticError("there are no ratings")
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
