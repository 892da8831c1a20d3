"""What units contribute to the sums, gathered by distinct contributions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import RatingsError
from analysis.ratings import FloatArray, IntArray

ValueOfSums = Callable[[FloatArray], FloatArray]
"""Sums (..., n_columns) to values (...), NaN where there is none."""


@dataclass(frozen=True, eq=False)
class Patterns:
    """Distinct contributions, and how many resampled things (units or clusters) make each."""

    sums: FloatArray
    """(n_patterns, n_columns)"""

    frequency: IntArray
    """(n_patterns,)"""

    def total(self) -> FloatArray:
        """Give the sums of the data themselves, (n_columns,)."""
        return self.frequency @ self.sums


@dataclass(frozen=True)
class Part:
    """One statistic of the sums: the columns that are its own, and its value given them."""

    columns: slice
    value: ValueOfSums

    def of(self, sums: FloatArray) -> FloatArray:
        """Give the statistic from the sums of all statistics, (..., n_columns)."""
        return self.value(sums[..., self.columns])


def distinct_rows(table: NDArray[Any]) -> tuple[IntArray, IntArray, IntArray]:
    """Find the distinct rows, in ascending order whatever the order of the table.

    Returns
    -------
    first : (n_distinct,)
        Where each occurs first.
    inverse : (n_rows,)
        Which of them each row is.
    frequency : (n_distinct,)
    """
    key = np.zeros(len(table), dtype=np.int64)
    for column in table.T:
        codes, values = pd.factorize(column, sort=True)
        key, _ = pd.factorize(key * len(values) + codes, sort=True)
    frequency = np.bincount(key)
    first = np.empty(len(frequency), dtype=np.int64)
    first[key[::-1]] = np.arange(len(key))[::-1]
    return first, key, frequency


def patterns_of(sums: FloatArray) -> Patterns:
    """Gather the rows (n_things, n_columns) that are equal."""
    first, _, frequency = distinct_rows(sums)
    return Patterns(sums[first], frequency)


def cluster_sums(sums: FloatArray, pattern: IntArray, clusters: IntArray) -> FloatArray:
    """Add up what the units of each cluster contribute.

    Parameters
    ----------
    sums : (n_patterns, n_columns)
    pattern, clusters : (n_units,)
        Pattern and cluster of each unit, clusters numbered from 0 without a gap.
    """
    # One order of adding for equal clusters, so that their sums are equal to the last bit.
    order = np.lexsort((pattern, clusters))
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    return np.add.reduceat(sums[pattern[order]], starts, axis=0)


def cluster_numbers(clusters: ArrayLike, n_rows: int, *, noun: str = "cluster") -> IntArray:
    """Number the clusters from 0; one label for each row, any type, none missing."""
    has_type = hasattr(clusters, "dtype")  # else a list, whose types NumPy would unite
    values = np.asarray(clusters) if has_type else np.asarray(clusters, dtype=object)
    if values.ndim != 1 or len(values) != n_rows:
        found = len(values) if values.ndim == 1 else f"a {values.ndim}-dimensional table of"
        raise RatingsError(f"{found} {noun} labels for {n_rows} rows: give one for each")
    labels = pd.Series(values)
    if labels.isna().any():
        row = int(labels.isna().to_numpy().argmax())
        raise RatingsError(f"row {row} (counted from 0) has no {noun} label: give it one")
    return np.asarray(pd.factorize(labels)[0], dtype=np.int64)
