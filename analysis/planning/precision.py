"""How wide the intervals of a study will be.

For a rate the answer is a formula. For alpha it is a simulation, each study with its jackknife.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from analysis.estimates import RatingsError, UndefinedStatisticError, frame_of
from analysis.intervals import jackknife
from analysis.intervals.resampling import check_confidence
from analysis.planning.assumptions import Assumptions
from analysis.planning.designs import FEWEST, Design, rate_standard_error, rate_variance
from analysis.planning.simulation import crossed_ratings
from analysis.progress import Progress, silent
from analysis.rates.t_intervals import rate_interval, satterthwaite_df


@dataclass(frozen=True)
class PrecisionRow:
    """What one design will give."""

    n_units: int
    raters_per_unit: int
    n_raters: int
    n_ratings: int
    half_width_these_raters: float
    """Of the rate, if it speaks of these raters on units like these; NaN with fewer than three
    units, as the analysis has no interval then."""

    half_width_raters_like_these: float
    """Of the rate, if it speaks of raters like these too: the two-way interval; NaN with fewer than
    three units or raters."""

    half_width_alpha: float
    """For these raters on units like these: median over simulated studies whose interval was not
    refused; NaN if not simulated, or if most were refused."""

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
        If a design cannot be carried out, or the numbers make no simulation.
    """
    check_confidence(confidence)
    for name, number in (("n_simulations", n_simulations), ("seed", seed)):
        if not isinstance(number, int | np.integer) or number < 0:
            raise RatingsError(f"{name} is {number!r}: give a whole number, not below 0")
    designs = [Design(n, k, n_raters) for n, k in product(units, raters_per_unit)]
    rows = []
    for done, design in enumerate(designs):
        rows.append(_row(assumed, design, confidence, n_simulations, seed))
        progress(done + 1, len(designs))
    return PrecisionPlan(assumed, confidence, n_simulations, tuple(rows))


def _row(
    assumed: Assumptions, design: Design, confidence: float, n_simulations: int, seed: int
) -> PrecisionRow:
    widths = np.array(list(_alpha_widths(assumed, design, confidence, n_simulations, seed)))
    refused = float(np.isnan(widths).mean()) if len(widths) else np.nan
    return PrecisionRow(
        n_units=design.n_units,
        raters_per_unit=design.raters_per_unit,
        n_raters=design.n_raters,
        n_ratings=design.n_ratings,
        half_width_these_raters=_half_width(assumed, design, confidence, raters_are_drawn=False),
        half_width_raters_like_these=_half_width(assumed, design, confidence),
        half_width_alpha=float(np.nanmedian(widths)) if refused < 0.5 else np.nan,
        refused_alpha=refused,
    )


def _half_width(
    assumed: Assumptions, design: Design, confidence: float, *, raters_are_drawn: bool = True
) -> float:
    """Half the length of the t interval on the logit; NaN where the analysis has none."""
    variance = rate_variance(assumed, design)
    parts = [(variance.units, design.n_units)]
    if raters_are_drawn:
        parts += [(variance.raters, design.n_raters)]
    if min(n for _, n in parts) < FEWEST:
        return np.nan
    error = rate_standard_error(assumed, design, raters_are_drawn=raters_are_drawn)
    interval = rate_interval(
        assumed.rate,
        error,
        df=satterthwaite_df(error**2, parts),
        scale="logit",
        confidence=confidence,
        method="planned",
    )
    return (interval.high - interval.low) / 2


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
