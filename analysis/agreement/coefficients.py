"""Agreement coefficients as functions of sums over units.

Each coefficient says what a unit contributes and how the summed contributions become a value.
Point estimates, resamples and leave-one-out values all come from these two steps. The letters are
those of the literature: n ratings of a unit per category, m ratings of a unit, p_a observed and
p_e chance agreement.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np

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
]

NEGLIGIBLE = 1e-12
"""A difference below this is rounding."""


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
class Alpha:
    """Krippendorff's alpha, one minus observed over expected disagreement."""

    n_categories: int
    distance: FloatArray | None
    """Squared distances of the categories; None for the ordinal metric."""

    name: str = "krippendorff_alpha"
    needs_raters: bool = False

    def per_unit(self, units: Units) -> FloatArray:
        """Disagreement within the unit (by pair of categories if ordinal), then its ratings."""
        counts = np.where(units.per_unit[:, None] >= 2, units.counts, 0).astype(float)
        partners = np.maximum(units.per_unit - 1, 1)[:, None]
        if self.distance is None:
            lower, upper = np.triu_indices(counts.shape[1], k=1)
            within = 2 * counts[:, lower] * counts[:, upper] / partners
        else:
            within = (counts @ self.distance * counts).sum(axis=1, keepdims=True) / partners
        return np.hstack([within, counts])

    def value(self, sums: FloatArray) -> FloatArray:
        """One minus observed over expected disagreement, the ordinal metric from these ratings."""
        within, margins = np.split(sums, [sums.shape[-1] - self.n_categories], axis=-1)
        total = margins.sum(axis=-1)
        observed, expected = self._disagreements(within, margins, total)
        varied = np.count_nonzero(margins, axis=-1) >= 2
        ratio: FloatArray = np.full(total.shape, np.nan)
        np.divide((total - 1) * observed, expected, out=ratio, where=varied)
        return 1 - ratio

    def _disagreements(
        self, within: FloatArray, margins: FloatArray, total: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        if self.distance is not None:
            return within[..., 0], (margins @ self.distance * margins).sum(axis=-1)

        # The mean rank of a category's ratings: Krippendorff's ordinal metric in closed form.
        rank = np.cumsum(margins, axis=-1) - margins / 2
        lower, upper = np.triu_indices(margins.shape[-1], k=1)
        observed = (within * np.square(rank[..., lower] - rank[..., upper])).sum(axis=-1)
        spread = (margins * np.square(rank - total[..., None] / 2)).sum(axis=-1)
        return observed, 2 * total * spread

    def reason(self, units: Units) -> str:
        """Say that there is no pair, or no second category."""
        return _no_pair_or_one_category(units.pairable(), len(units))


Chance = Callable[[FloatArray, FloatArray], FloatArray]
"""Chance agreement from category shares (..., q) and agreement weights (q, q)."""


def no_chance(shares: FloatArray, weights: FloatArray) -> FloatArray:
    """Nothing is taken off: percent agreement."""
    return np.zeros(shares.shape[:-1])


def gwet_chance(shares: FloatArray, weights: FloatArray) -> FloatArray:
    """Gwet (2008): random ratings fall on hard units only."""
    n_categories = len(weights)
    spread: FloatArray = (shares * (1 - shares)).sum(axis=-1)
    return spread * float(weights.sum()) / (n_categories * (n_categories - 1))


def fleiss_chance(shares: FloatArray, weights: FloatArray) -> FloatArray:
    """Fleiss (1971), Scott (1955): two ratings drawn from the observed shares."""
    chance: FloatArray = (shares @ weights * shares).sum(axis=-1)
    return chance


def uniform_chance(shares: FloatArray, weights: FloatArray) -> FloatArray:
    """Brennan and Prediger (1981), Randolph (2005): every category equally likely."""
    return np.full(shares.shape[:-1], weights.mean())


@dataclass(frozen=True, eq=False)
class ChanceCorrected:
    """(p_a - p_e) / (1 - p_e), with p_e from the shares of the categories."""

    name: str
    chance: Chance
    weights: FloatArray
    needs_raters: bool = False

    def per_unit(self, units: Units) -> FloatArray:
        """Agreement in the unit, whether it has a pair, shares of its categories, whether rated."""
        per_unit = units.per_unit
        shares = units.counts / np.maximum(per_unit, 1)[:, None]
        return np.column_stack(
            [_agreement(units, self.weights), per_unit >= 2, shares, per_unit >= 1]
        )

    def value(self, sums: FloatArray) -> FloatArray:
        """Correct the mean agreement of units with a pair by the shares over all rated units."""
        observed = _quotient(sums[..., 0], sums[..., 1])
        shares = _quotient(sums[..., 2:-1], sums[..., -1:])
        chance = self.chance(shares, self.weights)
        return _quotient(observed - chance, 1 - chance)

    def reason(self, units: Units) -> str:
        """Say that there is no pair, or no second category."""
        return _no_pair_or_one_category(units, len(units))


@dataclass(frozen=True, eq=False)
class Conger:
    """Conger (1980): p_e from each rater's own shares; for two raters, Cohen's kappa."""

    weights: FloatArray
    name: str = "conger_kappa"
    needs_raters: bool = True

    def per_unit(self, units: Units) -> FloatArray:
        """Agreement in the unit, whether it has a pair, then each rater's choice as indicators."""
        choices = units.codes[:, :, None] == np.arange(len(units.categories))
        return np.column_stack(
            [_agreement(units, self.weights), units.per_unit >= 2, choices.reshape(len(units), -1)]
        )

    def value(self, sums: FloatArray) -> FloatArray:
        """Correct the mean agreement by what pairs of different raters share by chance."""
        observed = _quotient(sums[..., 0], sums[..., 1])
        choices = sums[..., 2:].reshape(*sums.shape[:-1], -1, len(self.weights))
        n_ratings = choices.sum(axis=-1, keepdims=True)
        shares = np.divide(choices, n_ratings, out=np.zeros_like(choices), where=n_ratings > 0)
        n_raters = (n_ratings[..., 0] > 0).sum(axis=-1)
        # All ordered pairs of raters, less each rater with himself.
        pooled = fleiss_chance(shares.sum(axis=-2), self.weights)
        alone = fleiss_chance(shares, self.weights).sum(axis=-1)
        chance = _quotient(pooled - alone, (n_raters * (n_raters - 1)).astype(float))
        return _quotient(observed - chance, 1 - chance)

    def reason(self, units: Units) -> str:
        """Say that there is no pair, or no second category."""
        return _no_pair_or_one_category(units, len(units))


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
        return _quotient(sums[..., 0], sums[..., 1])

    def reason(self, units: Units) -> str:
        """Say that there is no pair, or that nobody in a pair chose the category."""
        if not len(units.pairable()):
            return _no_pair(len(units))
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
            if category not in units.categories:
                known = "declared" if units.is_declared else "in the ratings; give `categories`"
                raise RatingsError(
                    f"category {category!r} is not among {list(units.categories)}, those {known}"
                )
            name = f"specific_agreement[{category}]"
            return Specific(units.categories.index(category), name)
        case "conger_kappa":
            return Conger(kappa_weights(weights, units))
        case "fleiss_kappa":
            return ChanceCorrected(statistic, fleiss_chance, kappa_weights(weights, units))
        case "gwet_ac" | "brennan_prediger":
            if not units.is_declared:
                raise RatingsError(
                    f"{statistic} needs `categories`: how many options there are comes from the "
                    "rubric, and not from those that happen to occur"
                )
            chance = gwet_chance if statistic == "gwet_ac" else uniform_chance
            return ChanceCorrected(statistic, chance, kappa_weights(weights, units))
    raise RatingsError(f"statistic {statistic!r} is not among {list(get_args(Statistic))}")


def _agreement(units: Units, weights: FloatArray) -> FloatArray:
    """Mean credit over the pairs of ratings of each unit; 0 for a unit without a pair."""
    counts, per_unit = units.counts.astype(float), units.per_unit
    # A rating is no partner of itself: take off the diagonal, whose weights are 1.
    credit = (counts @ weights * counts).sum(axis=1) - per_unit
    pairs = np.maximum(per_unit * (per_unit - 1), 1)
    return np.where(per_unit >= 2, credit / pairs, 0.0)


def _quotient(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    ratio: FloatArray = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > NEGLIGIBLE)
    return ratio


def _no_pair_or_one_category(units: Units, n_units: int) -> str:
    if not len(units.pairable()):
        return _no_pair(n_units)
    if np.count_nonzero(units.counts.sum(axis=0)) > 1:
        return "the weights take all codes that occur as the same"
    return f"all {units.per_unit.sum()} ratings fall in one category"


def _no_pair(n_units: int) -> str:
    return f"none of the {n_units} units has two ratings"
