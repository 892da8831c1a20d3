"""Dawid and Skene's model: every rater has an error rate for each true label and code."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from analysis.aggregation.climbing import Fit, Stop, maximise
from analysis.aggregation.latent_classes import (
    LatentLabels,
    Start,
    best_of,
    posteriors_to_start_from,
)
from analysis.aggregation.observations import Observations, read_observations
from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.progress import Progress, silent
from analysis.ratings import Categories, FloatArray, IntArray

RATINGS_PER_ERROR_RATE = 5
"""A rater with fewer ratings for each free error rate is named in the notes; a rule of thumb."""


@dataclass(frozen=True, eq=False)
class ErrorRates:
    """The parameters: label shares, and P(code | rater, true label)."""

    log_shares: FloatArray
    log_rates: FloatArray
    penalty: float
    expected_ratings: FloatArray
    """Expected ratings behind the rates, (n_raters, q codes, q labels)."""


@dataclass(frozen=True)
class FreeErrors:
    """Every rater has a rate for each true label and code, without any restriction."""

    n_raters: int
    n_categories: int
    smoothing: float

    def counts(self, mass: FloatArray, expected: FloatArray, before: ErrorRates) -> FloatArray:
        """Units of each label, then ratings."""
        return np.concatenate([mass, expected.ravel()])

    def parameters(self, counts: FloatArray) -> ErrorRates:
        """Shares and rates are expected counts over their sums."""
        q = self.n_categories
        mass, expected = counts[:q], counts[q:].reshape(self.n_raters, q, q)
        smoothed = expected + self.smoothing
        per_label = smoothed.sum(axis=1, keepdims=True)
        # Where a rater has no unit of a label, any rates are as good: the likelihood ignores them.
        uniform = np.full_like(smoothed, 1 / q)
        rates = np.divide(smoothed, per_label, out=uniform, where=per_label > 0)
        with np.errstate(divide="ignore"):
            log_rates, log_shares = np.log(rates), np.log(mass / mass.sum())
        penalty = self.smoothing * float(log_rates.sum()) if self.smoothing else 0.0
        return ErrorRates(log_shares, log_rates, penalty, expected)


@dataclass(frozen=True, eq=False)
class DawidSkene(LatentLabels[ErrorRates]):
    """The fitted model. Rows of units, raters and labels are those of `observations`."""

    @property
    def log_likelihood(self) -> float:
        """Of the observed ratings in the order given: no multinomial constants, no prior."""
        return self.objective - self.fit.parameters.penalty

    @property
    def error_rates(self) -> FloatArray:
        """P(code | rater, true label), (n_raters, q labels, q codes); rows sum to 1.

        NaN for a label that no unit of the rater has: see `error_frame`.
        """
        rates = np.exp(self.fit.parameters.log_rates)
        rated = self.fit.parameters.expected_ratings.sum(axis=1, keepdims=True) > 0
        return np.where(rated, rates, np.nan).swapaxes(1, 2)

    def error_frame(self) -> pd.DataFrame:
        """Give one row for each rater and true label: the rate of each code.

        `n_expected` is the number of ratings behind them; where it is 0 there is no rate.
        """
        q, raters = len(self.categories), self.observations.raters
        n_expected = self.fit.parameters.expected_ratings.sum(axis=1)
        rows = pd.MultiIndex.from_product([raters, self.categories], names=["rater", "label"])
        columns = [f"p[{category}]" for category in self.categories]
        frame = pd.DataFrame(self.error_rates.reshape(-1, q), index=rows, columns=columns)
        frame["n_expected"] = n_expected.ravel()
        return frame.reset_index()


def dawid_skene(
    codes: ArrayLike,
    *,
    units: ArrayLike,
    raters: ArrayLike,
    categories: Categories | None = None,
    n_starts: int = 5,
    seed: int,
    smoothing: float | None = None,
    max_iterations: int = 10_000,
    tolerance: float = 1e-8,
    progress: Progress = silent,
) -> DawidSkene:
    """Estimate each unit's label and each rater's error rates together.

    Given the true label, ratings are taken as independent, also of one rater on one unit. The
    first start is each unit's label shares, the others are random; the best is kept. The
    log-likelihood never falls: each step is checked. Near a maximum longer steps are tried, and
    stand only where the log-likelihood is no lower for them.

    Parameters
    ----------
    codes, units, raters : (n_ratings,)
        One row for each rating; a rater may rate a unit several times.
    categories
        All codes that the rubric offers; without them, those that occur.
    smoothing
        Added to the expected ratings of every code for each rater and label: a Dirichlet prior,
        under which the penalised log-likelihood is what rises. Keeps rates away from 0 where
        raters have few ratings.
    tolerance
        A start ends when the log-likelihood rises by less.

    Raises
    ------
    RatingsError
        If the arrays or a number cannot be what was meant.
    UndefinedStatisticError
        If there are no ratings, one category only, or no unit with two ratings.

    References
    ----------
    Dawid and Skene (1979), Applied Statistics 28, 20-28.
    """
    if smoothing is not None and not 0 < smoothing < np.inf:
        raise RatingsError(f"smoothing is {smoothing}: give a number above 0, or None")
    observations = read_observations(codes, units=units, raters=raters, categories=categories)
    if observations.counts().sum(axis=1).max() < 2:
        raise UndefinedStatisticError(
            f"none of the {len(observations.units)} units has two ratings: nothing tells a rater's "
            "errors from the units' labels"
        )
    model = FreeErrors(len(observations.raters), observations.n_categories, smoothing or 0.0)
    stop = Stop(tolerance, max_iterations)

    def run(posterior: FloatArray, number: int) -> Fit[ErrorRates]:
        fit = maximise(observations.table, model, _unknown(observations), posterior, stop)
        return _named_as_rated(fit) if number else fit

    posteriors = posteriors_to_start_from(observations, n_starts, seed)
    best, starts = best_of(run, posteriors, progress)
    notes = (*_notes(observations), *_start_notes(starts), *_label_notes(best, observations))
    return DawidSkene(observations, best, model, starts, notes)


def _unknown(observations: Observations) -> ErrorRates:
    """Before the first M-step, which needs no past."""
    q = observations.n_categories
    empty = np.zeros((len(observations.raters), q, q))
    return ErrorRates(np.zeros(q), empty, 0.0, empty)


def _naming(fit: Fit[ErrorRates]) -> IntArray:
    """Which fitted label to call by each code, so that most ratings are right."""
    agreeing = fit.parameters.expected_ratings.sum(axis=0)
    return np.asarray(linear_sum_assignment(agreeing, maximize=True)[1], dtype=np.int64)


def _named_as_rated(fit: Fit[ErrorRates]) -> Fit[ErrorRates]:
    """Name the labels of a random start: the likelihood does not know their names."""
    order, old = _naming(fit), fit.parameters
    parameters = ErrorRates(
        old.log_shares[order],
        old.log_rates[:, :, order],
        old.penalty,
        old.expected_ratings[:, :, order],
    )
    return replace(fit, parameters=parameters, posterior=fit.posterior[:, order])


def _start_notes(starts: Sequence[Start]) -> list[str]:
    first, best = starts[0], max(start.objective for start in starts)
    if first.is_best:
        return []
    return [
        f"a random start fits better than the label shares, by {best - first.objective:.3g} in "
        "log-likelihood: there are several optima, and published values, with their one start "
        "(`n_starts=1`), may be another one"
    ]


def _label_notes(fit: Fit[ErrorRates], observations: Observations) -> list[str]:
    order = _naming(fit)
    moved = [observations.categories[one] for one in np.flatnonzero(order != np.arange(len(order)))]
    if not moved:
        return []
    return [f"labels {moved} may have changed places: raters mostly give each other's codes"]


def _notes(observations: Observations) -> list[str]:
    """Say where the ratings cannot carry the model."""
    notes, q = [], observations.n_categories
    per_unit = observations.counts().sum(axis=1)
    if per_unit.max() < 3:
        notes.append(
            "not identified: no unit has three ratings, so that very different error rates fit "
            "equally well; labels and rates depend on the start"
        )
    blocks = observations.n_blocks()
    if blocks > 1:
        notes.append(
            f"{blocks} sets of units share no rater: labels may change places in each alone"
        )
    needed = RATINGS_PER_ERROR_RATE * q * (q - 1)
    few = int((observations.per_rater() < needed).sum())
    if few:
        notes.append(
            f"{few} of {len(observations.raters)} raters have fewer than {needed} ratings, "
            f"{RATINGS_PER_ERROR_RATE} for each of their {q * (q - 1)} free error rates: these "
            "are guesses, and push the label probabilities towards 0 and 1"
        )
    return notes
