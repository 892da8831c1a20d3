"""The win rate: how often one source beats another, with ties as half wins and without them."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate, Interval, frame_of
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.ratios import n_distinct, ratio_of_sums
from analysis.intervals.resampling import Method
from analysis.rates.codes import read_codes


@dataclass(frozen=True)
class WinRate:
    """How often one source beats the other, by two ways of counting ties."""

    half_ties: Estimate
    """(wins + ties / 2) / all: 1/2 if neither source is better, however many ties there are."""

    without_ties: Estimate | None
    """wins / (wins + losses); None if every rating is a tie."""

    n_wins: int
    n_losses: int
    n_ties: int

    @property
    def value(self) -> float:
        """The win rate with half ties, 0 to 1."""
        return self.half_ties.value

    @property
    def interval(self) -> Interval | None:
        """That of the win rate with half ties."""
        return self.half_ties.interval

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each way of counting ties; nothing is rounded."""
        both = [one for one in (self.half_ties, self.without_ties) if one is not None]
        return frame_of(both).assign(n_wins=self.n_wins, n_losses=self.n_losses, n_ties=self.n_ties)


def win_rate(
    choices: ArrayLike,
    *,
    win: Hashable,
    loss: Hashable,
    tie: Hashable,
    clusters: ArrayLike,
    seed: int,
    n_resamples: int = 10_000,
    confidence: float = 0.95,
    method: Method = "bca",
    units: ArrayLike | None = None,
    raters: ArrayLike | None = None,
) -> WinRate:
    """Give the share of wins, ties as half wins and ties left out, resampling clusters.

    Parameters
    ----------
    choices : (n_ratings,)
        `win`, `loss` or `tie`: by source, never by the side of the screen.
    clusters : (n_ratings,)
        What is resampled whole: the unit, or the seed that its question comes from. Give the
        raters instead, and the interval speaks of other raters on these units.
    units, raters : (n_ratings,)
        Labels, to count how many there are; without `units` the clusters are counted.

    Raises
    ------
    RatingsError
        If two of the codes are the same, a choice is none of the three, or lists differ in length.
    UndefinedStatisticError
        If there are no ratings.
    """
    points = np.array([1.0, -1.0, 0.0])[read_codes(choices, [win, loss, tie], noun="choice")]
    wins, losses = int((points == 1).sum()), int((points == -1).sum())
    labels = cluster_numbers(clusters, len(points))
    for given in (units, raters):
        n_distinct(given, len(points))

    def share(statistic: str, kept: NDArray[np.bool_]) -> Estimate:
        won = (points[kept] + 1) / 2
        return ratio_of_sums(
            won,
            np.ones(len(won)),
            labels[kept],
            statistic=statistic,
            n_resamples=n_resamples,
            seed=seed,
            confidence=confidence,
            method=method,
            units=None if units is None else np.asarray(units, dtype=object)[kept],
            raters=None if raters is None else np.asarray(raters, dtype=object)[kept],
        )

    half_ties = share("win_rate", np.full(len(points), True))
    without_ties = share("win_rate_without_ties", points != 0) if wins + losses else None
    return WinRate(half_ties, without_ties, wins, losses, len(points) - wins - losses)
