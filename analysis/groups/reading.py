"""Who rated what, and to which group each rater belongs."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.ratings import MISSING, FloatArray, IntArray, Units


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels as numbers, and what the numbers stand for."""

    codes: IntArray
    """(n_rows,), -1 where missing labels were allowed."""

    names: tuple[Hashable, ...]
    """In ascending order where they can be sorted, else in order of appearance."""

    def __len__(self) -> int:
        return len(self.names)

    def keep(self, rows: NDArray[np.bool_]) -> "Labels":
        """Keep some rows, and the names that occur in them."""
        used, codes = np.unique(self.codes[rows], return_inverse=True)
        names = tuple(self.names[code] for code in used if code >= 0)
        # A missing label, -1, comes first among the distinct ones and must stay -1.
        return Labels(codes - int((used < 0).any()), names)


def read_labels(
    labels: ArrayLike | Sequence[Hashable], n_rows: int, what: str, *, may_be_missing: bool = False
) -> Labels:
    """Number labels of any type, one for each row.

    Raises
    ------
    RatingsError
        If their number is not that of the rows, or one is missing that must not.
    """
    series = pd.Series(list(np.asarray(labels, dtype=object)), dtype=object)
    if len(series) != n_rows:
        raise RatingsError(f"{len(series)} labels ({what}) for {n_rows} rows: give one for each")
    missing = series.isna().to_numpy()
    if missing.any() and not may_be_missing:
        row = int(missing.argmax())
        raise RatingsError(f"row {row} (counted from 0) has no {what}: give it one or leave it out")
    codes, names = pd.factorize(series)
    order = _ascending(list(names))
    place = np.append(np.argsort(order), -1)
    return Labels(place[codes], tuple(names[number] for number in order))


def _ascending(names: list[Hashable]) -> IntArray:
    try:
        order = sorted(range(len(names)), key=lambda number: names[number])  # type: ignore[arg-type, return-value]
    except TypeError:
        order = list(range(len(names)))
    return np.array(order, dtype=np.int64)


def two_groups(
    groups: Labels, compared: tuple[Hashable, Hashable] | None
) -> tuple[tuple[Hashable, Hashable], IntArray]:
    """Choose the two groups that are compared.

    Returns
    -------
    names
        First and second group: their statistics are subtracted in this order.
    side : (n_rows,)
        0 for the first, 1 for the second, -1 for another group or none.

    Raises
    ------
    RatingsError
        If it is not clear which two groups are meant.
    """
    known = list(groups.names)
    if compared is None:
        if len(known) != 2:
            raise RatingsError(
                f"{len(known)} group(s) {known}: give `compared`, the two that are compared"
            )
        compared = (known[0], known[1])
    if len(compared) != 2 or compared[0] == compared[1] or not set(compared) <= set(known):
        raise RatingsError(f"compared {compared!r}: give two different groups of {known}")

    side = np.full(len(known) + 1, -1)
    side[[known.index(compared[0]), known.index(compared[1])]] = [0, 1]
    return compared, side[groups.codes]


def side_of_raters(side: IntArray, raters: Labels) -> IntArray:
    """Give each rater's side, from the side of each rating.

    Raises
    ------
    RatingsError
        If one rater has ratings on both sides.
    """
    of_rater = np.empty(len(raters), dtype=np.int64)
    of_rater[raters.codes[::-1]] = side[::-1]  # of several, the first stays
    torn = of_rater[raters.codes] != side
    if torn.any():
        row = int(torn.argmax())
        raise RatingsError(
            f"row {row} (counted from 0): rater {raters.names[raters.codes[row]]!r} is in two "
            "groups; a rater belongs to one"
        )
    return of_rater


def profiles(raters: IntArray, strata: IntArray, n_raters: int) -> IntArray:
    """Number the sets of strata that raters worked in: those with the same set are alike.

    Parameters
    ----------
    raters, strata : (n_ratings,)

    Returns
    -------
    (n_raters,)
    """
    pairs = pd.DataFrame({"rater": raters, "stratum": strata}).drop_duplicates()
    sets = pairs.sort_values(["rater", "stratum"]).groupby("rater")["stratum"].agg(tuple)
    # Raters without a rating worked in no stratum, and are alike in that: -1.
    numbers = pd.Series(pd.factorize(sets)[0], index=sets.index)
    return np.asarray(numbers.reindex(range(n_raters), fill_value=-1), dtype=np.int64)


def cell_sums(
    rows: IntArray, columns: IntArray, shape: tuple[int, int], values: FloatArray | None = None
) -> FloatArray:
    """Add up values (or count rows) by two labels, giving a table of this shape."""
    flat = np.bincount(rows * shape[1] + columns, weights=values, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(float)


def sides(
    units: Units, rater_groups: ArrayLike, compared: tuple[Hashable, Hashable] | None
) -> tuple[tuple[Hashable, Hashable], IntArray, Units]:
    """Keep the raters of the two groups that are compared, as far as they rated anything.

    Returns
    -------
    names
    side : (n_raters kept,)
        0 for the first group, 1 for the second.
    units
        With the ratings of these raters alone.
    """
    groups = read_labels(rater_groups, units.codes.shape[1], "group", may_be_missing=True)
    names, side = two_groups(groups, compared)
    kept = (side >= 0) & has_rated(units)
    for number, name in enumerate(names):
        if not (side[kept] == number).any():
            raise UndefinedStatisticError(f"group {name!r} has no ratings")
    return names, side[kept], of_raters(units, kept)


def has_rated(units: Units) -> NDArray[np.bool_]:
    """Say which raters have a rating, (n_raters,)."""
    rated: NDArray[np.bool_] = (units.codes != MISSING).any(axis=0)
    return rated


def of_raters(units: Units, kept: NDArray[np.bool_]) -> Units:
    """Keep the ratings of some raters, on all units."""
    codes = units.codes[:, kept]
    counts = np.stack([(codes == code).sum(axis=1) for code in range(len(units.categories))], 1)
    return replace(units, codes=codes, counts=counts)


def labels_of(units: Units) -> NDArray[np.object_]:
    """Give the codes as they came, None for missing, (n_units, n_raters)."""
    return np.array([*units.categories, None], dtype=object)[units.codes]


def rater_strata(units: Units, strata: ArrayLike | None) -> IntArray:
    """Number the raters by the set of strata they worked in; all alike without strata."""
    n_raters = units.codes.shape[1]
    if strata is None:
        return np.zeros(n_raters, dtype=np.int64)
    of_unit = read_labels(strata, len(units), "stratum").codes
    unit, rater = np.nonzero(units.codes != MISSING)
    return profiles(rater, of_unit[unit], n_raters)
