"""Two raters, or all pairs of several: Cohen's kappa, its test, Scott's pi and Light's kappa."""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from analysis.agreement.cohen import TableKappa, table_kappa
from analysis.agreement.corrected import ChanceCorrected, fleiss_chance
from analysis.agreement.estimating import ChanceCorrectedEstimate, corrected_estimate_of
from analysis.agreement.limits import with_limits
from analysis.agreement.paired import left_out, pair_table, read_pairs, table_of
from analysis.agreement.reasons import no_pair, no_pair_or_one_category
from analysis.agreement.variation import too_few_varied
from analysis.agreement.weights import Weights, kappa_weights
from analysis.estimates import Estimate, HypothesisTest, UndefinedStatisticError
from analysis.ratings import Categories, FloatArray, Units, read_units

METHOD = "large sample, Fleiss, Cohen and Everitt"
NO_SPREAD = (
    "the large-sample standard error is 0, for example because the raters agree on all units, or "
    "one of them gave every unit the same code"
)


@dataclass(frozen=True)
class KappaTest(HypothesisTest):
    """The test that kappa is 0; `value` is kappa over its standard error under that hypothesis."""

    kappa: float = field(kw_only=True)
    null_standard_error: float = field(kw_only=True)


def cohen_kappa(
    a: ArrayLike,
    b: ArrayLike,
    *,
    categories: Categories | None = None,
    weights: Weights = "identity",
    confidence: float = 0.95,
) -> ChanceCorrectedEstimate:
    """Cohen's kappa of two raters, over the units that both rated.

    The interval takes units as independent: resample clusters where questions come from common
    seeds. It is refused where fewer than ten units have another code than the commonest.

    Parameters
    ----------
    a, b : (n_units,)
        Each rater's codes, NaN or None for missing. Two pandas Series need the same index.
    categories
        Declared codes in rank order: only weights that count ranks need them, if codes have gaps.
    weights
        Credit for partial agreement, see `analysis.agreement.weights.agreement_weights`; weights
        of disagreement go through `weights_from_disagreement` first.

    Returns
    -------
    dimensionless, at most 1
        With the standard error for kappa as found, not under the hypothesis that it is 0.

    Raises
    ------
    RatingsError
        If the raters' lists differ in length or index, or codes or weights cannot be what was
        meant.
    UndefinedStatisticError
        If no unit has two ratings, or all ratings fall in one category.

    References
    ----------
    Cohen (1960), Educational and Psychological Measurement 20, 37-46; weighted (1968),
    Psychological Bulletin 70, 213-220; Fleiss, Cohen and Everitt (1969), 72, 323-327.
    """
    units = read_pairs(a, b, categories)
    return kappa_estimate(units, kappa_weights(weights, units), confidence)


def kappa_estimate(units: Units, weights: FloatArray, confidence: float) -> ChanceCorrectedEstimate:
    """Give Cohen's kappa of units that two raters coded, see `cohen_kappa`."""
    kappa = _defined_kappa(units, weights)
    n_units = len(units.pairable())
    estimate = ChanceCorrectedEstimate(
        "cohen_kappa",
        kappa.value,
        interval=None,
        n_units=n_units,
        n_raters=2,
        n_ratings=2 * n_units,
        observed_agreement=kappa.observed,
        chance_agreement=kappa.chance,
    )
    return with_limits(
        estimate,
        kappa.standard_error,
        confidence=confidence,
        method=METHOD,
        no_spread=NO_SPREAD,
        refusal=too_few_varied(units),
    )


def cohen_kappa_test(
    a: ArrayLike,
    b: ArrayLike,
    *,
    categories: Categories | None = None,
    weights: Weights = "identity",
) -> KappaTest:
    """Test whether two raters agree more, or less, than by chance; arguments of `cohen_kappa`.

    Raises
    ------
    UndefinedStatisticError
        If kappa is undefined, or has no spread by chance: a rater gave every unit the same code.

    References
    ----------
    Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72, 323-327.
    """
    units = read_pairs(a, b, categories)
    kappa = _defined_kappa(units, kappa_weights(weights, units))
    if kappa.null_standard_error == 0:
        raise UndefinedStatisticError(
            "by these shares of the codes kappa is 0 whatever the raters do, for example because "
            "one of them gave every unit the same code"
        )

    z = kappa.value / kappa.null_standard_error
    return KappaTest(
        test="Cohen's kappa, large sample",
        hypothesis="kappa is 0: over these units, the two raters choose independently",
        value=z,
        p_value=float(2 * norm.sf(abs(z))),
        n=len(units.pairable()),
        note=left_out(units),
        kappa=kappa.value,
        null_standard_error=kappa.null_standard_error,
    )


def _defined_kappa(units: Units, weights: FloatArray) -> TableKappa:
    both = units.pairable()
    kappa = table_kappa(table_of(both), weights) if len(both) else None
    if kappa is None:
        raise UndefinedStatisticError(no_pair_or_one_category(both, len(units)))
    return kappa


def scott_pi(
    a: ArrayLike,
    b: ArrayLike,
    *,
    categories: Categories | None = None,
    weights: Weights = "identity",
) -> ChanceCorrectedEstimate:
    """Scott's pi: Fleiss' kappa of two raters, over the units that both rated.

    Unlike Cohen's kappa it takes different habits of the two raters as disagreement. Arguments
    and errors are those of `cohen_kappa`.

    References
    ----------
    Scott (1955), Public Opinion Quarterly 19, 321-325.
    """
    units = read_pairs(a, b, categories)
    chosen = ChanceCorrected("scott_pi", fleiss_chance, kappa_weights(weights, units))
    both = units.pairable()
    if not len(both):
        raise UndefinedStatisticError(no_pair(len(units)))
    return corrected_estimate_of(chosen, both)


def light_kappa(
    ratings: ArrayLike, *, categories: Categories | None = None, weights: Weights = "identity"
) -> Estimate:
    """Light's kappa: the mean of Cohen's kappas over all pairs of raters.

    Where raters saw different units, pairs that share few weigh as much as those that share many:
    Conger's kappa pools them instead.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing; each pair of raters counts over the units that both rated.
    categories, weights
        As in `cohen_kappa`.

    Raises
    ------
    RatingsError
        If table, codes or weights cannot be what was meant.
    UndefinedStatisticError
        If a pair of raters has no kappa: they share no unit, or gave all of them one code.

    References
    ----------
    Light (1971), Psychological Bulletin 76, 365-377.
    """
    units = read_units(ratings, categories)
    credit = kappa_weights(weights, units)
    pairable = units.pairable()
    if not len(pairable):
        raise UndefinedStatisticError(no_pair(len(units)))

    present = np.flatnonzero((units.codes >= 0).any(axis=0)).tolist()
    kappas = [_pair_kappa(pairable, pair, credit) for pair in combinations(present, 2)]
    n_ratings = int(pairable.per_unit.sum())
    value = float(np.mean(kappas))
    return Estimate("light_kappa", value, None, len(pairable), len(present), n_ratings)


def _pair_kappa(units: Units, pair: tuple[int, int], weights: FloatArray) -> float:
    first, second = pair
    table = pair_table(units.codes[:, first], units.codes[:, second], len(units.categories))
    kappa = table_kappa(table, weights) if table.any() else None
    if kappa is None:
        why = "gave one and the same code to all" if table.any() else "share none"
        raise UndefinedStatisticError(
            f"the raters in columns {first} and {second} (counted from 0) {why} of their "
            "units, so they have no kappa to take into the mean"
        )
    return kappa.value
