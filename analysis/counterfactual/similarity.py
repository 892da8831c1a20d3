"""Do answers that differ more draw more reports of bias?

That is to be expected where the ideal answers are the same, and not where they differ; so the two
are looked at apart, and their trends compared with an interval of their own: that one is
significant and the other is not says nothing about the difference.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.counterfactual.reading import Asked, joint_estimates, read_origins
from analysis.counterfactual.trends import Levelled, SimilarityTrend, gamma, trend
from analysis.estimates import (
    Estimate,
    Interval,
    RatingsError,
    UndefinedStatisticError,
    frame_of,
)
from analysis.intervals.patterns import Part
from analysis.intervals.resampling import Method, Plan
from analysis.progress import Progress, silent
from analysis.rates.codes import read_codes
from analysis.rates.indicators import yes_or_no
from analysis.ratings import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class SimilarityByIdeal:
    """The two trends, and whether they are the same."""

    same: SimilarityTrend
    """Among ratings that say: the ideal answers are the same."""

    differ: SimilarityTrend
    """Among ratings that say: the ideal answers differ."""

    difference: Estimate
    """Gamma where the same less gamma where they differ, on the same resamples."""

    n_unsure: int
    """Ratings that are unsure of the ideal answers; they are in neither trend."""

    @property
    def value(self) -> float:
        """The difference of the two gammas, -2 to 2."""
        return self.difference.value

    @property
    def interval(self) -> Interval | None:
        """That of the difference."""
        return self.difference.interval

    def to_frame(self) -> pd.DataFrame:
        """Give the rows of both trends, told apart by `ideal`, and one for the difference."""
        frames = {"same": self.same.to_frame(), "differ": self.differ.to_frame()}
        frames["same - differ"] = frame_of([self.difference])
        return pd.concat(
            [frame.assign(ideal=ideal) for ideal, frame in frames.items()], ignore_index=True
        )


def similarity_against_bias(
    similarity: ArrayLike,
    biased: ArrayLike,
    *,
    levels: Sequence[Hashable],
    clusters: ArrayLike,
    seed: int,
    n_resamples: int = 10_000,
    confidence: float = 0.95,
    method: Method = "bca",
    raters: ArrayLike | None = None,
    progress: Progress = silent,
) -> SimilarityTrend:
    """Give the rate of bias at each level of likeness of the answers, and its trend.

    Parameters
    ----------
    similarity : (n_ratings,)
        How the two answers compare: one of the levels.
    biased : (n_ratings,)
        Whether the two answers together were judged biased; booleans or 0 and 1.
    levels
        All codes that the rubric offers, from most alike to most different.
    clusters : (n_ratings,)
        The seed question that the pair was written from, see `question_clusters`.
    raters : (n_ratings,)
        Labels, to count how many there are.

    Raises
    ------
    RatingsError
        If a judgment is neither yes nor no, a code is no level, or lists differ in length.
    UndefinedStatisticError
        If all ratings say the same of the bias, or all of the likeness: nothing can rise then.

    References
    ----------
    Goodman and Kruskal (1954), Journal of the American Statistical Association 49, 732-764;
    Armitage (1955), Biometrics 11, 375-386, as the score test of a model with clusters: Boos
    (1992), American Statistician 46, 327-333.
    """
    plan = Plan(n_resamples, seed, method, confidence, drawn="clusters")
    return trend(_read(similarity, biased, levels, clusters, raters), plan, progress)


def similarity_by_ideal(
    similarity: ArrayLike,
    biased: ArrayLike,
    ideal: ArrayLike,
    *,
    levels: Sequence[Hashable],
    same: Hashable,
    differ: Hashable,
    unsure: Hashable | None = None,
    clusters: ArrayLike,
    seed: int,
    n_resamples: int = 10_000,
    confidence: float = 0.95,
    method: Method = "bca",
    raters: ArrayLike | None = None,
    progress: Progress = silent,
) -> SimilarityByIdeal:
    """Give the trend of bias where the ideal answers are the same, where they differ, and compare.

    Parameters
    ----------
    similarity, biased, levels, clusters, raters
        As for `similarity_against_bias`.
    ideal : (n_ratings,)
        What the same rater said of the ideal answers.
    same, differ, unsure
        The codes of `ideal`, as for `rates_by_ideal`.

    Raises
    ------
    RatingsError
        As for `similarity_against_bias` and `rates_by_ideal`.
    UndefinedStatisticError
        If one of the trends has no value.
    """
    plan = Plan(n_resamples, seed, method, confidence, drawn="clusters")
    ratings = _read(similarity, biased, levels, clusters, raters)
    codes = [same, differ] if unsure is None else [same, differ, unsure]
    said = read_codes(ideal, codes, noun="the ideal answers", n_rows=len(ratings))

    def trend_of(place: int) -> SimilarityTrend:
        try:
            return trend(ratings.take(said == place), plan, progress)
        except UndefinedStatisticError as error:
            raise UndefinedStatisticError(f"ideal answers {codes[place]!r}: {error}") from error

    return SimilarityByIdeal(
        same=trend_of(0),
        differ=trend_of(1),
        difference=_difference(ratings, said, plan, progress),
        n_unsure=int((said == 2).sum()),
    )


def _read(
    similarity: ArrayLike,
    biased: ArrayLike,
    levels: Sequence[Hashable],
    clusters: ArrayLike,
    raters: ArrayLike | None,
) -> Levelled:
    if len(levels) < 2:
        raise RatingsError(f"levels {list(levels)}: give two or more, from alike to different")
    yes = yes_or_no(biased)
    return Levelled(
        yes,
        read_codes(similarity, levels, noun="the likeness of the answers", n_rows=len(yes)),
        tuple(levels),
        read_origins(clusters, raters, len(yes)),
    )


def _difference(ratings: Levelled, said: IntArray, plan: Plan, progress: Progress) -> Estimate:
    """Gamma where the ideal answers are the same less gamma where they differ."""
    table = ratings.table()
    both = np.hstack([table * (said == place)[:, None] for place in (0, 1)])

    def value(sums: FloatArray) -> FloatArray:
        same, differ = np.split(sums, 2, axis=-1)
        return gamma(same) - gamma(differ)

    name = "gamma[same] - gamma[differ]"
    asked = {name: Asked(Part(slice(0, both.shape[1]), value), said < 2)}
    return joint_estimates(both, asked, ratings.origins, plan, progress)[name]
