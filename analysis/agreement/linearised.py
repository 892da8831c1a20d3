"""Standard errors in closed form: what each unit adds to a coefficient, to first order.

They need no resampling and reproduce the published tables (Gwet's handbook, R irrCAC). They speak
of these raters on units like these, and take units as independent. Where a code is rare, their
intervals of alpha and the kappas cover too seldom: they are refused, see
`analysis.agreement.variation`, unless the published interval is asked for.
"""

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

from analysis.agreement.coefficients import CHANCES, chance_corrected
from analysis.agreement.corrected import (
    NEGLIGIBLE,
    Chance,
    fleiss_chance,
    no_chance,
    rater_choices,
    unit_agreement,
    unit_shares,
)
from analysis.agreement.estimating import ChanceCorrectedEstimate
from analysis.agreement.limits import with_limits
from analysis.agreement.reasons import no_pair, no_pair_or_one_category
from analysis.agreement.variation import UNMOVED, too_few_varied
from analysis.agreement.weights import Level, Weights, alpha_distance, kappa_weights
from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.ratings import MISSING, Categories, FloatArray, Units, read_units

Linearisable = Literal[
    "percent_agreement",
    "gwet_ac",
    "fleiss_kappa",
    "conger_kappa",
    "brennan_prediger",
    "krippendorff_alpha",
    "gwet_alpha",
]
ALPHAS = ("krippendorff_alpha", "gwet_alpha")
NO_SPREAD = "the linearised standard error is 0: every unit says the same, or there is only one"


def linearised(
    ratings: ArrayLike,
    statistic: Linearisable,
    *,
    categories: Categories | None = None,
    weights: Weights = "identity",
    level: Level | None = None,
    confidence: float = 0.95,
    capped: bool = True,
    as_published: bool = False,
) -> ChanceCorrectedEstimate:
    """Give a coefficient with its linearised standard error and t interval.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing.
    statistic
        `gwet_alpha` is alpha with any of the weights, which R irrCAC calls Krippendorff's; with
        `ordinal` weights it is not Krippendorff's ordinal alpha (.834 against .815 on one and the
        same published table). The others are named as their functions, `percent_agreement`
        counting partial agreement by the weights.
    categories, weights
        As in `fleiss_kappa`.
    level
        For `krippendorff_alpha` instead of weights: `nominal`, `interval` or `ratio`.
    capped
        Whether an upper limit above 1 becomes 1, as in the published tables.
    as_published
        Whether to give the interval also where it cannot be trusted, to reproduce a published one;
        its method says so.

    Returns
    -------
    dimensionless, at most 1
        The standard error is the published one: of an alpha it leaves out the small-sample term;
        of the others, units with one rating widen it (that of percent agreement too much: leave
        them out first). The interval has one degree of freedom less than there are rated units.
        It is refused for alpha and the kappas where fewer than ten units have another code than
        the commonest.

    Raises
    ------
    RatingsError
        If table, codes, weights or level cannot be what was meant, or at level `ordinal`:
        Krippendorff's metric moves with the ratings, and these formulas hold it fixed.
    UndefinedStatisticError
        If the coefficient has no value.

    References
    ----------
    Gwet (2008), British Journal of Mathematical and Statistical Psychology 61, 29-48; (2014),
    Handbook of Inter-Rater Reliability, 4th edition; (2021), Educational and Psychological
    Measurement 81, 781-790.
    """
    units = read_units(ratings, categories)
    rated = units.take(units.per_unit >= 1)
    credit = _credit(statistic, rated, weights, level)
    if not len(rated.pairable()):
        raise UndefinedStatisticError(no_pair(len(units)))

    parts = _parts(statistic, rated, credit)
    if 1 - parts.chance <= NEGLIGIBLE:
        counted = rated.pairable() if statistic in ALPHAS else rated
        raise UndefinedStatisticError(no_pair_or_one_category(counted, len(units)))
    df = len(rated) - 1
    refusal = None if as_published or statistic in UNMOVED else too_few_varied(rated)
    return with_limits(
        _estimate(statistic, rated.pairable(), parts),
        parts.standard_error(),
        confidence=confidence,
        method=f"linearised, t with {df} degrees of freedom{', as published' * as_published}",
        no_spread=NO_SPREAD,
        refusal=refusal,
        df=df,
        capped=capped,
    )


class _Parts(NamedTuple):
    """What a coefficient and its standard error are made of."""

    observed: float
    chance: float
    net: FloatArray
    """(n_units,), agreement less that of chance; their mean over 1 - p_e is the coefficient."""

    chance_shift: FloatArray
    """(n_units,), how far each unit moves chance agreement; their mean is 0."""

    def standard_error(self) -> float:
        """Gwet's: a unit moves the coefficient by its agreement, and twice by chance."""
        n_units = len(self.net)
        if n_units < 2:
            return 0.0
        value = self.net.mean() / (1 - self.chance)
        influence = (self.net - 2 * (1 - value) * self.chance_shift) / (1 - self.chance) - value
        return float(np.sqrt(np.square(influence).sum() / (n_units * (n_units - 1))))


def _credit(statistic: str, units: Units, weights: Weights, level: Level | None) -> FloatArray:
    if statistic not in get_args(Linearisable):
        allowed = list(get_args(Linearisable))
        raise RatingsError(f"statistic {statistic!r} is not among {allowed}")
    if statistic != "krippendorff_alpha":
        if level is not None:
            raise RatingsError(f"{statistic} takes weights; level is for krippendorff_alpha only")
        if statistic in ("percent_agreement", "gwet_alpha"):
            return kappa_weights(weights, units)
        return chance_corrected(statistic, units, weights).weights
    if level is None:
        raise RatingsError("krippendorff_alpha needs `level`: what does a difference mean?")

    distance = alpha_distance(level, units)
    if distance is None:
        raise RatingsError(
            "Krippendorff's ordinal metric moves with the ratings, and linearised standard errors "
            "hold it fixed: take a jackknife or bootstrap interval instead"
        )
    largest = float(distance.max(initial=0))
    return 1 - distance / largest if largest > 0 else distance + 1


def _parts(statistic: str, units: Units, weights: FloatArray) -> _Parts:
    if statistic in ALPHAS:
        return _alpha_parts(units.pairable(), weights)
    if statistic == "conger_kappa":
        return _net_of_chance(units, weights, *_conger_chance(units, weights))
    chance = CHANCES.get(statistic, no_chance)
    return _net_of_chance(units, weights, *_pooled_chance(units, weights, chance))


def _net_of_chance(
    units: Units, weights: FloatArray, chance: float, chance_shift: FloatArray
) -> _Parts:
    agreement, has_pair = unit_agreement(units, weights), units.per_unit >= 2
    share = has_pair.mean()
    observed = float(agreement.mean() / share)
    return _Parts(observed, chance, (agreement - chance * has_pair) / share, chance_shift)


def _pooled_chance(units: Units, weights: FloatArray, chance: Chance) -> tuple[float, FloatArray]:
    unit = unit_shares(units)
    pooled = unit.mean(axis=0)
    expected = float(chance(pooled, pooled, weights))
    return expected, chance(unit, pooled, weights) - expected


def _conger_chance(units: Units, weights: FloatArray) -> tuple[float, FloatArray]:
    """A rating moves its rater's shares, the more the fewer ratings that rater gave."""
    chosen = rater_choices(units).sum(axis=0)
    present = chosen.any(axis=1)
    codes, chosen = units.codes[:, present], chosen[present]
    n_ratings = chosen.sum(axis=1, keepdims=True)
    shares, n_raters = chosen / n_ratings, len(chosen)

    credit_with_others = (shares.sum(axis=0) - shares) @ weights
    expected = (shares * credit_with_others).sum(axis=1)
    credit = credit_with_others[np.arange(n_raters), codes] - expected
    scaled = np.where(codes == MISSING, 0.0, credit) * len(units) / n_ratings.T
    ordered_pairs = n_raters * (n_raters - 1)
    return float(expected.sum() / ordered_pairs), scaled.sum(axis=1) / ordered_pairs


def _alpha_parts(units: Units, weights: FloatArray) -> _Parts:
    """Each unit weighs by its ratings; the small-sample term enters the value alone."""
    weight = units.per_unit / units.per_unit.mean()
    unit = unit_shares(units) * weight[:, None]
    pooled = unit.mean(axis=0)
    agreement = unit_agreement(units, weights) * weight
    expected = float(fleiss_chance(pooled, pooled, weights))

    mean, small_sample = agreement.mean(), 1 / units.per_unit.sum()
    observed = float(mean + (1 - mean) * small_sample)
    net = agreement - mean * (weight - 1) - expected
    chance_shift = fleiss_chance(unit, pooled, weights) - expected * weight
    return _Parts(observed, expected, net, chance_shift)


def _estimate(statistic: str, pairable: Units, parts: _Parts) -> ChanceCorrectedEstimate:
    return ChanceCorrectedEstimate(
        statistic,
        value=(parts.observed - parts.chance) / (1 - parts.chance),
        interval=None,
        n_units=len(pairable),
        n_raters=pairable.n_raters(),
        n_ratings=int(pairable.per_unit.sum()),
        observed_agreement=parts.observed,
        chance_agreement=parts.chance,
    )
