"""What a call asks for: coefficients by name, shares of codes, coefficients of one's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeGuard, get_args

import numpy as np

from analysis.agreement.coefficients import (
    PER_CATEGORY,
    Coefficient,
    Statistic,
    coefficient,
)
from analysis.agreement.weights import Level, Weights
from analysis.estimates import RatingsError
from analysis.intervals.ratios import ratio_part
from analysis.ratings import FloatArray, Units

Asked = str | Coefficient
Statistics = Asked | Sequence[Asked]
NAMES = (*get_args(Statistic), "share")


@dataclass(frozen=True, eq=False)
class Share:
    """Share of all ratings that fall in a category, those without a partner too."""

    category: int
    """Index into the categories."""

    name: str
    needs_raters: bool = False

    def per_unit(self, units: Units) -> FloatArray:
        """Ratings in the category, and all ratings."""
        return np.column_stack([units.counts[:, self.category], units.per_unit]).astype(float)

    def value(self, sums: FloatArray) -> FloatArray:
        """One over the other."""
        return ratio_part().value(sums)

    def reason(self, units: Units) -> str:
        """Say that nobody rated."""
        return f"none of the {len(units)} units has a rating"


def chosen_coefficients(
    statistics: Statistics, units: Units, *, level: Level | None, weights: Weights
) -> dict[str, Coefficient]:
    """Give what was asked for by its name in results, one entry for each category where it has any.

    Raises
    ------
    RatingsError
        If a name is unknown, or level, weights and categories do not fit.
    """
    chosen: list[Coefficient] = []
    for one in _listed(statistics):
        if not isinstance(one, str):
            chosen.append(one)
        elif one == "share":
            chosen += [Share(i, f"share[{code}]") for i, code in enumerate(units.categories)]
        else:
            categories = units.categories if one in PER_CATEGORY else (None,)
            chosen += [
                coefficient(one, units, level=level, weights=weights, category=category)
                for category in categories
            ]
    return {one.name: one for one in chosen}


def _listed(statistics: Statistics) -> list[Asked]:
    if isinstance(statistics, str) or _is_coefficient(statistics):
        return _listed([statistics])
    if not isinstance(statistics, Iterable):
        raise RatingsError(f"statistics {statistics!r}: give one name or a list from {list(NAMES)}")
    listed = list(statistics)
    if strange := [one for one in listed if one not in NAMES and not _is_coefficient(one)]:
        raise RatingsError(f"statistics {strange} are not among {list(NAMES)}")
    if not listed:
        raise RatingsError(
            f"no statistic was asked for: give one name or a list from {list(NAMES)}"
        )
    return listed


def _is_coefficient(one: object) -> TypeGuard[Coefficient]:
    return all(callable(getattr(one, step, None)) for step in ("per_unit", "value", "reason"))
