"""Each unit has one true label that nobody sees; raters report it with errors of their own.

Dawid and Skene's model and MACE differ in how a rater errs. The rest is here: the several starts of
a fit, and what it says of each unit.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic

import numpy as np
import pandas as pd

from analysis.aggregation.climbing import ErrorModel, Fit, P
from analysis.aggregation.observations import Observations, places
from analysis.aggregation.votes import Labels, winners
from analysis.estimates import RatingsError, frame_of
from analysis.progress import Progress
from analysis.ratings import FloatArray

SAME_OPTIMUM = 1e-5
"""Starts whose objectives differ by less have found the same optimum."""


@dataclass(frozen=True)
class Start:
    """One of several starts, and how its end compares with the best."""

    kind: str
    """`label shares` (each unit's ratings as they are) or `random`."""

    objective: float
    n_iterations: int
    converged: bool
    is_best: bool
    """Whether it reached the best optimum, up to rounding."""

    largest_difference: float
    """Of a label's probability in any unit, to the best; 0 to 1."""


@dataclass(frozen=True, eq=False)
class LatentLabels(Generic[P]):
    """What a model of raters' errors says of each unit's label."""

    observations: Observations = field(repr=False)
    fit: Fit[P] = field(repr=False)
    errors: ErrorModel[P] = field(repr=False)
    starts: tuple[Start, ...]
    notes: tuple[str, ...]
    """What makes these numbers doubtful, in words."""

    @property
    def categories(self) -> tuple[Hashable, ...]:
        """The labels, in the order of all columns."""
        return self.observations.categories

    @property
    def posterior(self) -> FloatArray:
        """P(label | ratings), (n_units, n_categories)."""
        return self.fit.posterior

    @property
    def class_shares(self) -> FloatArray:
        """Share of each label among the units, (n_categories,): the mean of the posterior."""
        shares: FloatArray = self.fit.posterior.mean(axis=0)
        return shares

    @property
    def objective(self) -> float:
        """What EM maximised: the log-likelihood, and with priors their part in it."""
        return self.fit.objective

    @property
    def n_iterations(self) -> int:
        """Iterations from the best start."""
        return len(self.fit.objectives)

    @property
    def converged(self) -> bool:
        """Whether the best start ended by tolerance."""
        return self.fit.converged

    @property
    def n_best_starts(self) -> int:
        """Starts that reached the best optimum; if only one did, there may be a better one yet."""
        return sum(start.is_best for start in self.starts)

    @property
    def labels(self) -> Labels:
        """The most probable label of each unit, several where they tie."""
        return winners(self.posterior, self.categories)

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each unit: its label or labels, and the probability of each label."""
        labels = self.labels
        frame = pd.DataFrame({"unit": pd.Series(self.observations.units, dtype=object)})
        frame["labels"] = pd.Series(labels, dtype=object)
        frame["n_winners"] = [len(one) for one in labels]
        for column, category in enumerate(self.categories):
            frame[f"p[{category}]"] = self.posterior[:, column]
        return frame

    def starts_frame(self) -> pd.DataFrame:
        """Give one row for each start."""
        return frame_of(self.starts)


def posteriors_to_start_from(
    observations: Observations, n_starts: int, seed: int
) -> list[FloatArray]:
    """Each unit's label shares, then mixtures of these with random ones, near to far."""
    for name, number, least in (("n_starts", n_starts, 1), ("seed", seed, 0)):
        if not isinstance(number, int | np.integer) or number < least:
            raise RatingsError(f"{name} is {number!r}: give a whole number from {least} up")
    counts = observations.counts()
    shares: FloatArray = counts / counts.sum(axis=1, keepdims=True)
    rng, place = np.random.default_rng(seed), places(observations.units)
    starts = [shares]
    for _ in range(n_starts - 1):
        noise = rng.dirichlet(np.ones(shares.shape[1]), size=len(shares))[place]
        mix = rng.random()
        starts.append((1 - mix) * shares + mix * noise)
    return starts


def best_of(
    run: Callable[[FloatArray, int], Fit[P]], posteriors: Sequence[FloatArray], progress: Progress
) -> tuple[Fit[P], tuple[Start, ...]]:
    """Run all starts and keep the best; of equally good ones the earliest."""
    fits = []
    for number, posterior in enumerate(posteriors):
        fits.append(run(posterior, number))
        progress(number + 1, len(posteriors))
    highest = max(fit.objective for fit in fits)
    is_best = [highest - fit.objective < SAME_OPTIMUM for fit in fits]
    best = fits[is_best.index(True)]
    return best, tuple(
        Start(
            kind="random" if number else "label shares",
            objective=fit.objective,
            n_iterations=len(fit.objectives),
            converged=fit.converged,
            is_best=is_best[number],
            largest_difference=float(np.abs(fit.posterior - best.posterior).max()),
        )
        for number, fit in enumerate(fits)
    )
