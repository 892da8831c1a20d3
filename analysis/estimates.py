"""What every statistic returns: a value, its interval or why it has none, and the counts behind it.

A statistic without a value is no estimate: it raises `UndefinedStatisticError` with the reason.
Every result is a frozen dataclass with `to_frame()`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

import pandas as pd


class RatingsError(ValueError):
    """The input cannot be what was meant: the message names the place and the remedy."""


class UndefinedStatisticError(ValueError):
    """The input is sound, but the statistic has no value for it; the message says why."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float
    confidence: float = 0.95
    """Nominal coverage, 0 to 1."""

    method: str = field(kw_only=True)
    """How it was made and what was resampled, for example `BCa, resampling units`."""


@dataclass(frozen=True)
class Estimate:
    """One statistic of one set of ratings. `float(estimate)` is its value."""

    statistic: str
    value: float
    interval: Interval | None
    n_units: int
    """Units that carry the statistic; for agreement, those with two ratings or more."""

    n_raters: int
    """Raters behind these ratings; 0 where the function was not told who rated."""

    n_ratings: int
    """Ratings that carry the statistic; for agreement, those with a partner in their unit."""

    n_resamples: int = 0
    undefined_share: float = 0.0
    """Share of resamples in which the statistic had no value, 0 to 1."""

    refusal: str | None = None
    """Why there is no interval, where one was asked for."""

    standard_error: float | None = None
    """On the scale of the value, where the method has one."""

    def __float__(self) -> float:
        return self.value

    def to_frame(self) -> pd.DataFrame:
        """Give one row, the interval in columns of its own; nothing is rounded."""
        return frame_of([self])


@dataclass(frozen=True)
class HypothesisTest:
    """One test of one null hypothesis."""

    test: str
    """Its name and variant, for example `McNemar, mid-p`."""

    hypothesis: str
    """The null hypothesis in words."""

    value: float
    """The test statistic; NaN where the p-value is counted directly."""

    p_value: float
    """Two-sided unless `test` says otherwise, 0 to 1."""

    n: int
    """How many observations carry the test: pairs, units or raters, as `hypothesis` says."""

    df: float | None = None
    """Degrees of freedom, where the statistic has them."""

    note: str | None = None
    """What a reader must know, such as how many ties were left out."""

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def frame_of(results: Iterable[Any]) -> pd.DataFrame:
    """One row for each result (a dataclass), one column for each field.

    An interval or an estimate within a result becomes columns of its own: those of the interval
    are `low, high, confidence, method`, those of another field `x` begin with `x_`.
    """
    return pd.DataFrame([_row(result) for result in results])


def _row(result: Any, prefix: str = "") -> dict[str, Any]:
    row: dict[str, Any] = {}
    for one in fields(result):
        value = getattr(result, one.name)
        if one.name == "interval":
            row |= _interval_columns(value, prefix)
        elif isinstance(value, Estimate | HypothesisTest):
            row |= _row(value, f"{prefix}{one.name}_")
        else:
            row[prefix + one.name] = value
    return row


def _interval_columns(interval: Interval | None, prefix: str) -> dict[str, Any]:
    return {
        f"{prefix}low": interval.low if interval else float("nan"),
        f"{prefix}high": interval.high if interval else float("nan"),
        f"{prefix}confidence": interval.confidence if interval else float("nan"),
        f"{prefix}method": interval.method if interval else None,
    }
