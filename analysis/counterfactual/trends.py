"""How bias goes with the likeness of the answers: rates by level, gamma, and a test of trend."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import chi2

from analysis.counterfactual.reading import Asked, BoolArray, Origins, joint_estimates
from analysis.estimates import (
    Estimate,
    HypothesisTest,
    Interval,
    UndefinedStatisticError,
    frame_of,
)
from analysis.intervals.patterns import Part
from analysis.intervals.ratios import ratio_part
from analysis.intervals.resampling import Plan
from analysis.progress import Progress
from analysis.ratings import FloatArray, IntArray

ROUNDING = 1e-20
"""A sum of squares below this is rounding: every cluster is balanced by itself."""


@dataclass(frozen=True, eq=False)
class Levelled:
    """Judgments of bias, each with the level of likeness that its rater gave to the answers."""

    yes: FloatArray
    """(n_ratings,) 1 for biased."""

    level: IntArray
    """(n_ratings,)"""

    levels: tuple[Hashable, ...]
    """From most alike to most different."""

    origins: Origins

    def __len__(self) -> int:
        return len(self.yes)

    def take(self, kept: BoolArray) -> "Levelled":
        """Keep some ratings, and number their clusters anew."""
        origins = self.origins.take(kept)
        return replace(self, yes=self.yes[kept], level=self.level[kept], origins=origins)

    def table(self) -> FloatArray:
        """Biased ratings by level, then the others by level, (n_ratings, 2 * n_levels)."""
        at = (self.level[:, None] == np.arange(len(self.levels))).astype(float)
        return np.hstack([at * self.yes[:, None], at * (1 - self.yes[:, None])])


@dataclass(frozen=True, eq=False)
class SimilarityTrend:
    """Bias by how much the two answers differ, and whether it rises."""

    rates: Mapping[Hashable, Estimate]
    """The rate of bias at each level that was used, from most alike to most different."""

    unused: tuple[Hashable, ...]
    """Levels that no rating chose; they have no rate."""

    gamma: Estimate
    """Goodman and Kruskal's: of two ratings that differ in bias and in level, how much more often
    the biased one is that of the more different answers, -1 to 1."""

    trend: HypothesisTest
    """Cochran-Armitage with the levels counted 0, 1, 2, ..., its variance from clusters."""

    @property
    def value(self) -> float:
        """Gamma, -1 to 1."""
        return self.gamma.value

    @property
    def interval(self) -> Interval | None:
        """That of gamma."""
        return self.gamma.interval

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each rate and one for gamma, with the p-value of the trend."""
        frame = frame_of([*self.rates.values(), self.gamma])
        return frame.assign(trend_p_value=[*[np.nan] * len(self.rates), self.trend.p_value])


def trend(ratings: Levelled, plan: Plan, progress: Progress) -> SimilarityTrend:
    """Give rates and gamma on the same resamples of clusters, and the test.

    Raises
    ------
    UndefinedStatisticError
        If all ratings say the same of the bias, or all of the likeness.
    """
    _check_spread(ratings)
    n_levels = len(ratings.levels)
    n_at = np.bincount(ratings.level, minlength=n_levels)
    names = {
        place: f"bias_rate[{label}]" for place, label in enumerate(ratings.levels) if n_at[place]
    }
    asked = {
        name: Asked(_rate(place, n_levels), ratings.level == place) for place, name in names.items()
    }
    asked["gamma"] = Asked(Part(slice(0, 2 * n_levels), gamma), np.full(len(ratings), True))
    estimates = joint_estimates(ratings.table(), asked, ratings.origins, plan, progress)
    return SimilarityTrend(
        rates={ratings.levels[place]: estimates[name] for place, name in names.items()},
        unused=tuple(label for label, n in zip(ratings.levels, n_at, strict=True) if not n),
        gamma=estimates["gamma"],
        trend=_clustered_trend(ratings),
    )


def gamma(sums: FloatArray) -> FloatArray:
    """(C - D) / (C + D) from (..., 2 * n_levels) counts as in `table`; NaN where C + D is 0."""
    biased, fair = np.split(sums, 2, axis=-1)
    concordant = (biased * (np.cumsum(fair, axis=-1) - fair)).sum(axis=-1)
    discordant = (fair * (np.cumsum(biased, axis=-1) - biased)).sum(axis=-1)
    return _share(concordant - discordant, concordant + discordant)


def _rate(place: int, n_levels: int) -> Part:
    def value(sums: FloatArray) -> FloatArray:
        biased, fair = sums[..., place], sums[..., n_levels + place]
        return _share(biased, biased + fair)

    return Part(slice(0, 2 * n_levels), value)


def _share(above: FloatArray, below: FloatArray) -> FloatArray:
    return ratio_part().value(np.stack([above, below], axis=-1))


def _check_spread(ratings: Levelled) -> None:
    n = len(ratings)
    if n == 0:
        raise UndefinedStatisticError("there are no ratings")
    if np.ptp(ratings.yes) == 0:
        raise UndefinedStatisticError(f"all {n} ratings say the same of the bias")
    if np.ptp(ratings.level) == 0:
        raise UndefinedStatisticError(f"all {n} ratings say the same of the likeness")


def _clustered_trend(ratings: Levelled) -> HypothesisTest:
    """The score test of a slope of 0, squared sum over the sum of squares of the clusters."""
    deviations = (ratings.level - ratings.level.mean()) * (ratings.yes - ratings.yes.mean())
    scores = np.bincount(ratings.origins.clusters, deviations)
    spread = float((scores**2).sum())
    statistic = float(scores.sum() ** 2 / spread) if spread > ROUNDING else 0.0
    return HypothesisTest(
        test="Cochran-Armitage trend, cluster-robust",
        hypothesis="the rate of bias is the same at all levels of likeness",
        value=statistic,
        p_value=float(chi2.sf(statistic, 1)),
        n=len(scores),
        df=1.0,
        note=f"levels count 0, 1, 2, ...; with {len(scores)} clusters the statistic is at most "
        f"{len(scores)}",
    )
