"""The ratings of two groups of raters, side by side."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate, Interval, RatingsError
from analysis.intervals.patterns import cluster_numbers
from analysis.rates.indicators import YesNo
from analysis.ratings import FloatArray


@dataclass(frozen=True, eq=False)
class TwoGroups:
    """Yes-or-no judgments of two groups; each rater is in one of them."""

    names: tuple[Hashable, Hashable]
    both: YesNo
    is_first: NDArray[np.bool_]
    """Of the ratings in `both`."""

    each: tuple[YesNo, YesNo]

    @property
    def difference(self) -> float:
        """First less second rate."""
        return self.each[0].rate - self.each[1].rate

    @property
    def influence(self) -> FloatArray:
        """What each rating in `both` adds to the error of the difference."""
        influence = np.empty(len(self.both))
        influence[self.is_first] = self.each[0].influence
        influence[~self.is_first] = -self.each[1].influence
        return influence

    def estimate(self, interval: Interval | None, **more: Any) -> Estimate:
        """Put the counts of both groups beside the difference."""
        return self.both.estimate("difference of rates", self.difference, interval, **more)


def two_groups(
    ratings: YesNo, groups: ArrayLike, compared: tuple[Hashable, Hashable] | None
) -> TwoGroups:
    """Take the ratings of two groups; without `compared`, of the only two, in ascending order.

    Raises
    ------
    RatingsError
        If labels are missing, a rater is in two groups, or it is not clear which to compare.
    """
    cluster_numbers(groups, len(ratings), noun="group")
    labels = np.asarray(groups, dtype=object)
    known = list(pd.unique(labels))
    names = _in_order(known) if compared is None else tuple(compared)
    if len(names) != 2 or names[0] == names[1] or any(name not in known for name in names):
        raise RatingsError(
            f"groups are {known}: name two of them in `compared`, the first less the second"
        )
    masks = [np.asarray(labels == name, dtype=bool) for name in names]
    first, second = (ratings.take(mask) for mask in masks)
    _check_nested(ratings, *masks)
    either = masks[0] | masks[1]
    return TwoGroups((names[0], names[1]), ratings.take(either), masks[0][either], (first, second))


def _in_order(labels: list[Any]) -> tuple[Any, ...]:
    try:
        return tuple(sorted(labels))
    except TypeError as error:
        raise RatingsError(
            f"groups {labels} have no order: say in `compared` which is the first"
        ) from error


def _check_nested(
    ratings: YesNo, is_first: NDArray[np.bool_], is_second: NDArray[np.bool_]
) -> None:
    strays = np.intersect1d(ratings.raters[is_first], ratings.raters[is_second])
    if len(strays):
        row = int(np.flatnonzero(ratings.raters == strays[0])[0])
        raise RatingsError(
            f"the rater of row {row} (counted from 0) is in both groups: give each rater one group"
        )
