"""Jackknife intervals of agreement: by unit, by cluster, by rater, and by units and raters at once.

Resampling raters would draw some of them twice, and everybody agrees with himself. Leaving one out
makes no such pair, and gives intervals that speak of raters like these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from analysis.agreement.weights import Level, Weights
from analysis.estimates import Estimate, RatingsError
from analysis.intervals.asked import Statistics
from analysis.intervals.bca import ROUNDING
from analysis.intervals.blocks import (
    Block,
    LabelledCategories,
    Ratings,
    gathered,
    rated_units,
    read_block,
    values_of,
)
from analysis.intervals.deletion import Deletions, single_ratings, without_units
from analysis.intervals.estimate_sets import EstimateSet
from analysis.intervals.patterns import Part, Patterns
from analysis.intervals.resampling import check_confidence
from analysis.intervals.scales import at_an_end, scale_of, t_interval
from analysis.intervals.two_way import two_way_total
from analysis.progress import Progress, silent
from analysis.ratings import FloatArray, IntArray

LeaveOut = Literal["units", "clusters", "raters", "two_way"]

FEWEST = 3
"""With two units or raters, leaving one out leaves nothing to compare."""


def jackknife(
    ratings: Ratings,
    statistics: Statistics,
    *,
    leave_out: LeaveOut = "units",
    level: Level | None = None,
    categories: LabelledCategories | None = None,
    weights: Weights = "identity",
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> EstimateSet:
    """Estimate agreement with intervals, by leaving out one unit, cluster or rater after another.

    Exact, without chance. The t interval is made on Fisher's z for coefficients, on the logit for
    shares, and taken back.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing; or labels, None for missing.
    statistics, level, categories, weights
        See `bootstrap`.
    leave_out
        Which population the interval speaks of: `units` for these raters on units like these,
        `raters` for raters like these on these very units, `two_way` for raters like these on units
        like these. `clusters` says that units are left out by cluster.
    clusters : (n_units,)
        Labels of what is left out instead of units, such as the seed that questions come from.

    Returns
    -------
    Estimates by name, each with its standard error. One without a value raises
    `UndefinedStatisticError` when asked for. One has no interval but a `refusal` if there are fewer
    than three units, clusters or raters, if there is no value without one of them, if the value is
    at an end of its scale, or if fewer than 10 units vary, see `intervals.variation`.

    Raises
    ------
    RatingsError
        If table, codes, clusters, names or numbers cannot be what was meant.

    References
    ----------
    Efron and Stein (1981), Annals of Statistics 9(3), 586-596; for two ways Cameron, Gelbach and
    Miller (2011), Journal of Business & Economic Statistics 29(2), 238-249.
    """
    check_confidence(confidence)
    _check_what_is_left_out(leave_out, clusters)
    block = read_block(
        ratings,
        statistics,
        level=level,
        categories=categories,
        weights=weights,
        clusters=clusters,
    )
    if not len(rated_units([block])):
        return EstimateSet({}, block.undefined(dict.fromkeys(block.chosen, np.nan)))

    patterns, (parts,) = gathered([block])
    values = values_of(patterns.total(), parts)
    undefined = block.undefined(values)
    defined = {name: part for name, part in parts.items() if name not in undefined}
    ways = _ways(leave_out, block, patterns, defined, progress)
    estimates = {
        name: _estimate(block, name, values[name], [way[row] for way in ways], confidence)
        for row, name in enumerate(defined)
    }
    return EstimateSet(estimates, undefined)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """One statistic, with each thing of one kind left out."""

    noun: str
    values: FloatArray
    """(n_things,), NaN where there is none."""

    times: IntArray
    """How many things are alike, (n_things,)."""

    columns: IntArray | None = None
    """Of the raters, if it is raters who are left out."""

    @property
    def n(self) -> int:
        """How many were left out, one at a time."""
        return int(self.times.sum())

    def variance(self) -> float:
        """Tukey's: (n - 1) / n times the sum of squares about the mean."""
        centred = self.values - np.average(self.values, weights=self.times)
        return float((self.n - 1) / self.n * (self.times * np.square(centred)).sum())

    def refusal(self) -> str | None:
        """Why the variance would be none; None where it is one."""
        if self.n < FEWEST:
            return f"there are {self.n} {self.noun}: leaving out one takes {FEWEST} at least"
        lacking = np.isnan(self.values)
        if not lacking.any():
            return None
        if self.columns is None:
            return f"without one of the {self.noun} there is no value"
        column = self.columns[lacking.argmax()]
        return f"without the rater in column {column} (counted from 0) there is no value"


def _ways(
    leave_out: LeaveOut,
    block: Block,
    patterns: Patterns,
    parts: Mapping[str, Part],
    progress: Progress,
) -> list[list[LeftOut]]:
    """Leave out what was asked for; for two ways units, raters and ratings, in this order."""
    found = []
    deletions: dict[str, Deletions] = {}
    if leave_out != "raters":
        deletions[block.drawn] = without_units(patterns)
    if leave_out in ("raters", "two_way"):
        ratings = single_ratings(block)
        deletions["raters"] = ratings.without_raters()
    if leave_out == "two_way":
        deletions["ratings"] = ratings.without_cells(block.clusters)

    for done, (left_out, one) in enumerate(deletions.items()):
        progress(done, len(deletions))
        values = one.values(patterns.total(), list(parts.values()))
        found.append([LeftOut(left_out, row, one.times, one.columns) for row in values])
    progress(len(deletions), len(deletions))
    return found


def _estimate(
    block: Block, name: str, value: float, ways: list[LeftOut], confidence: float
) -> Estimate:
    by = " and ".join(way.noun for way in ways[:2])
    scale = scale_of(name)
    reasons = [way.refusal() for way in ways]
    error = None if any(reasons) else _standard_error(ways)
    if error is not None and error <= ROUNDING:
        error, reasons = None, [f"leaving out {by} changes nothing"]
    reasons += [at_an_end(value, scale), block.little_variation(name)]
    refusal = "; ".join(reason for reason in reasons if reason) or None
    interval = None
    if error is not None and refusal is None:
        interval = t_interval(
            value,
            error,
            df=min(way.n for way in ways) - 1,
            scale=scale,
            confidence=confidence,
            method=f"jackknife by {by}",
        )
    return Estimate(
        name, value, interval, **block.counts(name), refusal=refusal, standard_error=error
    )


def _standard_error(ways: list[LeftOut]) -> float:
    variances = [way.variance() for way in ways]
    if len(ways) == 1:
        return float(np.sqrt(variances[0]))
    units, raters, cells = variances
    two_way = two_way_total(units, raters, cells, n_units=ways[0].n, n_raters=ways[1].n)
    return two_way.standard_error


def _check_what_is_left_out(leave_out: LeaveOut, clusters: ArrayLike | None) -> None:
    if leave_out not in get_args(LeaveOut):
        raise RatingsError(f"leave_out {leave_out!r} is not among {list(get_args(LeaveOut))}")
    if leave_out == "clusters" and clusters is None:
        raise RatingsError("leave_out='clusters' needs `clusters`: one label for each unit")
