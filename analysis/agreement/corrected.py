"""Coefficients that take chance agreement off: (p_a - p_e) / (1 - p_e).

They share p_a, the mean agreement of units with two ratings or more, and differ in what they hold
to be chance. Each chance below is the agreement of two random ratings, drawn from two
distributions over the categories. From the shares of all ratings twice, it is p_e; from one
unit's shares and those of all, it is that unit's part of p_e, which the linearised standard
errors need.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from analysis.agreement.reasons import no_pair, no_pair_or_one_category
from analysis.ratings import FloatArray, Units

NEGLIGIBLE = 1e-12
"""A difference below this is rounding."""

Chance = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""Chance agreement from two sets of shares (..., q) and agreement weights (q, q)."""


def no_chance(one: FloatArray, other: FloatArray, weights: FloatArray) -> FloatArray:
    """Nothing is taken off: percent agreement."""
    return np.zeros(one.shape[:-1])


def gwet_chance(one: FloatArray, other: FloatArray, weights: FloatArray) -> FloatArray:
    """Gwet (2008): random ratings fall on hard units only."""
    n_categories = len(weights)
    spread: FloatArray = (one * (1 - other)).sum(axis=-1)
    return spread * float(weights.sum()) / (n_categories * (n_categories - 1))


def fleiss_chance(one: FloatArray, other: FloatArray, weights: FloatArray) -> FloatArray:
    """Fleiss (1971), Scott (1955): two ratings drawn from the observed shares."""
    chance: FloatArray = (one @ weights * other).sum(axis=-1)
    return chance


def uniform_chance(one: FloatArray, other: FloatArray, weights: FloatArray) -> FloatArray:
    """Brennan and Prediger (1981), Randolph (2005): every category equally likely."""
    return np.full(one.shape[:-1], weights.mean())


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
        return np.column_stack(
            [
                unit_agreement(units, self.weights),
                per_unit >= 2,
                unit_shares(units),
                per_unit >= 1,
            ]
        )

    def agreements(self, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean agreement p_a of units with a pair; p_e from the shares over all rated units."""
        observed = quotient(sums[..., 0], sums[..., 1])
        shares = quotient(sums[..., 2:-1], sums[..., -1:])
        return observed, self.chance(shares, shares, self.weights)

    def value(self, sums: FloatArray) -> FloatArray:
        """Correct the observed agreement by that of chance."""
        observed, chance = self.agreements(sums)
        return quotient(observed - chance, 1 - chance)

    def reason(self, units: Units) -> str:
        """Say that there is no pair, or no second category."""
        return no_pair_or_one_category(units, len(units))


@dataclass(frozen=True, eq=False)
class CategoryKappa(ChanceCorrected):
    """Fleiss' kappa of one category against all others."""

    label: Hashable = None

    def reason(self, units: Units) -> str:
        """Say that there is no pair, or that all ratings are alike in this."""
        if not len(units.pairable()):
            return no_pair(len(units))
        return f"all {units.per_unit.sum()} ratings are {self.label!r}, or none is"


def category_kappa_of(category: int, label: Hashable, n_categories: int) -> CategoryKappa:
    """Give Fleiss' kappa of one category: two ratings agree if both are in it, or neither is."""
    is_in = np.arange(n_categories) == category
    alike = (is_in[:, None] == is_in).astype(float)
    return CategoryKappa(f"category_kappa[{label}]", fleiss_chance, alike, label=label)


@dataclass(frozen=True, eq=False)
class Conger:
    """Conger (1980): p_e from each rater's own shares; for two raters, Cohen's kappa."""

    weights: FloatArray
    name: str = "conger_kappa"
    needs_raters: bool = True

    def per_unit(self, units: Units) -> FloatArray:
        """Agreement in the unit, whether it has a pair, then each rater's choice as indicators."""
        choices = rater_choices(units).reshape(len(units), -1)
        return np.column_stack([unit_agreement(units, self.weights), units.per_unit >= 2, choices])

    def agreements(self, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean agreement p_a; p_e, what pairs of different raters share by chance."""
        observed = quotient(sums[..., 0], sums[..., 1])
        choices = sums[..., 2:].reshape(*sums.shape[:-1], -1, len(self.weights))
        n_ratings = choices.sum(axis=-1, keepdims=True)
        shares = np.divide(choices, n_ratings, out=np.zeros_like(choices), where=n_ratings > 0)
        n_raters = (n_ratings[..., 0] > 0).sum(axis=-1)
        # All ordered pairs of raters, less each rater with himself.
        together = shares.sum(axis=-2)
        pooled = fleiss_chance(together, together, self.weights)
        alone = fleiss_chance(shares, shares, self.weights).sum(axis=-1)
        return observed, quotient(pooled - alone, (n_raters * (n_raters - 1)).astype(float))

    def value(self, sums: FloatArray) -> FloatArray:
        """Correct the observed agreement by that of chance."""
        observed, chance = self.agreements(sums)
        return quotient(observed - chance, 1 - chance)

    def reason(self, units: Units) -> str:
        """Say that there is no pair, or no second category."""
        return no_pair_or_one_category(units, len(units))


def unit_agreement(units: Units, weights: FloatArray) -> FloatArray:
    """Mean credit over the pairs of ratings of each unit; 0 for a unit without a pair."""
    counts, per_unit = units.counts.astype(float), units.per_unit
    # A rating is no partner of itself: take off the diagonal, whose weights are 1.
    credit = (counts @ weights * counts).sum(axis=1) - per_unit
    pairs = np.maximum(per_unit * (per_unit - 1), 1)
    return np.where(per_unit >= 2, credit / pairs, 0.0)


def unit_shares(units: Units) -> FloatArray:
    """Share of each category among the ratings of each unit, (n_units, n_categories)."""
    shares: FloatArray = units.counts / np.maximum(units.per_unit, 1)[:, None]
    return shares


def rater_choices(units: Units) -> FloatArray:
    """Each rater's choice as indicators, (n_units, n_raters, n_categories)."""
    chosen: FloatArray = (units.codes[:, :, None] == np.arange(len(units.categories))).astype(float)
    return chosen


def quotient(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide; NaN where there is nothing to divide by."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    ratio: FloatArray = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > NEGLIGIBLE)
    return ratio
