"""Distances of two distributions over the same codes."""

from collections.abc import Callable

import numpy as np
from scipy.special import xlogy

from analysis.ratings import FloatArray

Distance = Callable[[FloatArray, FloatArray], FloatArray]
"""Shares of the codes in two groups, (..., n_categories) each, to distances (...)."""


def shares_of(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shares of the codes in both groups, from counts (..., 2, n_categories); NaN for no rating."""
    totals = counts.sum(axis=-1, keepdims=True)
    shares: FloatArray = np.full(counts.shape, np.nan)
    np.divide(counts, totals, out=shares, where=totals > 0)
    return shares[..., 0, :], shares[..., 1, :]


def total_variation_of(p: FloatArray, q: FloatArray) -> FloatArray:
    """Half the sum of absolute differences of the shares, 0 to 1."""
    distance: FloatArray = np.abs(p - q).sum(axis=-1) / 2
    return distance


def jensen_shannon_of(p: FloatArray, q: FloatArray) -> FloatArray:
    """Entropy of the mixture less the mean entropy, in bits, 0 to 1; not its square root."""
    mixed, first, second = (_entropy(one) for one in ((p + q) / 2, p, q))
    # Rounding may take equal distributions below 0.
    divergence: FloatArray = np.maximum(mixed - (first + second) / 2, 0)
    return divergence


def wasserstein_of(p: FloatArray, q: FloatArray) -> FloatArray:
    """Sum of absolute differences of the cumulated shares: steps on the scale, 0 to K - 1."""
    distance: FloatArray = np.abs(np.cumsum(p - q, axis=-1)).sum(axis=-1)
    return distance


def _entropy(shares: FloatArray) -> FloatArray:
    """Entropy in bits."""
    entropy: FloatArray = -xlogy(shares, shares).sum(axis=-1) / np.log(2)
    return entropy
