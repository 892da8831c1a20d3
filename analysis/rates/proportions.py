"""Intervals of counted proportions, right where every one of the n observations is independent.

Several ratings of one unit, or by one rater, are not: for those see `two_way_rate`.
"""

from numbers import Real

import numpy as np
from scipy.special import ndtri
from scipy.stats import beta

from analysis.estimates import Estimate, Interval, RatingsError, UndefinedStatisticError
from analysis.intervals.resampling import check_confidence
from analysis.rates.populations import INDEPENDENT

Limits = tuple[float, float]


def wilson(k: int, n: int, *, confidence: float = 0.95) -> Estimate:
    """Give the share k / n with Wilson's score interval.

    Raises
    ------
    RatingsError
        If k does not lie from 0 to n.
    UndefinedStatisticError
        If n is 0.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 857-872, method 3.
    """
    check_counts(k, n, confidence)

    low, high = wilson_limits(k, n, confidence)
    return _share(k, n, Interval(low, high, confidence, method=f"{INDEPENDENT}: Wilson"))


def clopper_pearson(k: int, n: int, *, confidence: float = 0.95) -> Estimate:
    """Give the share k / n with the exact interval, which covers too often rather than too seldom.

    Raises
    ------
    RatingsError
        If k does not lie from 0 to n.
    UndefinedStatisticError
        If n is 0.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26, 404-413.
    """
    check_counts(k, n, confidence)

    tail = (1 - confidence) / 2
    low = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    high = 1.0 if k == n else float(beta.ppf(1 - tail, k + 1, n - k))
    method = f"{INDEPENDENT}: Clopper-Pearson"
    return _share(k, n, Interval(low, high, confidence, method=method))


def jeffreys(k: int, n: int, *, confidence: float = 0.95) -> Estimate:
    """Give the share k / n with equal tails of the posterior under the prior Beta(1/2, 1/2).

    The lower limit is 0 where k is 0, and the upper one is 1 where k is n.

    Raises
    ------
    RatingsError
        If k does not lie from 0 to n.
    UndefinedStatisticError
        If n is 0.

    References
    ----------
    Brown, Cai and DasGupta (2001), Statistical Science 16, 101-133.
    """
    check_counts(k, n, confidence)

    tail = (1 - confidence) / 2
    low = 0.0 if k == 0 else float(beta.ppf(tail, k + 0.5, n - k + 0.5))
    high = 1.0 if k == n else float(beta.ppf(1 - tail, k + 0.5, n - k + 0.5))
    method = f"{INDEPENDENT}: Jeffreys"
    return _share(k, n, Interval(low, high, confidence, method=method))


def rule_of_three(n: int, *, confidence: float = 0.95) -> Estimate:
    """Give what 0 of n still allows: a rate up to -ln(1 - confidence) / n, at 95 % about 3 / n.

    The limit is one-sided. The approximation is good from n = 30 on.

    Raises
    ------
    UndefinedStatisticError
        If n is 0.

    References
    ----------
    Hanley and Lippman-Hand (1983), Journal of the American Medical Association 249, 1743-1745.
    """
    check_counts(0, n, confidence)

    high = min(1.0, float(-np.log(1 - confidence)) / n)
    method = f"{INDEPENDENT}: rule of three, one-sided"
    return _share(0, n, Interval(0.0, high, confidence, method=method))


def wilson_limits(k: float, n: float, confidence: float) -> Limits:
    """Solve (p - k/n)^2 = z^2 p (1 - p) / n for p."""
    z = normal_quantile(confidence)
    p = k / n
    centre = p + z**2 / (2 * n)
    reach = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((centre + side * reach) / (1 + z**2 / n) for side in (-1, 1))
    # Exact in theory; in floating point a hair off.
    return (0.0 if k == 0 else float(low), 1.0 if k == n else float(high))


def normal_quantile(confidence: float) -> float:
    """The z of a two-sided interval, 1.96 at 95 %."""
    return float(ndtri((1 + confidence) / 2))


def check_counts(k: int, n: int, confidence: float = 0.95) -> None:
    """Refuse counts that no ratings give."""
    check_confidence(confidence)
    if not (is_whole(k) and is_whole(n)):
        raise RatingsError(f"{k!r} of {n!r}: counts are whole numbers")
    if not 0 <= k <= n:
        raise RatingsError(f"{k} of {n}: a count lies from 0 to the number of ratings")
    if n == 0:
        raise UndefinedStatisticError("there are no ratings")


def is_whole(number: object) -> bool:
    """Whether this is a finite whole number, of whatever type."""
    return isinstance(number, Real) and float(number).is_integer()


def _share(k: int, n: int, interval: Interval) -> Estimate:
    return Estimate("rate", float(k / n), interval, n_units=int(n), n_raters=0, n_ratings=int(n))
