"""Which statistics have no interval where ratings vary too little.

The rule itself is in `analysis.agreement.variation`.
"""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from analysis.agreement import variation
from analysis.agreement.coefficients import Coefficient
from analysis.agreement.corrected import CategoryKappa
from analysis.agreement.cross_replication import CrossReplication, NormalisedCrossReplication
from analysis.intervals.scales import SHARES
from analysis.ratings import IntArray, Units

UNMOVED = (*SHARES, *variation.UNMOVED)
"""How the names begin of what keeps its interval."""


def too_little_variation(
    one: Coefficient,
    units: Units,
    clusters: IntArray | None = None,
    labels: Mapping[Any, str] | None = None,
) -> str | None:
    """Say why these ratings vary too little; None where they do not, or where it is no matter.

    Parameters
    ----------
    clusters : (n_units,)
        What is resampled instead of units: these are counted then.
    labels
        What the codes are called.
    """
    if one.name.startswith(UNMOVED):
        return None

    return variation.too_few_varied(_told_apart(one, units), clusters, labels)


def _told_apart(one: Coefficient, units: Units) -> Units:
    """The units with the categories that the coefficient tells apart."""
    if isinstance(one, CrossReplication | NormalisedCrossReplication):
        # Each code is there twice, as given by one group and by the other.
        half = len(units.categories) // 2
        counts = units.counts[:, :half] + units.counts[:, half:]
        pairs = cast(tuple[tuple[str, Hashable], ...], units.categories[:half])
        return replace(units, counts=counts, categories=tuple(code for _, code in pairs))
    if isinstance(one, CategoryKappa):
        chosen = units.counts[:, units.categories.index(one.label)]
        counts = np.column_stack([chosen, units.per_unit - chosen])
        return replace(units, counts=counts, categories=(one.label, f"not {one.label}"))
    return units
