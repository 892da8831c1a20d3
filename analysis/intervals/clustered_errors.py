"""How sure a number is whose error is a sum over units, when units come in clusters."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from analysis.estimates import Interval
from analysis.intervals.scales import t_interval
from analysis.intervals.two_way import one_way_variance, one_way_variances
from analysis.ratings import FloatArray, IntArray

ROUNDING = 1e-12


@dataclass(frozen=True)
class ClusteredError:
    """A standard error and its degrees of freedom."""

    standard_error: float | None
    """None with too few clusters to know."""

    df: float

    def refusal(self) -> str | None:
        """Say why there is no interval."""
        if self.standard_error is None:
            return "too few units or clusters: nothing is known of how they differ"
        if self.standard_error <= ROUNDING:
            return "all units or clusters give the same value"
        return None

    def share_refusal(self, share: float) -> str | None:
        """Say why a share has no interval."""
        if ROUNDING < share < 1 - ROUNDING:
            return self.refusal()
        return self.refusal() or f"the share is {share:.3g}: its logit has no value"

    def interval(self, value: float, confidence: float, method: str) -> Interval | None:
        """Give value +- t error; None where nothing is known of the error."""
        if self.refusal() or self.standard_error is None:
            return None
        reach = self.standard_error * float(stdtrit(self.df, (1 + confidence) / 2))
        return Interval(value - reach, value + reach, confidence, method=f"{method}, t")

    def share_interval(self, share: float, confidence: float, method: str) -> Interval | None:
        """Give the t interval of a share's logit, turned back; None where `share_refusal` is not.

        The error is that of the share itself.
        """
        if self.share_refusal(share) or self.standard_error is None:
            return None
        return t_interval(
            share,
            self.standard_error,
            df=self.df,
            scale="logit",
            confidence=confidence,
            method=method,
        )


def clustered_error(influence: FloatArray, clusters: IntArray) -> ClusteredError:
    """Give the error of a sum of influences.

    Parameters
    ----------
    influence : (n,)
        What each unit adds to the error of the estimate; they sum to 0.
    clusters : (n,)
        Numbers from 0 without a gap.
    """
    return _error(int(clusters.max(initial=-1)) + 1, one_way_variance(influence, clusters))


def clustered_errors(
    influence: FloatArray, clusters: IntArray, sums: IntArray, *, n_sums: int
) -> list[ClusteredError]:
    """Give the errors of several sums of influences, such as one for each rater.

    Parameters
    ----------
    sums : (n,)
        Which sum each influence belongs to, numbers from 0.
    """
    found = one_way_variances(influence, clusters, sums, n_sums=n_sums)
    return [_error(n, variance) for n, variance in zip(*found, strict=True)]


def _error(n_clusters: int, variance: float) -> ClusteredError:
    if n_clusters < 2:
        return ClusteredError(None, 0.0)
    return ClusteredError(float(np.sqrt(variance)), float(n_clusters - 1))
