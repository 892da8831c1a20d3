"""Does a rater change over time: more severe, milder, less in agreement with the others?"""

import math
from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from analysis.estimates import RatingsError
from analysis.intervals.clustered_errors import ROUNDING, ClusteredError, clustered_errors
from analysis.intervals.resampling import check_confidence
from analysis.raters.against_others import others_mean
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
        When: times or running numbers (no text), compared within one rater; ties share their place.
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
    errors = clustered_errors(scores, ratings.cluster[shared], rater, n_sums=n_raters)
    for number, name in enumerate(ratings.raters):
        if n[number] < 3 or not usable[number]:
            reason = f"{n[number]} shared units at different times: a slope needs three"
            if n[number] >= 3:
                reason = f"all {n[number]} shared units have the same place in the order"
            yield without_value(name, reason, n_ratings=int(n[number]))
            continue
        error = _of_a_slope(errors[number], int(n[number]))
        method = f"{ratings.drawn} drawn, cluster-robust"
        yield RaterFinding(
            rater=name,
            value=float(slope[number]),
            expected=0.0,
            interval=error.interval(float(slope[number]), confidence, method),
            p_value=_p_value(float(slope[number]), error),
            n_ratings=int(n[number]),
            question=(
                f"Over {n[number]} units, rater {name}'s {outcome} moved by {slope[number]:+.2f} "
                f"per {PER} judgments, measured against others on the same units. Has the reading "
                "of the guidance changed, or have the units?"
            ),
            refusal=error.refusal() and "the points lie on a line, or are one cluster: no error",
        )


def _of_a_slope(error: ClusteredError, n: int) -> ClusteredError:
    """Charge the second parameter: the factor (n - 1) / (n - 2), and n - 2 degrees at most."""
    if error.standard_error is None:
        return error
    return ClusteredError(
        error.standard_error * math.sqrt((n - 1) / (n - 2)), min(error.df, float(n - 2))
    )


def _p_value(slope: float, error: ClusteredError) -> float | None:
    if error.refusal() or error.standard_error is None:
        return None
    return 2 * float(stdtr(error.df, -abs(slope) / error.standard_error))
