"""t intervals on a scale without ends: Fisher's z for coefficients, the logit for shares."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit
from scipy.stats import t

from analysis.estimates import Interval
from analysis.ratings import FloatArray

Scale = Literal["Fisher's z", "logit"]

SHARES = ("percent_agreement", "specific_agreement[", "share[")
"""Names of statistics from 0 to 1; all others go from -1 to 1."""


def scale_of(statistic: str) -> Scale:
    """Give the scale on which the statistic's errors are closer to normal."""
    return "logit" if statistic.startswith(SHARES) else "Fisher's z"


def at_an_end(value: float, scale: Scale) -> str | None:
    """Say that the value has no place on the scale; None where it has one."""
    lowest = 0 if scale == "logit" else -1
    if lowest < value < 1:
        return None
    return f"the value is {value:.6g}, and {scale} has no place for it outside {lowest} to 1"


def to_scale(value: ArrayLike, scale: Scale | None) -> FloatArray:
    """Take values to the scale; infinite at its ends, NaN outside."""
    at = np.asarray(value, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale is None:
            return at
        return np.asarray(np.arctanh(at) if scale == "Fisher's z" else logit(at))


def from_scale(value: ArrayLike, scale: Scale | None) -> FloatArray:
    """Take values back from the scale."""
    at = np.asarray(value, dtype=float)
    if scale is None:
        return at
    return np.asarray(np.tanh(at) if scale == "Fisher's z" else expit(at))


def error_on(value: ArrayLike, error: ArrayLike, scale: Scale | None) -> FloatArray:
    """Take standard errors to the scale by its slope; not finite at its ends."""
    at = np.asarray(value, dtype=float)
    slope = {"Fisher's z": 1 - at**2, "logit": at * (1 - at), None: np.ones_like(at)}[scale]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(error, dtype=float) / np.where(slope > 0, slope, np.nan)


def t_interval(
    value: float, standard_error: float, *, df: float, scale: Scale, confidence: float, method: str
) -> Interval:
    """Give the limits, computed on the scale (the error by its slope) and taken back.

    Parameters
    ----------
    value
        Strictly within the ends of its scale.
    """
    reach = t.ppf((1 + confidence) / 2, df) * error_on(value, standard_error, scale)
    low, high = (
        float(from_scale(to_scale(value, scale) + side * reach, scale)) for side in (-1, 1)
    )
    return Interval(low, high, confidence, method=f"{method}, t on {scale}")
