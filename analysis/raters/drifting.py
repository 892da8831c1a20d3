"""Does a rater change over time: more severe, milder, less in agreement with the others?"""

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from analysis.estimates import Interval, RatingsError
from analysis.intervals.resampling import check_confidence
from analysis.raters.against_others import ROUNDING, others_mean, squared_cluster_sums
from analysis.raters.findings import RaterCheck, RaterFinding, without_value
from analysis.raters.reading import LongRatings, read_long, read_order
from analysis.ratings import FloatArray, IntArray

Outcome = Literal["severity", "agreement"]
PER = 10
"""Slopes are per so many judgments of the rater."""


def drift(
    values: ArrayLike,
    *,
    units: ArrayLike,
    raters: ArrayLike,
    order: ArrayLike,
    outcome: Outcome = "severity",
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> RaterCheck[RaterFinding]:
    """How each rater's distance to the others changes from the first judgment to the last.

    As the others rated the same units, a series of harder questions is not taken for drift. Nor
    can drift that all raters share be seen.

    Parameters
    ----------
    values : (n_ratings,)
        True or 1 where the rating says yes; or scores.
    units, raters : (n_ratings,)
        Labels.
    order : (n_ratings,)
        When: times or running numbers, compared within one rater; ties share their place.
    outcome
        `severity`: the rating less the mean of the others; `agreement`: the share of the others
        with the same value.
    clusters : (n_ratings,)
        What varies together, such as the seed of the question; else the unit.

    Returns
    -------
    One finding for each rater
        `value` is the slope of the outcome per 10 judgments, `expected` is 0. Interval and p-value
        are of least squares with the cluster-robust error and t with n - 2 degrees of freedom.

    Raises
    ------
    RatingsError
        If lists differ in length, or hold what is no finite number, label or time.
    UndefinedStatisticError
        If there are no ratings.

    References
    ----------
    Liang and Zeger (1986), Biometrika 73, 13-22, for the error.
    """
    check_confidence(confidence)
    if outcome not in get_args(Outcome):
        raise RatingsError(f"outcome {outcome!r} is not among {list(get_args(Outcome))}")
    ratings = read_long(values, units=units, raters=raters, clusters=clusters)
    place = _places(order, ratings.rater)
    y = _deviation(ratings) if outcome == "severity" else _agreement(ratings)
    findings = tuple(_slopes(ratings, place / PER, y, outcome, confidence))
    value_is = f"change of {outcome} per {PER} judgments"
    return RaterCheck(f"{outcome}_drift", value_is, "t, cluster-robust, two-sided", findings)


def _places(order: ArrayLike, rater: IntArray) -> FloatArray:
    """Place of each judgment among those of its rater, from 1, ties at their mean."""
    ranks = read_order(order, len(rater)).groupby(rater).rank()
    return ranks.to_numpy(dtype=float)


def _deviation(ratings: LongRatings) -> FloatArray:
    return ratings.values - others_mean(ratings.values, ratings.unit)


def _agreement(ratings: LongRatings) -> FloatArray:
    """Share of the others with the same value, NaN where there is none."""
    _, value = np.unique(ratings.values, return_inverse=True)
    n_values = int(value.max()) + 1
    _, cell, n_same = np.unique(
        ratings.unit * n_values + value, return_inverse=True, return_counts=True
    )
    n_others = ratings.per_unit() - 1
    out: FloatArray = np.full(len(value), np.nan)
    np.divide(n_same[cell] - 1, n_others, out=out, where=n_others > 0)
    return out


def _slopes(
    ratings: LongRatings, x: FloatArray, y: FloatArray, outcome: Outcome, confidence: float
) -> Iterator[RaterFinding]:
    shared, n_raters = ratings.shared(), len(ratings.raters)
    x, y, rater = x[shared], y[shared], ratings.rater[shared]
    n = np.bincount(rater, minlength=n_raters)
    x = x - (np.bincount(rater, x, n_raters) / np.maximum(n, 1))[rater]
    y = y - (np.bincount(rater, y, n_raters) / np.maximum(n, 1))[rater]
    leverage = np.bincount(rater, x * x, n_raters)
    usable = leverage > ROUNDING
    slope = np.divide(
        np.bincount(rater, x * y, n_raters), leverage, out=np.zeros(n_raters), where=usable
    )
    scores = x * (y - slope[rater] * x) / np.where(usable, leverage, 1)[rater]
    n_clusters, squares = squared_cluster_sums(scores, rater, ratings.cluster[shared], n_raters)
    for number, name in enumerate(ratings.raters):
        if n[number] < 3 or not usable[number]:
            yield without_value(
                name,
                f"{n[number]} shared units at different times: a slope needs three",
                n_ratings=int(n[number]),
            )
            continue
        df = int(min(n[number] - 2, n_clusters[number] - 1))
        # The small-sample factor of regression: G / (G - 1) clusters, (n - 1) / (n - 2) ratings.
        factor = n_clusters[number] / max(n_clusters[number] - 1, 1)
        factor *= (n[number] - 1) / (n[number] - 2)
        error = float(np.sqrt(squares[number] * factor))
        yield _finding(name, float(slope[number]), error, df, int(n[number]), outcome, confidence)


def _finding(
    name: object, slope: float, error: float, df: int, n: int, outcome: Outcome, confidence: float
) -> RaterFinding:
    has_error = error > ROUNDING and df >= 1
    interval = None
    if has_error:
        reach = error * float(stdtrit(df, (1 + confidence) / 2))
        method = "cluster-robust t, units or their clusters drawn"
        interval = Interval(slope - reach, slope + reach, confidence, method=method)
    return RaterFinding(
        rater=name,
        value=slope,
        expected=0.0,
        interval=interval,
        p_value=2 * float(stdtr(df, -abs(slope) / error)) if has_error else None,
        n_ratings=n,
        question=(
            f"Over {n} units, rater {name}'s {outcome} moved by {slope:+.2f} per {PER} judgments, "
            "measured against others on the same units. Did the reading of the guidance change, "
            "or is it weariness?"
        ),
        refusal=None if has_error else "the points lie on a line, or are one cluster: no error",
    )
