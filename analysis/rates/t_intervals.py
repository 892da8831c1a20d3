"""Student's t interval of a rate, on the scale of the rate or of its logit."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t

from analysis.estimates import Interval, RatingsError
from analysis.intervals.resampling import check_confidence
from analysis.ratings import FloatArray

Scale = Literal["logit", "identity"]

NEGLIGIBLE = 1e-24
"""A variance below this is rounding."""


def rate_interval(
    rate: float,
    standard_error: float,
    *,
    df: float,
    scale: Scale,
    confidence: float,
    method: str,
) -> Interval:
    """Give the limits of a rate strictly between 0 and 1.

    On the logit scale the error is that of the rate over p (1 - p), by the delta method. On the
    scale of the rate the limits are cut off at 0 and 1.
    """
    reach = t_quantile(confidence, df) * standard_error * np.array([-1, 1])
    limits: FloatArray
    if scale == "logit":
        limits = expit(logit(rate) + reach / (rate * (1 - rate)))
    else:
        limits = np.clip(rate + reach, 0, 1)
    low, high = (float(limit) for limit in limits)
    return Interval(low, high, confidence, method=f"{method}, t with {df:.4g} df, {scale} scale")


def t_quantile(confidence: float, df: float) -> float:
    """The t of a two-sided interval."""
    return float(t.ppf((1 + confidence) / 2, df))


def satterthwaite_df(total: float, parts: Sequence[tuple[float, int]]) -> float:
    """Degrees of freedom of a variance put together from others, no fewer than the fewest.

    Parameters
    ----------
    total
        The variance.
    parts
        Each variance that it rests on, and of how many units, clusters or raters.

    References
    ----------
    Satterthwaite (1946), Biometrics Bulletin 2, 110-114.
    """
    spread = sum(variance**2 / (number - 1) for variance, number in parts)
    return max(total**2 / spread, min(number for _, number in parts) - 1.0)


def check_interval(scale: Scale, confidence: float) -> None:
    """Refuse an unknown scale, and a confidence such as 95."""
    check_choice("scale", scale, get_args(Scale))
    check_confidence(confidence)


def check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is not among those allowed."""
    if value not in allowed:
        raise RatingsError(f"{name} {value!r} is not among {list(allowed)}")
