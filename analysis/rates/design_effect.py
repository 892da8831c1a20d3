"""How much less ratings tell than as many independent ones would."""

from dataclasses import dataclass

import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import UndefinedStatisticError, frame_of
from analysis.intervals.two_way import TwoWayVariance, two_way_variance
from analysis.rates.indicators import YesNo, read_yes_no

NEGLIGIBLE = 1e-12
"""A design effect below this is rounding."""


@dataclass(frozen=True)
class DesignEffect:
    """Variance of a rate over that of as many independent ratings, by what is drawn anew."""

    rate: float
    units: float
    """If units (or clusters of them) like these were drawn, for these raters."""

    raters: float
    """If raters like these were drawn, for these units."""

    both: float
    """If both were drawn."""

    n_effective_units: float
    """As many independent ratings would tell as much, if units alone were drawn."""

    n_effective_raters: float
    n_effective_both: float
    n_units: int
    n_raters: int
    n_ratings: int

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def design_effect(
    indicator: ArrayLike,
    *,
    units: ArrayLike,
    raters: ArrayLike,
    clusters: ArrayLike | None = None,
) -> DesignEffect:
    """Give the design effects of a rate: cluster-robust variances over p (1 - p) / (n - 1).

    1 means that clustering does no harm; below 1, ratings within a cluster differ more than ratings
    at large. The effective number of ratings is n over the design effect, infinite where all that
    is drawn has the same rate.

    Parameters
    ----------
    indicator : (n_ratings,)
        True or 1 where the rating says yes, no missing values.
    units, raters : (n_ratings,)
        Labels of any type, none missing.
    clusters : (n_ratings,)
        What is drawn in place of the unit, such as the seed that its question comes from.

    Raises
    ------
    RatingsError
        If the indicator holds anything but yes or no, a label is missing, or lists differ in
        length.
    UndefinedStatisticError
        If all ratings are the same, or there are fewer than two units or raters.

    References
    ----------
    Kish (1965), Survey Sampling.
    """
    ratings = read_yes_no(indicator, units=units, raters=raters, clusters=clusters)
    alike = ratings.all_alike()
    if alike:
        raise UndefinedStatisticError(f"{alike}: there is no variance to compare")

    variance = two_way_variance(ratings.influence, ratings.drawn, ratings.raters)
    return _compared(ratings, variance)


def _compared(ratings: YesNo, variance: TwoWayVariance) -> DesignEffect:
    n = len(ratings)
    independent = ratings.rate * (1 - ratings.rate) / (n - 1)
    units, raters, both = (
        one / independent for one in (variance.units, variance.raters, variance.total)
    )
    return DesignEffect(
        rate=ratings.rate,
        units=units,
        raters=raters,
        both=both,
        n_effective_units=_effective(n, units),
        n_effective_raters=_effective(n, raters),
        n_effective_both=_effective(n, both),
        n_units=ratings.n_units,
        n_raters=ratings.n_raters,
        n_ratings=n,
    )


def _effective(n: int, design_effect: float) -> float:
    return n / design_effect if design_effect > NEGLIGIBLE else float("inf")
