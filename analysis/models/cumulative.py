"""The cumulative logit model of one rating, P(code <= j) = F(threshold_j - predictor).

For the logistic F the probability of a code falls into two logistic factors and a third that
depends on the gap between its thresholds only,

    F(upper) - F(lower) = F(upper) (1 - F(lower)) (1 - exp(lower - upper)),

so that nothing cancels far out, and all derivatives are short. With two codes this is logistic
regression. Parameters are the thresholds, then the slopes.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit

from analysis.ratings import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Slopes:
    """Derivatives of one quantity of each rating by the two thresholds of its code, (n_ratings,).

    By the linear predictor it has the slope `-(upper + lower)`.
    """

    upper: FloatArray
    lower: FloatArray

    def __add__(self, other: "Slopes") -> "Slopes":
        return Slopes(self.upper + other.upper, self.lower + other.lower)

    def times(self, factor: FloatArray) -> "Slopes":
        """Give the slopes of a multiple, one factor for each rating."""
        return Slopes(factor * self.upper, factor * self.lower)

    @property
    def by_predictor(self) -> FloatArray:
        """Derivative by the linear predictor."""
        return -(self.upper + self.lower)


@dataclass(frozen=True, eq=False)
class Position:
    """Each rating at one value of the parameters, (n_ratings,): where its code lies."""

    at_most: FloatArray
    """P(code or lower)"""

    below: FloatArray
    """P(lower than code)"""

    gap_slope: FloatArray
    """Derivative of log(1 - exp(-gap)) by the gap between the code's thresholds."""

    @property
    def score(self) -> FloatArray:
        """Derivative of the log-probability by the predictor."""
        return self.at_most + self.below - 1

    @property
    def log_probability_slopes(self) -> Slopes:
        """By the thresholds: what the logistic factors and the gap give."""
        return Slopes(1 - self.at_most + self.gap_slope, -self.below - self.gap_slope)

    @property
    def score_slopes(self) -> Slopes:
        """The two logistic densities; their sum is the curvature."""
        return Slopes(self.at_most * (1 - self.at_most), self.below * (1 - self.below))

    @property
    def curvature(self) -> FloatArray:
        """Minus the second derivative of the log-probability by the predictor, never negative."""
        return -self.score_slopes.by_predictor

    @property
    def curvature_slopes(self) -> Slopes:
        """The slopes of the two densities."""
        density = self.score_slopes
        return Slopes(density.upper * (1 - 2 * self.at_most), density.lower * (1 - 2 * self.below))


@dataclass(frozen=True, eq=False)
class CumulativeLogit:
    """Ratings with their covariates, ready for any value of the parameters."""

    codes: IntArray
    """(n_ratings,), from 0; every category occurs"""

    covariates: FloatArray
    """(n_ratings, n_slopes), without a constant"""

    n_categories: int

    @property
    def n_fixed(self) -> int:
        """Thresholds and slopes."""
        return self.n_categories - 1 + int(self.covariates.shape[1])

    def predictor(self, fixed: FloatArray) -> FloatArray:
        """Give the linear predictor of each rating, from the fixed effects alone."""
        linear: FloatArray = self.covariates @ fixed[self.n_categories - 1 :]
        return linear

    def log_probability(self, fixed: FloatArray, predictor: FloatArray) -> FloatArray:
        """Give the log-probability of the code of each rating."""
        edges = self._edges(fixed)
        upper, lower = edges[self.codes + 1] - predictor, edges[self.codes] - predictor
        gaps = np.log(-np.expm1(-np.diff(edges)))
        log_probability: FloatArray = log_expit(upper) + log_expit(-lower) + gaps[self.codes]
        return log_probability

    def at(self, fixed: FloatArray, predictor: FloatArray) -> Position:
        """Give what all derivatives are made of."""
        edges = self._edges(fixed)
        gap = np.minimum(np.diff(edges), 500.0)  # beyond, the slope is 0 and exp overflows
        return Position(
            at_most=expit(edges[self.codes + 1] - predictor),
            below=expit(edges[self.codes] - predictor),
            gap_slope=(1 / np.expm1(gap))[self.codes],
        )

    def pull_back(self, slopes: Slopes) -> FloatArray:
        """Sum the slopes of all ratings, by thresholds and slopes of the model, (n_fixed,)."""
        by_upper = np.bincount(self.codes, slopes.upper, self.n_categories)[:-1]
        by_lower = np.bincount(self.codes, slopes.lower, self.n_categories)[1:]
        return np.concatenate([by_upper + by_lower, self.covariates.T @ slopes.by_predictor])

    def start(self) -> FloatArray:
        """Thresholds at the logits of the observed shares, all slopes 0."""
        counts = np.bincount(self.codes, minlength=self.n_categories)
        shares = np.cumsum(counts)[:-1] / len(self.codes)
        return np.concatenate([np.log(shares / (1 - shares)), np.zeros(self.covariates.shape[1])])

    def _edges(self, fixed: FloatArray) -> FloatArray:
        return np.concatenate([[-np.inf], fixed[: self.n_categories - 1], [np.inf]])
