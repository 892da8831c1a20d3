"""How sure a number is whose error is a sum over units, when units come in clusters."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, stdtrit

from analysis.estimates import Interval
from analysis.ratings import FloatArray, IntArray

ROUNDING = 1e-12


@dataclass(frozen=True)
class Error:
    """A standard error and its degrees of freedom."""

    standard_error: float | None
    """None with fewer than two clusters."""

    df: float

    def interval(self, value: float, confidence: float, method: str) -> Interval | None:
        """Give value +- t error; None where nothing varies."""
        if self.refusal() or self.standard_error is None:
            return None
        reach = self.standard_error * float(stdtrit(self.df, (1 + confidence) / 2))
        return Interval(value - reach, value + reach, confidence, method=method)

    def logit_interval(self, share: float, confidence: float, method: str) -> Interval | None:
        """Give the t interval of a share's logit, turned back; None at 0, at 1, or without error.

        The error is that of the share itself.
        """
        if self.refusal() or self.standard_error is None or not ROUNDING < share < 1 - ROUNDING:
            return None
        error = self.standard_error / (share * (1 - share))
        reach = error * float(stdtrit(self.df, (1 + confidence) / 2))
        low, high = (float(expit(logit(share) + side * reach)) for side in (-1, 1))
        return Interval(low, high, confidence, method=method)

    def refusal(self) -> str | None:
        """Say why there is no interval."""
        if self.standard_error is None:
            return "fewer than two units or clusters: nothing is known of how they differ"
        if self.standard_error <= ROUNDING:
            return "all units or clusters give the same value"
        return None


def clustered_error(influence: FloatArray, cluster: IntArray) -> Error:
    """Give the error of a sum of influences, with the factor G / (G - 1) of G clusters.

    Parameters
    ----------
    influence : (n_units,)
        What each unit adds to the error of the estimate; they sum to 0.
    cluster : (n_units,)
        Numbers from 0 without a gap.

    References
    ----------
    Cameron and Miller (2015), Journal of Human Resources 50, 317-372.
    """
    sums = np.bincount(cluster, influence)
    n_clusters = len(sums)
    if n_clusters < 2:
        return Error(None, 0.0)
    variance = np.square(sums).sum() * n_clusters / (n_clusters - 1)
    return Error(float(np.sqrt(variance)), n_clusters - 1.0)
