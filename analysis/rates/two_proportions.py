"""Two counted proportions compared: difference, paired difference, ratio.

The intervals are built from Wilson's limits or score tests, so that none leaves its range and none
has no width where a count is 0. They are right where observations (or pairs) are independent.
"""

import numpy as np
from scipy.optimize import brentq

from analysis.estimates import Estimate, Interval, RatingsError, UndefinedStatisticError
from analysis.rates.populations import INDEPENDENT
from analysis.rates.proportions import check_counts, is_whole, normal_quantile, wilson_limits


def newcombe_difference(
    k1: int, n1: int, k2: int, n2: int, *, confidence: float = 0.95
) -> Estimate:
    """Give k1 / n1 - k2 / n2 of independent samples with Newcombe's hybrid score interval.

    Raises
    ------
    RatingsError
        If a count does not lie from 0 to its total.
    UndefinedStatisticError
        If a total is 0.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    check_counts(k1, n1, confidence)
    check_counts(k2, n2, confidence)

    limits = _hybrid_limits(k1, n1, k2, n2, 0.0, confidence)
    interval = Interval(*limits, confidence, method=f"{INDEPENDENT}: Newcombe hybrid score")
    n = n1 + n2
    return Estimate("difference of rates", k1 / n1 - k2 / n2, interval, n, 0, n)


def newcombe_paired_difference(
    both: int, first_only: int, second_only: int, neither: int, *, confidence: float = 0.95
) -> Estimate:
    """Give the difference of two rates on the same units with Newcombe's hybrid score interval.

    Parameters
    ----------
    both, first_only, second_only, neither
        Units where both judgments say yes, only the first, only the second, none.

    Raises
    ------
    RatingsError
        If a count is below 0.
    UndefinedStatisticError
        If there are no units.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 2635-2650, method 10.
    """
    cells = (both, first_only, second_only, neither)
    if not all(is_whole(count) for count in cells):
        raise RatingsError(f"cells {cells}: counts are whole numbers")
    n = sum(cells)
    for count in cells:
        check_counts(count, n, confidence)

    first, second = both + first_only, both + second_only
    correlation = _paired_correlation(both, first_only, second_only, neither)
    limits = _hybrid_limits(first, n, second, n, correlation, confidence)
    interval = Interval(*limits, confidence, method="independent pairs: Newcombe hybrid score")
    return Estimate("paired difference of rates", (first - second) / n, interval, n, 0, 2 * n)


def risk_ratio(k1: int, n1: int, k2: int, n2: int, *, confidence: float = 0.95) -> Estimate:
    """Give (k1 / n1) / (k2 / n2) of independent samples with Koopman's score interval.

    Raises
    ------
    RatingsError
        If a count does not lie from 0 to its total.
    UndefinedStatisticError
        If a total or k2 is 0.

    References
    ----------
    Koopman (1984), Biometrics 40, 513-517.
    """
    check_counts(k1, n1, confidence)
    check_counts(k2, n2, confidence)
    if k2 == 0:
        raise UndefinedStatisticError(
            f"the second rate is 0 of {n2}: there is nothing to divide by"
        )

    ratio = (k1 / n1) / (k2 / n2)
    low = 0.0 if k1 == 0 else _koopman_limit(k1, n1, k2, n2, confidence, side=-1)
    high = _koopman_limit(k1, n1, k2, n2, confidence, side=1)
    interval = Interval(low, high, confidence, method=f"{INDEPENDENT}: Koopman score")
    return Estimate("ratio of rates", ratio, interval, n1 + n2, 0, n1 + n2)


def _hybrid_limits(
    k1: int, n1: int, k2: int, n2: int, correlation: float, confidence: float
) -> tuple[float, float]:
    """Add up the reaches of the two Wilson intervals, as errors with this correlation add up."""
    p1, p2 = k1 / n1, k2 / n2
    (low1, high1), (low2, high2) = (
        wilson_limits(k, n, confidence) for k, n in ((k1, n1), (k2, n2))
    )
    below = _length(p1 - low1, high2 - p2, correlation)
    above = _length(high1 - p1, p2 - low2, correlation)
    return p1 - p2 - below, p1 - p2 + above


def _length(reach1: float, reach2: float, correlation: float) -> float:
    return float(np.sqrt(reach1**2 - 2 * correlation * reach1 * reach2 + reach2**2))


def _paired_correlation(both: int, first_only: int, second_only: int, neither: int) -> float:
    """Phi, its positive numerator lessened by n / 2; 0 where a margin is empty."""
    first, second = both + first_only, both + second_only
    n = both + first_only + second_only + neither
    margins = first * (n - first) * second * (n - second)
    if margins == 0:
        return 0.0

    product = both * neither - first_only * second_only
    return float((max(product - n / 2, 0) if product > 0 else product) / np.sqrt(margins))


def _koopman_limit(k1: int, n1: int, k2: int, n2: int, confidence: float, *, side: int) -> float:
    """Find the ratio that the score test just accepts, below or above the estimate."""
    critical = normal_quantile(confidence) ** 2

    def excess(log_ratio: float) -> float:
        return _koopman_score(float(np.exp(log_ratio)), k1, n1, k2, n2) - critical

    estimate = float(np.log((k1 if k1 else 0.5) / n1 / (k2 / n2)))
    far = estimate + side
    while excess(far) < 0:
        far += side
    limit = brentq(excess, min(estimate, far), max(estimate, far), xtol=1e-13)
    return float(np.exp(limit))


def _koopman_score(ratio: float, k1: int, n1: int, k2: int, n2: int) -> float:
    """Chi-squared of the hypothesis p1 = ratio p2, both at their maximum likelihood under it."""
    n = n1 + n2
    linear = ratio * (n1 + k2) + k1 + n2
    p1 = (linear - np.sqrt(linear**2 - 4 * ratio * n * (k1 + k2))) / (2 * n)
    return _score(k1, n1, p1) + _score(k2, n2, p1 / ratio)


def _score(k: int, n: int, p: float) -> float:
    """Chi-squared of the hypothesis that the rate is p; 0 where count and rate are both 0 or 1."""
    return 0.0 if k == n * p else float((k - n * p) ** 2 / (n * p * (1 - p)))
