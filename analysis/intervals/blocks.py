"""Ratings and what is wanted of them, gathered into distinct patterns of what units contribute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.agreement.coefficients import Coefficient
from analysis.agreement.weights import Level, Weights
from analysis.estimates import RatingsError
from analysis.intervals.asked import Share, Statistics, chosen_coefficients
from analysis.intervals.patterns import (
    Part,
    Patterns,
    cluster_numbers,
    cluster_sums,
    distinct_rows,
    patterns_of,
)
from analysis.intervals.variation import too_little_variation
from analysis.ratings import Categories, FloatArray, IntArray, Units, read_units

LabelledCategories = Categories | Mapping[Any, str]
"""The codes, or the codes with what they are called where a reason names one."""


@dataclass(frozen=True, eq=False)
class Block:
    """The ratings of some raters, and what is wanted of them."""

    units: Units
    chosen: Mapping[str, Coefficient]
    clusters: IntArray | None
    """(n_units,), numbered from 0; None where units are drawn."""

    labels: Mapping[Any, str] | None
    """What the codes are called."""

    @property
    def drawn(self) -> str:
        """What is resampled or left out."""
        return "units" if self.clusters is None else "clusters"

    def of_raters(self, columns: IntArray) -> "Block":
        """Keep all units, with what some of the raters said of them."""
        codes = self.units.codes[:, columns]
        counts = [(codes == code).sum(axis=1) for code in range(len(self.units.categories))]
        units = replace(self.units, codes=codes, counts=np.column_stack(counts))
        return replace(self, units=units)

    @property
    def key(self) -> IntArray:
        """What units must have in common to contribute the same, (n_units, n_columns)."""
        return self.units.codes if self.needs_raters else self.units.counts

    @property
    def needs_raters(self) -> bool:
        """Whether it matters who gave which rating."""
        return any(one.needs_raters for one in self.chosen.values())

    def contributions(self, units: Units) -> FloatArray:
        """What units contribute to all statistics, (n_units, n_columns)."""
        return np.hstack([one.per_unit(units) for one in self.chosen.values()])

    def little_variation(self, statistic: str) -> str | None:
        """Say why this statistic gets no interval, however it is made."""
        return too_little_variation(self.chosen[statistic], self.units, self.clusters, self.labels)

    def carriers(self, statistic: str) -> NDArray[np.bool_]:
        """Whether each unit carries the statistic: a rated one does a share, else one with a pair.

        Returns
        -------
        (n_units,)
        """
        return self._is_rated if isinstance(self.chosen[statistic], Share) else self._has_pair

    def counts(self, statistic: str) -> dict[str, int]:
        """Count what carries the statistic, under the names that `Estimate` has for it."""
        is_share = isinstance(self.chosen[statistic], Share)
        return self._counts_of_rated if is_share else self._counts_of_paired

    @cached_property
    def _is_rated(self) -> NDArray[np.bool_]:
        return self.units.per_unit >= 1

    @cached_property
    def _has_pair(self) -> NDArray[np.bool_]:
        return self.units.per_unit >= 2

    @cached_property
    def _counts_of_rated(self) -> dict[str, int]:
        return _counts(self.units.take(self._is_rated))

    @cached_property
    def _counts_of_paired(self) -> dict[str, int]:
        return _counts(self.units.take(self._has_pair))

    def undefined(self, values: Mapping[str, float]) -> dict[str, str]:
        """Give the reasons of the statistics without a value."""
        return {
            name: self.chosen[name].reason(self.units)
            for name, value in values.items()
            if np.isnan(value)
        }


Ratings = ArrayLike | Units
"""A table of codes, or units read already, such as those of `set_units` and `cross_units`."""


def read_block(
    ratings: Ratings,
    statistics: Statistics,
    *,
    level: Level | None,
    categories: LabelledCategories | None,
    weights: Weights,
    clusters: ArrayLike | None,
) -> Block:
    """Check what was handed in.

    Raises
    ------
    RatingsError
        If table, codes, clusters or names cannot be what was meant.
    """
    labels = categories if isinstance(categories, Mapping) else None
    units = _read(ratings, list(categories) if isinstance(categories, Mapping) else categories)
    numbers = None if clusters is None else cluster_numbers(clusters, len(units))
    chosen = chosen_coefficients(statistics, units, level=level, weights=weights)
    return Block(units, chosen, numbers, labels)


def _read(ratings: Ratings, categories: Categories | None) -> Units:
    if not isinstance(ratings, Units):
        return read_units(ratings, categories)
    if categories is not None:
        raise RatingsError("units that were read already have their `categories`: give them there")
    return ratings


def _counts(units: Units) -> dict[str, int]:
    return {
        "n_units": len(units),
        "n_raters": units.n_raters(),
        "n_ratings": int(units.counts.sum()),
    }


def rated_units(blocks: Sequence[Block]) -> IntArray:
    """Find the units with a rating in any block; the others are not there to be drawn."""
    return np.flatnonzero(np.any([block.units.per_unit >= 1 for block in blocks], axis=0))


def gathered(blocks: Sequence[Block]) -> tuple[Patterns, list[dict[str, Part]]]:
    """Gather the rated units (or their clusters) that contribute the same to every statistic.

    Returns
    -------
    patterns
        The columns of all blocks side by side.
    parts
        Where in them each statistic is, by block and by name.
    """
    rated = rated_units(blocks)
    first, pattern, frequency = distinct_rows(np.hstack([block.key[rated] for block in blocks]))
    columns: list[FloatArray] = []
    parts: list[dict[str, Part]] = []
    end = 0
    for block in blocks:
        units = block.units.take(rated[first])
        parts.append({})
        for name, one in block.chosen.items():
            columns.append(one.per_unit(units))
            start, end = end, end + columns[-1].shape[1]
            parts[-1][name] = Part(slice(start, end), one.value)
    sums, clusters = np.hstack(columns), blocks[0].clusters
    if clusters is None:
        return Patterns(sums, frequency), parts
    return patterns_of(cluster_sums(sums, pattern, clusters[rated])), parts


def values_of(total: FloatArray, parts: Mapping[str, Part]) -> dict[str, float]:
    """Give the statistics from the sums of all columns, NaN where there is none."""
    return {name: float(part.of(total)) for name, part in parts.items()}
