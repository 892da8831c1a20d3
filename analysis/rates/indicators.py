"""Yes-or-no judgments as numbers, read in one place so that bad input fails with its row."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate, Interval, RatingsError, UndefinedStatisticError
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.ratios import finite_numbers
from analysis.ratings import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class YesNo:
    """Judgments with who gave them on what, each (n_ratings,), labels as numbers."""

    values: FloatArray
    """1 for yes, 0 for no."""

    units: IntArray
    raters: IntArray
    drawn: IntArray
    """What is drawn anew in place of the unit: its cluster, or the unit itself."""

    noun: Literal["units", "clusters"]
    """What `drawn` are."""

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.bool_]) -> "YesNo":
        """Keep some of the ratings."""
        return replace(
            self,
            values=self.values[rows],
            units=self.units[rows],
            raters=self.raters[rows],
            drawn=self.drawn[rows],
        )

    @property
    def rate(self) -> float:
        """The share that says yes."""
        return float(self.values.mean())

    @property
    def influence(self) -> FloatArray:
        """What each rating adds to the error of the rate: (x - p) / n."""
        return (self.values - self.rate) / len(self)

    @property
    def n_units(self) -> int:
        """Units with a rating."""
        return len(np.unique(self.units))

    @property
    def n_raters(self) -> int:
        """Raters with a rating."""
        return len(np.unique(self.raters))

    @property
    def n_drawn(self) -> int:
        """Clusters, or units, with a rating."""
        return len(np.unique(self.drawn))

    def all_alike(self) -> str | None:
        """Say so where every judgment is the same: there is no spread to learn from then."""
        if 0 < self.rate < 1:
            return None
        return f"all {len(self)} ratings say {'yes' if self.rate else 'no'}"

    def estimate(
        self,
        statistic: str,
        value: float,
        interval: Interval | None,
        *,
        refusal: str | None = None,
        standard_error: float | None = None,
    ) -> Estimate:
        """Put the counts beside a value."""
        return Estimate(
            statistic,
            value,
            interval,
            n_units=self.n_units,
            n_raters=self.n_raters,
            n_ratings=len(self),
            refusal=refusal,
            standard_error=standard_error,
        )


def read_yes_no(
    indicator: ArrayLike,
    *,
    units: ArrayLike,
    raters: ArrayLike,
    clusters: ArrayLike | None = None,
) -> YesNo:
    """Check judgments and their labels, and number the labels.

    Raises
    ------
    RatingsError
        If a judgment is neither yes nor no, a label is missing, or lists differ in length.
    UndefinedStatisticError
        If there are no ratings.
    """
    values = yes_or_no(indicator)
    unit = cluster_numbers(units, len(values), noun="unit")
    rater = cluster_numbers(raters, len(values), noun="rater")
    if clusters is None:
        return YesNo(values, unit, rater, unit, "units")
    return YesNo(values, unit, rater, cluster_numbers(clusters, len(values)), "clusters")


def yes_or_no(indicator: ArrayLike) -> FloatArray:
    """Check that there is a 1 or a 0 for each rating, (n_ratings,).

    Raises
    ------
    RatingsError
        If one of them is neither.
    UndefinedStatisticError
        If there are no ratings.
    """
    values = finite_numbers(indicator)
    strange = (values != 0) & (values != 1)
    if strange.any():
        row = int(strange.argmax())
        raise RatingsError(
            f"row {row} (counted from 0) is {values[row]}: neither yes (1) nor no (0)"
        )
    if len(values) == 0:
        raise UndefinedStatisticError("there are no ratings")
    return values
