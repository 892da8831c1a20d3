"""A rate found by an automatic rater, corrected for how often it errs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.estimates import Estimate, Interval, UndefinedStatisticError, frame_of
from analysis.rates.proportions import check_counts, normal_quantile, wilson

Counted = tuple[int, int]
"""How many, of how many."""


@dataclass(frozen=True)
class PrevalenceCorrection:
    """A rate corrected for sensitivity and specificity, and what it was made of."""

    corrected: Estimate
    untruncated: float
    """By the formula; below 0 or above 1 where the errors explain more than all that was found."""

    apparent: Estimate
    """The share that the automatic rater found."""

    sensitivity: Estimate
    specificity: Estimate
    note: str | None

    @property
    def value(self) -> float:
        """The corrected rate."""
        return self.corrected.value

    @property
    def interval(self) -> Interval | None:
        """Of the corrected rate."""
        return self.corrected.interval

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def rogan_gladen(
    positives: Counted,
    *,
    sensitivity: Counted,
    specificity: Counted,
    confidence: float = 0.95,
) -> PrevalenceCorrection:
    """Correct the rate that an automatic rater found by its errors on units that people judged.

    p = (q + specificity - 1) / (sensitivity + specificity - 1) for the share q that it found. Its
    interval counts the errors of all three shares. Sensitivity and specificity must hold for the
    units that are corrected: they seldom do for another set of questions, or another group.

    Parameters
    ----------
    positives
        Units that the automatic rater marked, of all units.
    sensitivity
        Units that it marked, of those that people marked.
    specificity
        Units that it left unmarked, of those that people left unmarked.

    Raises
    ------
    RatingsError
        If a count does not lie from 0 to its total.
    UndefinedStatisticError
        If a total is 0, or if the automatic rater cannot be told from chance: the interval of
        sensitivity + specificity - 1 reaches 0.

    References
    ----------
    Rogan and Gladen (1978), American Journal of Epidemiology 107, 71-76; Lang and Reiczigel
    (2014), Preventive Veterinary Medicine 113, 13-22, for the interval.
    """
    for k, n in (positives, sensitivity, specificity):
        check_counts(k, n, confidence)
    z = normal_quantile(confidence)
    _refuse_chance(sensitivity, specificity, z)
    apparent, se, sp = (k / n for k, n in (positives, sensitivity, specificity))
    untruncated = (apparent + sp - 1) / (se + sp - 1)
    value = min(1.0, max(0.0, untruncated))
    low, high = _limits(positives, sensitivity, specificity, z)
    interval = Interval(low, high, confidence, method="Lang-Reiczigel, independent units")
    n_units = positives[1] + sensitivity[1] + specificity[1]
    note = None
    if value != untruncated:
        note = f"the formula gives {untruncated:.3f}, outside 0 to 1, and was cut off"
    return PrevalenceCorrection(
        corrected=Estimate("corrected rate", value, interval, n_units, 1, positives[1]),
        untruncated=untruncated,
        apparent=wilson(*positives, confidence=confidence),
        sensitivity=wilson(*sensitivity, confidence=confidence),
        specificity=wilson(*specificity, confidence=confidence),
        note=note,
    )


def _refuse_chance(sensitivity: Counted, specificity: Counted, z: float) -> None:
    """Refuse to divide by what may be 0."""
    (se, se_variance), (sp, sp_variance) = (
        _shrunk(*counted, added=2.0) for counted in (sensitivity, specificity)
    )
    youden, reach = se + sp - 1, z * np.sqrt(se_variance + sp_variance)
    if youden <= reach:
        raise UndefinedStatisticError(
            f"sensitivity + specificity - 1 is {youden:.2f}, give or take {reach:.2f}: the "
            "automatic rater cannot be told from chance, so there is nothing to correct by"
        )


def _limits(
    positives: Counted, sensitivity: Counted, specificity: Counted, z: float
) -> tuple[float, float]:
    """Lang and Reiczigel's limits: all shares shrunk towards one half, the middle shifted."""
    q, q_variance = _shrunk(*positives, added=z**2)
    se, se_variance = _shrunk(*sensitivity, added=2.0)
    sp, sp_variance = _shrunk(*specificity, added=2.0)
    youden = se + sp - 1
    p = (q + sp - 1) / youden
    error = np.sqrt(q_variance + se_variance * p**2 + sp_variance * (1 - p) ** 2) / youden
    middle = p + 2 * z**2 * (p * se_variance - (1 - p) * sp_variance)
    low, high = np.clip([middle - z * error, middle + z * error], 0, 1)
    return float(low), float(high)


def _shrunk(k: int, n: int, *, added: float) -> tuple[float, float]:
    """A share with so many imagined units, half of them positive, and its variance."""
    share = (k + added / 2) / (n + added)
    return share, share * (1 - share) / (n + added)
