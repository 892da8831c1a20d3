"""Agreement among any number of raters: one function for each coefficient, a point estimate each.

Ratings are units by raters, NaN for missing. Intervals come from `analysis.bootstrap`, which
computes the same coefficients, or from `analysis.linearised`.
"""

from collections.abc import Hashable

from numpy.typing import ArrayLike

from analysis.agreement.coefficients import chance_corrected, coefficient
from analysis.agreement.estimating import (
    ChanceCorrectedEstimate,
    corrected_estimate_of,
    estimate_of,
)
from analysis.agreement.weights import Level, Weights
from analysis.estimates import Estimate
from analysis.ratings import Categories, read_units


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
    return estimate_of(coefficient("krippendorff_alpha", units, level=level), units)


def fleiss_kappa(
    ratings: ArrayLike, *, categories: Categories | None = None, weights: Weights = "identity"
) -> ChanceCorrectedEstimate:
    """Fleiss' kappa for any number of ratings per unit; for two raters, Scott's pi.

    Chance is two ratings drawn from the shares that the categories have among all ratings.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing. Units with one rating count towards chance agreement.
    categories
        Declared codes in rank order: only weights that count ranks need them, if codes have gaps.
    weights
        Credit for partial agreement, see `analysis.agreement.weights.agreement_weights`.
        `ordinal` is Gwet's, not Krippendorff's.

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
    return _corrected("fleiss_kappa", ratings, categories, weights)


def gwet_ac(
    ratings: ArrayLike, *, categories: Categories | None = None, weights: Weights = "identity"
) -> ChanceCorrectedEstimate:
    """Gwet's AC1, with weights AC2: little moved by how common a category is.

    Arguments and errors are those of `fleiss_kappa`, but `categories` are never to be left out:
    each code that the rubric offers counts. Defined, as 1, where all ratings fall in one category.

    References
    ----------
    Gwet (2008), British Journal of Mathematical and Statistical Psychology 61, 29-48.
    """
    return _corrected("gwet_ac", ratings, categories, weights)


def brennan_prediger(
    ratings: ArrayLike, *, categories: Categories | None = None, weights: Weights = "identity"
) -> ChanceCorrectedEstimate:
    """Free-marginal kappa (Brennan and Prediger, Randolph; for two codes PABAK).

    Arguments and errors are those of `fleiss_kappa`, but `categories` are never to be left out:
    each code that the rubric offers counts. Defined, as 1, where all ratings fall in one category.

    References
    ----------
    Brennan and Prediger (1981), Educational and Psychological Measurement 41, 687-699.
    """
    return _corrected("brennan_prediger", ratings, categories, weights)


def conger_kappa(
    ratings: ArrayLike, *, categories: Categories | None = None, weights: Weights = "identity"
) -> ChanceCorrectedEstimate:
    """Conger's kappa: Cohen's for many raters, chance agreement from each rater's own habits.

    Arguments and errors are those of `fleiss_kappa`; a column must be one person throughout.

    References
    ----------
    Conger (1980), Psychological Bulletin 88, 322-328.
    """
    return _corrected("conger_kappa", ratings, categories, weights)


def _corrected(
    statistic: str, ratings: ArrayLike, categories: Categories | None, weights: Weights
) -> ChanceCorrectedEstimate:
    units = read_units(ratings, categories)
    return corrected_estimate_of(chance_corrected(statistic, units, weights), units)


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
    return estimate_of(coefficient("percent_agreement", units), units)


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
    return estimate_of(coefficient("specific_agreement", units, category=category), units)


def category_kappa(
    ratings: ArrayLike, *, category: Hashable, categories: Categories | None = None
) -> Estimate:
    """Fleiss' kappa of one category against all others: which one do raters tell apart?

    Arguments are those of `specific_agreement`.

    Raises
    ------
    UndefinedStatisticError
        If no unit has two ratings, or all ratings or none fall in the category.

    References
    ----------
    Fleiss (1971), Psychological Bulletin 76, 378-382.
    """
    units = read_units(ratings, categories)
    return estimate_of(coefficient("category_kappa", units, category=category), units)
