"""Do two groups of raters say yes equally often? A difference of rates with honest intervals."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import Estimate, Interval, frame_of
from analysis.intervals.patterns import Part, patterns_of
from analysis.intervals.ratios import ratio_part
from analysis.intervals.resampling import Plan, replicates, resampled_interval
from analysis.intervals.two_way import two_way_total, two_way_variance
from analysis.rates.indicators import read_yes_no
from analysis.rates.populations import like_these, speaking_of, these_raters
from analysis.rates.t_intervals import NEGLIGIBLE, satterthwaite_df, t_quantile
from analysis.rates.two_groups import TwoGroups, two_groups
from analysis.rates.two_way import NO_DIFFERENCES, few_or_alike, two_way_estimate
from analysis.ratings import FloatArray


@dataclass(frozen=True)
class RateDifference:
    """The rate of a first group of raters less that of a second."""

    groups: tuple[Hashable, Hashable]
    first: Estimate
    """The rate in the first group, with its two-way interval."""

    second: Estimate
    two_way: Estimate
    """The difference, for raters like these on units like these."""

    paired: Estimate
    """The difference with units resampled, both groups' ratings together: for these raters."""

    n_shared_units: int
    """Units that both groups have rated."""

    @property
    def value(self) -> float:
        """First less second rate, -1 to 1."""
        return self.two_way.value

    @property
    def interval(self) -> Interval | None:
        """The two-way interval; None with a refusal in `two_way`."""
        return self.two_way.interval

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def difference_of_rates(
    indicator: ArrayLike,
    *,
    groups: ArrayLike,
    units: ArrayLike,
    raters: ArrayLike,
    compared: tuple[Hashable, Hashable] | None = None,
    clusters: ArrayLike | None = None,
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
) -> RateDifference:
    """Compare how often two groups of raters say yes, on the same units or on different ones.

    For a p-value that needs no large number of raters, permute the groups over the raters.

    Parameters
    ----------
    indicator : (n_ratings,)
        True or 1 where the rating says yes, no missing values.
    groups : (n_ratings,)
        The group of the rater, the same on all of a rater's ratings.
    units, raters : (n_ratings,)
        Labels of any type, none missing.
    compared
        First and second group; ratings of others are not used. Without it there must be two, and
        the first in ascending order is the first.
    clusters : (n_ratings,)
        What is drawn in place of the unit, such as the seed that its question comes from.
    n_resamples, seed
        Of the paired interval.

    Returns
    -------
    No interval but a `refusal` if a group has fewer than three raters or units, or says the same
    in all its ratings.

    Raises
    ------
    RatingsError
        If the indicator holds anything but yes or no, labels are missing or differ in number, a
        rater is in two groups, or it is not clear which groups to compare.
    UndefinedStatisticError
        If there are no ratings.

    References
    ----------
    Cameron, Gelbach and Miller (2011), Journal of Business & Economic Statistics 29(2), 238-249;
    degrees of freedom: Welch (1947), Biometrika 34, 28-35.
    """
    ratings = read_yes_no(indicator, units=units, raters=raters, clusters=clusters)
    plan = Plan(n_resamples, seed, "bca", confidence, ratings.noun)
    two = two_groups(ratings, groups, compared)
    first, second = (
        two_way_estimate(one, scale="logit", df="satterthwaite", confidence=confidence)
        for one in two.each
    )
    return RateDifference(
        groups=two.names,
        first=first,
        second=second,
        two_way=_two_way(two, confidence),
        paired=_paired(two, plan),
        n_shared_units=len(np.intersect1d(two.each[0].units, two.each[1].units)),
    )


def _two_way(two: TwoGroups, confidence: float) -> Estimate:
    """Units may be in both groups, raters are in one: their variances add up."""
    for name, one in zip(two.names, two.each, strict=True):
        reason = few_or_alike(one, {one.noun: one.n_drawn, "raters": one.n_raters})
        if reason:
            return two.estimate(None, refusal=f"group {name!r}: {reason}")

    crossed = two_way_variance(two.influence, two.both.drawn, two.both.raters)
    within = [two_way_variance(one.influence, one.drawn, one.raters) for one in two.each]
    raters, cells = sum(one.raters for one in within), sum(one.cells for one in within)
    variance = two_way_total(
        crossed.units, raters, cells, n_units=crossed.n_units, n_raters=crossed.n_raters
    )
    if variance.total < NEGLIGIBLE:
        return two.estimate(None, refusal=NO_DIFFERENCES)

    parts = [(one.raters, one.n_raters) for one in within]
    df = satterthwaite_df(variance.total, [(variance.units, variance.n_units), *parts])
    reach = t_quantile(confidence, df) * variance.standard_error
    method = f"{like_these(two.both.noun)}: two-way cluster-robust, t with {df:.4g} df"
    low, high = max(two.difference - reach, -1.0), min(two.difference + reach, 1.0)
    interval = Interval(low, high, confidence, method=method)
    return two.estimate(interval, standard_error=variance.standard_error)


def _paired(two: TwoGroups, plan: Plan) -> Estimate:
    """Resample units with the ratings of both groups."""
    drawn = pd.factorize(two.both.drawn)[0]
    yes, first = two.both.values, two.is_first.astype(float)
    columns = [yes * first, first, yes * (1 - first), 1 - first]
    sums: FloatArray = np.column_stack([np.bincount(drawn, column) for column in columns])
    patterns, part = patterns_of(sums), Part(slice(0, 4), _difference_of_ratios)
    (replicated,) = replicates(patterns, [part], plan)
    resampled = resampled_interval(replicated, patterns, part, plan)
    reasons = [
        f"group {name!r}: {reason}"
        for name, one in zip(two.names, two.each, strict=True)
        if (reason := one.all_alike())
    ]
    estimate = resampled.estimate(
        "difference of rates",
        two.difference,
        n_units=two.both.n_units,
        n_raters=two.both.n_raters,
        n_ratings=len(two.both),
        refusal=reasons[0] if reasons else None,
    )
    return speaking_of(these_raters(plan.drawn), estimate)


def _difference_of_ratios(sums: FloatArray) -> FloatArray:
    ratio = ratio_part().value
    return ratio(sums[..., :2]) - ratio(sums[..., 2:])
