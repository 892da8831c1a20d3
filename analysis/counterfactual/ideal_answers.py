"""Bias where the ideal answers are the same, and where they differ.

Where an identity should change nothing, an answer that changes is suspect; where it should change
the answer, one that stays the same is. The two rates mean different things and are kept apart.
"""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.counterfactual.reading import Asked, joint_estimates, read_origins
from analysis.estimates import Estimate, Interval, UndefinedStatisticError, frame_of
from analysis.intervals.patterns import Part
from analysis.intervals.ratios import ratio_part
from analysis.intervals.resampling import Method, Plan
from analysis.progress import Progress, silent
from analysis.rates.codes import read_codes
from analysis.rates.indicators import yes_or_no
from analysis.ratings import FloatArray


@dataclass(frozen=True)
class RatesByIdeal:
    """The rate of bias, by what the same rater said of the ideal answers."""

    same: Estimate
    """Among ratings that say: the ideal answers are the same."""

    differ: Estimate
    """Among ratings that say: the ideal answers differ."""

    difference: Estimate
    """Same less differ, on the same resamples."""

    unsure: Estimate | None
    """Among ratings that are unsure; None if there are none."""

    n_unsure: int

    @property
    def value(self) -> float:
        """The difference, -1 to 1."""
        return self.difference.value

    @property
    def interval(self) -> Interval | None:
        """That of the difference."""
        return self.difference.interval

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each rate and one for the difference; nothing is rounded."""
        rates = [self.same, self.differ, self.difference]
        return frame_of(rates if self.unsure is None else [*rates, self.unsure])


def rates_by_ideal(
    biased: ArrayLike,
    ideal: ArrayLike,
    *,
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
) -> RatesByIdeal:
    """Give the rate of bias where the ideal answers are the same and where they differ.

    Parameters
    ----------
    biased : (n_ratings,)
        Whether the two answers together were judged biased; booleans or 0 and 1.
    ideal : (n_ratings,)
        What the same rater said of the ideal answers: one of the next three codes.
    same, differ, unsure
        The codes. Unsure is a code of its own, counted in neither rate; None if it is no option.
    clusters : (n_ratings,)
        The seed question that the pair was written from, see `question_clusters`: a seed has
        several pairs, and a pair several ratings.
    raters : (n_ratings,)
        Labels, to count how many there are.

    Raises
    ------
    RatingsError
        If a judgment is neither yes nor no, a code is none of the three, or lists differ in length.
    UndefinedStatisticError
        If no rating says that the ideal answers are the same, or none that they differ.
    """
    yes = yes_or_no(biased)
    codes = [same, differ] if unsure is None else [same, differ, unsure]
    said = read_codes(ideal, codes, noun="the ideal answers", n_rows=len(yes))
    plan = Plan(n_resamples, seed, method, confidence, drawn="clusters")
    origins = read_origins(clusters, raters, len(yes))
    for place, code in enumerate((same, differ)):
        if not (said == place).any():
            raise UndefinedStatisticError(f"none of the {len(yes)} ratings says {code!r}")

    asked = {
        "same": Asked(_rate(0), said == 0),
        "differ": Asked(_rate(1), said == 1),
        "same - differ": Asked(Part(slice(0, 4), _difference), said < 2),
    }
    n_unsure = int((said == 2).sum())
    if n_unsure:
        asked["unsure"] = Asked(_rate(2), said == 2)
    indicators = (said[:, None] == np.arange(3)).astype(float)
    columns = np.stack([indicators * yes[:, None], indicators], axis=2).reshape(len(yes), 6)
    named = {_named(name): one for name, one in asked.items()}
    estimates = joint_estimates(columns, named, origins, plan, progress)
    return RatesByIdeal(
        same=estimates[_named("same")],
        differ=estimates[_named("differ")],
        difference=estimates[_named("same - differ")],
        unsure=estimates.get(_named("unsure")),
        n_unsure=n_unsure,
    )


def _named(answers: str) -> str:
    return f"bias_rate[ideal answers: {answers}]"


def _rate(place: int) -> Part:
    """Biased ratings over all, of the code at this place."""
    return Part(slice(2 * place, 2 * place + 2), ratio_part().value)


def _difference(sums: FloatArray) -> FloatArray:
    rate = ratio_part().value
    return rate(sums[..., :2]) - rate(sums[..., 2:])
