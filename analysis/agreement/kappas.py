"""Agreement among raters: one function for each coefficient, each giving a point estimate.

Ratings are units by raters, NaN for missing. Intervals come from `analysis.bootstrap`, which
computes the same coefficients.
"""

from collections.abc import Hashable

import numpy as np
from numpy.typing import ArrayLike

from analysis.agreement.coefficients import Coefficient, Conger, coefficient
from analysis.agreement.weights import Level, Weights, kappa_weights
from analysis.estimates import Estimate, RatingsError, UndefinedStatisticError
from analysis.ratings import Categories, Units, read_units


def krippendorff_alpha(
    ratings: ArrayLike, *, level: Level, categories: Categories | None = None
) -> Estimate:
    """Krippendorff's alpha, one minus observed over expected disagreement.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing; or labels, None for missing. Units with fewer than two ratings
        do not count.
    level
        What a difference means: `nominal` takes all as equally bad, `ordinal` weighs by how many
        ratings lie between, `interval` and `ratio` compute with the codes themselves.
    categories
        Declared codes in rank order: only ordinal labels need them.

    Returns
    -------
    dimensionless, at most 1
        1 is perfect agreement, 0 what chance gives, below 0 systematic disagreement.

    Raises
    ------
    RatingsError
        If the table, the codes or the level cannot be what was meant.
    UndefinedStatisticError
        If no unit has two ratings, or all of these ratings fall in one category.

    References
    ----------
    Hayes and Krippendorff (2007), Communication Methods and Measures 1(1), 77-89.
    """
    units = read_units(ratings, categories)
    return _estimate(coefficient("krippendorff_alpha", units, level=level), units)


def gwet_ac(
    ratings: ArrayLike, *, categories: Categories | None = None, weights: Weights = "identity"
) -> Estimate:
    """Gwet's AC1, with weights AC2: little moved by how common a category is.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing. Units with one rating count towards chance agreement.
    categories
        All codes that the rubric offers, in rank order: never to be left out, each one counts.
    weights
        Credit for partial agreement, see `analysis.agreement.weights`. `ordinal` is Gwet's, not
        Krippendorff's.

    Returns
    -------
    dimensionless, at most 1
        1 also where all ratings fall in one category.

    Raises
    ------
    RatingsError
        If table, codes or weights cannot be what was meant.
    UndefinedStatisticError
        If no unit has two ratings.

    References
    ----------
    Gwet (2008), British Journal of Mathematical and Statistical Psychology 61, 29-48.
    """
    units = read_units(ratings, categories)
    return _estimate(coefficient("gwet_ac", units, weights=weights), units)


def fleiss_kappa(
    ratings: ArrayLike, *, categories: Categories | None = None, weights: Weights = "identity"
) -> Estimate:
    """Fleiss' kappa for any number of ratings per unit; for two raters, Scott's pi.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing. Units with one rating count towards chance agreement.
    categories
        Declared codes in rank order: only weights that count ranks need them, if codes have gaps.
    weights
        Credit for partial agreement, see `analysis.agreement.weights`.

    Returns
    -------
    dimensionless, at most 1

    Raises
    ------
    RatingsError
        If table, codes or weights cannot be what was meant.
    UndefinedStatisticError
        If no unit has two ratings, or all ratings fall in one category.

    References
    ----------
    Fleiss (1971), Psychological Bulletin 76, 378-382; for missing ratings Gwet (2014), Handbook
    of Inter-Rater Reliability, 4th edition.
    """
    units = read_units(ratings, categories)
    return _estimate(coefficient("fleiss_kappa", units, weights=weights), units)


def brennan_prediger(
    ratings: ArrayLike, *, categories: Categories | None = None, weights: Weights = "identity"
) -> Estimate:
    """Free-marginal kappa (Brennan and Prediger, Randolph; for two codes PABAK).

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing.
    categories
        All codes that the rubric offers, in rank order: never to be left out, each one counts.
    weights
        Credit for partial agreement, see `analysis.agreement.weights`.

    Returns
    -------
    dimensionless, at most 1
        1 also where all ratings fall in one category.

    Raises
    ------
    RatingsError
        If table, codes or weights cannot be what was meant.
    UndefinedStatisticError
        If no unit has two ratings.

    References
    ----------
    Brennan and Prediger (1981), Educational and Psychological Measurement 41, 687-699.
    """
    units = read_units(ratings, categories)
    return _estimate(coefficient("brennan_prediger", units, weights=weights), units)


def conger_kappa(
    ratings: ArrayLike, *, categories: Categories | None = None, weights: Weights = "identity"
) -> Estimate:
    """Conger's kappa: Cohen's for many raters, chance agreement from each rater's own habits.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing. A column must be one person throughout.
    categories
        Declared codes in rank order: only weights that count ranks need them, if codes have gaps.
    weights
        Credit for partial agreement, see `analysis.agreement.weights`.

    Returns
    -------
    dimensionless, at most 1

    Raises
    ------
    RatingsError
        If table, codes or weights cannot be what was meant.
    UndefinedStatisticError
        If no unit has two ratings, or all ratings fall in one category.

    References
    ----------
    Conger (1980), Psychological Bulletin 88, 322-328.
    """
    units = read_units(ratings, categories)
    return _estimate(coefficient("conger_kappa", units, weights=weights), units)


def cohen_kappa(
    a: ArrayLike,
    b: ArrayLike,
    *,
    categories: Categories | None = None,
    weights: Weights = "identity",
) -> Estimate:
    """Cohen's kappa of two raters, over the units that both rated.

    Parameters
    ----------
    a, b : (n_units,)
        Each rater's codes, NaN or None for missing.
    categories
        Declared codes in rank order: only weights that count ranks need them, if codes have gaps.
    weights
        Credit for partial agreement, see `analysis.agreement.weights`.

    Returns
    -------
    dimensionless, at most 1

    Raises
    ------
    RatingsError
        If the raters' lists differ in length, or codes or weights cannot be what was meant.
    UndefinedStatisticError
        If no unit has two ratings, or all ratings fall in one category.

    References
    ----------
    Cohen (1960), Educational and Psychological Measurement 20, 37-46; weighted (1968),
    Psychological Bulletin 70, 213-220.
    """
    first, second = np.asarray(a, dtype=object), np.asarray(b, dtype=object)
    if first.shape != second.shape or first.ndim != 1:
        raise RatingsError(f"two lists of one length, not shapes {first.shape} and {second.shape}")

    units = read_units(np.column_stack([first, second]), categories)
    chosen = Conger(kappa_weights(weights, units), name="cohen_kappa")
    if not len(units.pairable()):
        raise UndefinedStatisticError(chosen.reason(units))
    # With both raters on every unit, Conger's chance agreement is Cohen's.
    return _estimate(chosen, units.pairable())


def percent_agreement(ratings: ArrayLike, *, categories: Categories | None = None) -> Estimate:
    """Chance that two raters of a unit gave the same code, averaged over units; 0 to 1.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing. Units with fewer than two ratings do not count.
    categories
        Declared codes, to catch others. Unused ones do not move the share.

    Raises
    ------
    RatingsError
        If the table or the codes cannot be what was meant.
    UndefinedStatisticError
        If no unit has two ratings.
    """
    units = read_units(ratings, categories)
    return _estimate(coefficient("percent_agreement", units), units)


def specific_agreement(
    ratings: ArrayLike, *, category: Hashable, categories: Categories | None = None
) -> Estimate:
    """Chance that a second rater chooses this category, given that a first one did; 0 to 1.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing. Units with fewer than two ratings do not count.
    category
        One of the codes: of two, the positive or the negative agreement.
    categories
        Declared codes; needed for a category that nobody used.

    Raises
    ------
    RatingsError
        If the table or the codes cannot be what was meant.
    UndefinedStatisticError
        If no rating with a partner falls in the category.

    References
    ----------
    Cicchetti and Feinstein (1990), Journal of Clinical Epidemiology 43, 551-558.
    """
    units = read_units(ratings, categories)
    return _estimate(coefficient("specific_agreement", units, category=category), units)


def _estimate(chosen: Coefficient, units: Units) -> Estimate:
    pairable = units.pairable()
    value = chosen.value(chosen.per_unit(units).sum(axis=0)) if len(pairable) else np.nan
    if np.isnan(value):
        raise UndefinedStatisticError(chosen.reason(units))

    return Estimate(
        statistic=chosen.name,
        value=float(value),
        interval=None,
        n_units=len(pairable),
        n_raters=pairable.n_raters(),
        n_ratings=int(pairable.per_unit.sum()),
    )
