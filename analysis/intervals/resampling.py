"""Bootstrap intervals of any function of sums, by resampling distinct patterns.

A resample depends on a unit only through what the unit adds to the sums. Units that add the same
form a pattern, and resampling n units is one multinomial draw over the patterns: the law is that
of a loop over units, the cost does not depend on n.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np

from analysis.estimates import Estimate, Interval, RatingsError
from analysis.intervals.bca import ROUNDING, corrected_tails
from analysis.intervals.patterns import Part, Patterns, distinct_rows
from analysis.intervals.scales import Scale
from analysis.intervals.studentised import delete_one_errors, studentised_limits
from analysis.progress import Progress, silent
from analysis.ratings import FloatArray

Method = Literal["bca", "percentile", "studentised"]
NAMES = {"bca": "BCa", "percentile": "percentile", "studentised": "studentised"}
BREAKS_DOWN = {
    "bca": "bias or skewness of the resamples is too large for BCa to correct",
    "studentised": "too many resamples have no standard error of their own",
}

FEWEST_DRAWN = 5
"""With fewer units or clusters, resamples are a handful of values, and limits are guesses."""

UNDEFINED_LIMIT = 0.05
"""Above this share of resamples without a value, an interval would describe the others only."""

CHUNK_NUMBERS = 2**21
"""Numbers held at once in one array (16 MiB)."""


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
    for _, sums in _draws(patterns, plan, n_numbers=max(patterns.sums.shape)):
        for row, part in enumerate(parts):
            out[row, done : done + len(sums)] = part.of(sums)
        done += len(sums)
        progress(done, plan.n_resamples)
    return out


def _draws(
    patterns: Patterns, plan: Plan, *, n_numbers: int
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Draw the plan's resamples, always the same: units of each pattern, and their sums.

    As many at a time as memory should hold, if each takes this many numbers.
    """
    rng = np.random.default_rng(plan.seed)
    n_drawn = patterns.frequency.sum()
    chunk = max(1, CHUNK_NUMBERS // n_numbers)
    for start in range(0, plan.n_resamples, chunk):
        size = min(chunk, plan.n_resamples - start)
        drawn = rng.multinomial(n_drawn, patterns.frequency / n_drawn, size=size).astype(float)
        yield drawn, drawn @ patterns.sums


def resampled_interval(
    replicated: FloatArray,
    patterns: Patterns,
    part: Part,
    plan: Plan,
    *,
    scale: Scale | None = None,
    errors: FloatArray | None = None,
) -> Resampled:
    """Turn one statistic's replicates into an interval, or say why that would be dishonest.

    Parameters
    ----------
    replicated : (n_resamples,)
        From `replicates` with the same patterns, part and plan; NaN where there is no value.
    scale
        On which studentised distances are taken; None for the statistic's own.
    errors : (n_resamples,)
        From `replicate_errors`, where it is cheaper to compute them for several statistics at once.

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

    if plan.method == "studentised":
        if errors is None:
            (errors,) = replicate_errors(patterns, [part], plan)
        limits = _studentised(replicated, errors, patterns, part, plan, scale)
    else:
        limits = _quantiles(defined, patterns, part, plan)
    interval = None
    if np.isnan(limits).any():
        refusal = BREAKS_DOWN[plan.method]
    else:
        low, high = (float(limit) for limit in limits)
        name = NAMES[plan.method] + (
            f" on {scale}" if scale and plan.method == "studentised" else ""
        )
        interval = Interval(low, high, plan.confidence, method=f"{name}, {plan.drawn} resampled")
    error = _standard_error(defined)
    return Resampled(interval, undefined_share, refusal, error, len(replicated))


def _quantiles(defined: FloatArray, patterns: Patterns, part: Part, plan: Plan) -> FloatArray:
    """Quantiles of the replicates; NaN where BCa breaks down."""
    tails = _tails(plan)
    if plan.method == "bca":
        tails = corrected_tails(
            tails,
            value=float(part.of(patterns.total())),
            resampled=defined,
            left_out=part.of(patterns.total() - patterns.sums),
            times=patterns.frequency,
        )
    if np.isnan(tails).any():
        return tails
    limits: FloatArray = np.quantile(defined, tails)
    return limits


def replicate_errors(patterns: Patterns, parts: Sequence[Part], plan: Plan) -> FloatArray:
    """Give the delete-one standard error of each replicate of several statistics.

    Returns
    -------
    (n_statistics, n_resamples)
        NaN where leaving out some unit leaves no value.
    """
    merged = [_Merged.of(patterns, part) for part in parts]
    n_numbers = max(*patterns.sums.shape, *(2 * one.contributions.size for one in merged))
    chunks = [
        [one.errors(drawn, sums) for one in merged]
        for drawn, sums in _draws(patterns, plan, n_numbers=n_numbers)
    ]
    return np.concatenate(chunks, axis=1)


@dataclass(frozen=True, eq=False)
class _Merged:
    """Patterns as one statistic sees them: those that differ in the others only are one."""

    part: Part
    contributions: FloatArray
    """(n_merged, n_columns)"""

    indicator: FloatArray
    """(n_patterns, n_merged)"""

    @classmethod
    def of(cls, patterns: Patterns, part: Part) -> Self:
        first, same, _ = distinct_rows(patterns.sums[:, part.columns])
        return cls(part, patterns.sums[first, part.columns], np.eye(len(first))[same])

    def errors(self, drawn: FloatArray, sums: FloatArray) -> FloatArray:
        own = sums[:, self.part.columns]
        return delete_one_errors(drawn @ self.indicator, own, self.contributions, self.part.value)


def _studentised(
    replicated: FloatArray,
    errors: FloatArray,
    patterns: Patterns,
    part: Part,
    plan: Plan,
    scale: Scale | None,
) -> FloatArray:
    """Limits from distances in errors of the resamples' own; NaN where too many have none."""
    total = patterns.total()
    (error,) = _Merged.of(patterns, part).errors(
        patterns.frequency[None].astype(float), total[None]
    )
    return studentised_limits(
        _tails(plan),
        value=float(part.of(total)),
        error=float(error),
        resampled=replicated,
        errors=errors,
        scale=scale,
        undefined_limit=UNDEFINED_LIMIT,
    )


def _tails(plan: Plan) -> FloatArray:
    return np.array([(1 - plan.confidence) / 2, (1 + plan.confidence) / 2])


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
    # Ratings are resampled as published, and the published way refuses none.
    if n_drawn < FEWEST_DRAWN and drawn != "ratings":
        return f"there are only {n_drawn} {drawn}: fewer than {FEWEST_DRAWN} make no interval"
    return None
