"""How wide the intervals of a study will be, and what it will be able to tell apart.

For a rate the answer is a formula. For alpha it is a simulation with the interval that the
analysis will use.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from analysis.estimates import RatingsError, UndefinedStatisticError, frame_of
from analysis.intervals import jackknife
from analysis.planning.assumptions import Assumptions
from analysis.planning.simulation import crossed_ratings
from analysis.progress import Progress, silent


@dataclass(frozen=True)
class Design:
    """How many units one group of raters rates, and how often each."""

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
class PrecisionRow:
    """What one design will give."""

    n_units: int
    raters_per_unit: int
    n_raters: int
    n_ratings: int
    half_width_these_raters: float
    """Of the rate, if it speaks of these raters on units like these."""

    half_width_raters_like_these: float
    """Of the rate, if it speaks of raters like these too: the two-way interval."""

    half_width_alpha: float
    """Median over simulated studies whose interval was not refused; NaN if not simulated, or if
    most were refused."""

    refused_alpha: float
    """Share of simulated studies without an interval of alpha, 0 to 1; NaN if not simulated."""


@dataclass(frozen=True)
class PrecisionPlan:
    """Half-widths over designs."""

    assumed: Assumptions
    confidence: float
    n_simulations: int
    rows: tuple[PrecisionRow, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row for each design."""
        return frame_of(self.rows)


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
    within_rater = assumed.rater_correlation if raters_are_drawn else 0.0
    per_rater = design.n_ratings / design.n_raters
    inflation = (
        1 + (design.raters_per_unit - 1) * assumed.alpha + max(per_rater - 1, 0) * within_rater
    )
    return float(np.sqrt(assumed.variance * inflation / design.n_ratings))


def precision_plan(
    assumed: Assumptions,
    *,
    units: Sequence[int],
    raters_per_unit: Sequence[int],
    n_raters: int,
    confidence: float = 0.95,
    n_simulations: int = 200,
    seed: int,
    progress: Progress = silent,
) -> PrecisionPlan:
    """Give the half-widths of a rate and of alpha over units x raters per unit.

    Parameters
    ----------
    units, raters_per_unit
        The numbers to compare, every one of the first with every one of the second.
    n_raters
        Raters in the group.
    n_simulations
        Studies drawn for the half-width of alpha in each design with two raters per unit or more;
        0 leaves alpha out.

    Raises
    ------
    RatingsError
        If a design cannot be carried out.
    """
    designs = [Design(n, k, n_raters) for n, k in product(units, raters_per_unit)]
    rows = []
    for done, design in enumerate(designs):
        rows.append(_row(assumed, design, confidence, n_simulations, seed))
        progress(done + 1, len(designs))
    return PrecisionPlan(assumed, confidence, n_simulations, tuple(rows))


def _row(
    assumed: Assumptions, design: Design, confidence: float, n_simulations: int, seed: int
) -> PrecisionRow:
    tail = (1 + confidence) / 2
    these = rate_standard_error(assumed, design, raters_are_drawn=False)
    drawn = rate_standard_error(assumed, design)
    widths = np.array(list(_alpha_widths(assumed, design, confidence, n_simulations, seed)))
    refused = float(np.isnan(widths).mean()) if len(widths) else np.nan
    return PrecisionRow(
        n_units=design.n_units,
        raters_per_unit=design.raters_per_unit,
        n_raters=design.n_raters,
        n_ratings=design.n_ratings,
        half_width_these_raters=float(t.ppf(tail, design.n_units - 1) * these),
        half_width_raters_like_these=float(t.ppf(tail, _degrees(design)) * drawn),
        half_width_alpha=float(np.nanmedian(widths)) if refused < 0.5 else np.nan,
        refused_alpha=refused,
    )


def _degrees(*designs: Design) -> int:
    """Of the two-way interval: the smaller of units and raters, less one."""
    return max(min(min(one.n_units, one.n_raters) for one in designs) - 1, 1)


def _alpha_widths(
    assumed: Assumptions, design: Design, confidence: float, n_simulations: int, seed: int
) -> Iterator[float]:
    """Half-widths of alpha in simulated studies; NaN where there is no interval."""
    if design.raters_per_unit < 2:
        return
    for study in range(n_simulations):
        ratings = crossed_ratings(
            assumed,
            n_units=design.n_units,
            n_raters=design.n_raters,
            raters_per_unit=design.raters_per_unit,
            seed=seed + study,
        )
        try:
            alpha = jackknife(
                ratings,
                "krippendorff_alpha",
                level="nominal",
                categories=[0, 1],
                confidence=confidence,
            )["krippendorff_alpha"]
        except UndefinedStatisticError:
            yield np.nan
            continue
        interval = alpha.interval
        yield (interval.high - interval.low) / 2 if interval else np.nan


def difference_power(
    first: Assumptions,
    second: Assumptions,
    *,
    designs: tuple[Design, Design],
    shared_units: bool = True,
    confidence: float = 0.95,
) -> float:
    """Give the chance that a difference between the rates of two groups of raters is found.

    Found means that the two-sided two-way interval of the difference leaves out 0.

    Parameters
    ----------
    first, second
        What is assumed of each group.
    designs
        Of each group.
    shared_units
        Whether both rate the same units, whose own differences then cancel as far as both groups
        see them alike: their covariance is taken as the geometric mean of both groups' own.

    Returns
    -------
    0 to 1

    Raises
    ------
    RatingsError
        If shared units are not equally many in both designs.
    """
    design_1, design_2 = designs
    variance = (
        rate_standard_error(first, design_1) ** 2 + rate_standard_error(second, design_2) ** 2
    )
    if shared_units:
        if design_1.n_units != design_2.n_units:
            raise RatingsError("groups that share their units rate equally many")
        own = [one.alpha * one.variance for one in (first, second)]
        variance -= 2 * float(np.sqrt(np.prod(own))) / design_1.n_units

    critical = t.ppf((1 + confidence) / 2, _degrees(*designs))
    distance = abs(first.rate - second.rate) / np.sqrt(variance)
    return float(norm.sf(critical - distance) + norm.cdf(-critical - distance))
