"""A coefficient and the units it is asked of, to an estimate or the reason why there is none."""

from dataclasses import dataclass, field

import numpy as np

from analysis.agreement.coefficients import Coefficient
from analysis.agreement.corrected import ChanceCorrected, Conger
from analysis.estimates import Estimate, UndefinedStatisticError
from analysis.ratings import FloatArray, Units

CHUNK_NUMBERS = 2**22
"""Numbers held at once in one array (32 MiB)."""


@dataclass(frozen=True)
class ChanceCorrectedEstimate(Estimate):
    """A coefficient with the two numbers it is made of: (p_a - p_e) / (1 - p_e)."""

    observed_agreement: float = field(kw_only=True)
    """p_a, by the weights; 0 to 1."""

    chance_agreement: float = field(kw_only=True)
    """p_e, 0 to 1. Close to 1, a few disagreements take the coefficient to 0 or below."""


def estimate_of(chosen: Coefficient, units: Units) -> Estimate:
    """Give the point estimate.

    Raises
    ------
    UndefinedStatisticError
        If there is none, with the coefficient's reason.
    """
    value = _defined_value(chosen, units, _sums(chosen, units))
    return Estimate(chosen.name, value, None, *_sizes(units))


def corrected_estimate_of(
    chosen: ChanceCorrected | Conger, units: Units
) -> ChanceCorrectedEstimate:
    """Give the point estimate, with observed and chance agreement beside it; see `estimate_of`."""
    sums = _sums(chosen, units)
    value = _defined_value(chosen, units, sums)
    observed, chance = chosen.agreements(sums)
    return ChanceCorrectedEstimate(
        chosen.name,
        value,
        None,
        *_sizes(units),
        observed_agreement=float(observed),
        chance_agreement=float(chance),
    )


def _sums(chosen: Coefficient, units: Units) -> FloatArray:
    """Add up the units in chunks: on a scale of 100 codes, each may contribute 5,000 numbers."""
    n_codes = len(units.categories)
    most = n_codes * (n_codes + units.codes.shape[1])
    size = max(1, CHUNK_NUMBERS // max(1, most))
    starts = range(0, max(1, len(units)), size)
    chunks = [units.take(np.arange(start, min(start + size, len(units)))) for start in starts]
    sums: FloatArray = np.sum([chosen.per_unit(chunk).sum(axis=0) for chunk in chunks], axis=0)
    return sums


def _defined_value(chosen: Coefficient, units: Units, sums: FloatArray) -> float:
    value = chosen.value(sums) if (units.per_unit >= 2).any() else np.nan
    if np.isnan(value):
        raise UndefinedStatisticError(chosen.reason(units))
    return float(value)


def _sizes(units: Units) -> tuple[int, int, int]:
    """Units with a pair of ratings, the raters in them, and their ratings."""
    pairable = units.pairable()
    return len(pairable), pairable.n_raters(), int(pairable.per_unit.sum())
