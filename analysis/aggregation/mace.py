"""MACE: a rater either knows the label, or ignores the unit and answers out of habit."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import betaln, digamma, gammaln

from analysis.aggregation.climbing import Fit, Stop, expectation, maximise
from analysis.aggregation.latent_classes import LatentLabels, best_of, posteriors_to_start_from
from analysis.aggregation.observations import Observations, places, read_observations
from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.progress import Progress, silent
from analysis.ratings import Categories, FloatArray

Fitting = Literal["em", "variational"]

KNOWING_PRIOR = 0.5
"""Both parameters of the beta prior of a rater's competence."""

HABIT_PRIOR = 10.0
"""Of each code, in the Dirichlet prior of a rater's habit. Both priors are as we recall those of
the authors' program, and were not checked against it."""


@dataclass(frozen=True, eq=False)
class Habits:
    """The parameters: how often each rater knows, and which codes follow otherwise."""

    knowing: FloatArray
    """Competence, (n_raters,), 0 to 1."""

    habit: FloatArray
    """P(code | the rater does not know), (n_raters, q)."""

    log_shares: FloatArray
    known: FloatArray
    """Weight of knowing the label in P(code | label), (n_raters, 1); variational: exp(E log)."""

    guessed: FloatArray
    """Weight of guessing each code, (n_raters, q)."""

    penalty: float

    @property
    def log_rates(self) -> FloatArray:
        """Logarithms of P(code | rater, true label), (n_raters, q codes, q labels)."""
        q = self.guessed.shape[1]
        rates = self.guessed[:, :, None] + self.known[:, :, None] * np.eye(q)
        with np.errstate(divide="ignore"):
            log_rates: FloatArray = np.log(rates)
        return log_rates


@dataclass(frozen=True)
class KnowingOrGuessing:
    """Every rater knows the label with one probability, and has one habit for all other units."""

    n_raters: int
    is_variational: bool

    def counts(self, mass: FloatArray, expected: FloatArray, before: Habits) -> FloatArray:
        """Ratings of those who knew, by rater; then guessed ones, by rater and code."""
        right = np.einsum("rkk->rk", expected)
        either = before.known + before.guessed
        share = np.divide(before.known, either, out=np.zeros_like(either), where=either > 0)
        known = right * share
        return np.concatenate([known.sum(axis=1), (expected.sum(axis=2) - known).ravel()])

    def parameters(self, counts: FloatArray) -> Habits:
        """Competence and habit are counts over their sums, or follow from their priors."""
        known, guessed = counts[: self.n_raters], counts[self.n_raters :]
        by_code = guessed.reshape(self.n_raters, -1)
        return (_variational if self.is_variational else _counted)(known, by_code)


@dataclass(frozen=True, eq=False)
class Mace(LatentLabels[Habits]):
    """The fitted model. Rows of units, raters and labels are those of `observations`."""

    @property
    def log_likelihood(self) -> float:
        """Of the observed ratings, at these competences and habits."""
        plain = _habits(self.competence, self.habit)
        return float(expectation(self.observations.table, plain)[1].sum())

    @property
    def competence(self) -> FloatArray:
        """P(the rater knows the label), (n_raters,); not the share of right answers."""
        return self.fit.parameters.knowing

    @property
    def habit(self) -> FloatArray:
        """P(code | the rater does not know), (n_raters, q); arbitrary where competence is 1."""
        return self.fit.parameters.habit

    def competence_frame(self) -> pd.DataFrame:
        """Give one row for each rater."""
        frame = pd.DataFrame({"rater": pd.Series(self.observations.raters, dtype=object)})
        frame["competence"] = self.competence
        for column, category in enumerate(self.categories):
            frame[f"habit[{category}]"] = self.habit[:, column]
        frame["n_ratings"] = self.observations.per_rater()
        return frame


def mace(
    codes: ArrayLike,
    *,
    units: ArrayLike,
    raters: ArrayLike,
    categories: Categories | None = None,
    fitting: Fitting = "em",
    n_starts: int = 5,
    seed: int,
    max_iterations: int = 10_000,
    tolerance: float = 1e-8,
    progress: Progress = silent,
) -> Mace:
    """Estimate each unit's label and each rater's competence together.

    The labels are taken as equally common beforehand, which pulls the shares of rare ones up.

    Parameters
    ----------
    codes, units, raters : (n_ratings,)
        One row for each rating.
    categories
        All codes that the rubric offers; without them, those that occur.
    fitting
        `em` maximises the likelihood; `variational` puts priors on competence and habit, better
        where raters have few ratings. Its `objective` is a lower bound of the evidence; neither
        ever falls.

    Raises
    ------
    RatingsError
        If the arrays, a name or a number cannot be what was meant.
    UndefinedStatisticError
        If there are no ratings, one category only, or no unit with two ratings.

    References
    ----------
    Hovy, Berg-Kirkpatrick, Vaswani and Hovy (2013), NAACL-HLT 2013, 1120-1130.
    """
    if fitting not in get_args(Fitting):
        raise RatingsError(f"fitting {fitting!r} is not among {list(get_args(Fitting))}")
    observations = read_observations(codes, units=units, raters=raters, categories=categories)
    if observations.counts().sum(axis=1).max() < 2:
        raise UndefinedStatisticError(
            f"none of the {len(observations.units)} units has two ratings: nothing tells who knows"
        )
    given = observations.table.sum(axis=0).reshape(-1, observations.n_categories)
    model = KnowingOrGuessing(len(given), is_variational=fitting == "variational")
    stop = Stop(tolerance, max_iterations)
    posteriors = posteriors_to_start_from(observations, n_starts, seed)
    rng, place = np.random.default_rng([seed, 1]), places(observations.raters)

    def run(posterior: FloatArray, number: int) -> Fit[Habits]:
        knowing = rng.random(len(given))[place] if number else np.full(len(given), 0.5)
        before = _habits(knowing, (given + 1) / (given + 1).sum(axis=1, keepdims=True))
        return maximise(observations.table, model, before, posterior, stop)

    best, starts = best_of(run, posteriors, progress)
    return Mace(observations, best, model, starts, _notes(observations))


def _habits(knowing: FloatArray, habit: FloatArray) -> Habits:
    q = habit.shape[1]
    known = knowing[:, None]
    return Habits(knowing, habit, np.full(q, -np.log(q)), known, (1 - known) * habit, penalty=0.0)


def _counted(known: FloatArray, guessed: FloatArray) -> Habits:
    n_guessed = guessed.sum(axis=1)
    total = known + n_guessed
    # Where a rater never guesses, or no unit of his counts, any habit is as good.
    habit = np.full_like(guessed, 1 / guessed.shape[1])
    np.divide(guessed, n_guessed[:, None], out=habit, where=n_guessed[:, None] > 0)
    knowing = np.divide(known, total, out=np.full_like(known, 0.5), where=total > 0)
    return _habits(np.clip(knowing, 0, 1), habit)


def _variational(known: FloatArray, guessed: FloatArray) -> Habits:
    """Posterior beta and Dirichlet, their mean logarithms, and minus their divergence."""
    n_guessed, q = guessed.sum(axis=1), guessed.shape[1]
    a, b, c = KNOWING_PRIOR + known, KNOWING_PRIOR + n_guessed, HABIT_PRIOR + guessed
    log_known, log_guessing = digamma(a) - digamma(a + b), digamma(b) - digamma(a + b)
    log_habit = digamma(c) - digamma(c.sum(axis=1, keepdims=True))
    divergence = (
        betaln(KNOWING_PRIOR, KNOWING_PRIOR)
        - betaln(a, b)
        + known * log_known
        + n_guessed * log_guessing
        + gammaln(c.sum(axis=1))
        - gammaln(q * HABIT_PRIOR)
        - (gammaln(c) - gammaln(HABIT_PRIOR)).sum(axis=1)
        + (guessed * log_habit).sum(axis=1)
    )
    return Habits(
        knowing=a / (a + b),
        habit=c / c.sum(axis=1, keepdims=True),
        log_shares=np.full(q, -np.log(q)),
        known=np.exp(log_known)[:, None],
        guessed=np.exp(log_guessing[:, None] + log_habit),
        penalty=-float(divergence.sum()),
    )


def _notes(observations: Observations) -> tuple[str, ...]:
    if observations.counts().sum(axis=1).max() >= 3:
        return ()
    return (
        "no unit has three ratings: whoever disagrees, the model cannot tell which of the two "
        "knew; competences depend on the start",
    )
