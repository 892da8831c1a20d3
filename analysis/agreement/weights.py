"""How much two categories agree (Gwet, Cohen) or how far they lie apart (Krippendorff).

Two things are called ordinal: Gwet's weights, fixed by the ranks, and Krippendorff's metric, which
depends on how often each rank was used. On the same ratings they give different coefficients.
"""

from collections.abc import Hashable, Sequence
from numbers import Real
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.estimates import RatingsError
from analysis.ratings import FloatArray, Units

Level = Literal["nominal", "ordinal", "interval", "ratio"]
WeightsName = Literal["identity", "linear", "quadratic", "radical", "ordinal"]
Weights = WeightsName | NDArray[np.float64]
"""A name, or a symmetric matrix (n_categories, n_categories) from 0 to 1, diagonal 1."""


def kappa_weights(weights: Weights, units: Units) -> FloatArray:
    """Give the agreement weights of these units' categories.

    Raises
    ------
    RatingsError
        If the weights do not fit, or count ranks that are not known.
    """
    if not isinstance(weights, str):
        _need_ranks("the weights of a matrix", known=units.is_ranked or not units.is_declared)
    elif weights != "identity":
        _need_ranks(f"weights {weights!r}", known=units.has_rank_distances)
    elif not units.is_declared:
        return np.eye(len(units.categories))
    return agreement_weights(weights, len(units.categories))


def agreement_weights(weights: Weights, n_categories: int) -> FloatArray:
    """Give the credit for each pair of categories, 1 for the same and 0 for the farthest.

    Distances are counted in ranks, whatever the codes are.

    References
    ----------
    Gwet (2014), Handbook of Inter-Rater Reliability, 4th edition, chapter 3.
    """
    if n_categories < 2:
        raise RatingsError(
            f"{n_categories} declared categories: chance agreement needs at least two; "
            "declare all codes that the rubric offers"
        )
    if not isinstance(weights, str):
        return _checked_matrix(np.asarray(weights, dtype=float), n_categories)

    rank = np.arange(n_categories) / (n_categories - 1)
    distance: FloatArray = np.abs(np.subtract.outer(rank, rank))
    match weights:
        case "identity":
            return np.eye(n_categories)
        case "linear":
            return 1 - distance
        case "quadratic":
            return 1 - np.square(distance)
        case "radical":
            return 1 - np.sqrt(distance)
        case "ordinal":
            # 1 - C(d + 1, 2) / C(q, 2) for ranks d apart, here with d / (q - 1).
            return 1 - distance * (distance * (n_categories - 1) + 1) / n_categories
    raise RatingsError(f"weights {weights!r} are not among {list(get_args(WeightsName))}")


def _checked_matrix(matrix: FloatArray, n_categories: int) -> FloatArray:
    if matrix.shape != (n_categories, n_categories):
        raise RatingsError(
            f"weights of shape {matrix.shape} for {n_categories} categories: give `categories`, "
            "all codes in the order of the weights"
        )
    if not np.array_equal(matrix, matrix.T) or not (np.diagonal(matrix) == 1).all():
        raise RatingsError("weights must be symmetric with ones in the diagonal")
    if not ((matrix >= 0) & (matrix <= 1)).all() or (matrix == 1).all():
        raise RatingsError("weights must lie from 0 to 1, some below 1")
    return matrix


def squared_distance(level: Level, categories: Sequence[Hashable]) -> FloatArray | None:
    """Give Krippendorff's fixed metrics; none for `ordinal`, whose metric depends on the ratings.

    Raises
    ------
    RatingsError
        If the level is unknown, or asks for numbers that the categories are not.
    """
    if level not in get_args(Level):
        raise RatingsError(f"level {level!r} is not among {list(get_args(Level))}")
    if level == "ordinal":
        return None
    if level == "nominal":
        return 1 - np.eye(len(categories))
    if not all(isinstance(category, Real) for category in categories):
        raise RatingsError(f"level {level!r} needs numbers as categories, not {list(categories)}")

    values = np.array(categories, dtype=float)
    difference: FloatArray = np.subtract.outer(values, values)
    if level == "interval":
        return np.square(difference)
    if (values < 0).any():
        raise RatingsError(f"level 'ratio' needs a zero point: {values.min()} is below it")
    total: FloatArray = np.add.outer(values, values)
    ratio = np.divide(difference, total, out=np.zeros_like(difference), where=total != 0)
    return np.square(ratio)


def alpha_distance(level: Level, units: Units) -> FloatArray | None:
    """Give Krippendorff's metric on these units' categories, see `squared_distance`.

    Raises
    ------
    RatingsError
        If the level is unknown, or asks for ranks or numbers that the categories are not.
    """
    if level == "ordinal":
        _need_ranks("differences at level 'ordinal'", known=units.is_ranked)
    return squared_distance(level, units.categories)


def _need_ranks(what: str, *, known: bool) -> None:
    if not known:
        raise RatingsError(f"{what} count ranks: give `categories`, all codes in rank order")
