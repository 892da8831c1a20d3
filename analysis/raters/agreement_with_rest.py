"""How far each rater agrees with the rest, and what the coefficient would be without this rater."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import lcm

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, stdtrit

from analysis.agreement.coefficients import Statistic, coefficient
from analysis.agreement.weights import Level, Weights
from analysis.estimates import Interval, RatingsError, UndefinedStatisticError
from analysis.intervals.resampling import check_confidence, cluster_numbers
from analysis.progress import Progress, silent
from analysis.raters.against_others import (
    ROUNDING,
    ClusteredMeans,
    clustered_means,
    dealt_at_random,
    squared_cluster_sums,
)
from analysis.raters.findings import RaterCheck, RaterFinding, without_value
from analysis.raters.leaving_out import Without, without_each_rater
from analysis.ratings import MISSING, Categories, FloatArray, IntArray, Units, read_units

DEALT = "ratings of each unit dealt at random to its raters, two-sided"
ALONE = "no unit of this rater has a second rating"


@dataclass(frozen=True, kw_only=True)
class LeaveOneOut(Without, RaterFinding):
    """Agreement of one rater with the rest, and the coefficient with and without this rater."""


@dataclass(frozen=True, eq=False)
class Pairings:
    """Every rating that has a partner in its unit, (n_ratings,) each."""

    unit: IntArray
    rater: IntArray
    code: IntArray
    n_partners: IntArray
    n_alike: IntArray
    """Partners that gave the same code."""

    cluster: IntArray


def leave_one_out_agreement(
    ratings: ArrayLike,
    *,
    statistic: Statistic = "krippendorff_alpha",
    level: Level | None = None,
    categories: Categories | None = None,
    weights: Weights = "identity",
    raters: Sequence[Hashable] | None = None,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> RaterCheck[LeaveOneOut]:
    """Each rater's agreement with the others, and the coefficient with and without this rater.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing; or labels, None for missing.
    statistic, level, categories, weights
        The coefficient that is computed with and without each rater, as in `bootstrap`.
    raters : (n_raters,)
        Labels of the columns; else their numbers.
    clusters : (n_units,)
        What varies together, such as the seed of the question; else the unit.

    Returns
    -------
    One finding for each rater
        `value` is the share of the others who gave the same code, averaged over units; `expected`
        the average of the same over all raters of these units. Where almost everything is a no,
        both are near 1 for everybody: see `leave_one_out_specific_agreement`. The interval is on
        the logit scale (t, clustered), that of the difference from the jackknife over units.

    Raises
    ------
    RatingsError
        If table, codes, labels or level cannot be what was meant.
    UndefinedStatisticError
        If the coefficient of all raters has no value.
    """
    check_confidence(confidence)
    units, names, cluster = _read(ratings, categories, raters, clusters)
    chosen = coefficient(statistic, units, level=level, weights=weights)
    pairings = _pairings(units, cluster)
    if not len(pairings.unit):
        raise UndefinedStatisticError(chosen.reason(units))
    numbers = None if clusters is None else cluster
    each = without_each_rater(units, chosen, clusters=numbers, confidence=confidence)
    found = []
    for finding, without in zip(_with_rest(pairings, names, confidence), each, strict=True):
        found.append(_put_together(finding, without))
        progress(len(found), len(names))
    value_is = f"share of others with the same code; difference: {chosen.name}"
    return RaterCheck("agreement", value_is, DEALT, tuple(found))


def leave_one_out_specific_agreement(
    ratings: ArrayLike,
    *,
    category: Hashable,
    categories: Categories | None = None,
    raters: Sequence[Hashable] | None = None,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> RaterCheck[RaterFinding]:
    """Each rater's agreement with the others on one code, such as `biased`.

    Of the pairs of this rater and another on a unit in which at least one chose the code, counted
    by who chose it, the share that agree: 2 a / (2 a + b + c). Every unit has the same weight.

    Parameters
    ----------
    ratings, categories, raters, clusters
        As for `leave_one_out_agreement`.
    category
        The code.

    Returns
    -------
    One finding for each rater
        `expected` is the same share over all pairs of raters of these units. There is no p-value:
        hold the interval against it.

    Raises
    ------
    RatingsError
        If table, codes or labels cannot be what was meant, or the code is not among them.
    UndefinedStatisticError
        If no unit has two ratings.

    References
    ----------
    Cicchetti and Feinstein (1990), Journal of Clinical Epidemiology 43, 551-558, for two raters.
    """
    check_confidence(confidence)
    units, names, cluster = _read(ratings, categories, raters, clusters)
    coefficient("specific_agreement", units, category=category)
    pairings = _pairings(units, cluster)
    if not len(pairings.unit):
        raise UndefinedStatisticError(f"none of the {len(units)} units has two ratings")
    findings = tuple(_specific(units, pairings, names, category, confidence))
    value_is = f"specific agreement with others on {category!r}"
    return RaterCheck(f"specific_agreement[{category}]", value_is, None, findings)


def _read(
    ratings: ArrayLike,
    categories: Categories | None,
    raters: Sequence[Hashable] | None,
    clusters: ArrayLike | None,
) -> tuple[Units, tuple[Hashable, ...], IntArray]:
    units = read_units(ratings, categories)
    n_raters = units.codes.shape[1]
    names = tuple(range(n_raters)) if raters is None else tuple(raters)
    if len(names) != n_raters or len(set(names)) < n_raters:
        raise RatingsError(f"{len(names)} rater labels for {n_raters} columns: give each its own")
    numbers = np.arange(len(units)) if clusters is None else cluster_numbers(clusters, len(units))
    return units, names, numbers


def _pairings(units: Units, cluster: IntArray) -> Pairings:
    unit, rater = np.nonzero((units.codes != MISSING) & (units.per_unit >= 2)[:, None])
    code = units.codes[unit, rater]
    n_alike = units.counts[unit, code] - 1
    return Pairings(unit, rater, code, units.per_unit[unit] - 1, n_alike, cluster[unit])


def _with_rest(
    pairings: Pairings, names: tuple[Hashable, ...], confidence: float
) -> Iterator[RaterFinding]:
    unit, rater = pairings.unit, pairings.rater
    share = pairings.n_alike / pairings.n_partners
    means = clustered_means(share, rater, pairings.cluster, len(names))
    of_unit = np.bincount(unit, share) / np.maximum(np.bincount(unit), 1)
    expected = np.bincount(rater, of_unit[unit], len(names)) / np.maximum(means.n, 1)
    step = 1 / lcm(*np.unique(pairings.n_partners).tolist())
    p_values = dealt_at_random(share, unit, rater, len(names), step=step)
    for number, name in enumerate(names):
        n = int(means.n[number])
        if n == 0:
            yield without_value(name, ALONE)
            continue
        value, usual = float(means.mean[number]), float(expected[number])
        interval, refusal = _logit_interval(means, number, confidence)
        yield RaterFinding(
            rater=name,
            value=value,
            expected=usual,
            interval=interval,
            p_value=float(p_values[number]),
            n_ratings=n,
            question=(
                f"On {n} units, {value:.0%} of the others agreed with rater {name}, where raters "
                f"of these units agree with {usual:.0%} of the others on average. What does this "
                "rater go by that the others do not, or the other way round?"
            ),
            refusal=refusal,
        )


def _specific(
    units: Units,
    pairings: Pairings,
    names: tuple[Hashable, ...],
    category: Hashable,
    confidence: float,
) -> Iterator[RaterFinding]:
    k = units.categories.index(category)
    chosen = (pairings.code == k).astype(float)
    others = (units.counts[pairings.unit, k] - chosen) / pairings.n_partners
    above, below = 2 * chosen * others, chosen + others
    ratios = _ratios(above, below, pairings, len(names))
    for number, name in enumerate(names):
        mine, n = pairings.rater == number, int(ratios.n[number])
        own = np.isin(pairings.unit, pairings.unit[mine])
        if not below[mine].any():
            reason = f"in none of the {n} shared units did this rater or another choose it"
            yield without_value(name, reason if n else ALONE, n_ratings=n)
            continue
        usual = float(above[own].sum() / below[own].sum())
        interval, refusal = _logit_interval(ratios, number, confidence)
        yield RaterFinding(
            rater=name,
            value=float(ratios.mean[number]),
            expected=usual,
            interval=interval,
            p_value=None,
            n_ratings=n,
            question=(
                f"Where rater {name} or another chose {category!r}, they agreed in "
                f"{ratios.mean[number]:.0%}, raters of these units in {usual:.0%}. Does the code "
                "mean the same to all?"
            ),
            refusal=refusal,
        )


def _ratios(
    above: FloatArray, below: FloatArray, pairings: Pairings, n_raters: int
) -> ClusteredMeans:
    """For each rater, one sum over another, with the linearised error."""
    rater = pairings.rater
    total = np.bincount(rater, below, n_raters)
    total = np.where(total > 0, total, 1.0)
    value = np.bincount(rater, above, n_raters) / total
    influence = (above - value[rater] * below) / total[rater]
    n_clusters, squares = squared_cluster_sums(influence, rater, pairings.cluster, n_raters)
    variance = squares * n_clusters / np.maximum(n_clusters - 1, 1)
    n = np.bincount(rater, minlength=n_raters)
    return ClusteredMeans(n, value, np.sqrt(variance), n_clusters - 1)


def _logit_interval(
    means: ClusteredMeans, number: int, confidence: float
) -> tuple[Interval | None, str | None]:
    refusal = means.refusal(number)
    share = float(means.mean[number])
    if refusal is None and not ROUNDING < share < 1 - ROUNDING:
        refusal = f"the share is {share:.0f}: its logit has no value"
    if refusal:
        return None, refusal
    error = means.standard_error[number] / (share * (1 - share))
    reach = error * stdtrit(means.df[number], (1 + confidence) / 2)
    low, high = (float(expit(logit(share) + side * reach)) for side in (-1, 1))
    return Interval(low, high, confidence, method="logit t, units or their clusters drawn"), None


def _put_together(finding: RaterFinding, without: Without) -> LeaveOneOut:
    return LeaveOneOut(**{**asdict(finding), **asdict(without), "interval": finding.interval})
