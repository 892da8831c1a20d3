"""Efron's correction of percentile intervals for bias and skewness, on numbers alone.

Efron (1987), Journal of the American Statistical Association 82, 171-185.
"""

import numpy as np
from scipy.special import ndtr, ndtri

from analysis.ratings import FloatArray, IntArray

ROUNDING = 1e-12
"""A difference below this is none."""


def corrected_tails(
    tails: FloatArray,
    *,
    value: float,
    resampled: FloatArray,
    left_out: FloatArray,
    times: IntArray,
) -> FloatArray:
    """Move the tail shares; NaN where Efron's formula breaks down.

    Parameters
    ----------
    tails : (2,)
        Shares below the lower and the upper limit, 0 to 1.
    value, resampled : (n_resamples,)
        The estimate, and what it is in the resamples that have a value.
    left_out, times : (n_patterns,)
        The values without one unit, NaN where there is none, and how many units each stands for.
    """
    bias = _bias(value, resampled)
    normal = bias + ndtri(tails)
    stretch = 1 - _acceleration(left_out, times) * normal
    if np.isinf(bias) or (stretch <= 0).any():
        return np.full_like(tails, np.nan)
    corrected: FloatArray = ndtr(bias + normal / stretch)
    return corrected


def _bias(value: float, resampled: FloatArray) -> float:
    """Median bias in normal units; resamples that tie with the estimate count half."""
    ties = np.abs(resampled - value) <= ROUNDING
    below = (resampled < value) & ~ties
    return float(ndtri(below.mean() + ties.mean() / 2))


def _acceleration(left_out: FloatArray, times: IntArray) -> float:
    """Skewness of the leave-one-out values, 0 where leaving one out changes nothing."""
    usable = ~np.isnan(left_out)
    left_out, times = left_out[usable], times[usable]
    influence = np.average(left_out, weights=times) - left_out
    spread = (times * influence**2).sum()
    if spread <= ROUNDING**2:
        return 0.0
    return float((times * influence**3).sum() / (6 * spread**1.5))
