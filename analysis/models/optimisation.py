"""Find the largest marginal likelihood: quasi-Newton steps to near it, then Newton's to the end.

The quasi-Newton search runs on parameters scaled by their standard errors without random effects,
so that neither the units of a covariate nor correlated thresholds slow it down; gaps between
thresholds are searched on the log scale, and so stay positive.
"""

from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from analysis.estimates import UndefinedStatisticError
from analysis.models.marginal import MarginalLikelihood
from analysis.models.maximum_likelihood import Fit, fit_fixed
from analysis.progress import Progress
from analysis.ratings import FloatArray

BoolArray = NDArray[np.bool_]

MAX_ITERATIONS = 300
FIRST_SD, FIRST_SD_ERROR = 0.7, 0.3
NEGLIGIBLE_SD = 0.05
"""Below, 0 is tried."""

ROUNDING = 1e-6
"""Of the log-likelihood."""

LARGEST_SD = 15.0
"""On the logit scale; nobody's ratings differ by so much, and the likelihood is flat there."""

DIFFERENCE = 1e-3
"""Step of the numeric second derivatives, in standard errors."""

SETTLED = 1e-3
"""Length of Newton's last step, in standard errors; the error left is its square."""

FLAT = 1e-8
"""Curvature of the log-likelihood, by the square of a standard error without random effects."""


@dataclass(frozen=True, eq=False)
class MixedFit:
    """Where the marginal likelihood is largest."""

    parameters: FloatArray
    """Thresholds, slopes, sds; an sd may be exactly 0."""

    covariance: FloatArray
    """Of the parameters, without those sds that are 0."""

    log_likelihood: float


def fit_mixed(likelihood: MarginalLikelihood, progress: Progress) -> MixedFit:
    """Search from the model without random effects.

    Raises
    ------
    UndefinedStatisticError
        If an sd grows without bound, or the search does not arrive at a maximum.
    """
    start = fit_fixed(likelihood.logit)
    parameters = _searched(likelihood, start, progress)
    _refuse_unbounded(likelihood, parameters[len(start.parameters) :])
    parameters, free = _without_negligible(likelihood, parameters)
    errors = np.full(len(parameters), FIRST_SD_ERROR)
    errors[: len(start.parameters)] = np.sqrt(np.diag(start.covariance))
    fit = _polished(likelihood, parameters, free, errors)
    progress(MAX_ITERATIONS, MAX_ITERATIONS)
    return fit


@dataclass(frozen=True, eq=False)
class _Scaled:
    """Parameters counted from the start in standard errors, gaps between thresholds as logs."""

    origin: FloatArray
    """First threshold, log gaps, slopes, sds."""

    shape: FloatArray
    """Square root of the covariance without random effects."""

    n_thresholds: int

    @classmethod
    def around(cls, start: Fit, n_thresholds: int, n_sds: int) -> "_Scaled":
        """Start where the model without random effects is."""
        origin = np.concatenate([start.parameters, np.full(n_sds, FIRST_SD)])
        origin[1:n_thresholds] = np.log(np.diff(start.parameters[:n_thresholds]))
        scaled = cls(origin, np.eye(len(origin)) * FIRST_SD_ERROR, n_thresholds)
        own = slice(len(start.parameters))
        to_gaps = np.linalg.inv(scaled._jacobian(origin)[own, own])
        scaled.shape[own, own] = to_gaps @ np.linalg.cholesky(start.covariance)
        return scaled

    def parameters(self, scaled: FloatArray) -> FloatArray:
        """Give thresholds, slopes and sds."""
        found: FloatArray = self.origin + self.shape @ scaled
        gaps = np.exp(found[1 : self.n_thresholds])
        found[1 : self.n_thresholds] = found[0] + np.cumsum(gaps)
        return found

    def jacobian(self, scaled: FloatArray) -> FloatArray:
        """Derivatives of the parameters by the scaled ones."""
        chained: FloatArray = self._jacobian(self.origin + self.shape @ scaled) @ self.shape
        return chained

    def _jacobian(self, free: FloatArray) -> FloatArray:
        """Each threshold is the first one and the gaps up to it; else the identity."""
        jacobian, n = np.eye(len(free)), self.n_thresholds
        jacobian[:n, 0] = 1
        jacobian[:n, 1:n] = np.tri(n)[:, 1:] * np.exp(free[1:n])
        return jacobian


def _searched(likelihood: MarginalLikelihood, start: Fit, progress: Progress) -> FloatArray:
    """Give the parameters near the maximum."""
    n_sds = len(likelihood.intercepts.names)
    scaled = _Scaled.around(start, likelihood.logit.n_categories - 1, n_sds)
    steps = count(1)

    def objective(point: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = likelihood.evaluate(scaled.parameters(point))
        return -value, -(gradient @ scaled.jacobian(point))

    found = minimize(
        objective,
        np.zeros(len(scaled.origin)),
        jac=True,
        method="BFGS",
        callback=lambda _: progress(next(steps), MAX_ITERATIONS),
        options={"gtol": 1e-4, "maxiter": MAX_ITERATIONS},
    )
    parameters = scaled.parameters(found.x)
    # The likelihood is even in each sd.
    parameters[-n_sds:] = np.abs(parameters[-n_sds:])
    return parameters


def _refuse_unbounded(likelihood: MarginalLikelihood, sds: FloatArray) -> None:
    for name, sd in zip(likelihood.intercepts.names, sds, strict=True):
        if sd > LARGEST_SD:
            raise UndefinedStatisticError(
                f"the sd of {name!r} grows without bound (beyond {LARGEST_SD:.0f}): nearly every "
                f"{name!r} got or gave the same code each time; leave it out, or report shares of "
                "its levels"
            )


def _without_negligible(
    likelihood: MarginalLikelihood, parameters: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Set those sds to 0 that the likelihood does not miss, and say which parameters are free."""
    free = np.ones(len(parameters), dtype=bool)
    for place in range(likelihood.logit.n_fixed, len(parameters)):
        if parameters[place] > NEGLIGIBLE_SD:
            continue
        at_zero = parameters.copy()
        at_zero[place] = 0.0
        if likelihood.evaluate(at_zero)[0] >= likelihood.evaluate(parameters)[0] - ROUNDING:
            parameters, free[place] = at_zero, False
    return parameters, free


def _polished(
    likelihood: MarginalLikelihood, parameters: FloatArray, free: BoolArray, errors: FloatArray
) -> MixedFit:
    """Take Newton steps until the next would be negligible beside the standard errors."""
    for _ in range(5):
        gradient = likelihood.evaluate(parameters)[1][free]
        information = _information(likelihood, parameters, free, errors)
        if np.linalg.eigvalsh(information * np.outer(errors[free], errors[free])).min() < FLAT:
            break
        covariance = np.linalg.inv(information).astype(np.float64)
        step = covariance @ gradient
        parameters = parameters.copy()
        parameters[free] += step
        if gradient @ step < SETTLED**2:
            return MixedFit(parameters, covariance, likelihood.evaluate(parameters)[0])
    raise UndefinedStatisticError(
        f"the likelihood of {len(likelihood.logit.codes)} ratings is nearly flat where it is "
        "largest: there are too few ratings for so many thresholds, covariates and random effects; "
        "leave some out, or join categories"
    )


def _information(
    likelihood: MarginalLikelihood, parameters: FloatArray, free: BoolArray, errors: FloatArray
) -> FloatArray:
    """Minus the central differences of the exact gradient, by the free parameters."""
    rows = []
    for place in np.flatnonzero(free):
        step = np.zeros_like(parameters)
        step[place] = DIFFERENCE * errors[place]
        ahead = likelihood.evaluate(parameters + step)[1]
        behind = likelihood.evaluate(parameters - step)[1]
        rows.append((behind - ahead)[free] / (2 * step[place]))
    information = np.array(rows)
    symmetric: FloatArray = (information + information.T) / 2
    return symmetric
