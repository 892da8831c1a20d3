"""Groups of raters compared: how far apart their rates of bias are, and whether raters explain it.

A group is a handful of raters. Whether groups differ, or only the raters who happen to be in them,
is asked by dealing out the labels of the raters anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import HypothesisTest, UndefinedStatisticError
from analysis.groups import adjusted, rate_difference_test
from analysis.rates import difference_of_rates
from analysis.sections.cells import Cell, Counts, Resampling, Undefined
from analysis.sections.ratings import bias_found, counts
from analysis.summaries.ratings import Ratings

PERMUTATIONS = 10_000
NO_SHARED_SET = Undefined("no set was rated by both groups")


class Pair(NamedTuple):
    """Which two groups a row compares, and on what."""

    rubric: str
    dataset: str | None
    """None for all sets that both groups rated."""

    sets: tuple[str, ...]
    first: str
    second: str
    is_all_sets: bool
    """Whether it is about all sets that both groups rated: also true of the only one."""


@dataclass(frozen=True)
class GroupDifferenceRow(Counts):
    """The rate of any bias of two groups, in sets that both rated. Counts are of both together."""

    of: Pair
    first_rate: Cell
    """With a two-way interval, as the second and the difference."""

    second_rate: Cell
    difference: Cell
    """First less second."""

    difference_clustered: Cell
    """The same with an interval by question, for these raters."""

    n_shared_units: int
    """Units that both groups rated."""

    test: HypothesisTest | Undefined
    """Labels of raters dealt out anew."""

    p_adjusted: float | None = None
    """Holm's, over all comparisons of the section that could be tested."""


def group_differences(
    single: list[Ratings], groups: list[str], resampling: Resampling
) -> tuple[GroupDifferenceRow, ...]:
    """Every two groups under every rubric about one answer: all common sets, then each of them."""
    rows = [
        _row(about, of, resampling) for ratings in single for of, about in _pairs(ratings, groups)
    ]
    tested = [row.test.p_value if isinstance(row.test, HypothesisTest) else np.nan for row in rows]
    family = adjusted(np.array(tested), method="holm")
    return tuple(
        replace(row, p_adjusted=None if np.isnan(p) else float(p))
        for row, p in zip(rows, family.adjusted, strict=True)
    )


def _pairs(ratings: Ratings, groups: list[str]) -> Iterator[tuple[Pair, pd.DataFrame]]:
    """Each comparison, with the ratings that it rests on and whether they found bias."""
    about = bias_found(ratings)
    rated = about.groupby("rater_group")["dataset"].agg(set)
    for first, second in combinations([group for group in groups if group in rated], 2):
        common = tuple(sorted(rated[first] & rated[second]))
        of_both = about[about["rater_group"].isin([first, second])]
        for dataset in common if len(common) == 1 else (None, *common):
            sets = common if dataset is None else (dataset,)
            pair = Pair(ratings.rubric.id, dataset, sets, first, second, sets == common)
            yield pair, of_both[of_both["dataset"].isin(sets)]


def _row(about: pd.DataFrame, of: Pair, resampling: Resampling) -> GroupDifferenceRow:
    if about.empty:
        return GroupDifferenceRow(
            **vars(counts(about)),
            of=of,
            first_rate=NO_SHARED_SET,
            second_rate=NO_SHARED_SET,
            difference=NO_SHARED_SET,
            difference_clustered=NO_SHARED_SET,
            n_shared_units=0,
            test=NO_SHARED_SET,
        )

    found = difference_of_rates(
        about["yes"].to_numpy(),
        groups=about["rater_group"].to_numpy(),
        units=about["unit_id"].to_numpy(),
        raters=about["rater_id"].to_numpy(),
        compared=(of.first, of.second),
        clusters=about["cluster"].to_numpy(),
        n_resamples=resampling.n_resamples,
        seed=resampling.seed,
    )
    return GroupDifferenceRow(
        **vars(counts(about)),
        of=of,
        first_rate=found.first,
        second_rate=found.second,
        difference=found.two_way,
        difference_clustered=found.paired,
        n_shared_units=found.n_shared_units,
        test=_test(about, of, resampling.seed),
    )


def _test(about: pd.DataFrame, of: Pair, seed: int) -> HypothesisTest | Undefined:
    try:
        return rate_difference_test(
            about["yes"].to_numpy(),
            raters=about["rater_id"].to_numpy(),
            groups=about["rater_group"].to_numpy(),
            units=about["unit_id"].to_numpy(),
            compared=(of.first, of.second),
            n_permutations=PERMUTATIONS,
            seed=seed,
        ).test
    except UndefinedStatisticError as error:
        return Undefined(str(error))
