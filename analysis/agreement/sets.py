"""Agreement on sets of options: items where raters may choose several, or none.

Each distinct set is a category, and alpha compares sets by how much they share. One option alone
is a table of 0 and 1, `chosen[:, :, j]`, for any coefficient of yes or no.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import compress
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.agreement.alpha import Alpha
from analysis.agreement.estimating import estimate_of
from analysis.estimates import Estimate, RatingsError
from analysis.ratings import FloatArray, Units, read_units

SetDistance = Literal["masi", "jaccard", "nominal"]


def set_alpha(
    chosen: ArrayLike,
    *,
    distance: SetDistance = "masi",
    options: Sequence[Hashable] | None = None,
) -> Estimate:
    """Krippendorff's alpha of sets of options.

    Parameters
    ----------
    chosen : (n_units, n_raters, n_options)
        1 where a rater chose the option of a unit, else 0; all NaN where the rater did not see
        the unit. All 0 is a rating: the empty set.
    distance
        From 0 for equal sets to 1 for sets without a common option. `jaccard` is the share of
        options in either set that are not in both; `masi` is one minus the Jaccard share times 1
        for equal sets, 2/3 if one holds the other, 1/3 if each has options of its own; `nominal`
        takes all differences as equally bad. None is squared, as is usual for sets.
    options
        Names of the options, for messages.

    Returns
    -------
    dimensionless, at most 1

    Raises
    ------
    RatingsError
        If there is something other than 0 and 1, or a rating with some options missing.
    UndefinedStatisticError
        If no unit has two ratings, or all of these ratings are the same set.

    References
    ----------
    Passonneau (2006), Proceedings of LREC, 831-836 (MASI); Artstein and Poesio (2008),
    Computational Linguistics 34, 555-596.
    """
    units = set_units(chosen, options=options)
    return estimate_of(set_coefficient(units, distance), units)


def set_units(chosen: ArrayLike, *, options: Sequence[Hashable] | None = None) -> Units:
    """Read sets of options as units whose categories are the distinct sets; see `set_alpha`."""
    values = _checked(chosen, options)
    is_rated = ~np.isnan(values[:, :, 0])
    rated = values[is_rated].astype(np.uint8)
    # Eight options to a byte: any number of them sorts as one key.
    keys = np.packbits(rated, axis=1)
    as_one = keys.view(np.dtype((np.void, keys.shape[1]))).ravel()
    _, first, number = np.unique(as_one, return_index=True, return_inverse=True)

    numbers = np.full(is_rated.shape, np.nan)
    numbers[is_rated] = number
    names = range(values.shape[2]) if options is None else options
    sets = tuple(frozenset(compress(names, row)) for row in rated[first].tolist())
    units = read_units(numbers, range(len(sets)))
    return replace(units, categories=sets, is_declared=False, is_ranked=False)


def set_coefficient(units: Units, distance: SetDistance) -> Alpha:
    """Give alpha with this distance between the sets of `set_units`, for resampling too."""
    if distance not in get_args(SetDistance):
        raise RatingsError(f"distance {distance!r} is not among {list(get_args(SetDistance))}")
    sets = cast(tuple[frozenset[Hashable], ...], units.categories)
    return Alpha(len(sets), set_distances(sets, distance), name=f"set_alpha[{distance}]")


def set_distances(sets: Sequence[frozenset[Hashable]], distance: SetDistance) -> FloatArray:
    """Give the distance of each two sets, (n_sets, n_sets); two empty sets are equal."""
    if distance == "nominal":
        return 1 - np.eye(len(sets))

    options = list(frozenset().union(*sets))
    holds = np.array([[option in one for option in options] for one in sets], dtype=float)
    holds = holds.reshape(len(sets), len(options))
    sizes, shared = holds.sum(axis=1), holds @ holds.T
    in_either = np.add.outer(sizes, sizes) - shared
    jaccard: FloatArray = np.ones_like(shared)
    np.divide(shared, in_either, out=jaccard, where=in_either > 0)
    if distance == "jaccard":
        return 1 - jaccard
    is_within = shared == np.minimum.outer(sizes, sizes)
    monotony: FloatArray = np.where(shared == in_either, 1, np.where(is_within, 2 / 3, 1 / 3))
    return 1 - jaccard * monotony


def _checked(chosen: ArrayLike, options: Sequence[Hashable] | None) -> FloatArray:
    try:
        values = np.asarray(chosen, dtype=float)
    except (TypeError, ValueError) as error:
        raise RatingsError(f"give 1 for chosen, 0 for not, NaN for not rated: {error}") from error
    if values.ndim != 3 or 0 in values.shape:
        raise RatingsError(f"shape {values.shape}: give units by raters by options")
    if options is not None and len({*options}) != values.shape[2]:
        raise RatingsError(f"options {list(options)}: name each of {values.shape[2]} once")
    missing = np.isnan(values)
    _refuse_first(missing & ~missing.all(axis=2, keepdims=True), "lacks some options: fill them in")
    _refuse_first(~missing & (values != 0) & (values != 1), "holds other than 0 and 1")
    return values


def _refuse_first(strange: NDArray[np.bool_], why: str) -> None:
    if strange.any():
        unit, rater, option = np.argwhere(strange)[0]
        raise RatingsError(
            f"unit {unit}, rater {rater} (counted from 0) {why}, see option {option}"
        )
