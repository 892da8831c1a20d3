"""What every statistic returns: a value, its interval or why it has none, and the counts behind it.

A statistic without a value is no estimate: it raises `UndefinedStatisticError` with the reason.
"""

from dataclasses import dataclass, field

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

    def __float__(self) -> float:
        return self.value

    def to_frame(self) -> pd.DataFrame:
        """Give one row, the interval in columns of its own; nothing is rounded."""
        interval = self.interval
        row = {
            "statistic": self.statistic,
            "value": self.value,
            "low": interval.low if interval else float("nan"),
            "high": interval.high if interval else float("nan"),
            "confidence": interval.confidence if interval else float("nan"),
            "method": interval.method if interval else None,
            "n_units": self.n_units,
            "n_raters": self.n_raters,
            "n_ratings": self.n_ratings,
            "n_resamples": self.n_resamples,
            "undefined_share": self.undefined_share,
            "refusal": self.refusal,
        }
        return pd.DataFrame([row])
