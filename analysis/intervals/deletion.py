"""What a statistic is without one unit, cluster, rater or rating, from sums and not from scratch.

A unit's contribution to the sums depends on its pattern. Taking one rating away changes it by a
step that depends on the pattern and on the rating. Without a rater, the sums are less by the steps
of all his ratings; so all deletions together cost little more than the distinct steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array, csr_array

from analysis.intervals.blocks import Block, rated_units
from analysis.intervals.patterns import Part, Patterns, distinct_rows
from analysis.intervals.resampling import CHUNK_NUMBERS
from analysis.ratings import MISSING, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Deletions:
    """Everything that can be left out, one at a time."""

    steps: FloatArray
    """What parts of them take from the sums, (n_steps, n_columns)."""

    made_of: csr_array | None
    """How often each thing takes each step, (n_things, n_steps); None if each takes its own."""

    times: IntArray
    """How many things are alike, (n_things,)."""

    columns: IntArray | None = None
    """Where the things are in the table, if they are raters, (n_things,)."""

    def values(self, total: FloatArray, parts: Sequence[Part]) -> FloatArray:
        """Give the statistics without each thing, (n_statistics, n_things); NaN where undefined."""
        chunk = max(1, CHUNK_NUMBERS // max(1, self.steps.shape[1]))
        found = np.empty((len(parts), len(self.times)))
        for start in range(0, len(self.times), chunk):
            rows = slice(start, start + chunk)
            taken = self.steps[rows] if self.made_of is None else self.made_of[rows] @ self.steps
            for row, part in enumerate(parts):
                found[row, rows] = part.of(total - taken)
        return found


def without_units(patterns: Patterns) -> Deletions:
    """Leave out each unit, or each cluster, given the patterns of what they contribute."""
    return Deletions(patterns.sums, None, patterns.frequency)


@dataclass(frozen=True, eq=False)
class Ratings:
    """Every single rating, and the step that it takes away from the sums."""

    steps: FloatArray
    """(n_steps, n_columns)"""

    step: IntArray
    """Of each rating, (n_ratings,)."""

    unit: IntArray
    """(n_ratings,)"""

    rater: IntArray
    """(n_ratings,)"""

    def without_raters(self) -> Deletions:
        """Leave out each rater with all ratings."""
        columns, thing = np.unique(self.rater, return_inverse=True)
        return replace(self._without(thing, len(columns)), columns=columns)

    def without_cells(self, clusters: IntArray | None) -> Deletions:
        """Leave out what one rater said of one unit, or of one cluster of units."""
        if clusters is None:
            return Deletions(self.steps, None, np.bincount(self.step, minlength=len(self.steps)))
        pair = clusters[self.unit] * (self.rater.max() + 1) + self.rater
        pairs, cell = np.unique(pair, return_inverse=True)
        return self._without(cell, len(pairs))

    def _without(self, thing: IntArray, n_things: int) -> Deletions:
        shape = (n_things, len(self.steps))
        made_of = coo_array((np.ones(len(thing)), (thing, self.step)), shape).tocsr()
        return Deletions(self.steps, made_of, np.ones(n_things, dtype=np.int64))


def single_ratings(block: Block) -> Ratings:
    """Find the step of every rating: what its unit contributes, less what it would without it."""
    rated = rated_units([block])
    units = block.units.take(rated)
    _, pattern, _ = distinct_rows(block.key[rated])
    unit, rater = np.nonzero(units.codes != MISSING)
    # Where it does not matter who rated, equal codes of a unit take equal steps.
    kind = rater if block.needs_raters else units.codes[unit, rater]
    n_kinds = units.codes.shape[1] if block.needs_raters else len(units.categories)
    _, example, step = np.unique(
        pattern[unit] * n_kinds + kind, return_index=True, return_inverse=True
    )
    before = units.take(unit[example])
    codes, counts = before.codes.copy(), before.counts.copy()
    row, column = np.arange(len(example)), rater[example]
    counts[row, codes[row, column]] -= 1
    codes[row, column] = MISSING
    after = replace(before, codes=codes, counts=counts)
    steps = block.contributions(before) - block.contributions(after)
    return Ratings(steps, step, rated[unit], rater)
