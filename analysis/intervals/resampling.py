"""Bootstrap intervals of any function of sums, by resampling distinct patterns.

A resample depends on a unit only through what the unit adds to the sums. Units that add the same
form a pattern, and resampling n units is one multinomial draw over the patterns: the law is that
of a loop over units, the cost does not depend on n.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate, Interval, RatingsError
from analysis.intervals.bca import ROUNDING, corrected_tails
from analysis.progress import Progress, silent
from analysis.ratings import FloatArray, IntArray

Method = Literal["bca", "percentile"]
ValueOfSums = Callable[[FloatArray], FloatArray]
"""Sums (..., n_columns) to values (...), NaN where there is none."""

UNDEFINED_LIMIT = 0.05
"""Above this share of resamples without a value, an interval would describe the others only."""

CHUNK_NUMBERS = 2**21
"""Numbers held at once in one array (16 MiB)."""


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


def check_confidence(confidence: float) -> None:
    """Refuse what is no probability, such as 95."""
    if not 0 < confidence < 1:
        raise RatingsError(f"confidence is {confidence}: between 0 and 1, such as 0.95")


@dataclass(frozen=True)
class Plan:
    """How to resample."""

    n_resamples: int
    seed: int
    method: Method
    confidence: float
    drawn: str
    """What is resampled, for the words: `units` or `clusters`."""

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if self.method not in get_args(Method):
            raise RatingsError(f"method {self.method!r} is not among {list(get_args(Method))}")
        for name, number in (("seed", self.seed), ("n_resamples", self.n_resamples)):
            if not isinstance(number, int | np.integer) or number < 0:
                raise RatingsError(f"{name} is {number!r}: give a whole number, not below 0")
        # With fewer, the first resample already lies inside the limits: they would be guesses.
        fewest = round(2 / (1 - self.confidence))
        if self.n_resamples < fewest:
            raise RatingsError(
                f"n_resamples is {self.n_resamples}: a {self.confidence:.0%} interval needs at "
                f"least {fewest}, and a good one some thousands"
            )


@dataclass(frozen=True)
class Resampled:
    """What the resamples say of one statistic: an interval, or why there is none."""

    interval: Interval | None
    undefined_share: float
    refusal: str | None
    standard_error: float | None
    """Standard deviation of the resamples; None where too many have no value."""

    n_resamples: int

    def estimate(
        self,
        statistic: str,
        value: float,
        *,
        n_units: int,
        n_raters: int,
        n_ratings: int,
        refusal: str | None = None,
    ) -> Estimate:
        """Give the estimate with this interval, unless there is another reason to refuse it."""
        reasons = [reason for reason in (self.refusal, refusal) if reason]
        return Estimate(
            statistic=statistic,
            value=value,
            interval=None if reasons else self.interval,
            n_units=n_units,
            n_raters=n_raters,
            n_ratings=n_ratings,
            n_resamples=self.n_resamples,
            undefined_share=self.undefined_share,
            refusal="; ".join(reasons) or None,
            standard_error=self.standard_error,
        )


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


def replicates(
    patterns: Patterns, parts: Sequence[Part], plan: Plan, progress: Progress = silent
) -> FloatArray:
    """Compute several statistics on the same resamples.

    Returns
    -------
    (n_statistics, n_resamples)
        NaN where a resample has no value.
    """
    out = np.empty((len(parts), plan.n_resamples))
    done = 0
    for sums in _resampled_sums(patterns, plan.n_resamples, np.random.default_rng(plan.seed)):
        for row, part in enumerate(parts):
            out[row, done : done + len(sums)] = part.of(sums)
        done += len(sums)
        progress(done, plan.n_resamples)
    return out


def _resampled_sums(
    patterns: Patterns, n_resamples: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    n_drawn = patterns.frequency.sum()
    chunk = max(1, CHUNK_NUMBERS // max(patterns.sums.shape))
    for start in range(0, n_resamples, chunk):
        size = min(chunk, n_resamples - start)
        drawn = rng.multinomial(n_drawn, patterns.frequency / n_drawn, size=size)
        yield drawn.astype(float) @ patterns.sums


def resampled_interval(
    replicated: FloatArray, patterns: Patterns, part: Part, plan: Plan
) -> Resampled:
    """Turn one statistic's replicates into an interval, or say why that would be dishonest.

    Parameters
    ----------
    replicated : (n_resamples,)
        NaN where a resample has no value.

    References
    ----------
    Efron (1987), Journal of the American Statistical Association 82, 171-185.
    """
    defined = replicated[~np.isnan(replicated)]
    undefined_share = 1 - len(defined) / len(replicated)
    refusal = _refusal(defined, undefined_share, int(patterns.frequency.sum()), plan.drawn)
    if refusal:
        error = None if undefined_share > UNDEFINED_LIMIT else _standard_error(defined)
        return Resampled(None, undefined_share, refusal, error, len(replicated))

    interval = _interval(defined, patterns, part, plan)
    if interval is None:
        refusal = "bias or skewness of the resamples is too large for BCa to correct"
    error = _standard_error(defined)
    return Resampled(interval, undefined_share, refusal, error, len(replicated))


def _interval(defined: FloatArray, patterns: Patterns, part: Part, plan: Plan) -> Interval | None:
    """Quantiles of the replicates; None where BCa breaks down."""
    tails = np.array([(1 - plan.confidence) / 2, (1 + plan.confidence) / 2])
    if plan.method == "bca":
        tails = corrected_tails(
            tails,
            value=float(part.of(patterns.total())),
            resampled=defined,
            left_out=part.of(patterns.total() - patterns.sums),
            times=patterns.frequency,
        )
        if np.isnan(tails).any():
            return None
    low, high = (float(limit) for limit in np.quantile(defined, tails))
    name = {"bca": "BCa", "percentile": "percentile"}[plan.method]
    return Interval(low, high, plan.confidence, method=f"{name}, {plan.drawn} resampled")


def _standard_error(defined: FloatArray) -> float | None:
    """Standard deviation; None where the resamples are all the same, and say nothing."""
    return float(defined.std(ddof=1)) if np.ptp(defined) > ROUNDING else None


def _refusal(defined: FloatArray, undefined_share: float, n_drawn: int, drawn: str) -> str | None:
    if n_drawn < 2:
        return f"there is one of the {drawn} only: nothing to resample"
    if undefined_share > UNDEFINED_LIMIT:
        return f"{undefined_share:.1%} of the resamples have no value, more than 5%"
    if np.ptp(defined) <= ROUNDING:
        return f"every resample of the {n_drawn} {drawn} gives the same value"
    return None
