"""Bootstrap-t: how far resamples fall from the estimate, in standard errors of their own.

Where few ratings of a rare code agree, the spread of a coefficient depends on its value: a
resample that falls low by chance also has a small error, and quantiles of the resamples themselves
lie wrong. Measured in units of their own errors, the distances do not.

Hall (1992), The Bootstrap and Edgeworth Expansion, chapter 3.
"""

from collections.abc import Callable

import numpy as np

from analysis.intervals.bca import ROUNDING
from analysis.intervals.scales import Scale, error_on, from_scale, to_scale
from analysis.ratings import FloatArray


def delete_one_errors(
    drawn: FloatArray,
    totals: FloatArray,
    contributions: FloatArray,
    value: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """Give Tukey's standard error of each resample, leaving out one of its units after another.

    Parameters
    ----------
    drawn : (n_resamples, n_patterns)
        How many units of each pattern it has.
    totals : (n_resamples, n_columns)
        Sums over all its units.
    contributions : (n_patterns, n_columns)
        What a unit of each pattern adds.
    value
        The statistic from sums (..., n_columns).

    Returns
    -------
    (n_resamples,)
        NaN where leaving out some unit leaves no value.
    """
    n = drawn.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Also without units that the resample does not have, which may be nonsense: set to 0 next.
        left_out = value(totals[:, None, :] - contributions)
    left_out = np.where(drawn > 0, left_out, 0.0)
    centred = left_out - (drawn * left_out).sum(axis=1, keepdims=True) / n[:, None]
    error: FloatArray = np.sqrt((n - 1) / n * (drawn * np.square(centred)).sum(axis=1))
    return error


def studentised_limits(
    tails: FloatArray,
    *,
    value: float,
    error: float,
    resampled: FloatArray,
    errors: FloatArray,
    scale: Scale | None,
    undefined_limit: float,
) -> FloatArray:
    """Give the limits; NaN where too many resamples have no distance in errors of their own.

    Parameters
    ----------
    tails : (2,)
        Shares below the lower and the upper limit, 0 to 1.
    value, error
        The estimate and its delete-one error.
    resampled, errors : (n_resamples,)
        The same of each resample, NaN where there is none.
    scale
        On which the distances are taken; None for the statistic's own.
    undefined_limit
        Share of resamples that may be without a distance, 0 to 1.
    """
    centre, spread = to_scale(value, scale), error_on(value, error, scale)
    own = error_on(resampled, errors, scale)
    usable = np.isfinite(own) & (own > ROUNDING)
    if usable.mean() < 1 - undefined_limit:
        return np.full_like(tails, np.nan)
    distance = (to_scale(resampled[usable], scale) - centre) / own[usable]
    # Far above in errors of its own means that the truth may lie far below, and conversely.
    limits: FloatArray = from_scale(centre - np.quantile(distance, tails[::-1]) * spread, scale)
    return limits
