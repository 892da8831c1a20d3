"""How an automatic rater errs against people, over all units and in each subgroup."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Interval, RatingsError, UndefinedStatisticError, frame_of
from analysis.intervals.clustered_errors import clustered_error
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.resampling import check_confidence
from analysis.rates.indicators import yes_or_no
from analysis.rates.proportions import wilson
from analysis.rates.two_proportions import newcombe_difference, newcombe_paired_difference
from analysis.ratings import FloatArray, IntArray, check_same_index

Measure = Literal["sensitivity", "specificity", "excess"]
CELLS = ((1, 1), (1, 0), (0, 1), (0, 0))
"""Of the automatic rater and people: both yes, only the one, only the others, neither."""

CLUSTERED = "clusters drawn, cluster-robust"


@dataclass(frozen=True)
class Accuracy:
    """One measure of an automatic rater's errors, over all units or in one subgroup."""

    group: Hashable | None
    """None for all units."""

    measure: Measure
    """`sensitivity`, `specificity`, or `excess`: its rate less that of people."""

    value: float | None
    interval: Interval | None
    n_units: int
    """Units that the measure is about: for sensitivity, those that people marked."""

    undefined: str | None = None
    """Why there is no value."""

    refusal: str | None = None
    """Why there is no interval."""

    difference: float | None = None
    """To all other units; None where either has no value, and for all units."""

    difference_low: float | None = None
    difference_high: float | None = None


@dataclass(frozen=True)
class SensitivitySpecificity:
    """Errors of an automatic rater, taking people's judgments for the truth."""

    rows: tuple[Accuracy, ...]
    sensitivity_counts: tuple[int, int]
    """Units that both marked, of those that people marked: for `rogan_gladen`."""

    specificity_counts: tuple[int, int]
    """Units that neither marked, of those that people left unmarked."""

    def of(self, measure: Measure, group: Hashable | None = None) -> Accuracy:
        """Give one row, or raise `UndefinedStatisticError` where it has no value."""
        for row in self.rows:
            if (row.measure, row.group) == (measure, group):
                if row.undefined:
                    raise UndefinedStatisticError(row.undefined)
                return row
        raise KeyError(f"there is no {measure!r} of group {group!r}")

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each measure and group; nothing is rounded."""
        return frame_of(self.rows)


@dataclass(frozen=True, eq=False)
class About:
    """The units that a measure is about, and what is averaged over them, (n_units,) each."""

    measure: Measure
    values: FloatArray
    among: NDArray[np.bool_]
    truth: FloatArray


def sensitivity_specificity(
    human: ArrayLike,
    automatic: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> SensitivitySpecificity:
    """How often the automatic rater marks what people mark, and leaves what they leave.

    People's judgment is taken for the truth: where people err, or are few, the automatic rater
    looks worse than it is.

    Parameters
    ----------
    human, automatic : (n_units,)
        True or 1 where the unit is marked, for example as biased; one judgment a unit, such as the
        majority of several people.
    groups : (n_units,)
        Subgroup of each unit, such as the set or the patient group that it is about. Each is held
        against all other units: an automatic rater that errs more in one is biased itself.
    clusters : (n_units,)
        What varies together, such as the seed of the question.

    Returns
    -------
    Sensitivity, specificity and excess (its rate less people's), with intervals: Wilson's, for the
    excess Newcombe's of paired rates, for differences between groups Newcombe's (of two excesses:
    t); with clusters t with the cluster-robust error, shares on the logit scale.

    Raises
    ------
    RatingsError
        If lists differ in length or index, or hold anything but yes or no.
    UndefinedStatisticError
        If there are no units.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 857-872, 873-890 and 2635-2650.
    """
    check_confidence(confidence)
    check_same_index(human, automatic)
    truth, found = yes_or_no(human), yes_or_no(automatic)
    if len(truth) != len(found):
        raise RatingsError(f"{len(truth)} judgments by people, {len(found)} by the automatic rater")
    cluster = None if clusters is None else cluster_numbers(clusters, len(truth))
    everything = np.ones(len(truth), dtype=bool)
    about = [
        About("sensitivity", found, truth == 1, truth),
        About("specificity", 1 - found, truth == 0, truth),
        About("excess", found - truth, everything, truth),
    ]
    rows = [_row(one, None, everything, cluster, confidence) for one in about]
    if groups is not None:
        rows += _by_group(about, groups, cluster, confidence)
    counts = [(int(one.values[one.among].sum()), int(one.among.sum())) for one in about[:2]]
    return SensitivitySpecificity(tuple(rows), *counts)


def _by_group(
    about: list[About], groups: ArrayLike, cluster: IntArray | None, confidence: float
) -> Iterator[Accuracy]:
    numbers = cluster_numbers(groups, len(about[0].values), noun="group")
    names = pd.Series(groups, dtype=object).to_numpy()
    for number in range(int(numbers.max()) + 1):
        inside = numbers == number
        for one in about:
            yield _row(one, names[inside.argmax()], inside, cluster, confidence)


def _row(
    about: About,
    group: Hashable | None,
    inside: NDArray[np.bool_],
    cluster: IntArray | None,
    confidence: float,
) -> Accuracy:
    rows, rest = inside & about.among, ~inside & about.among
    values, n = about.values[rows], int(rows.sum())
    if n == 0:
        what = "marked" if about.measure == "sensitivity" else "left unmarked"
        where = "" if group is None else f" of group {group!r}"
        return Accuracy(group, about.measure, None, None, 0, f"people {what} no unit{where}")
    interval, refusal = _interval(about, rows, cluster, confidence)
    difference: tuple[float | None, ...] = (None, None, None)
    if rest.any():
        difference = _difference(about, rows, rest, cluster, confidence)
    value = float(values.mean())
    return Accuracy(group, about.measure, value, interval, n, None, refusal, *difference)


def _interval(
    about: About, rows: NDArray[np.bool_], cluster: IntArray | None, confidence: float
) -> tuple[Interval | None, str | None]:
    values, n = about.values[rows], int(rows.sum())
    if cluster is None:
        return _of_independent_units(about, rows, confidence), None
    mean = float(values.mean())
    error = clustered_error((values - mean) / n, _numbers(cluster, rows))
    if about.measure == "excess":
        return error.interval(mean, confidence, CLUSTERED), error.refusal()
    return error.share_interval(mean, confidence, CLUSTERED), error.share_refusal(mean)


def _of_independent_units(
    about: About, rows: NDArray[np.bool_], confidence: float
) -> Interval | None:
    values = about.values[rows]
    if about.measure != "excess":
        return wilson(int(values.sum()), len(values), confidence=confidence).interval
    truth = about.truth[rows]
    found = values + truth
    cells = [int(((found == one) & (truth == other)).sum()) for one, other in CELLS]
    return newcombe_paired_difference(*cells, confidence=confidence).interval


def _difference(
    about: About,
    rows: NDArray[np.bool_],
    rest: NDArray[np.bool_],
    cluster: IntArray | None,
    confidence: float,
) -> tuple[float | None, ...]:
    """Difference to the rest, and its limits; clusters may have units on both sides."""
    own, others = about.values[rows], about.values[rest]
    difference = float(own.mean() - others.mean())
    if about.measure != "excess" and cluster is None:
        counts = [int(number) for one in (own, others) for number in (one.sum(), len(one))]
        interval = newcombe_difference(*counts, confidence=confidence).interval
    else:
        influence = np.zeros(len(about.values))
        influence[rows] = (own - own.mean()) / len(own)
        influence[rest] = -(others - others.mean()) / len(others)
        both = rows | rest
        error = clustered_error(influence[both], _numbers(cluster, both))
        drawn = "units drawn, cluster-robust" if cluster is None else CLUSTERED
        interval = error.interval(difference, confidence, drawn)
    return (difference, interval.low, interval.high) if interval else (difference, None, None)


def _numbers(cluster: IntArray | None, rows: NDArray[np.bool_]) -> IntArray:
    """Clusters of these rows without a gap; each row its own if there are none."""
    if cluster is None:
        return np.arange(int(rows.sum()))
    _, numbers = np.unique(cluster[rows], return_inverse=True)
    return numbers.astype(np.int64, copy=False)
