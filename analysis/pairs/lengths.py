"""How much more often is an answer preferred that is twice as long?"""

from collections.abc import Collection, Hashable

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimates import Estimate, Interval, RatingsError, UndefinedStatisticError
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.ratios import finite_numbers
from analysis.intervals.resampling import check_confidence
from analysis.pairs.leanings import read_sides
from analysis.pairs.likelihood import centred, inverse_information, maximum
from analysis.pairs.sandwich import Rows, one_way
from analysis.ratings import FloatArray


def length_slope(
    lengths_1: ArrayLike,
    lengths_2: ArrayLike,
    preferred: ArrayLike,
    *,
    sides: tuple[Hashable, Hashable] = ("A", "B"),
    ties: Collection[Hashable] = ("neither",),
    clusters: ArrayLike,
    confidence: float = 0.95,
) -> Estimate:
    """Give the log odds of a preference for an answer twice as long as the other.

    A logistic model through the origin, on the binary logarithm of the ratio of lengths: answers
    of equal length are preferred equally often. Ratings without a preference are left out.

    Parameters
    ----------
    lengths_1, lengths_2 : (n_ratings,)
        Length of the answer on the first and on the second of `sides`, in words or tokens, above 0.
    preferred : (n_ratings,)
        Which side was preferred, or a code of no preference.
    sides, ties
        As for `position_bias`.
    clusters : (n_ratings,)
        Labels; the interval is cluster-robust, t with clusters - 1 df.

    Raises
    ------
    RatingsError
        If lists differ in length, a length is not above 0, or a code is unknown.
    UndefinedStatisticError
        If there are fewer than two clusters, or every preference is for the longer answer, or for
        the shorter one: no finite slope fits then. Also if one answer is beyond all measure longer.
    """
    check_confidence(confidence)
    chosen, _ = read_sides(preferred, preferred, sides, ties)
    doublings = _doublings(lengths_1, lengths_2, len(chosen))
    decided = chosen != 0
    labels = cluster_numbers(clusters, len(chosen))[decided]
    numbers = cluster_numbers(labels, len(labels))
    _check_finite((doublings * chosen)[decided & (doublings != 0)], numbers.max(initial=-1) + 1)

    features = np.array([0.5, -0.5])[:, None] * doublings[decided, None, None]
    outcomes = np.column_stack([chosen > 0, chosen < 0])[decided].astype(float)
    slope = maximum(features, outcomes)
    bread = inverse_information(features, np.ones(len(labels)), slope)
    scores = np.einsum("rk,rkp->rp", outcomes, centred(features, slope))
    each = Rows(np.arange(len(labels)), np.ones(len(labels)))
    robust = one_way(bread, scores, each, numbers)
    value, error = float(slope[0]), float(np.sqrt(robust.matrix[0, 0]))
    reach = error * robust.quantile((1 + confidence) / 2)
    return Estimate(
        "length_slope",
        value,
        Interval(value - reach, value + reach, confidence, method=robust.method),
        n_units=int(numbers.max()) + 1,
        n_raters=0,
        n_ratings=len(labels),
        standard_error=error,
    )


def _doublings(lengths_1: ArrayLike, lengths_2: ArrayLike, n_ratings: int) -> FloatArray:
    first, second = finite_numbers(lengths_1), finite_numbers(lengths_2)
    if not len(first) == len(second) == n_ratings:
        raise RatingsError(
            f"{len(first)} and {len(second)} lengths for {n_ratings} preferences: give one each"
        )
    shorter = np.minimum(first, second)
    if (shorter <= 0).any():
        row = int((shorter <= 0).argmax())
        raise RatingsError(f"row {row} (counted from 0): a length is not above 0; leave it out")
    doublings: FloatArray = np.log2(first / second)
    return doublings


def _check_finite(toward_longer: FloatArray, n_clusters: int) -> None:
    """Refuse preferences that all go one way, given how far each goes to the longer answer."""
    if not (toward_longer > 0).any() or not (toward_longer < 0).any():
        raise UndefinedStatisticError(
            f"of {len(toward_longer)} preferences between answers of different length, none is for "
            "the longer one or none for the shorter one: no finite slope fits"
        )
    if n_clusters < 2:
        raise UndefinedStatisticError("there is one cluster only: nothing to compare it with")
