"""Where ratings vary too little for an interval of a coefficient that takes chance from them.

If hardly anybody chose another code than the commonest, expected disagreement rests on a handful
of units. In simulations with 50 and 100 units and a code that 5 % of the ratings have, nominal
95 % intervals cover in 60 to 80 % of the studies in which fewer than ten units have another code
than the commonest, whatever the method; in the others, in 85 to 94 %. The value and its standard
error stand; the interval is refused.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.ratings import IntArray, Units

FEWEST_VARIED = 10
"""With fewer units (or clusters) in which anybody chose another code than the commonest, intervals
of alpha and of the kappas whose chance agreement comes from the ratings are refused."""

UNMOVED = ("percent_agreement", "gwet_ac", "brennan_prediger")
"""Names of what keeps its interval: nothing is divided by a disagreement that rare codes decide."""


def too_few_varied(
    units: Units, clusters: IntArray | None = None, labels: Mapping[Any, str] | None = None
) -> str | None:
    """Say how few units with a pair of ratings hold more than the commonest code; None if enough.

    Parameters
    ----------
    clusters : (n_units,)
        What is resampled instead of units: these are counted then.
    labels
        What the codes are called.
    """
    has_pair = units.per_unit >= 2
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
