"""Fixed effects alone: maximum likelihood by Newton's method, with all derivatives in closed form.

The log-likelihood is concave, so a step that is halved until it climbs always arrives.
"""

from dataclasses import dataclass

import numpy as np

from analysis.estimates import UndefinedStatisticError
from analysis.models.cumulative import CumulativeLogit
from analysis.ratings import FloatArray

MAX_STEPS = 100
NEGLIGIBLE = 1e-12
"""Square of Newton's last step, in standard errors; the error left is far smaller."""


@dataclass(frozen=True, eq=False)
class Fit:
    """Where the likelihood is largest."""

    parameters: FloatArray
    covariance: FloatArray
    log_likelihood: float


def fit_fixed(logit: CumulativeLogit) -> Fit:
    """Climb from the observed shares to the maximum.

    Raises
    ------
    UndefinedStatisticError
        If Newton's method does not arrive.
    """
    parameters = logit.start()
    value = _log_likelihood(logit, parameters)
    for _ in range(MAX_STEPS):
        gradient = _gradient(logit, parameters)
        covariance = np.linalg.inv(_information(logit, parameters)).astype(np.float64)
        step = covariance @ gradient
        if gradient @ step < NEGLIGIBLE:
            return Fit(parameters + step, covariance, value)
        parameters, value = _climbed(logit, parameters, step, value)
    raise UndefinedStatisticError(
        f"no maximum of the likelihood within {MAX_STEPS} steps: give covariates in comparable "
        "units, or fewer of them"
    )


def _climbed(
    logit: CumulativeLogit, parameters: FloatArray, step: FloatArray, value: float
) -> tuple[FloatArray, float]:
    """Halve the step until the thresholds ascend and the likelihood does not fall."""
    for _ in range(60):
        tried = parameters + step
        ascend = bool((np.diff(tried[: logit.n_categories - 1]) > 0).all())
        found = _log_likelihood(logit, tried) if ascend else -np.inf
        if found >= value - 1e-9:
            return tried, found
        step = step / 2
    return parameters, value


def _log_likelihood(logit: CumulativeLogit, parameters: FloatArray) -> float:
    return float(logit.log_probability(parameters, logit.predictor(parameters)).sum())


def _gradient(logit: CumulativeLogit, parameters: FloatArray) -> FloatArray:
    position = logit.at(parameters, logit.predictor(parameters))
    return logit.pull_back(position.log_probability_slopes)


def _information(logit: CumulativeLogit, parameters: FloatArray) -> FloatArray:
    """Minus the second derivatives: each density once for its threshold, and the gaps."""
    density = logit.at(parameters, logit.predictor(parameters)).score_slopes
    information = np.zeros((logit.n_fixed, logit.n_fixed))
    for side, weight in ((0, density.upper), (-1, density.lower)):
        rows = _rows(logit, side)
        information += rows.T @ (weight[:, None] * rows)

    n_thresholds = logit.n_categories - 1
    counts = np.bincount(logit.codes, minlength=logit.n_categories)[1:-1]
    gaps = np.diff(parameters[:n_thresholds])
    bend = counts / (4 * np.sinh(np.minimum(gaps, 500.0) / 2) ** 2)
    difference = np.diff(np.eye(n_thresholds, logit.n_fixed), axis=0)
    information += difference.T @ (bend[:, None] * difference)
    return information


def _rows(logit: CumulativeLogit, side: int) -> FloatArray:
    """The threshold above (side 0) or below (-1) each code as an indicator, minus the covariates.

    A code without such a threshold has density 0 there, so that its row does not matter.
    """
    thresholds = np.arange(logit.n_categories - 1)
    indicators = (logit.codes + side)[:, None] == thresholds
    return np.hstack([indicators, -logit.covariates])
