"""Expectation-maximisation (EM) for unseen labels: from a first guess up to a maximum.

A model of how raters err says two things: which expected counts it needs, and which parameters
follow from them. The rest is the same for all models. Near the maximum, where EM creeps, a step
ahead is tried; it stands only if the objective is no lower for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Generic, Protocol, TypeVar

import numpy as np
from scipy.sparse import csr_array

from analysis.estimates import RatingsError
from analysis.ratings import FloatArray

MONOTONE = 1e-9
"""EM cannot lower its objective; a step down beyond this (and beyond rounding) is a bug."""

NEAR = 1e-3
"""Steps ahead begin where the objective rises by less: earlier, they could leave the hill."""

LEAST_LEFT = 0.1
"""Share of a count that a step ahead leaves at least: a count of 0 would stay 0 for ever."""


class MonotonicityError(ArithmeticError):
    """An EM step lowered its objective, which the algorithm rules out."""


class Parameters(Protocol):
    """How labels are spread and how raters err."""

    @property
    def log_shares(self) -> FloatArray:
        """Logarithms of the label shares, (q,)."""

    @property
    def log_rates(self) -> FloatArray:
        """Logarithms of P(code | rater, true label), (n_raters, q codes, q labels)."""

    @property
    def penalty(self) -> float:
        """What is added to the log-likelihood to give the objective."""


P = TypeVar("P", bound=Parameters)


class ErrorModel(Protocol[P]):
    """How raters err, and how that is estimated."""

    def counts(self, mass: FloatArray, expected: FloatArray, before: P) -> FloatArray:
        """Give the expected counts that the parameters follow from, in one row.

        Parameters
        ----------
        mass : (q,)
            Expected units of each label.
        expected : (n_raters, q codes, q labels)
            Expected ratings.
        before
            The parameters so far.
        """

    def parameters(self, counts: FloatArray) -> P:
        """Give the best parameters for these counts: the M-step."""


@dataclass(frozen=True, eq=False)
class Fit(Generic[P]):
    """Where EM ended from one start."""

    parameters: P
    posterior: FloatArray
    """P(label | ratings), (n_units, q)."""

    objectives: FloatArray
    """After each step, (n_iterations,)."""

    converged: bool

    @property
    def objective(self) -> float:
        """The last one."""
        return float(self.objectives[-1])


@dataclass(frozen=True)
class Stop:
    """When EM ends: the objective rises by less than the tolerance, or iterations run out."""

    tolerance: float
    max_iterations: int

    def __post_init__(self) -> None:
        if not self.tolerance > 0 or self.max_iterations < 1:
            raise RatingsError(
                f"tolerance {self.tolerance}, max_iterations {self.max_iterations}: give numbers "
                "above 0"
            )


@dataclass(frozen=True, eq=False)
class _Point(Generic[P]):
    """One place on the way up."""

    counts: FloatArray
    parameters: P
    posterior: FloatArray
    objective: float
    next_counts: FloatArray
    """Where an EM step leads."""


def maximise(
    table: csr_array,
    model: ErrorModel[P],
    parameters: P,
    posterior: FloatArray,
    stop: Stop,
    weights: FloatArray | None = None,
) -> Fit[P]:
    """Run EM from a posterior (n_units, q), the parameters serving only those that need a past.

    Parameters
    ----------
    table : (n_units, n_raters * q)
        As in `Observations`.
    weights : (n_units,)
        How often each unit counts, above 0; without them, once.

    Raises
    ------
    MonotonicityError
        If a step of EM lowers the objective.

    References
    ----------
    Varadhan and Roland (2008), Scandinavian Journal of Statistics 35, 335-353, for steps ahead.
    """
    at, counts = _climber(table, model, parameters, posterior, weights)
    point = at(counts)
    objectives, converged = [point.objective], False
    while not converged and len(objectives) < stop.max_iterations:
        last, point = point, at(point.next_counts)
        objectives.append(point.objective)
        rise = _checked_rise(last.objective, point.objective, len(objectives))
        converged = rise < max(stop.tolerance, _rounding(point.objective))
        # The last step is one of EM, whose counts are those of the posterior.
        if converged or rise > NEAR or len(objectives) + 1 >= stop.max_iterations:
            continue
        ahead = at(_ahead(last.counts, point.counts, point.next_counts))
        if ahead.objective >= point.objective:
            point = ahead
            objectives.append(point.objective)
    return Fit(point.parameters, point.posterior, np.array(objectives), converged)


def _climber(
    table: csr_array,
    model: ErrorModel[P],
    parameters: P,
    posterior: FloatArray,
    weights: FloatArray | None,
) -> tuple[Callable[[FloatArray], _Point[P]], FloatArray]:
    """Give the point that belongs to given counts, and the counts to start from."""
    q = posterior.shape[1]
    times = np.ones(len(posterior)) if weights is None else weights

    def counted(posterior: FloatArray, parameters: P) -> FloatArray:
        weighted = posterior if weights is None else posterior * times[:, None]
        expected = (table.T @ weighted).reshape(-1, q, q)
        return model.counts(weighted.sum(axis=0), expected, parameters)

    def at(counts: FloatArray) -> _Point[P]:
        parameters = model.parameters(counts)
        posterior, log_evidence = expectation(table, parameters)
        objective = float(times @ log_evidence) + parameters.penalty
        return _Point(counts, parameters, posterior, objective, counted(posterior, parameters))

    return at, counted(posterior, parameters)


def expectation(table: csr_array, parameters: Parameters) -> tuple[FloatArray, FloatArray]:
    """Give P(label | ratings), (n_units, q), and the logarithm of P(ratings), (n_units,)."""
    q = len(parameters.log_shares)
    joint = parameters.log_shares + table @ parameters.log_rates.reshape(-1, q)
    # Column by column, as NumPy is slow along rows of a few numbers.
    largest = reduce(np.maximum, joint.T)
    joint -= largest[:, None]
    posterior: FloatArray = np.exp(joint, out=joint)
    total = posterior @ np.ones(q)
    posterior /= total[:, None]
    return posterior, np.log(total) + largest


def _ahead(first: FloatArray, second: FloatArray, third: FloatArray) -> FloatArray:
    """Where the counts would end if each step were as much shorter as the last one was."""
    step = second - first
    bend = third - second - step
    if not bend.any():
        return third
    length = max(1.0, float(np.linalg.norm(step) / np.linalg.norm(bend)))
    ahead: FloatArray = first + 2 * length * step + length**2 * bend
    return np.maximum(ahead, LEAST_LEFT * third)


def _checked_rise(before: float, after: float, n_iterations: int) -> float:
    rise = after - before
    if rise < -max(MONOTONE, _rounding(after)):
        raise MonotonicityError(
            f"iteration {n_iterations} lowered the objective by {-rise:.3g}: this is a bug"
        )
    return abs(rise)


def _rounding(objective: float) -> float:
    return 32 * float(np.finfo(float).eps) * abs(objective)
