"""Why ratings give a coefficient no value, in words."""

import numpy as np

from analysis.ratings import Units


def no_pair_or_one_category(units: Units, n_units: int) -> str:
    """Say that no unit has a pair of ratings, or that the ratings do not vary.

    Parameters
    ----------
    units
        Those whose ratings count.
    n_units
        All there are.
    """
    if not len(units.pairable()):
        return no_pair(n_units)
    if np.count_nonzero(units.counts.sum(axis=0)) > 1:
        return "the weights take all codes that occur as the same"
    return f"all {units.per_unit.sum()} ratings fall in one category"


def no_pair(n_units: int) -> str:
    """Say that nobody could agree with anybody."""
    return f"none of the {n_units} units has two ratings"
