"""How many independent observations a goal needs, by formula."""

import math

from scipy.stats import norm

from analysis.estimates import RatingsError
from analysis.intervals.resampling import check_confidence


def ratings_needed(rate: float, half_width: float, *, confidence: float = 0.95) -> int:
    """Give the independent ratings that make Wilson's interval of a rate this narrow.

    Ratings that share units or raters need more: multiply by the design effect.

    Parameters
    ----------
    rate : 0 to 1
    half_width : 0 to 0.5

    Raises
    ------
    RatingsError
        If a number lies outside.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 857-872: the interval, solved here for n.
    """
    if not 0 <= rate <= 1 or not 0 < half_width < 0.5:
        raise RatingsError(f"rate {rate}, half-width {half_width}: give 0 to 1, and 0 to 0.5")
    z = _normal(confidence)
    # The half-width h solves h² (n + z²)² = z² (n p (1 - p) + z² / 4), a quadratic in n.
    a = half_width**2
    b = 2 * half_width**2 * z**2 - z**2 * rate * (1 - rate)
    c = half_width**2 * z**4 - z**4 / 4
    return math.ceil((-b + math.sqrt(b**2 - 4 * a * c)) / (2 * a))


def units_needed_icc(
    icc: float, raters_per_unit: int, half_width: float, *, confidence: float = 0.95
) -> int:
    """Give the units that make the interval of a one-way ICC this narrow.

    Raises
    ------
    RatingsError
        If the ICC does not lie from 0 to 1, or there are fewer than two raters per unit.

    References
    ----------
    Bonett (2002), Statistics in Medicine 21, 1331-1335.
    """
    k = raters_per_unit
    if not 0 <= icc < 1 or k < 2 or not 0 < half_width < 1:
        raise RatingsError(f"ICC {icc}, {k} raters, half-width {half_width}: out of range")
    z, width = _normal(confidence), 2 * half_width
    spread = (1 - icc) ** 2 * (1 + (k - 1) * icc) ** 2
    return math.ceil(8 * z**2 * spread / (k * (k - 1) * width**2) + 1)


def pairs_needed_mcnemar(
    only_first: float, only_second: float, *, power: float = 0.8, confidence: float = 0.95
) -> int:
    """Give the pairs with which McNemar's test finds a difference between paired shares.

    Parameters
    ----------
    only_first, only_second : 0 to 1
        Shares of pairs in which only the first (only the second) says yes.

    Raises
    ------
    RatingsError
        If the shares are equal, as no number of pairs finds a difference that is not there; or if
        the power is no chance from one half to 1.

    References
    ----------
    Connor (1987), Biometrics 43, 207-211.
    """
    discordant, difference = only_first + only_second, abs(only_first - only_second)
    if not 0 < discordant <= 1 or min(only_first, only_second) < 0 or difference == 0:
        raise RatingsError(
            f"discordant shares {only_first} and {only_second}: give two that differ"
        )
    if not 0.5 <= power < 1:
        raise RatingsError(f"power is {power}: from 0.5 to below 1, such as 0.8")
    root = _normal(confidence) * math.sqrt(discordant) + float(norm.ppf(power)) * math.sqrt(
        discordant - difference**2
    )
    return math.ceil((root / difference) ** 2)


def _normal(confidence: float) -> float:
    check_confidence(confidence)
    return float(norm.ppf((1 + confidence) / 2))
