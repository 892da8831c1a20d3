"""How close a code is to the codes that other people gave to the same unit."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimates import RatingsError
from analysis.ratings import (
    MISSING,
    Categories,
    FloatArray,
    IntArray,
    Units,
    check_same_index,
    read_units,
)

Measure = Literal["accuracy", "negative_rmse", "negative_distance"]
Similarity = Callable[[Any, Any], float]
"""How alike two codes are, more for more alike; for sets, say, their Jaccard index."""

Alignment = Measure | Similarity

ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class LeftOut:
    """One person against the rest, and the automatic rater against the same rest."""

    unit: IntArray
    """(n_units,), the units that this person and at least one other rated."""

    human: FloatArray
    automatic: FloatArray

    @property
    def automatic_as_good(self) -> FloatArray:
        """1 where the automatic rater is as close to the rest or closer; ties count."""
        return (self.automatic >= self.human - ROUNDING).astype(float)

    @property
    def human_as_good(self) -> FloatArray:
        """1 where the person is as close to the rest or closer; ties count."""
        return (self.human >= self.automatic - ROUNDING).astype(float)


def read_both(
    human: ArrayLike, automatic: ArrayLike, categories: Categories | None
) -> tuple[Units, IntArray]:
    """Read people's and the automatic rater's codes against one list of categories.

    Returns
    -------
    units
        The ratings of the people.
    automatic : (n_units,)
        Index into the categories, -1 for missing.

    Raises
    ------
    RatingsError
        If a code is strange, or the two differ in length or in their index.
    """
    check_same_index(human, automatic)
    # As objects, so that codes keep their type side by side, and sets stay whole.
    people, model = (np.asarray(codes, dtype=object) for codes in (human, automatic))
    if people.ndim != 2:
        raise RatingsError("human ratings: give units in rows and raters in columns")
    if model.ndim != 1 or len(model) != len(people):
        raise RatingsError(
            f"automatic ratings of shape {model.shape} for {len(people)} units: give one for each"
        )
    try:
        both = read_units(np.column_stack([people, model]), categories)
    except RatingsError as error:
        last = people.shape[1]
        raise RatingsError(f"{error} (the automatic rater is column {last})") from error
    codes, own = both.codes[:, :-1], both.codes[:, -1]
    counts = both.counts.copy()
    rated = np.flatnonzero(own != MISSING)
    counts[rated, own[rated]] -= 1
    return Units(codes, counts, both.categories, both.is_declared, both.is_ranked), own


def pair_values(alignment: Alignment, units: Units) -> FloatArray:
    """Give how close each code is to each other, (n_categories, n_categories).

    For `negative_rmse` these are squared distances: the root of their mean would change no
    comparison, and is left out.

    Raises
    ------
    RatingsError
        If the measure is unknown, needs numbers that the codes are not, or is not finite.
    """
    if callable(alignment):
        table = [[alignment(one, other) for other in units.categories] for one in units.categories]
        values = np.array(table, dtype=float)
        if not np.isfinite(values).all():
            raise RatingsError("the similarity of two codes is not a finite number")
        return values
    if alignment not in get_args(Measure):
        raise RatingsError(
            f"alignment {alignment!r} is not among {list(get_args(Measure))}; or give a function "
            "of two codes"
        )
    if alignment == "accuracy":
        return np.eye(len(units.categories))
    distance = np.abs(np.subtract.outer(_numbers(units), _numbers(units)))
    return -np.square(distance) if alignment == "negative_rmse" else -distance


def _numbers(units: Units) -> FloatArray:
    """The codes themselves if they are numbers, else their ranks, if declared."""
    if all(isinstance(code, Real | np.bool_) for code in units.categories):
        return np.array(units.categories, dtype=float)
    if not (units.is_declared and units.is_ranked):
        raise RatingsError("distances between labels: give `categories`, all codes in rank order")
    return np.arange(len(units.categories), dtype=float)


def leave_out(units: Units, automatic: IntArray, rater: int, values: FloatArray) -> LeftOut:
    """Hold one person and the automatic rater against all other people, unit by unit."""
    own = units.codes[:, rater]
    unit = np.flatnonzero((own != MISSING) & (units.per_unit >= 2) & (automatic != MISSING))
    rest = units.counts[unit].astype(float)
    rest[np.arange(len(unit)), own[unit]] -= 1
    # On a scale of 1, so that ties are told from differences whatever the codes measure.
    scaled = values / max(float(np.abs(values).max(initial=0.0)), ROUNDING)
    closeness = rest @ scaled.T / rest.sum(axis=1, keepdims=True)
    rows = np.arange(len(unit))
    return LeftOut(unit, closeness[rows, own[unit]], closeness[rows, automatic[unit]])
