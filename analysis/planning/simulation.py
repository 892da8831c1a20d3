"""Ratings drawn from a known rate, alpha and difference between raters: to plan, and to check.

Two ways. The Beta recipe has units alone: each draws its own probability, and who rates does not
matter. The crossed one has raters of differing severity too. Both have exactly the correlations
that were asked for.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import multivariate_normal

from analysis.estimates import RatingsError
from analysis.planning.assumptions import Assumptions
from analysis.ratings import FloatArray


def beta_binomial_ratings(
    assumed: Assumptions, *, n_units: int, raters_per_unit: int, seed: int
) -> FloatArray:
    """Draw each unit's probability from a Beta distribution, then its ratings.

    With rate p and alpha a, the distribution is Beta(p (1 - a) / a, (1 - p) (1 - a) / a), whose
    two ratings of one unit correlate by a. At alpha 0 every unit has the probability p.

    Returns
    -------
    (n_units, raters_per_unit)
        1 or 0.

    Raises
    ------
    RatingsError
        If raters are assumed to differ: this recipe has none.
    """
    if assumed.rater_correlation:
        raise RatingsError("the Beta recipe knows no raters: use crossed_ratings")
    rng = _generator(seed)
    own = np.full(n_units, assumed.rate)
    if assumed.alpha:
        strength = (1 - assumed.alpha) / assumed.alpha
        own = rng.beta(assumed.rate * strength, (1 - assumed.rate) * strength, n_units)
    drawn: FloatArray = (rng.random((n_units, raters_per_unit)) < own[:, None]).astype(float)
    return drawn


def crossed_ratings(
    assumed: Assumptions, *, n_units: int, n_raters: int, raters_per_unit: int, seed: int
) -> FloatArray:
    """Draw ratings from units that differ and raters that differ, each unit by some raters.

    A rating says yes where the sum of a unit's, a rater's and its own normal deviate lies below a
    threshold. Raters take turns, so that all rate equally many units (or one more).

    Returns
    -------
    (n_units, n_raters)
        1 or 0, NaN where the rater does not rate the unit.

    Raises
    ------
    RatingsError
        If a unit needs more raters than there are.
    """
    if not 1 <= raters_per_unit <= n_raters:
        raise RatingsError(f"{raters_per_unit} raters per unit of {n_raters} raters in all")
    rng = _generator(seed)
    by_unit = latent_correlation(assumed.rate, assumed.alpha)
    by_rater = latent_correlation(assumed.rate, assumed.rater_correlation)
    chance = 1 - by_unit - by_rater
    if chance <= 0:
        raise RatingsError("alpha and the correlation within raters are too large to occur at once")

    deviate = (
        np.sqrt(by_unit) * rng.standard_normal((n_units, 1))
        + np.sqrt(by_rater) * rng.standard_normal((1, n_raters))
        + np.sqrt(chance) * rng.standard_normal((n_units, n_raters))
    )
    yes: FloatArray = (deviate < ndtri(assumed.rate)).astype(float)
    yes[~_turns(n_units, n_raters, raters_per_unit, rng)] = np.nan
    return yes


def _generator(seed: int) -> np.random.Generator:
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise RatingsError(f"seed is {seed!r}: give a whole number, not below 0")
    return np.random.default_rng(seed)


@cache
def latent_correlation(rate: float, correlation: float) -> float:
    """Find the correlation of two normal deviates whose yes-or-no ratings correlate as given.

    Both ratings say yes with the probability that both deviates lie below the threshold; less the
    squared rate, and over rate (1 - rate), that is the correlation of the ratings.
    """
    if correlation == 0:
        return 0.0
    threshold = ndtri(rate)
    wanted = rate**2 + correlation * rate * (1 - rate)

    def excess(latent: float) -> float:
        both = multivariate_normal([0, 0], [[1, latent], [latent, 1]])
        return float(both.cdf([threshold, threshold])) - wanted

    return float(brentq(excess, 0.0, 1 - 1e-9, xtol=1e-10))


def _turns(
    n_units: int, n_raters: int, raters_per_unit: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Who rates what, (n_units, n_raters): nobody twice before all others have had their turn."""
    rates = np.zeros((n_units, n_raters), dtype=bool)
    due: list[int] = []
    for unit in range(n_units):
        if len(due) < raters_per_unit:
            # Who is still due comes last in the next round, so that no unit meets a rater twice.
            drawn = rng.permutation(n_raters).tolist()
            due += sorted(drawn, key=set(due).__contains__)
        rates[unit, due[:raters_per_unit]] = True
        del due[:raters_per_unit]
    return rates
