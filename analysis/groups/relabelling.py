"""Labels of raters dealt out anew: the null distribution when raters are what was sampled.

If a rater's group has nothing to do with how he or she rates, every way of dealing the labels to
the raters was equally likely. That holds only among raters who got the same kind of units.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.progress import Progress, silent
from analysis.rates.t_intervals import NEGLIGIBLE
from analysis.ratings import FloatArray, IntArray

ROUNDING = 1e-10
"""Statistics closer than this are equal."""

CHUNK_NUMBERS = 2**21
"""Numbers held at once in one array (16 MiB)."""

NOTHING_TO_DEAL = "no stratum has raters of different groups: relabelling changes nothing"

StatisticOfLabels = Callable[[IntArray], FloatArray]
"""Labels (n_relabellings, n_raters) to statistics (n_relabellings, ...), NaN where none."""


@dataclass(frozen=True, eq=False)
class Relabelling:
    """Which labels raters have, and among whom they may be dealt out anew."""

    labels: IntArray
    """(n_raters,), group of each rater, numbered from 0."""

    strata: IntArray
    """(n_raters,): labels change places only among raters of one stratum."""

    def n_distinct(self) -> int:
        """Count the different ways to deal out the labels."""
        return prod(_n_arrangements(np.bincount(self.labels[one])) for one in self._members())

    def draws(self, n_permutations: int, seed: int, chunk: int) -> Iterator[IntArray]:
        """Give every arrangement once if they are few, else random ones, (chunk, n_raters)."""
        if self.n_distinct() <= n_permutations:
            every = self._every()
            yield from (every[start : start + chunk] for start in range(0, len(every), chunk))
            return

        rng = np.random.default_rng(seed)
        for start in range(0, n_permutations, chunk):
            yield self._random(rng, min(chunk, n_permutations - start))

    def _members(self) -> list[IntArray]:
        return [np.flatnonzero(self.strata == stratum) for stratum in np.unique(self.strata)]

    def _every(self) -> IntArray:
        """Combine each arrangement of one stratum with each of the others."""
        rows = np.empty((self.n_distinct(), len(self.labels)), dtype=np.int64)
        repeated = 1
        for one in self._members():
            dealt = _arrangements(self.labels[one])
            rows[:, one] = dealt[np.arange(len(rows)) // repeated % len(dealt)]
            repeated *= len(dealt)
        return rows

    def _random(self, rng: np.random.Generator, size: int) -> IntArray:
        rows = np.tile(self.labels, (size, 1))
        for one in self._members():
            rows[:, one] = rng.permuted(rows[:, one], axis=1)
        return rows


def over_error(difference: FloatArray, variance: FloatArray) -> FloatArray:
    """Divide differences by their standard errors, NaN where either is.

    Without an error a difference is endless, and none is 0.
    """
    endless = np.copysign(np.inf, difference)
    ratio: FloatArray = np.where(np.abs(difference) > ROUNDING, endless, difference)
    np.divide(difference, np.sqrt(variance), out=ratio, where=~(variance <= NEGLIGIBLE))
    return ratio


def or_zero(numerator: FloatArray | float, denominator: FloatArray) -> FloatArray:
    """Divide, with 0 where there is nothing to divide by."""
    quotient: FloatArray = np.zeros(np.broadcast_shapes(np.shape(numerator), denominator.shape))
    np.divide(numerator, denominator, out=quotient, where=denominator > 0)
    return quotient


def _n_arrangements(counts: IntArray) -> int:
    ends = np.cumsum(counts).tolist()
    return prod(comb(end, count) for end, count in zip(ends, counts.tolist(), strict=True))


def _arrangements(labels: IntArray) -> IntArray:
    """Deal the labels of one stratum in every different way, (n_ways, n_raters)."""
    *kinds, last = np.unique(labels)
    rows = np.full((1, len(labels)), last)
    is_open = np.ones_like(rows, dtype=bool)
    for kind in kinds:
        places = np.nonzero(is_open)[1].reshape(len(rows), -1)
        ways = itertools.combinations(range(places.shape[1]), int((labels == kind).sum()))
        taken = places[:, np.array(list(ways))]
        n_ways, n_taken = taken.shape[1:]
        rows, is_open = rows.repeat(n_ways, axis=0), is_open.repeat(n_ways, axis=0)
        np.put_along_axis(rows, taken.reshape(-1, n_taken), kind, axis=1)
        np.put_along_axis(is_open, taken.reshape(-1, n_taken), values=False, axis=1)
    return rows


@dataclass(frozen=True, eq=False)
class Null:
    """Statistics under relabelling. One without a value counts as extreme, against rejection."""

    values: FloatArray
    """(n_relabellings, ...), NaN where there is none."""

    is_exact: bool
    """Whether these are all the relabellings, the actual one among them."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def kind(self) -> str:
        """Say what was visited."""
        return f"all {len(self)}" if self.is_exact else f"{len(self)} random ones"

    @property
    def undefined_share(self) -> FloatArray:
        """Share of relabellings without a value, (...)."""
        share: FloatArray = np.isnan(self.values).mean(axis=0)
        return share

    def quantile(self, share: float) -> FloatArray:
        """Give a quantile of the relabellings with a value, (...); NaN where there is none."""
        known = np.isfinite(self.values).any(axis=0)
        filled = np.where(known, self.values, 0.0)
        return np.where(known, np.nanquantile(filled, share, axis=0, method="inverted_cdf"), np.nan)

    def p_absolute(self, observed: FloatArray | float) -> FloatArray:
        """Two-sided: how often the statistic is at least as far from 0."""
        return self._share(~(np.abs(self.values) < np.abs(observed) - ROUNDING))

    def p_upper(self, observed: FloatArray | float) -> FloatArray:
        """One-sided: how often the statistic is at least as large."""
        return self._share(~(self.values < observed - ROUNDING))

    def p_doubled(self, observed: FloatArray | float) -> FloatArray:
        """Two-sided: twice the smaller tail, at most 1."""
        lower = self._share(~(self.values > observed + ROUNDING))
        doubled: FloatArray = 2 * np.minimum(self.p_upper(observed), lower)
        return np.minimum(doubled, 1.0)

    def _share(self, extreme: NDArray[np.bool_]) -> FloatArray:
        # To random relabellings the actual labels are added: p is never 0.
        added = 0 if self.is_exact else 1
        share: FloatArray = (extreme.sum(axis=0) + added) / (len(self) + added)
        return share


def permuted(
    relabelling: Relabelling,
    statistic: StatisticOfLabels,
    *,
    n_permutations: int,
    seed: int,
    numbers_each: int,
    progress: Progress = silent,
) -> Null:
    """Compute a statistic under every relabelling, or under random ones if there are too many.

    Parameters
    ----------
    numbers_each
        How many numbers the statistic holds in memory for one relabelling.

    Raises
    ------
    RatingsError
        If the number of permutations or the seed is no such number.
    UndefinedStatisticError
        If relabelling changes nothing.
    """
    for name, number, least in (("n_permutations", n_permutations, 1), ("seed", seed, 0)):
        if not isinstance(number, int | np.integer) or number < least:
            raise RatingsError(f"{name} is {number!r}: give a whole number, not below {least}")
    n_distinct = relabelling.n_distinct()
    if n_distinct == 1:
        raise UndefinedStatisticError(NOTHING_TO_DEAL)
    total = min(n_distinct, n_permutations)
    chunk = max(1, min(total, CHUNK_NUMBERS // max(numbers_each, 1)))
    values = []
    done = 0
    for labels in relabelling.draws(n_permutations, seed, chunk):
        values.append(statistic(labels))
        done += len(labels)
        progress(done, total)
    return Null(np.concatenate(values), is_exact=n_distinct <= n_permutations)
