"""Agreement coefficients as functions of sums over units, by name.

Each coefficient says what a unit contributes and how the summed contributions become a value.
Point estimates, resamples and leave-one-out values all come from these two steps. The letters are
those of the literature: n ratings of a unit per category, m ratings of a unit, p_a observed and
p_e chance agreement.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np

from analysis.agreement.alpha import Alpha
from analysis.agreement.corrected import (
    ChanceCorrected,
    Conger,
    category_kappa_of,
    fleiss_chance,
    gwet_chance,
    no_chance,
    quotient,
    uniform_chance,
)
from analysis.agreement.reasons import no_pair
from analysis.agreement.weights import Level, Weights, alpha_distance, kappa_weights
from analysis.estimates import RatingsError
from analysis.ratings import FloatArray, Units

Statistic = Literal[
    "krippendorff_alpha",
    "gwet_ac",
    "fleiss_kappa",
    "brennan_prediger",
    "conger_kappa",
    "percent_agreement",
    "specific_agreement",
    "category_kappa",
]

PER_CATEGORY = ("specific_agreement", "category_kappa")
"""Those that have one value for each category."""

CHANCES = {
    "gwet_ac": gwet_chance,
    "fleiss_kappa": fleiss_chance,
    "brennan_prediger": uniform_chance,
}


class Coefficient(Protocol):
    """What the resampling needs to know of a coefficient."""

    @property
    def name(self) -> str:
        """Name of the statistic in results."""

    @property
    def needs_raters(self) -> bool:
        """Whether it matters who gave which rating, and not only how many gave it."""

    def per_unit(self, units: Units) -> FloatArray:
        """What each unit contributes, (n_units, n_columns)."""

    def value(self, sums: FloatArray) -> FloatArray:
        """Coefficients from summed contributions (..., n_columns); NaN where there is none."""

    def reason(self, units: Units) -> str:
        """Why these units give no value."""


@dataclass(frozen=True, eq=False)
class Specific:
    """Chance that a second rater agrees, given that one chose this category."""

    category: int
    """Index into the categories."""

    name: str
    needs_raters: bool = False

    def per_unit(self, units: Units) -> FloatArray:
        """Ordered pairs of ratings that agree on the category, and that start from it."""
        chosen = units.counts[:, self.category]
        partners = np.maximum(units.per_unit - 1, 0)
        return np.column_stack([chosen * (chosen - 1), chosen * partners]).astype(float)

    def value(self, sums: FloatArray) -> FloatArray:
        """Share of agreeing pairs among those that start from the category."""
        return quotient(sums[..., 0], sums[..., 1])

    def reason(self, units: Units) -> str:
        """Say that there is no pair, or that nobody in a pair chose the category."""
        if not len(units.pairable()):
            return no_pair(len(units))
        label = units.categories[self.category]
        return f"no rating with a partner falls in category {label!r}"


def coefficient(
    statistic: str,
    units: Units,
    *,
    level: Level | None = None,
    weights: Weights = "identity",
    category: Hashable = None,
) -> Coefficient:
    """Give the coefficient of this name for these units' categories.

    Raises
    ------
    RatingsError
        If the name is unknown, or the level, weights or category do not fit.
    """
    n_categories = len(units.categories)
    match statistic:
        case "krippendorff_alpha":
            if level is None:
                raise RatingsError("krippendorff_alpha needs `level`: what does a difference mean?")
            return Alpha(n_categories, alpha_distance(level, units))
        case "percent_agreement":
            return ChanceCorrected("percent_agreement", no_chance, np.eye(n_categories))
        case "specific_agreement":
            index = _index(category, units)
            return Specific(index, f"specific_agreement[{category}]")
        case "category_kappa":
            return category_kappa_of(_index(category, units), category, n_categories)
    if statistic in CHANCES or statistic == "conger_kappa":
        return chance_corrected(statistic, units, weights)
    raise RatingsError(f"statistic {statistic!r} is not among {list(get_args(Statistic))}")


def chance_corrected(statistic: str, units: Units, weights: Weights) -> ChanceCorrected | Conger:
    """Give a coefficient whose weights can be chosen, see `coefficient`."""
    if statistic in ("gwet_ac", "brennan_prediger") and not units.is_declared:
        raise RatingsError(
            f"{statistic} needs `categories`: how many options there are comes from the "
            "rubric, and not from those that happen to occur"
        )
    credit = kappa_weights(weights, units)
    if statistic == "conger_kappa":
        return Conger(credit)
    return ChanceCorrected(statistic, CHANCES[statistic], credit)


def _index(category: Hashable, units: Units) -> int:
    if category not in units.categories:
        known = "declared" if units.is_declared else "in the ratings; give `categories`"
        raise RatingsError(
            f"category {category!r} is not among {list(units.categories)}, those {known}"
        )
    return units.categories.index(category)
