"""How much two categories agree (Gwet, Cohen) or how far they lie apart (Krippendorff).

Two things are called ordinal: Gwet's weights, fixed by the ranks, and Krippendorff's metric, which
depends on how often each rank was used. On the same ratings they give different coefficients.
"""

from collections.abc import Hashable, Sequence
from numbers import Real
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import RatingsError
from analysis.ratings import FloatArray, Units

Level = Literal["nominal", "ordinal", "interval", "ratio"]
WeightsName = Literal[
    "identity", "linear", "quadratic", "radical", "ordinal", "ratio", "circular", "bipolar"
]
Weights = WeightsName | NDArray[np.float64]
"""A name, or a symmetric matrix (n_categories, n_categories) from 0 to 1, diagonal 1."""

ENDS_MATTER = ("circular", "bipolar")
"""Names of weights that depend on where the scale begins and ends, not on distances alone."""


def kappa_weights(weights: Weights, units: Units) -> FloatArray:
    """Give the agreement weights of these units' categories.

    Raises
    ------
    RatingsError
        If the weights do not fit, or count ranks that are not known.
    """
    categories = units.categories
    if not isinstance(weights, str):
        _need_ranks("the weights of a matrix", known=units.is_ranked or not units.is_declared)
    elif not units.is_declared and (weights == "identity" or len(categories) < 2):
        # Nothing to weigh if one code occurs: kappa will say that it has no value.
        _check_name(weights)
        return np.eye(len(categories))
    elif weights in ENDS_MATTER:
        _need_ranks(f"weights {weights!r}", known=units.is_declared and units.is_ranked)
    elif weights != "identity" and not (weights == "ratio" and _are_numbers(categories)):
        _need_ranks(f"weights {weights!r}", known=units.has_rank_distances)
    return agreement_weights(weights, categories)


def agreement_weights(weights: Weights, categories: Sequence[Hashable]) -> FloatArray:
    """Give the credit for each pair of categories, 1 for the same and 0 for the farthest.

    With d the distance of two of q categories in ranks, whatever their codes are, the credit is
    one minus

    - `identity`: 1 for any difference;
    - `linear`, `quadratic`, `radical`: d, d squared, or the root of d, over its largest value;
    - `ordinal`: C(d + 1, 2) / C(q, 2). Gwet's, not Krippendorff's metric of the same name;
    - `circular`: sin(pi d / q) squared over its largest value, the last category being next to
      the first;
    - `bipolar`: d squared over (s - 2)(2q - s), s the sum of the two ranks 1 to q, over its
      largest value: a step counts more towards either end than in the middle;
    - `ratio`: ((a - b) / (a + b)) squared over its largest value, 0 against 0 being no difference,
      a and b being the codes themselves where all are numbers, else the ranks 1 to q.

    References
    ----------
    Gwet (2014), Handbook of Inter-Rater Reliability, 4th edition.
    """
    n_categories = len(categories)
    if n_categories < 2:
        raise RatingsError(
            f"{n_categories} declared categories: chance agreement needs at least two; "
            "declare all codes that the rubric offers"
        )
    if not isinstance(weights, str):
        return _checked_matrix(_numbers_of("weights", weights), n_categories)

    disagreement = _disagreement(weights, categories)
    credit: FloatArray = 1 - disagreement / disagreement.max()
    return credit


def weights_from_disagreement(disagreement: ArrayLike) -> FloatArray:
    """Turn disagreement weights, 0 for the same code, into agreement weights.

    Cohen wrote weighted kappa with weights of disagreement; the formulas for its standard error
    take weights of agreement.

    Parameters
    ----------
    disagreement : (n_categories, n_categories)
        Symmetric, 0 on the diagonal, none below 0, on any scale.

    Returns
    -------
    (n_categories, n_categories)
        One minus the disagreement over its largest value.

    References
    ----------
    Cohen (1968), Psychological Bulletin 70, 213-220.
    """
    matrix = _numbers_of("disagreement", disagreement)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise RatingsError(f"disagreement of shape {matrix.shape}: one row and column a category")
    if not np.isfinite(matrix).all() or (matrix < 0).any() or not matrix.any():
        raise RatingsError("disagreement must be finite, none below 0, some above 0")
    if np.diagonal(matrix).any():
        raise RatingsError("disagreement of a category with itself must be 0")
    return _checked_matrix(1 - matrix / matrix.max(), len(matrix))


def _disagreement(name: str, categories: Sequence[Hashable]) -> FloatArray:
    """Disagreement on any scale, 0 on the diagonal."""
    _check_name(name)
    n_categories = len(categories)
    rank = np.arange(n_categories, dtype=float)
    steps: FloatArray = np.abs(np.subtract.outer(rank, rank))
    match name:
        case "identity":
            return np.sign(steps)
        case "linear":
            return steps
        case "quadratic":
            return np.square(steps)
        case "radical":
            return np.sqrt(steps)
        case "ordinal":
            return steps * (steps + 1)
        case "circular":
            return np.square(np.sin(np.pi * steps / n_categories))
        case "bipolar":
            total = np.add.outer(rank, rank)
            return _over(np.square(steps), total * (2 * rank[-1] - total))
    are_numbers = _are_numbers(categories)
    return _ratio_distance(_numbers(categories) if are_numbers else rank + 1)


def _check_name(weights: str) -> None:
    if weights not in get_args(WeightsName):
        raise RatingsError(f"weights {weights!r} are not among {list(get_args(WeightsName))}")


def _numbers_of(what: str, matrix: ArrayLike) -> FloatArray:
    try:
        return np.asarray(matrix, dtype=float)
    except (TypeError, ValueError) as error:
        raise RatingsError(f"{what}: give a number for each two categories: {error}") from error


def _checked_matrix(matrix: FloatArray, n_categories: int) -> FloatArray:
    if matrix.shape != (n_categories, n_categories):
        raise RatingsError(
            f"weights of shape {matrix.shape} for {n_categories} categories: give `categories`, "
            "all codes in the order of the weights"
        )
    if not np.array_equal(matrix, matrix.T) or not (np.diagonal(matrix) == 1).all():
        raise RatingsError(
            "weights must be symmetric with ones in the diagonal; those of disagreement, with "
            "zeros there, need `weights_from_disagreement`"
        )
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
    if not _are_numbers(categories):
        raise RatingsError(f"level {level!r} needs numbers as categories, not {list(categories)}")

    values = _numbers(categories)
    if level == "ratio":
        return _ratio_distance(values)
    return np.square(np.subtract.outer(values, values))


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


def _ratio_distance(values: FloatArray) -> FloatArray:
    """((a - b) / (a + b)) squared, 0 where both are 0."""
    if (values < 0).any():
        raise RatingsError(f"'ratio' needs a zero point: {values.min()} is below it")
    return np.square(_over(np.subtract.outer(values, values), np.add.outer(values, values)))


def _over(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide, with 0 where there is nothing to divide by."""
    quotient: FloatArray = np.zeros_like(numerator)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient


def _are_numbers(categories: Sequence[Hashable]) -> bool:
    return all(isinstance(category, Real | np.bool_) for category in categories)


def _numbers(categories: Sequence[Hashable]) -> FloatArray:
    return np.array(categories, dtype=float)


def _need_ranks(what: str, *, known: bool) -> None:
    if not known:
        raise RatingsError(f"{what} count ranks: give `categories`, all codes in rank order")
