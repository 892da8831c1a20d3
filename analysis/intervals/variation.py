"""Where ratings vary too little for an interval of a coefficient that takes chance from them.

If hardly anybody chose another code than the commonest, expected disagreement rests on a handful
of units. In simulations with 50 units and a code that 5 % of the ratings have, nominal 95 %
intervals of alpha cover in two studies of three, whatever the method. The value and its standard
error stand; the interval is refused.
"""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from analysis.agreement.coefficients import Coefficient
from analysis.agreement.corrected import CategoryKappa
from analysis.agreement.cross_replication import CrossReplication, NormalisedCrossReplication
from analysis.intervals.scales import SHARES
from analysis.ratings import IntArray, Units

FEWEST_VARIED = 10
"""With fewer units (or clusters) in which anybody chose another code than the commonest, intervals
of alpha and of the kappas whose chance agreement comes from the ratings are refused."""

UNMOVED = (*SHARES, "gwet_ac", "brennan_prediger")
"""Names of what keeps its interval: nothing is divided by a disagreement that rare codes decide."""


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

    units, has_pair = _told_apart(one, units), units.per_unit >= 2
    counts = units.counts[has_pair]
    commonest = int(counts.sum(axis=0).argmax())
    is_varied = counts[:, commonest] < counts.sum(axis=1)
    noun, n = "unit", int(is_varied.sum())
    if clusters is not None and np.bincount(clusters).max(initial=0) > 1:
        noun, n = "cluster", len(np.unique(clusters[has_pair][is_varied]))
    if n >= FEWEST_VARIED:
        return None

    code = units.categories[commonest]
    label = repr(code) if labels is None or code not in labels else f"“{labels[code]}”"
    have = f"{noun} has" if n == 1 else f"{noun}s have"
    return (
        f"only {n} {have} a rating other than {label}: no interval is valid below {FEWEST_VARIED}"
    )


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
