"""How much of the variance of ratings is due to units, how much to raters, how much to neither."""

from dataclasses import dataclass
from itertools import product
from operator import itemgetter

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize, root

from analysis.agreement.crossed import Crossed, crossed, rated_part, read_numbers
from analysis.estimates import frame_of
from analysis.ratings import FloatArray

BOUNDS = (-20.0, 28.0)
"""Of the logarithm of a variance ratio; a component that small is tried as 0 as well."""


@dataclass(frozen=True)
class VarianceComponents:
    """Variances of a table of ratings by source, on the squared scale of the ratings."""

    unit: float
    rater: float
    residual: float
    """Unit by rater, and chance: one rating a cell cannot tell them apart."""

    mean: float
    mean_standard_error: float
    """For units and raters drawn anew."""

    log_likelihood: float
    """Restricted, the constants included."""

    n_units: int
    n_raters: int
    n_ratings: int
    note: str | None = None
    """Says which component lies at its lower limit of 0."""

    @property
    def total(self) -> float:
        """Variance of one rating of a random unit by a random rater."""
        return self.unit + self.rater + self.residual

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def variance_components(ratings: ArrayLike) -> VarianceComponents:
    """Variance components of units crossed with raters, by restricted maximum likelihood (REML).

    Every rating counts, whatever is missing; that a rating is missing must not depend on what it
    would have been. On complete data the components equal those of the analysis of variance as
    long as these are above 0.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing. A column must be one person throughout.

    Raises
    ------
    RatingsError
        If the table cannot be what was meant.
    UndefinedStatisticError
        If there are fewer than two units or raters, or units share no raters, or units and raters
        explain every rating.

    References
    ----------
    Patterson and Thompson (1971), Biometrika 58, 545-554; Searle, Casella and McCulloch (1992),
    Variance Components.
    """
    return fitted(crossed(rated_part(read_numbers(ratings))))


def fitted(sums: Crossed) -> VarianceComponents:
    """Fit the model to the sums of a table."""
    # Each ratio is free or 0; the likelihood of every such choice has its own optimum.
    fits = [_optimum(sums, np.array(free)) for free in product([False, True], repeat=2)]
    criterion, ratios = fits[int(np.argmin([round(criterion, 9) for criterion, _ in fits]))]
    point = _Point(sums, ratios)
    eliminated, kept = ratios * point.residual
    unit, rater = (eliminated, kept) if sums.are_units_eliminated else (kept, eliminated)
    n_kept = len(sums.within_counts)
    sizes = (sums.n_eliminated, n_kept)
    n_units, n_raters = sizes if sums.are_units_eliminated else sizes[::-1]
    return VarianceComponents(
        unit=float(unit),
        rater=float(rater),
        residual=point.residual,
        mean=sums.centre + float(point.inner[0, 1] / point.inner[1, 1]),
        mean_standard_error=float(np.sqrt(point.residual / point.inner[1, 1])),
        log_likelihood=-criterion / 2,
        n_units=n_units,
        n_raters=n_raters,
        n_ratings=sums.n_ratings,
        note=_note(float(unit), float(rater)),
    )


def _note(unit: float, rater: float) -> str | None:
    at_zero = [name for name, value in (("unit", unit), ("rater", rater)) if value == 0]
    return f"at the lower limit of 0: {' and '.join(at_zero)}" if at_zero else None


def _optimum(sums: Crossed, free: np.ndarray) -> tuple[float, FloatArray]:
    """Minimise the REML criterion over the logarithms of the free ratios, the others being 0."""

    def ratios_at(logs: FloatArray) -> FloatArray:
        ratios = np.zeros(2)
        ratios[free] = np.exp(np.clip(logs, *BOUNDS))
        return ratios

    def objective(logs: FloatArray) -> tuple[float, FloatArray]:
        point = _Point(sums, ratios_at(logs))
        return point.criterion, (point.slope * point.ratios)[free]

    def slope(logs: FloatArray) -> FloatArray:
        return objective(logs)[1]

    if not free.any():
        return objective(np.empty(0))[0], np.zeros(2)
    starts = [np.array(start) for start in product([-3.0, 0.0], repeat=int(free.sum()))]
    start = min(starts, key=lambda logs: objective(logs)[0])
    logs = minimize(objective, start, jac=True, bounds=[BOUNDS] * len(start)).x
    # To all digits: the search ends where the criterion, not its slope, stops changing.
    polished = root(slope, logs, tol=1e-13).x
    ends = [(objective(end)[0], ratios_at(end)) for end in (polished, logs)]
    return min(ends, key=itemgetter(0))


class _Point:
    """The REML criterion, minus twice the log-likelihood, at two variance ratios, and its slope."""

    def __init__(self, sums: Crossed, ratios: FloatArray) -> None:
        self.ratios = ratios
        eliminated, kept = ratios
        inner, cross, counts = sums.swept(eliminated)
        system = cho_factor(np.eye(len(counts)) + kept * counts)
        effects = cho_solve(system, cross)
        self.inner: FloatArray = inner - kept * cross.T @ effects
        n = sums.n_ratings
        left = self.inner[0, 0] - self.inner[0, 1] ** 2 / self.inner[1, 1]
        self.residual = float(left / (n - 1))
        log_determinant = (
            sums.n_levels @ np.log1p(eliminated * sums.size)
            + 2 * np.log(np.diag(system[0])).sum()
            + np.log(self.inner[1, 1])
        )
        self.criterion = float(log_determinant + (n - 1) * (1 + np.log(2 * np.pi * self.residual)))
        self.slope = np.array(
            [
                self._slope(*self._by_eliminated(sums, system, effects), n),
                self._slope(*self._by_kept(counts, system, effects), n),
            ]
        )

    def _by_eliminated(
        self, sums: Crossed, system: tuple[FloatArray, bool], effects: FloatArray
    ) -> tuple[float, FloatArray]:
        """How log determinant and `inner` change with the eliminated factor's ratio."""
        eliminated, kept = self.ratios
        weight = 1 / (1 + eliminated * sums.size) ** 2
        inner = np.tensordot(weight, sums.totals, 1)
        cross = np.tensordot(weight, sums.cross, 1)
        counts = np.tensordot(weight, sums.meetings, 1)
        log_determinant = sums.n_levels @ (sums.size / (1 + eliminated * sums.size))
        log_determinant -= kept * np.trace(cho_solve(system, counts))
        both = kept * cross.T @ effects
        return log_determinant, both + both.T - inner - kept**2 * effects.T @ counts @ effects

    def _by_kept(
        self, counts: FloatArray, system: tuple[FloatArray, bool], effects: FloatArray
    ) -> tuple[float, FloatArray]:
        """How they change with the kept factor's ratio."""
        return float(np.trace(cho_solve(system, counts))), -effects.T @ effects

    def _slope(self, log_determinant: float, inner: FloatArray, n: float) -> float:
        mean = self.inner[0, 1] / self.inner[1, 1]
        left = inner[0, 0] - 2 * mean * inner[0, 1] + mean**2 * inner[1, 1]
        return float(log_determinant + inner[1, 1] / self.inner[1, 1] + left / self.residual)
