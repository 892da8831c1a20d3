"""What a plan must assume of the ratings to come: a rate, and how alike ratings are, and why.

Two ratings of one unit are alike because of the unit, two of one rater because of the rater. Both
are correlations of yes-or-no ratings; the one within units is Krippendorff's nominal alpha.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import RatingsError, UndefinedStatisticError, frame_of
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.ratios import finite_numbers
from analysis.ratings import FloatArray, IntArray


@dataclass(frozen=True)
class Assumptions:
    """Ratings of one group of raters, as they are expected.

    Raises
    ------
    RatingsError
        If the rate does not lie between 0 and 1, or the correlations are negative or leave
        nothing to chance.
    """

    rate: float
    """Share of ratings that say yes, strictly between 0 and 1."""

    alpha: float
    """Correlation of two ratings of one unit by different raters, 0 to 1: nominal alpha."""

    rater_correlation: float = 0.0
    """Correlation of two ratings of one rater on different units, 0 to 1: how much raters differ
    in severity."""

    def __post_init__(self) -> None:
        # NaN is no number of these either.
        if not 0 < self.rate < 1:
            raise RatingsError(
                f"a rate of {self.rate} leaves nothing to estimate: give 0 < rate < 1"
            )
        if not min(self.alpha, self.rater_correlation) >= 0:
            raise RatingsError("a correlation below 0 cannot be planned with: take 0 in its place")
        if not self.alpha + self.rater_correlation < 1:
            raise RatingsError("alpha and the correlation within raters must add up to less than 1")

    @property
    def variance(self) -> float:
        """Of one rating."""
        return self.rate * (1 - self.rate)

    @property
    def percent_agreement(self) -> float:
        """Chance that two raters of a unit agree: 1 - 2 p (1 - p) (1 - alpha)."""
        return 1 - 2 * self.variance * (1 - self.alpha)

    @property
    def free_marginal_kappa(self) -> float:
        """Randolph's kappa of two categories: 2 x percent agreement - 1."""
        return 2 * self.percent_agreement - 1

    def to_frame(self) -> pd.DataFrame:
        """Give one row."""
        return frame_of([self])


def pilot_assumptions(indicator: ArrayLike, *, units: ArrayLike, raters: ArrayLike) -> Assumptions:
    """Read the assumptions off the ratings of a pilot study.

    Covariances are means over pairs of ratings: of one unit, of one rater, and of neither, which
    stands for the squared rate. A correlation that comes out below 0 becomes 0. From a pilot of a
    hundred units and ten raters correlations of .15 and .08 come out with standard deviations of
    .11 and .06: plan with a worse value too.

    Parameters
    ----------
    indicator : (n_ratings,)
        True or 1 where the rating says yes.
    units, raters : (n_ratings,)
        Labels. A rater rates a unit once.

    Raises
    ------
    RatingsError
        If lists differ in length, hold what is neither yes nor no, or a rater rated a unit twice.
    UndefinedStatisticError
        If no unit has two ratings, no rater has two, all ratings are the same, no pair of ratings
        shares neither unit nor rater, or units and raters explain all there is: too small a pilot.

    References
    ----------
    Koch (1967), Technometrics 9, 93-118: variance components from means over pairs.
    """
    yes = finite_numbers(indicator)
    if not np.isin(yes, (0, 1)).all():
        row = int(np.isin(yes, (0, 1)).argmin())
        raise RatingsError(f"row {row} (counted from 0) is {yes[row]}: neither yes (1) nor no (0)")
    unit, rater = cluster_numbers(units, len(yes)), cluster_numbers(raters, len(yes))
    _refuse_repeats(unit, rater)
    rate = float(yes.mean()) if len(yes) else 0.0
    if rate in (0, 1):
        raise UndefinedStatisticError(f"all {len(yes)} ratings are the same: assume a rate instead")

    in_unit, n_in_unit = _pairs_within(yes, unit)
    in_rater, n_in_rater = _pairs_within(yes, rater)
    n_apart = len(yes) * (len(yes) - 1) - n_in_unit - n_in_rater
    if not min(n_in_unit, n_in_rater, n_apart):
        raise UndefinedStatisticError(
            "a pilot needs units with two ratings, raters with two, and ratings that share neither"
        )
    chance = (yes.sum() * (yes.sum() - 1) - in_unit - in_rater) / n_apart
    # Share of yes less its expected square: the variance of one rating.
    variance = rate - chance
    covariances = [in_unit / n_in_unit - chance, in_rater / n_in_rater - chance]
    alpha, within_rater = (max(covariance, 0.0) for covariance in covariances)
    if alpha + within_rater >= variance:
        raise UndefinedStatisticError(
            f"in these {len(yes)} ratings units and raters explain all differences: a larger pilot "
            "is needed, or assumed values"
        )
    return Assumptions(rate, alpha / variance, within_rater / variance)


def _refuse_repeats(unit: IntArray, rater: IntArray) -> None:
    repeated = pd.DataFrame({"unit": unit, "rater": rater}).duplicated().to_numpy()
    if repeated.any():
        raise RatingsError(
            f"row {int(repeated.argmax())} (counted from 0) rates a unit that its rater rated "
            "before: keep one of the two"
        )


def _pairs_within(yes: FloatArray, labels: IntArray) -> tuple[float, float]:
    """Ordered pairs of ratings with one label: those that both say yes, and all."""
    n_yes, n = np.bincount(labels, yes), np.bincount(labels).astype(float)
    return float((n_yes * (n_yes - 1)).sum()), float((n * (n - 1)).sum())
