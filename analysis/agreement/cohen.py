"""Cohen's kappa from a table of two raters, with both of its large-sample standard errors.

Two standard errors exist, and mixing them up is common: the one under no agreement beyond chance
belongs to the test, the other to the interval.
"""

from dataclasses import dataclass

import numpy as np

from analysis.agreement.corrected import NEGLIGIBLE
from analysis.ratings import FloatArray


@dataclass(frozen=True)
class TableKappa:
    """Kappa, plain or weighted, of one table."""

    observed: float
    """Agreement by the weights, p_o."""

    chance: float
    """The same if the raters chose independently, each with his own shares: p_e."""

    value: float
    standard_error: float
    null_standard_error: float
    """If agreement is that of chance."""


def table_kappa(table: FloatArray, weights: FloatArray) -> TableKappa | None:
    """Compute kappa of a table of counts; None if chance agreement is complete.

    Parameters
    ----------
    table, weights : (n_categories, n_categories)
        First rater in rows.

    References
    ----------
    Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72, 323-327.
    """
    n_units = table.sum()
    shares = table / n_units
    first, second = shares.sum(axis=1), shares.sum(axis=0)
    independent = np.outer(first, second)
    observed, chance = float((weights * shares).sum()), float((weights * independent).sum())
    if 1 - chance <= NEGLIGIBLE:
        return None

    kappa = (observed - chance) / (1 - chance)
    # Mean credit of a code against all that the other rater chose, for both raters.
    margins = np.add.outer(weights @ second, first @ weights)
    spread = (shares * np.square(weights - margins * (1 - kappa))).sum()
    spread -= np.square(kappa - chance * (1 - kappa))
    null_spread = (independent * np.square(weights - margins)).sum() - np.square(chance)
    return TableKappa(
        observed,
        chance,
        kappa,
        _standard_error(spread, chance, n_units),
        _standard_error(null_spread, chance, n_units),
    )


def _standard_error(spread: float, chance: float, n_units: float) -> float:
    # A difference of squares: what is left of 0 after rounding is no spread.
    if spread <= NEGLIGIBLE:
        return 0.0
    return float(np.sqrt(spread / n_units) / (1 - chance))
