"""Symmetric intervals from a standard error, or why a standard error makes none."""

from dataclasses import replace
from typing import TypeVar

from scipy.stats import t

from analysis.estimates import Estimate, Interval, RatingsError

AnEstimate = TypeVar("AnEstimate", bound=Estimate)

HIGHEST = 1.0
"""No coefficient of agreement is above it, so no limit is."""

NO_SPREAD = 1e-9
"""A standard error below this is rounding."""


def with_limits(
    estimate: AnEstimate,
    standard_error: float,
    *,
    confidence: float,
    method: str,
    no_spread: str,
    refusal: str | None = None,
    df: float = float("inf"),
    capped: bool = True,
) -> AnEstimate:
    """Add a standard error and, unless it is refused, the interval it makes.

    The interval is Student's t at `df` degrees.

    Parameters
    ----------
    no_spread
        Why there is no interval where the standard error is 0: such an interval would be one
        point, and claim a certainty that nobody has.
    refusal
        Why there is to be no interval though the standard error is above 0.
    capped
        Whether an upper limit above 1 becomes 1.
    """
    if not 0 < confidence < 1:
        raise RatingsError(f"confidence is {confidence}: between 0 and 1, such as 0.95")
    if standard_error < NO_SPREAD:
        return replace(estimate, refusal=no_spread)
    if refusal:
        return replace(estimate, refusal=refusal, standard_error=standard_error)

    half = float(t.ppf((1 + confidence) / 2, df)) * standard_error
    high = estimate.value + half
    interval = Interval(
        estimate.value - half, min(high, HIGHEST) if capped else high, confidence, method=method
    )
    return replace(estimate, interval=interval, standard_error=standard_error)
