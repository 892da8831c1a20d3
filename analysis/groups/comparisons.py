"""What a comparison of two groups returns."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.estimates import Estimate, HypothesisTest, Interval, frame_of
from analysis.groups.relabelling import Null

NULL_QUANTILES = (0.025, 0.5, 0.975)


@dataclass(frozen=True)
class NullQuantiles:
    """Where the test statistic lies if labels have nothing to do with the ratings."""

    low: float
    """2.5 % of the relabellings lie below."""

    median: float
    """Not 0 if the statistic is biased for small groups or cannot be negative."""

    high: float
    """2.5 % of the relabellings lie above."""

    n_relabellings: int
    is_exact: bool
    """Whether these are all relabellings there are, the actual one among them."""

    undefined_share: float
    """Share of relabellings in which the statistic has no value, 0 to 1; each counts as extreme."""

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


@dataclass(frozen=True)
class GroupComparison:
    """The same statistic of two groups of raters, and whether their labels explain the difference.

    The interval and the test speak of raters like these.
    """

    groups: tuple[Hashable, Hashable]
    first: Estimate
    second: Estimate
    difference: Estimate
    """First minus second."""

    test: HypothesisTest
    null: NullQuantiles

    @property
    def value(self) -> float:
        """The difference, first minus second."""
        return self.difference.value

    @property
    def interval(self) -> Interval | None:
        """The interval of the difference; None with a refusal in `difference`."""
        return self.difference.interval

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        row = frame_of([self]).drop(columns=["groups", "null"])
        names = {"first_group": self.groups[0], "second_group": self.groups[1]}
        null = self.null.to_frame().add_prefix("null_")
        return pd.concat([pd.DataFrame([names]), row, null], axis=1)


def null_quantiles(null: Null) -> NullQuantiles:
    """Sum up the relabellings of one statistic."""
    low, median, high = (float(null.quantile(share)) for share in NULL_QUANTILES)
    return NullQuantiles(
        low, median, high, len(null), null.is_exact, float(np.mean(null.undefined_share))
    )


def relabelling_test(
    what: str,
    observed: float,
    null: Null,
    *,
    is_studentised: bool,
    n_raters: int,
    notes: list[str],
) -> HypothesisTest:
    """Word the two-sided test of a difference between two groups of raters."""
    tested = "|difference| over its error" if is_studentised else "|difference|"
    undefined = float(np.mean(null.undefined_share))
    if undefined:
        notes = [*notes, f"{undefined:.1%} of relabellings have no value and count as extreme"]
    return HypothesisTest(
        test=f"permutation of labels over raters ({null.kind}), two-sided by {tested}",
        hypothesis=f"a rater's group has nothing to do with the rater's ratings: {what}",
        value=observed,
        p_value=float(null.p_absolute(observed)),
        n=n_raters,
        note="; ".join(notes) or None,
    )
