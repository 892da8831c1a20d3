"""Agreement within two groups of raters compared, for these raters on units like these.

Units are resampled with the ratings of both groups: would these raters differ on other units? For
the other question, whether other raters of these groups would differ on these units, see
`coefficient_difference_test`.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtr

from analysis.agreement.coefficients import coefficient
from analysis.agreement.weights import Level, Weights
from analysis.estimates import (
    Estimate,
    HypothesisTest,
    Interval,
    UndefinedStatisticError,
    frame_of,
)
from analysis.groups.reading import labels_of, read_labels, sides
from analysis.groups.relabelling import ROUNDING
from analysis.intervals.grouped import GroupEstimates, bootstrap_groups
from analysis.intervals.resampling import Method
from analysis.progress import Progress, silent
from analysis.ratings import MISSING, Categories, read_units


@dataclass(frozen=True, eq=False)
class CoefficientDifference:
    """One coefficient of two groups on the units where both have one."""

    groups: tuple[Hashable, Hashable]
    first: Estimate
    second: Estimate
    difference: Estimate
    """First minus second, both on the same resamples of units."""

    test: HypothesisTest | None
    """Paired by unit; None where leaving out units changes nothing."""

    n_units_left_out: int
    """Units without two ratings from each group."""

    @property
    def value(self) -> float:
        """The difference, first minus second."""
        return self.difference.value

    @property
    def interval(self) -> Interval | None:
        """The interval of the difference; None with a refusal in `difference`."""
        return self.difference.interval

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def difference_of_coefficients(
    ratings: ArrayLike,
    statistic: str,
    *,
    rater_groups: ArrayLike,
    level: Level | None = None,
    categories: Categories | None = None,
    weights: Weights = "identity",
    category: Hashable = None,
    compared: tuple[Hashable, Hashable] | None = None,
    clusters: ArrayLike | None = None,
    n_resamples: int = 10_000,
    seed: int,
    method: Method = "bca",
    confidence: float = 0.95,
    progress: Progress = silent,
) -> CoefficientDifference:
    """Compare the agreement within two groups of raters on the units that both can agree on.

    Only units with two ratings or more from each group are used: else one group's coefficient
    would be about other units. What makes a unit hard is hard for both, so the interval of the
    difference is narrower than those of the coefficients suggest.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing.
    statistic
        Name of the coefficient, as in `bootstrap`.
    rater_groups : (n_raters,)
        Group of each column; None for raters of no group.
    level, categories, weights, category
        As the coefficient wants them.
    compared
        First and second group, where there are more than two or the order matters. Else in
        ascending order.
    clusters : (n_units,)
        What is resampled instead of units, such as the seed that questions come from.

    Returns
    -------
    Both coefficients and their difference with bootstrap intervals, and a paired t test by leaving
    out one unit after another, which is Gwet's linearised test of correlated coefficients to first
    order, for any coefficient.

    Raises
    ------
    RatingsError
        If table, codes, groups or names cannot be what was meant.
    UndefinedStatisticError
        If no unit has two ratings from each group, or a coefficient has no value there.

    References
    ----------
    Gwet (2016), Educational and Psychological Measurement 76(4), 609-637.
    """
    units = read_units(ratings, categories)
    names, side, units = sides(units, rater_groups, compared)
    chosen = coefficient(statistic, units, level=level, weights=weights, category=category)
    pairable = [((units.codes != MISSING)[:, side == one].sum(axis=1) >= 2) for one in (0, 1)]
    common = reduce(np.logical_and, pairable)
    if not common.any():
        raise UndefinedStatisticError(
            f"none of the {len(units)} units has two ratings from each of {names[0]!r} and "
            f"{names[1]!r}"
        )
    of_unit = read_labels(
        range(len(units)) if clusters is None else clusters, len(units), "cluster"
    ).codes
    groups = bootstrap_groups(
        labels_of(units)[common],
        chosen,
        rater_groups=np.array([names[one] for one in side], dtype=object),
        categories=list(units.categories),
        clusters=None if clusters is None else of_unit[common],
        n_resamples=n_resamples,
        seed=seed,
        method=method,
        confidence=confidence,
        progress=progress,
    )
    for name in names:
        if chosen.name in groups[name].undefined:
            raise UndefinedStatisticError(f"{name!r}: {groups[name].undefined[chosen.name]}")
    difference = groups.difference(chosen.name, *names)
    return CoefficientDifference(
        groups=names,
        first=groups[names[0]][chosen.name],
        second=groups[names[1]][chosen.name],
        difference=difference,
        test=_paired_test(groups, chosen.name, difference.value),
        n_units_left_out=int((~common).sum()),
    )


def _paired_test(groups: GroupEstimates, statistic: str, value: float) -> HypothesisTest | None:
    """Hold the difference against its jackknife standard error; None if that is none."""
    ours = groups.resampled
    without = ours.patterns.total() - ours.patterns.sums
    first, second = (parts[statistic].of(without) for parts in ours.parts)
    left_out, times = first - second, ours.patterns.frequency
    n = int(times.sum())
    spread = (times * np.square(left_out - np.average(left_out, weights=times))).sum()
    error = float(np.sqrt((n - 1) / n * spread))
    if np.isnan(error) or error <= ROUNDING:
        return None

    t = value / error
    return HypothesisTest(
        test="paired t, leaving out units one by one, two-sided",
        hypothesis=f"{statistic} of these raters is the same in both groups on units like these",
        value=t,
        p_value=float(2 * stdtr(n - 1, -abs(t))),
        n=n,
        df=n - 1,
    )
