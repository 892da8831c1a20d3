"""How many units and raters a group has, and how far the rate of such a study will spread."""

from dataclasses import dataclass

import numpy as np

from analysis.estimates import RatingsError
from analysis.planning.assumptions import Assumptions

FEWEST = 3
"""Units, and raters of a group, without which the analysis gives no interval."""


@dataclass(frozen=True)
class Design:
    """How many units one group of raters rates, and how often each.

    Raises
    ------
    RatingsError
        If there are fewer than two units, or a unit needs more raters than there are.
    """

    n_units: int
    raters_per_unit: int
    n_raters: int
    """Raters in the group, who share the work evenly."""

    def __post_init__(self) -> None:
        if self.n_units < 2 or not 1 <= self.raters_per_unit <= self.n_raters:
            raise RatingsError(
                f"{self.n_units} units x {self.raters_per_unit} of {self.n_raters} raters: plan "
                "two units or more, each rated by one rater or more of those there are"
            )

    @property
    def n_ratings(self) -> int:
        """Ratings in all."""
        return self.n_units * self.raters_per_unit


@dataclass(frozen=True)
class RateVariance:
    """Of the rate of one design: what units add, what raters add, and what both contain."""

    units: float
    """If units alone were drawn anew: p (1 - p) (1 + (k - 1) alpha) / N, k ratings of each unit."""

    raters: float
    """If raters alone were: p (1 - p) (1 + (m - 1) c) / N, m ratings by each rater."""

    ratings: float
    """If ratings were independent: p (1 - p) / N."""

    @property
    def total(self) -> float:
        """For raters like these on units like these."""
        return self.units + self.raters - self.ratings


def rate_variance(assumed: Assumptions, design: Design) -> RateVariance:
    """Expect the variances that the two-way interval is made of."""
    per_rater = max(design.n_ratings / design.n_raters, 1.0)
    alone = assumed.variance / design.n_ratings
    return RateVariance(
        units=alone * (1 + (design.raters_per_unit - 1) * assumed.alpha),
        raters=alone * (1 + (per_rater - 1) * assumed.rater_correlation),
        ratings=alone,
    )


def rate_standard_error(
    assumed: Assumptions, design: Design, *, raters_are_drawn: bool = True
) -> float:
    """Give the standard error of a rate from units that differ and raters that differ.

    The variance of the mean of N ratings, k of each unit and m = N / R of each rater, is
    p (1 - p) (1 + (k - 1) alpha + (m - 1) c) / N, with c the correlation within raters.

    Parameters
    ----------
    raters_are_drawn
        Whether the rate speaks of raters like these; else c counts as 0.
    """
    variance = rate_variance(assumed, design)
    return float(np.sqrt(variance.total if raters_are_drawn else variance.units))
