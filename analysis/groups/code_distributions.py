"""Two groups' distributions of codes compared by any distance: value, interval, test."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import Estimate, HypothesisTest, Interval, RatingsError
from analysis.groups.comparisons import NullQuantiles, null_quantiles
from analysis.groups.distances import Distance, shares_of
from analysis.groups.grouped_ratings import GroupedRatings, read_grouped
from analysis.groups.reading import cell_sums
from analysis.groups.relabelling import Null, Relabelling, permuted
from analysis.intervals.patterns import Part, patterns_of
from analysis.intervals.resampling import Plan, replicates, resampled_interval
from analysis.progress import Progress
from analysis.ratings import Categories, FloatArray, IntArray, read_units


@dataclass(frozen=True, eq=False)
class DistributionComparison:
    """The distance of two groups' distributions, and what it is by chance."""

    groups: tuple[Hashable, Hashable]
    categories: tuple[Hashable, ...]
    shares: FloatArray
    """(2, n_categories), of each group's ratings"""

    distance: Estimate
    """Biased upwards where the groups are alike, and so is its interval, which resamples units."""

    test: HypothesisTest | None
    """One-sided: a distance has one direction. None where `not_tested` says why."""

    null: NullQuantiles | None
    not_tested: str | None
    """Why labels must not be dealt out anew: raters of one group gave many more ratings."""

    @property
    def value(self) -> float:
        """The distance."""
        return self.distance.value

    @property
    def interval(self) -> Interval | None:
        """The interval of the distance; None with a refusal in `distance`."""
        return self.distance.interval

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        names = pd.DataFrame([{"first_group": self.groups[0], "second_group": self.groups[1]}])
        row = self.distance.to_frame().assign(not_tested=self.not_tested)
        parts = {"test_": self.test, "null_": self.null}
        more = [one.to_frame().add_prefix(prefix) for prefix, one in parts.items() if one]
        return pd.concat([names, row, *more], axis=1)

    def shares_frame(self) -> pd.DataFrame:
        """One row for each code, one column for each group."""
        return pd.DataFrame(
            self.shares.T,
            index=pd.Index(self.categories, name="code"),
            columns=pd.Index(self.groups, name="group"),
        )


@dataclass(frozen=True, eq=False)
class Coded:
    """The codes of two groups' ratings."""

    ratings: GroupedRatings
    codes: IntArray
    """(n_ratings,), index into the categories"""

    categories: tuple[Hashable, ...]
    has_raters: bool
    """Else each rating counts as a rater of its own."""

    def counts(self, rows: IntArray, n_rows: int) -> FloatArray:
        """Count the codes by something, (n_rows, n_categories)."""
        return cell_sums(rows, self.codes, (n_rows, len(self.categories)))


def read_coded(
    codes: ArrayLike,
    groups: ArrayLike,
    units: ArrayLike,
    raters: ArrayLike | None,
    strata: ArrayLike | None,
    categories: Categories,
    compared: tuple[Hashable, Hashable] | None,
) -> Coded:
    """Check codes and labels; without raters, labels stay within their units.

    Raises
    ------
    RatingsError
        If a code is missing or unknown, or labels cannot be what was meant.
    """
    column = pd.Series(list(np.asarray(codes, dtype=object)), dtype=object)
    coded = read_units(column.to_numpy()[:, None], categories)
    if (coded.per_unit == 0).any():
        row = int((coded.per_unit == 0).argmax())
        raise RatingsError(f"row {row} (counted from 0) has no code: leave out what was not rated")
    if raters is None and strata is not None:
        raise RatingsError("`strata` say among which raters labels change places: give `raters`")
    ratings = read_grouped(
        len(column),
        groups=groups,
        raters=np.arange(len(column)) if raters is None else raters,
        units=units,
        strata=units if raters is None else strata,
        compared=compared,
    )
    return Coded(ratings, coded.codes[ratings.kept, 0], coded.categories, raters is not None)


def compared_distributions(
    name: str,
    distance: Distance,
    coded: Coded,
    plan: Plan,
    n_permutations: int,
    progress: Progress,
) -> DistributionComparison:
    """Give the distance of two groups' distributions, resample units, and relabel raters."""
    shares = shares_of(coded.counts(coded.ratings.side, 2))
    value = float(distance(*shares))
    relabelling = coded.ratings.relabelling()
    notes, not_tested = _design(coded, relabelling, plan.seed)
    null = None
    if not_tested is None:
        null = _null(distance, coded, relabelling, n_permutations, plan.seed, progress)
    return DistributionComparison(
        groups=coded.ratings.names,
        categories=coded.categories,
        shares=np.stack(shares),
        distance=_with_interval(name, value, distance, coded, plan),
        test=None if null is None else _test(value, coded, null, notes),
        null=None if null is None else null_quantiles(null),
        not_tested=not_tested,
    )


def _design(coded: Coded, relabelling: Relabelling, seed: int) -> tuple[list[str], str | None]:
    """Say what a reader must know of who rated what, and why there is no test, if so."""
    ratings = coded.ratings
    if not coded.has_raters:
        note = "raters not given: each rating taken as a rater of its own"
        return [*ratings.left_out(), note], None
    notes = ratings.design_notes(relabelling, seed=seed)
    return notes, ratings.unequal_work(relabelling, seed=seed)


def _test(value: float, coded: Coded, null: Null, notes: list[str]) -> HypothesisTest:
    how = "over raters" if coded.has_raters else "within units"
    return HypothesisTest(
        test=f"permutation of labels {how} ({null.kind}), one-sided",
        hypothesis="a rating's group has nothing to do with its code",
        value=value,
        p_value=float(null.p_upper(value)),
        n=len(coded.ratings.raters),
        note="; ".join(notes) or None,
    )


def _null(
    distance: Distance,
    coded: Coded,
    relabelling: Relabelling,
    n_permutations: int,
    seed: int,
    progress: Progress,
) -> Null:
    ratings = coded.ratings
    of_rater = coded.counts(ratings.raters.codes, len(ratings.raters))
    everyone = of_rater.sum(axis=0)

    def statistic(labels: IntArray) -> FloatArray:
        first = (labels == 0).astype(float) @ of_rater
        return distance(*shares_of(np.stack([first, everyone - first], axis=-2)))

    return permuted(
        relabelling,
        statistic,
        n_permutations=n_permutations,
        seed=seed,
        numbers_each=len(of_rater) + 8 * of_rater.shape[1],
        progress=progress,
    )


def _with_interval(
    name: str, value: float, distance: Distance, coded: Coded, plan: Plan
) -> Estimate:
    """Resample units whole, both groups' ratings of a unit together."""
    units, side = coded.ratings.units, coded.ratings.side
    assert units is not None
    n_columns = 2 * len(coded.categories)
    of_unit = coded.counts(2 * units.codes + side, 2 * len(units)).reshape(len(units), n_columns)

    def value_of(sums: FloatArray) -> FloatArray:
        return distance(*shares_of(sums.reshape(*sums.shape[:-1], 2, -1)))

    patterns, part = patterns_of(of_unit), Part(slice(0, n_columns), value_of)
    (replicated,) = replicates(patterns, [part], plan)
    resampled = resampled_interval(replicated, patterns, part, plan)
    return resampled.estimate(
        name,
        value,
        n_units=len(units),
        n_raters=len(coded.ratings.raters) if coded.has_raters else 0,
        n_ratings=len(side),
    )
