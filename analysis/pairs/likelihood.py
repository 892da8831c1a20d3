"""Choices among outcomes whose log odds are linear in the parameters: maximum, and whether it is.

Outcome k of meeting d has probability exp(u_dk) / sum_l exp(u_dl), u_dk = z_dk . theta. The letters
below are those: z the features, u the utilities. Bradley-Terry and Davidson are two choices of z.
"""

import numpy as np
from scipy.optimize import linprog

from analysis.estimates import UndefinedStatisticError
from analysis.intervals.resampling import CHUNK_NUMBERS
from analysis.ratings import FloatArray

MAX_STEPS = 40
CONVERGED = 1e-10
"""Largest change of a parameter in the last step."""

NEGLIGIBLE = 1e-8


def probabilities(features: FloatArray, theta: FloatArray) -> FloatArray:
    """Give the probability of each outcome.

    Parameters
    ----------
    features : (n_meetings, n_outcomes, n_parameters)
    theta : (..., n_parameters)

    Returns
    -------
    (..., n_meetings, n_outcomes)
    """
    utilities = np.einsum("...p,dkp->...dk", theta, features)
    shares: FloatArray = np.exp(utilities - utilities.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


def centred(features: FloatArray, theta: FloatArray) -> FloatArray:
    """Features less their expectation: the score of one observation of each outcome."""
    expected = np.einsum("dk,dkp->dp", probabilities(features, theta), features)
    scores: FloatArray = features - expected[:, None, :]
    return scores


def log_likelihood(features: FloatArray, counts: FloatArray, theta: FloatArray) -> float:
    """Sum of counts times log probability, multinomial constants left out."""
    return float((counts * np.log(probabilities(features, theta)))[counts > 0].sum())


def information(features: FloatArray, totals: FloatArray, theta: FloatArray) -> FloatArray:
    """Fisher information, equal to the negative Hessian.

    Parameters
    ----------
    totals : (..., n_meetings)
        How many comparisons there are of each meeting.

    Returns
    -------
    (..., n_parameters, n_parameters)
    """
    weights = totals[..., None] * probabilities(features, theta)
    squares = features[:, :, :, None] * features[:, :, None, :]
    expected = np.einsum("...dk,dkp->...dp", probabilities(features, theta), features)
    within = np.einsum("...dk,dkpq->...pq", weights, squares)
    between = np.einsum("...d,...dp,...dq->...pq", totals, expected, expected, optimize=True)
    difference: FloatArray = within - between
    return difference


def inverse_information(features: FloatArray, totals: FloatArray, theta: FloatArray) -> FloatArray:
    """Covariance of the parameters of one table, if its comparisons are independent."""
    return np.asarray(np.linalg.inv(information(features, totals, theta)), dtype=float)


def maximum(features: FloatArray, counts: FloatArray) -> FloatArray:
    """Find the maximum of the likelihood of one table, (n_parameters,).

    Raises
    ------
    UndefinedStatisticError
        If the steps do not settle: counts or features are many powers of ten apart.
    """
    (theta,) = maximise(features, counts[None])
    if np.isnan(theta).any():
        raise UndefinedStatisticError(
            f"the fit did not settle in {MAX_STEPS} steps: some counts or ratios are too extreme"
        )
    return np.asarray(theta, dtype=float)


def maximise(features: FloatArray, counts: FloatArray) -> FloatArray:
    """Find the maximum of the likelihood for each of many tables of counts.

    Parameters
    ----------
    features : (n_meetings, n_outcomes, n_parameters)
    counts : (n_tables, n_meetings, n_outcomes)

    Returns
    -------
    (n_tables, n_parameters)
        NaN for a table without a finite or a single maximum.
    """
    chunk = max(1, CHUNK_NUMBERS // features.size)
    starts = range(0, len(counts), chunk)
    return np.concatenate([_maximise(features, counts[i : i + chunk]) for i in starts])


def _maximise(features: FloatArray, counts: FloatArray) -> FloatArray:
    """Damped Newton steps.

    The length log(1 + b) / b of a step, b being the most that it moves two utilities apart, always
    climbs: Sun and Tran-Dinh (2019), Mathematical Programming 178, 145-213.
    """
    totals = counts.sum(axis=-1)
    theta = np.full((len(counts), features.shape[-1]), np.nan)
    moving = np.flatnonzero(_is_identified(features, totals))
    theta[moving] = 0.0
    for _ in range(MAX_STEPS):
        if not len(moving):
            return theta
        at, n = theta[moving], totals[moving]
        missing = counts[moving] - n[..., None] * probabilities(features, at)
        score = np.einsum("bdk,dkp->bp", missing, features)
        step = np.linalg.solve(information(features, n, at), score[..., None])[..., 0]
        apart = np.ptp(np.einsum("bp,dkp->bdk", step, features), axis=-1).max(axis=-1)
        damping = np.log1p(apart) / np.maximum(apart, np.finfo(float).tiny)
        theta[moving] += np.where(apart > CONVERGED, damping, 1.0)[:, None] * step
        moving = moving[np.abs(step).max(axis=-1) > CONVERGED]
    theta[moving] = np.nan
    return theta


def _is_identified(features: FloatArray, totals: FloatArray) -> FloatArray:
    """Whether the meetings that took place tell all parameters apart, (n_tables,)."""
    start = information(features, totals, np.zeros((len(totals), features.shape[-1])))
    ranks = np.linalg.matrix_rank(start, hermitian=True)
    return np.asarray(ranks == features.shape[-1])


def unbounded(features: FloatArray, counts: FloatArray) -> FloatArray:
    """Find a direction in which the likelihood never falls: it has no single, finite maximum then.

    Parameters
    ----------
    counts : (n_meetings, n_outcomes)

    Returns
    -------
    (n_parameters,)
        All 0 where there is a single, finite maximum.

    References
    ----------
    Albert and Anderson (1984), Biometrika 71, 1-10.
    """
    meeting, seen = np.nonzero(counts)
    lead = features[meeting, seen][:, None, :] - features[meeting]
    lead = lead.reshape(-1, features.shape[-1])
    # All axes are needed, but of the long sides (rows by rows in memory) only the first few.
    _, sizes, axes = np.linalg.svd(lead, full_matrices=len(lead) < features.shape[-1])
    rank = int((sizes > NEGLIGIBLE * sizes.max(initial=1.0)).sum())
    direction: FloatArray = axes[-1]
    if rank == features.shape[-1]:
        best = linprog(-lead.sum(axis=0), A_ub=-lead, b_ub=np.zeros(len(lead)), bounds=(-1, 1))
        direction = np.asarray(best.x, dtype=float)
        # Feasible directions form a cone, so one that is not 0 reaches the bounds.
        direction *= np.abs(direction).max() > 0.5
    return np.where(np.abs(direction) > NEGLIGIBLE, direction, 0.0)
