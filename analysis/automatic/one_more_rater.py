"""Agreement among people, and with an automatic rater as one more rater among them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.agreement.coefficients import Coefficient, Statistic, coefficient
from analysis.agreement.weights import Level, Weights
from analysis.automatic.alignment import read_both
from analysis.estimates import Estimate, Interval, UndefinedStatisticError, frame_of
from analysis.intervals.patterns import (
    Part,
    Patterns,
    cluster_numbers,
    cluster_sums,
    distinct_rows,
    patterns_of,
)
from analysis.intervals.resampling import Method, Plan, replicates, resampled_interval
from analysis.progress import Progress, silent
from analysis.ratings import MISSING, Categories, FloatArray, IntArray, Units


@dataclass(frozen=True)
class OneMoreRater:
    """A coefficient without and with the automatic rater, on the same units."""

    people: Estimate
    with_automatic: Estimate
    difference: Estimate
    """With the automatic rater less without: below 0 where it agrees less than people do."""

    n_left_out: int
    """Units with fewer than two people, or without the automatic rater's code."""

    @property
    def value(self) -> float:
        """The difference."""
        return self.difference.value

    @property
    def interval(self) -> Interval | None:
        """Of the difference."""
        return self.difference.interval

    def to_frame(self) -> pd.DataFrame:
        """Give three rows; nothing is rounded."""
        return frame_of([self.people, self.with_automatic, self.difference])


def agreement_with_automatic(
    human: ArrayLike,
    automatic: ArrayLike,
    *,
    seed: int,
    statistic: Statistic = "krippendorff_alpha",
    level: Level | None = None,
    categories: Categories | None = None,
    weights: Weights = "identity",
    clusters: ArrayLike | None = None,
    n_resamples: int = 10_000,
    method: Method = "bca",
    confidence: float = 0.95,
    progress: Progress = silent,
) -> OneMoreRater:
    """Compare agreement among people with agreement when the automatic rater joins them.

    Only units with two people or more and the automatic rater's code count, for both.

    Parameters
    ----------
    human : (n_units, n_raters)
        NaN or None for missing.
    automatic : (n_units,)
        In the same codes.
    statistic, level, categories, weights, clusters, method
        As in `bootstrap`.

    Raises
    ------
    RatingsError
        If ratings, codes, lengths or numbers cannot be what was meant.
    UndefinedStatisticError
        If the coefficient has no value, with the automatic rater or without.
    """
    units, model = read_both(human, automatic, categories)
    plan = Plan(n_resamples, seed, method, confidence, "units" if clusters is None else "clusters")
    used = (units.per_unit >= 2) & (model != MISSING)
    numbers = None if clusters is None else cluster_numbers(clusters, len(units))[used]
    people = units.take(used)
    everybody = _joined(people, model[used])
    both = [
        (one, coefficient(statistic, one, level=level, weights=weights))
        for one in (people, everybody)
    ]
    for one, chosen in both:
        if not len(one) or np.isnan(chosen.value(chosen.per_unit(one).sum(axis=0))):
            raise UndefinedStatisticError(chosen.reason(one))
    patterns, parts = _patterns(both, numbers)
    drawn = replicates(patterns, list(parts.values()), plan, progress)
    without, with_automatic, difference = (
        resampled_interval(replicated, patterns, part, plan).estimate(
            name,
            float(part.of(patterns.total())),
            n_units=len(one),
            n_raters=one.n_raters(),
            n_ratings=int(one.per_unit.sum()),
        )
        for replicated, (name, part), one in zip(
            drawn, parts.items(), (people, everybody, everybody), strict=True
        )
    )
    return OneMoreRater(without, with_automatic, difference, int((~used).sum()))


def _joined(people: Units, model: IntArray) -> Units:
    """The automatic rater as one more column."""
    counts = people.counts.copy()
    counts[np.arange(len(people)), model] += 1
    codes = np.column_stack([people.codes, model])
    return Units(codes, counts, people.categories, people.is_declared, people.is_ranked)


def _patterns(
    both: list[tuple[Units, Coefficient]], clusters: IntArray | None
) -> tuple[Patterns, dict[str, Part]]:
    """What units (or clusters) contribute without and with the automatic rater."""
    (people, chosen), (everybody, chosen_too) = both
    table = everybody.codes if chosen.needs_raters else np.hstack([people.counts, everybody.counts])
    first, pattern, frequency = distinct_rows(table)
    left = chosen.per_unit(people.take(first))
    right = chosen_too.per_unit(everybody.take(first))
    sums, n_left = np.hstack([left, right]), left.shape[1]
    whole = slice(0, sums.shape[1])

    def difference(sums: FloatArray) -> FloatArray:
        return chosen_too.value(sums[..., n_left:]) - chosen.value(sums[..., :n_left])

    parts = {
        f"{chosen.name}, people": Part(slice(0, n_left), chosen.value),
        f"{chosen.name}, with the automatic rater": Part(
            slice(n_left, sums.shape[1]), chosen_too.value
        ),
        f"{chosen.name}, difference": Part(whole, difference),
    }
    if clusters is None:
        return Patterns(sums, frequency), parts
    _, numbers = np.unique(clusters, return_inverse=True)
    return patterns_of(cluster_sums(sums, pattern, numbers)), parts
