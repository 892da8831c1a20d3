"""Rates of two groups of raters, tested by dealing out the labels anew.

Raters are what was sampled: the ratings of one rater stand or fall together. A test that takes
ratings as independent finds differences between groups that are differences between raters.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimates import Estimate, Interval
from analysis.groups.comparisons import GroupComparison, null_quantiles, relabelling_test
from analysis.groups.grouped_ratings import GroupedRatings, read_grouped
from analysis.groups.reading import cell_sums
from analysis.groups.relabelling import or_zero, over_error, permuted
from analysis.groups.variances import ClusteredVariance, clustered_variance
from analysis.intervals.resampling import check_confidence
from analysis.progress import Progress, silent
from analysis.rates.indicators import yes_or_no
from analysis.rates.t_intervals import rate_interval, t_quantile
from analysis.ratings import FloatArray, IntArray


def rate_difference_test(
    indicator: ArrayLike,
    *,
    raters: ArrayLike,
    groups: ArrayLike,
    units: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    compared: tuple[Hashable, Hashable] | None = None,
    n_permutations: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> GroupComparison:
    """Compare how often two groups of raters say yes, by dealing out their labels anew.

    With strata, rates are compared within each stratum and averaged with Mantel-Haenszel weights,
    and labels change places only among raters who worked in the same strata. A stratum that one
    group alone has rated says nothing of the groups: its ratings are left out and counted.

    Parameters
    ----------
    indicator : (n_ratings,)
        True or 1 where the rating says yes, no missing values.
    raters, groups : (n_ratings,)
        Who gave the rating, and that rater's group; a rater belongs to one group.
    units : (n_ratings,)
        What was rated. With it, the test first asks whether both groups got the same kind of units,
        and the interval takes into account that units are a sample too.
    strata : (n_ratings,)
        Set or block of the unit, where raters were given different ones. The unit itself compares
        within units; then labels change places among raters with exactly the same units.
    compared
        First and second group, where there are more than two or the order matters. Else in
        ascending order.
    n_permutations
        If there are no more distinct relabellings than this, each is visited once, and the p-value
        is exact; else it is (b + 1) / (B + 1) from this many random ones.

    Returns
    -------
    Rates, their difference (first minus second) with a t interval that clusters by rater (and by
    unit, if given), and the two-sided test. What is tested is the difference over its standard
    error between raters: without that, groups whose raters gave many ratings and groups whose
    raters gave few would not be comparable. With fewer than three raters in a group that error is
    not known, and the difference itself is tested.

    Raises
    ------
    RatingsError
        If the indicator is not yes or no, a rater is in two groups, or lists differ in length.
    UndefinedStatisticError
        If labels are not exchangeable: the groups rated different units, or no stratum has raters
        of both.

    References
    ----------
    Chung and Romano (2013), Annals of Statistics 41, 484-507, for the division by the error; for
    p-values that are never 0, Phipson and Smyth (2010), Statistical Applications in Genetics and
    Molecular Biology 9(1), 39; Greenland and Robins (1985), Biometrics 41, 55-68, for the weights.
    """
    check_confidence(confidence)
    values = yes_or_no(indicator)
    ratings = read_grouped(
        len(values), groups=groups, raters=raters, units=units, strata=strata, compared=compared
    )
    values = values[ratings.kept]
    relabelling = ratings.relabelling()
    notes = ratings.design_notes(relabelling, seed=seed)
    shape = (len(ratings.raters), len(ratings.strata))
    where = (ratings.raters.codes, ratings.strata.codes, shape)
    sums = Sums(yes=cell_sums(*where, values), all=cell_sums(*where))
    first, second, difference = _estimates(values, ratings, sums, relabelling.labels, confidence)
    has_error = difference.standard_error is not None
    statistic = sums.studentised if has_error else sums.rate_differences
    null = permuted(
        relabelling,
        statistic,
        n_permutations=n_permutations,
        seed=seed,
        numbers_each=sums.numbers_each,
        progress=progress,
    )
    test = relabelling_test(
        "the rates are equal",
        float(statistic(relabelling.labels[None])[0]),
        null,
        is_studentised=has_error,
        n_raters=len(ratings.raters),
        notes=notes,
    )
    return GroupComparison(ratings.names, first, second, difference, test, null_quantiles(null))


@dataclass(frozen=True, eq=False)
class Sums:
    """What the rates of any grouping of the raters are made of."""

    yes: FloatArray
    """(n_raters, n_strata), ratings that say yes"""

    all: FloatArray
    """(n_raters, n_strata)"""

    @property
    def numbers_each(self) -> int:
        """Numbers held in memory for one labelling."""
        n_raters, n_strata = self.yes.shape
        return int(6 * n_raters + 12 * n_strata)

    def rate_differences(self, labels: IntArray) -> FloatArray:
        """Mantel-Haenszel difference of the rates of groups 0 and 1, for many labellings at once.

        Parameters
        ----------
        labels : (n_labellings, n_raters)

        Returns
        -------
        (n_labellings,), NaN where no stratum has both groups
        """
        return self._differences_and_variances(labels)[0]

    def studentised(self, labels: IntArray) -> FloatArray:
        """Give the difference over its standard error between raters, which labels change too."""
        return over_error(*self._differences_and_variances(labels))

    def _differences_and_variances(self, labels: IntArray) -> tuple[FloatArray, FloatArray]:
        sides = [(labels == side).astype(float) for side in (0, 1)]
        n = [side @ self.all for side in sides]
        # The weight of a stratum is n1 n2 / (n1 + n2), over the sum of these.
        weights = n[0] * n[1] / np.maximum(n[0] + n[1], 1)
        total = weights.sum(axis=1, keepdims=True)
        weights = or_zero(weights, total)
        rates = [or_zero(side @ self.yes, one) for side, one in zip(sides, n, strict=True)]
        difference = (weights * (rates[0] - rates[1])).sum(axis=1)
        difference[total[:, 0] == 0] = np.nan
        variance = np.zeros(len(labels))
        for side, rate, one in zip(sides, rates, n, strict=True):
            each = or_zero(weights, one)
            # What the ratings of each rater add to the error of the group's rate.
            influence = side * (each @ self.yes.T - (each * rate) @ self.all.T)
            n_raters = np.maximum(side.sum(axis=1), 2)
            variance += np.square(influence).sum(axis=1) * n_raters / (n_raters - 1)
        return difference, variance


def _estimates(
    yes: FloatArray, ratings: GroupedRatings, sums: Sums, labels: IntArray, confidence: float
) -> tuple[Estimate, Estimate, Estimate]:
    """Rates standardised to the weights of the strata, and their difference."""
    of_side = [labels == side for side in (0, 1)]
    n = np.array([sums.all[one].sum(axis=0) for one in of_side])
    rates = np.array([sums.yes[one].sum(axis=0) for one in of_side]) / n
    weights = n.prod(axis=0) / n.sum(axis=0)
    weights /= weights.sum()
    # What each rating adds to the error of its group's rate, the weights taken as they are.
    side, stratum = ratings.side, ratings.strata.codes
    influence = (yes - rates[side, stratum]) * (weights / n)[side, stratum]
    first, second = (
        _rate(
            float(rates[one] @ weights),
            ratings.take(side == one),
            influence[side == one],
            confidence,
        )
        for one in (0, 1)
    )
    signed = np.where(side == 0, influence, -influence)
    return first, second, _difference(first.value - second.value, ratings, signed, confidence)


def _rate(
    value: float, ratings: GroupedRatings, influence: FloatArray, confidence: float
) -> Estimate:
    """Give one group's rate with a t interval on the logit."""
    variance = _variance(ratings, influence)
    estimate = _estimate("rate", value, ratings, variance)
    if variance.standard_error is None:
        return estimate
    interval = rate_interval(
        value,
        variance.standard_error,
        df=variance.df,
        scale="logit",
        confidence=confidence,
        method=variance.method,
    )
    return replace(estimate, interval=interval)


def _difference(
    value: float, ratings: GroupedRatings, influence: FloatArray, confidence: float
) -> Estimate:
    """Give the difference with a t interval, cut off at -1 and 1."""
    variance = _variance(ratings, influence)
    estimate = _estimate("difference of rates", value, ratings, variance)
    if variance.standard_error is None:
        return estimate
    reach = t_quantile(confidence, variance.df) * variance.standard_error
    low, high = max(value - reach, -1.0), min(value + reach, 1.0)
    method = f"{variance.method}, t with {variance.df:.4g} df"
    return replace(estimate, interval=Interval(low, high, confidence, method=method))


def _variance(ratings: GroupedRatings, influence: FloatArray) -> ClusteredVariance:
    units = None if ratings.units is None else ratings.units.codes
    return clustered_variance(
        influence, raters=ratings.raters.codes, side=ratings.side, units=units
    )


def _estimate(
    statistic: str, value: float, ratings: GroupedRatings, variance: ClusteredVariance
) -> Estimate:
    return Estimate(
        statistic=statistic,
        value=value,
        interval=None,
        n_units=0 if ratings.units is None else len(ratings.units),
        n_raters=len(ratings.raters),
        n_ratings=len(ratings),
        refusal=variance.refusal,
        standard_error=variance.standard_error,
    )
