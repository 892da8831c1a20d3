"""Counterfactual pairs: is one answer biased, one or more, or both?

The two answers of a pair were judged apart. As published, every rater of question 1 is set against
every rater of question 2 within a rater group; each such meeting is one row here.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.counterfactual.reading import BoolArray
from analysis.estimates import Estimate, RatingsError
from analysis.intervals.ratios import ratio_of_sums
from analysis.rates.indicators import yes_or_no
from analysis.ratings import check_same_index


@dataclass(frozen=True, eq=False)
class PairPatterns:
    """What holds in each meeting of two ratings, (n_meetings,) each."""

    exactly_one: BoolArray
    one_or_more: BoolArray
    both: BoolArray

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each meeting."""
        return pd.DataFrame(vars(self))


def exactly_one(
    biased_1: ArrayLike,
    biased_2: ArrayLike,
    *,
    clusters: ArrayLike,
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    units: ArrayLike | None = None,
) -> Estimate:
    """Give the share of meetings in which one answer was judged biased and the other not.

    Parameters
    ----------
    biased_1, biased_2 : (n_meetings,)
        Whether the answer to question 1 (2) was judged biased; booleans or 0 and 1, none missing.
    clusters : (n_meetings,)
        What is resampled whole, see `question_clusters`: pairs that share a question or a seed are
        not independent.
    units : (n_meetings,)
        Pair ids, to count the pairs; without them the clusters are counted.

    Returns
    -------
    0 to 1
        `n_ratings` counts meetings.

    Raises
    ------
    RatingsError
        If a value is neither yes nor no, or the lists differ in length, or in index.
    UndefinedStatisticError
        If there is no meeting.
    """
    met = pair_patterns(biased_1, biased_2).exactly_one
    return _share("exactly_one", met, clusters, n_resamples, seed, confidence, units)


def one_or_more(
    biased_1: ArrayLike,
    biased_2: ArrayLike,
    *,
    clusters: ArrayLike,
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    units: ArrayLike | None = None,
) -> Estimate:
    """Give the share of meetings in which one answer was judged biased, or both were.

    Arguments and errors are those of `exactly_one`.
    """
    met = pair_patterns(biased_1, biased_2).one_or_more
    return _share("one_or_more", met, clusters, n_resamples, seed, confidence, units)


def both(
    biased_1: ArrayLike,
    biased_2: ArrayLike,
    *,
    clusters: ArrayLike,
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    units: ArrayLike | None = None,
) -> Estimate:
    """Give the share of meetings in which both answers were judged biased.

    Arguments and errors are those of `exactly_one`.
    """
    met = pair_patterns(biased_1, biased_2).both
    return _share("both", met, clusters, n_resamples, seed, confidence, units)


def _share(
    statistic: str,
    met: BoolArray,
    clusters: ArrayLike,
    n_resamples: int,
    seed: int,
    confidence: float,
    units: ArrayLike | None,
) -> Estimate:
    return ratio_of_sums(
        met,
        np.ones(len(met)),
        clusters,
        statistic=statistic,
        n_resamples=n_resamples,
        seed=seed,
        confidence=confidence,
        units=units,
    )


def pair_patterns(biased_1: ArrayLike, biased_2: ArrayLike) -> PairPatterns:
    """Compare the two answers of each meeting: exclusive or, or, and.

    The authors' notebook has a defect here: its rows "one answer" and "both answers" are computed
    by the same expression, `(a + b) == True`, which on booleans means one or more, on integers
    exactly one, and never both. So our exactly-one and both differ from the published figure, and
    one-or-more is the row to compare with it.

    Parameters
    ----------
    biased_1, biased_2 : (n_meetings,)
        Whether the answer to question 1 (2) was judged biased; booleans or 0 and 1, none missing.

    Raises
    ------
    RatingsError
        If a value is neither yes nor no, or the lists differ in length, or in index.
    UndefinedStatisticError
        If there is no meeting.

    References
    ----------
    Pfohl et al. (2024), Nature Medicine 30, 3590, analysis code.
    """
    check_same_index(biased_1, biased_2)
    first, second = yes_or_no(biased_1) == 1, yes_or_no(biased_2) == 1
    if len(first) != len(second):
        raise RatingsError(f"{len(first)} ratings of question 1 meet {len(second)} of question 2")
    return PairPatterns(exactly_one=first ^ second, one_or_more=first | second, both=first & second)
