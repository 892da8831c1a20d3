"""How far each rater agrees with the rest, and what the coefficient would be without this rater."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import lcm

import numpy as np
from numpy.typing import ArrayLike

from analysis.agreement.coefficients import Statistic, coefficient
from analysis.agreement.weights import Level, Weights
from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.intervals.clustered_errors import clustered_errors
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.resampling import check_confidence
from analysis.progress import Progress, silent
from analysis.raters.against_others import RaterMeans, rater_means
from analysis.raters.dealing import dealt_at_random
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
    method: str
    """How the intervals of shares are made, in words."""


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
    each = without_each_rater(units, chosen, clusters=cluster, confidence=confidence)
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
) -> tuple[Units, tuple[Hashable, ...], IntArray | None]:
    units = read_units(ratings, categories)
    n_raters = units.codes.shape[1]
    names = tuple(range(n_raters)) if raters is None else tuple(raters)
    if len(names) != n_raters or len(set(names)) < n_raters:
        raise RatingsError(f"{len(names)} rater labels for {n_raters} columns: give each its own")
    return units, names, None if clusters is None else cluster_numbers(clusters, len(units))


def _pairings(units: Units, cluster: IntArray | None) -> Pairings:
    unit, rater = np.nonzero((units.codes != MISSING) & (units.per_unit >= 2)[:, None])
    code = units.codes[unit, rater]
    n_alike = units.counts[unit, code] - 1
    drawn, method = (unit, "units") if cluster is None else (cluster[unit], "clusters")
    n_partners = units.per_unit[unit] - 1
    method = f"{method} drawn, cluster-robust"
    return Pairings(unit, rater, code, n_partners, n_alike, drawn, method)


def _with_rest(
    pairings: Pairings, names: tuple[Hashable, ...], confidence: float
) -> Iterator[RaterFinding]:
    unit, rater = pairings.unit, pairings.rater
    share = pairings.n_alike / pairings.n_partners
    means = rater_means(share, rater, pairings.cluster, len(names))
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
        error = means.errors[number]
        yield RaterFinding(
            rater=name,
            value=value,
            expected=usual,
            interval=error.share_interval(value, confidence, pairings.method),
            p_value=float(p_values[number]),
            n_ratings=n,
            question=(
                f"On {n} units, {value:.0%} of the others agreed with rater {name}, where raters "
                f"of these units agree with {usual:.0%} of the others on average. What does this "
                "rater go by that the others do not, or the other way round?"
            ),
            refusal=error.share_refusal(value),
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
    unit, rater = pairings.unit, pairings.rater
    in_unit = [np.bincount(unit, one)[unit].astype(float) for one in (above, below)]
    expected = _quotient(in_unit[0], in_unit[1], rater, len(names))
    is_chosen = np.bincount(rater, below, len(names)) > 0
    for number, name in enumerate(names):
        n = int(ratios.n[number])
        if not is_chosen[number]:
            reason = f"in none of the {n} shared units did this rater or another choose it"
            yield without_value(name, reason if n else ALONE, n_ratings=n)
            continue
        value, usual = float(ratios.mean[number]), float(expected[number])
        error = ratios.errors[number]
        yield RaterFinding(
            rater=name,
            value=value,
            expected=usual,
            interval=error.share_interval(value, confidence, pairings.method),
            p_value=None,
            n_ratings=n,
            question=(
                f"Where rater {name} or another chose {category!r}, they agreed in {value:.0%}, "
                f"raters of these units in {usual:.0%}. Does the code mean the same to all?"
            ),
            refusal=error.share_refusal(value),
        )


def _ratios(above: FloatArray, below: FloatArray, pairings: Pairings, n_raters: int) -> RaterMeans:
    """For each rater, one sum over another, with the linearised error; 0 over 0 is 0."""
    rater = pairings.rater
    value = _quotient(above, below, rater, n_raters)
    total = np.bincount(rater, below, n_raters)[rater]
    influence = (above - value[rater] * below) / np.where(total > 0, total, 1.0)
    errors = clustered_errors(influence, pairings.cluster, rater, n_sums=n_raters)
    return RaterMeans(np.bincount(rater, minlength=n_raters), value, errors)


def _quotient(above: FloatArray, below: FloatArray, rater: IntArray, n_raters: int) -> FloatArray:
    total = np.bincount(rater, below, n_raters)
    return np.bincount(rater, above, n_raters) / np.where(total > 0, total, 1.0)


def _put_together(finding: RaterFinding, without: Without) -> LeaveOneOut:
    return LeaveOneOut(**{**asdict(finding), **asdict(without), "interval": finding.interval})
