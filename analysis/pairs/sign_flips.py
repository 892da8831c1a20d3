"""The law of a sum of weights, each of which counts or not as a fair coin falls.

Where neither of two sides is better, every difference is as likely to point one way as the other.
The sign test, the signed rank test and the clustered sign test all ask how often coins alone would
do what was seen; they differ in the weights only.
"""

from typing import Literal

import numpy as np
from scipy.special import ndtr

from analysis.intervals.resampling import CHUNK_NUMBERS
from analysis.progress import Progress, silent
from analysis.ratings import FloatArray, IntArray

Alternative = Literal["two-sided", "greater", "less"]
"""`greater`: the differences tend to be above 0."""

EXACT_STEPS = 2**27
"""Additions that the exact law may take, some tenths of a second."""


def is_exact_in_reach(weights: IntArray) -> bool:
    """Whether the exact law takes no more than some tenths of a second."""
    return len(weights) * int(_reduced(weights).sum()) <= EXACT_STEPS


def exact_p_value(weights: IntArray, positive: int, alternative: Alternative) -> float:
    """Give the p-value by counting all 2^n ways in which the n coins can fall.

    Parameters
    ----------
    weights : (n,)
        Whole numbers above 0.
    positive
        Sum of the weights whose difference is above 0.
    """
    unit = _unit(weights)
    law = _law(_reduced(weights))
    seen = positive // unit
    return one_of_tails(float(law[seen:].sum()), float(law[: seen + 1].sum()), alternative)


def normal_p_value(
    weights: FloatArray, positive: float, alternative: Alternative, *, correction: float = 0.0
) -> tuple[float, float]:
    """Give the standard normal statistic and its p-value.

    Parameters
    ----------
    weights : (n,)
    positive
        Sum of the weights whose difference is above 0.
    correction
        How far the sum is moved towards its expectation, for it moves in steps.
    """
    excess = positive - weights.sum() / 2
    toward = {"two-sided": np.sign(excess), "greater": 1.0, "less": -1.0}[alternative]
    z = float((excess - toward * correction) / np.sqrt((weights**2).sum() / 4))
    return z, one_of_tails(float(ndtr(-z)), float(ndtr(z)), alternative)


def drawn_p_value(
    weights: IntArray,
    positive: int,
    alternative: Alternative,
    *,
    n_permutations: int,
    seed: int,
    progress: Progress = silent,
) -> float:
    """Give (b + 1) / (B + 1), b of B throws of the coins being as extreme as what was seen.

    References
    ----------
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9(1), 39.
    """
    rng = np.random.default_rng(seed)
    values, times = np.unique(weights, return_counts=True)
    seen, total = 2 * positive - int(weights.sum()), int(weights.sum())
    chunk = max(1, CHUNK_NUMBERS // len(values))
    extreme = 0
    for start in range(0, n_permutations, chunk):
        size = min(chunk, n_permutations - start)
        thrown = 2 * (rng.binomial(times, 0.5, (size, len(values))) @ values) - total
        extreme += int(_as_extreme(thrown, seen, alternative).sum())
        progress(start + size, n_permutations)
    return (extreme + 1) / (n_permutations + 1)


def one_of_tails(greater: float, less: float, alternative: Alternative) -> float:
    """Choose the tail of the alternative; for both sides, twice the smaller one."""
    tails = {"greater": greater, "less": less, "two-sided": 2 * min(greater, less)}
    return min(1.0, tails[alternative])


def _law(weights: IntArray) -> FloatArray:
    """Probability of every sum from 0 to that of all weights."""
    law: FloatArray = np.zeros(int(weights.sum()) + 1)
    law[0] = 1.0
    for weight in weights:
        law[weight:] += law[:-weight].copy()
        law /= 2
    return law


def _unit(weights: IntArray) -> int:
    return int(np.gcd.reduce(weights))


def _reduced(weights: IntArray) -> IntArray:
    return weights // _unit(weights)


def _as_extreme(thrown: IntArray, seen: int, alternative: Alternative) -> "np.ndarray":
    if alternative == "greater":
        return thrown >= seen
    if alternative == "less":
        return thrown <= seen
    return np.abs(thrown) >= abs(seen)
