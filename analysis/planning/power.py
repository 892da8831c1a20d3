"""What a study of two groups of raters will be able to tell apart."""

import numpy as np
from scipy.stats import nct

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.intervals.resampling import check_confidence
from analysis.planning.assumptions import Assumptions
from analysis.planning.designs import FEWEST, Design, rate_variance
from analysis.rates.t_intervals import satterthwaite_df, t_quantile


def difference_power(
    first: Assumptions,
    second: Assumptions,
    *,
    designs: tuple[Design, Design],
    shared_units: bool = True,
    confidence: float = 0.95,
) -> float:
    """Give the chance that a difference between the rates of two groups of raters is found.

    Found means that the two-sided two-way interval of `difference_of_rates` leaves out 0. That is a
    t test, so the chance is that of a noncentral t, with the degrees of freedom that the analysis
    would arrive at.

    Parameters
    ----------
    first, second
        What is assumed of each group.
    designs
        Of each group.
    shared_units
        Whether both rate the same units, whose own differences then cancel as far as both groups
        see them alike. They are taken to see them wholly alike (the covariance is the geometric
        mean of both groups' own); groups that see other units as biased have less power, at worst
        that of units of their own.

    Returns
    -------
    0 to 1

    Raises
    ------
    RatingsError
        If shared units are not equally many in both designs.
    UndefinedStatisticError
        If there are fewer than three raters in a group, or three units: the analysis gives no
        interval then.
    """
    check_confidence(confidence)
    sizes = [(one.n_units, one.n_raters) for one in designs]
    if np.min(sizes) < FEWEST:
        raise UndefinedStatisticError(
            f"with fewer than {FEWEST} units, or raters in a group, the analysis gives no interval "
            "of a difference, and finds none"
        )
    parts = [
        rate_variance(one, design) for one, design in zip((first, second), designs, strict=True)
    ]
    cancelled = 0.0
    if shared_units:
        if sizes[0][0] != sizes[1][0]:
            raise RatingsError("groups that share their units rate equally many")
        own = [one.alpha * one.variance for one in (first, second)]
        cancelled = 2 * float(np.sqrt(np.prod(own))) / sizes[0][0]

    total = sum(one.total for one in parts) - cancelled
    n_units = sizes[0][0] if shared_units else sum(n for n, _ in sizes)
    of_units = (sum(one.units for one in parts) - cancelled, n_units)
    of_raters = [(one.raters, n) for one, (_, n) in zip(parts, sizes, strict=True)]
    df = satterthwaite_df(total, [of_units, *of_raters])
    critical, distance = t_quantile(confidence, df), (first.rate - second.rate) / np.sqrt(total)
    # Far out, SciPy's tail on the wrong side is NaN in place of 0.
    return float(np.nan_to_num(nct.sf(critical, df, [distance, -distance])).sum())
