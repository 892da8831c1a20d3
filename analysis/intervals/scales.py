"""t intervals on a scale without ends: Fisher's z for coefficients, the logit for shares."""

from typing import Literal

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t

from analysis.estimates import Interval

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


def t_interval(
    value: float, standard_error: float, *, df: float, scale: Scale, confidence: float, method: str
) -> Interval:
    """Give the limits, computed on the scale (the error by its slope) and taken back.

    Parameters
    ----------
    value
        Strictly within the ends of its scale.
    """
    to_scale, back = (logit, expit) if scale == "logit" else (np.arctanh, np.tanh)
    slope = 1 / (value * (1 - value)) if scale == "logit" else 1 / (1 - value**2)
    reach = float(t.ppf((1 + confidence) / 2, df)) * slope * standard_error
    low, high = (float(back(to_scale(value) + side * reach)) for side in (-1, 1))
    return Interval(low, high, confidence, method=f"{method}, t on {scale}")
