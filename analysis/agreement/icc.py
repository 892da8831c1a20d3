"""Intraclass correlations: which share of the variance of numeric ratings is due to the units.

The six forms differ in who the raters are, and in whether one rating or a mean is used:

- ICC1: each unit has raters of its own; their severity counts as error.
- ICC2: all units share raters drawn from many; their severity counts as error (agreement).
- ICC3: all units share these very raters; their severity does not count (consistency).
- ICC1k, ICC2k, ICC3k: the same for the mean of a unit's k ratings.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import f

from analysis.agreement.crossed import NEGLIGIBLE, crossed, rated_part, read_numbers
from analysis.agreement.mean_squares import MeanSquares, cleaned, complete_mean_squares
from analysis.agreement.variance_components import fitted
from analysis.agreement.variance_ratios import (
    unit_share_limits,
    unit_share_limits_among_raters,
    wald_limits,
)
from analysis.estimates import (
    Estimate,
    Interval,
    RatingsError,
    UndefinedStatisticError,
)
from analysis.ratings import FloatArray

Form = Literal["ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"]

# Shrout and Fleiss write ICC(2,1) and ICC(2,k), McGraw and Wong ICC(A,1) and ICC(A,k).
ALIASES: dict[str, Form] = {
    **{form: form for form in get_args(Form)},
    **{"ICC(1)": "ICC1", "ICC(A,1)": "ICC2", "ICC(C,1)": "ICC3"},
    **{"ICC(1,1)": "ICC1", "ICC(2,1)": "ICC2", "ICC(3,1)": "ICC3"},
    **{"ICC(k)": "ICC1k", "ICC(A,k)": "ICC2k", "ICC(C,k)": "ICC3k"},
    **{"ICC(1,k)": "ICC1k", "ICC(2,k)": "ICC2k", "ICC(3,k)": "ICC3k"},
}


@dataclass(frozen=True)
class _Single:
    """The correlation of single ratings: value, limits, and how both were made."""

    value: float
    limits: tuple[float, float] | None
    method: str

    def refusal(self) -> str | None:
        """Say why there is no interval."""
        if self.limits is None:
            return "raters differ by constants or not at all: no error is left to build limits from"
        low, high = self.limits
        is_usable = math.isfinite(low) and low <= self.value <= high and high - low > NEGLIGIBLE
        return None if is_usable else "units differ too little for limits that mean anything"


def icc(ratings: ArrayLike, *, form: str, confidence: float = 0.95) -> Estimate:
    """Intraclass correlation of numeric ratings.

    Complete tables are analysed as published. With missing ratings nothing is left out: ICC1 is
    the one-way analysis of variance with n0, ICC2 and ICC3 come from REML variance components.
    `interval.method` says which way was taken.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing. For ICC2 and ICC3 a column must be one person throughout.
    form
        Which question is asked; McGraw and Wong's names and `ICC(2,1)` are understood too.

        `ICC1`: how well does one rating tell units apart, if any rater may have given it?
        `ICC2`: how well do the values of two raters agree, for raters like these?
        `ICC3`: how well do these raters agree on the order and distance of units, each one's
        severity put aside? `ICC1k`, `ICC2k`, `ICC3k`: the same for the mean of k ratings; k is the
        number of raters, with missing ratings the harmonic mean of the ratings of a unit.

    Returns
    -------
    dimensionless, at most 1
        May be below 0, with ICC1 and complete tables: units then differ less than chance would
        have it. The interval takes effects as normal; that of ICC2 speaks of raters like these. In
        its place there is a `refusal` where raters leave no error, or units do not differ.

    Raises
    ------
    RatingsError
        If the table, the form or the confidence cannot be what was meant.
    UndefinedStatisticError
        If there are too few units, raters or ratings, or nothing varies.

    References
    ----------
    Shrout and Fleiss (1979), Psychological Bulletin 86, 420-428; McGraw and Wong (1996),
    Psychological Methods 1, 30-46; for missing ratings Searle, Casella and McCulloch (1992),
    Variance Components, and the sources in `analysis.agreement.variance_ratios`.
    """
    if form not in ALIASES:
        raise RatingsError(f"form {form!r} is not among {list(ALIASES)}")
    if not 0 < confidence < 1:
        raise RatingsError(f"confidence is {confidence}: between 0 and 1, such as 0.95")

    values = rated_part(read_numbers(ratings))
    name = ALIASES[form]
    single = _single(values, name[:4], confidence)
    n_ratings = (~np.isnan(values)).sum(axis=1)
    averaged = float(len(values) / (1 / n_ratings).sum()) if name.endswith("k") else 1.0
    raised = partial(spearman_brown, k=averaged)
    check_mean(raised(single.value))
    method = single.method + (f"; Spearman-Brown, k = {averaged:g}" if averaged != 1 else "")
    interval, refusal = None, single.refusal()
    if single.limits and not refusal:
        low, high = (raised(limit) for limit in single.limits)
        interval = Interval(low, high, confidence, method=method)
    return Estimate(
        statistic=name,
        value=raised(single.value),
        interval=interval,
        n_units=values.shape[0],
        n_raters=values.shape[1],
        n_ratings=int(n_ratings.sum()),
        refusal=refusal,
    )


def spearman_brown(reliability: float, k: float) -> float:
    """Reliability of the mean of k ratings, from that of one (Spearman 1910, Brown 1910).

    Minus infinity from -1 / (k - 1) down: so far below chance, k ratings cannot all be.
    """
    error = 1 + (k - 1) * reliability
    return k * reliability / error if error > NEGLIGIBLE else -math.inf


def check_mean(reliability: float) -> None:
    """Refuse a mean whose units do not differ at all."""
    if reliability == -math.inf:
        raise UndefinedStatisticError(
            "units differ so much less than raters that the mean of k ratings has no reliability; "
            "look at that of single ratings"
        )


def _single(values: FloatArray, form: str, confidence: float) -> _Single:
    if values.size and np.nanmin(values) == np.nanmax(values):
        raise UndefinedStatisticError(f"all {np.isfinite(values).sum()} ratings are the same")
    if np.isnan(values).any():
        return _one_way(values, confidence) if form == "ICC1" else _reml(values, form, confidence)

    squares = complete_mean_squares(values)
    if form == "ICC2":
        return _agreement(squares, confidence)
    n, k = squares.n_units, squares.n_raters
    if form == "ICC1":
        return _from_f(squares, squares.within, n * (k - 1), confidence)
    return _from_f(squares, squares.residual, (n - 1) * (k - 1), confidence)


def _from_f(squares: MeanSquares, error: float, df_error: int, confidence: float) -> _Single:
    """ICC1 and ICC3: from the F ratio of units to error and its quantiles."""
    n, k = squares.n_units, squares.n_raters
    method = "F limits, complete table (Shrout and Fleiss)"
    if squares.units == error == 0:
        raise UndefinedStatisticError(
            "raters differ by constants and units not at all: there is nothing to tell apart"
        )
    value = (squares.units - error) / (squares.units + (k - 1) * error)
    if error == 0:
        return _Single(value, None, method)

    ratio, tail = squares.units / error, (1 + confidence) / 2
    low = ratio / float(f.ppf(tail, n - 1, df_error))
    high = ratio * float(f.ppf(tail, df_error, n - 1))
    limits = ((low - 1) / (low + k - 1), (high - 1) / (high + k - 1))
    return _Single(value, limits, method)


def _agreement(squares: MeanSquares, confidence: float) -> _Single:
    """ICC2, with Satterthwaite's degrees of freedom, as Shrout and Fleiss have it."""
    n, k = squares.n_units, squares.n_raters
    units, raters, error = squares.units, squares.raters, squares.residual
    method = "F limits with Satterthwaite's df, complete table (Shrout and Fleiss)"
    total = units + (k - 1) * error + k * (raters - error) / n
    if total <= NEGLIGIBLE * error:
        raise UndefinedStatisticError(
            "units and raters differ less than chance has it: no variance is left to share out"
        )
    value = (units - error) / total
    if error == 0:
        return _Single(value, None, method)

    severity = k * value * raters / error
    rest = n * (1 + (k - 1) * value) - k * value
    df = (k - 1) * (n - 1) * (severity + rest) ** 2 / ((n - 1) * severity**2 + rest**2)
    tail = (1 + confidence) / 2
    upper, lower = float(f.ppf(tail, n - 1, df)), float(f.ppf(tail, df, n - 1))
    spread = k * raters + (k * n - k - n) * error
    low = n * (units - upper * error) / (upper * spread + n * units)
    high = n * (lower * units - error) / (spread + n * lower * units)
    return _Single(value, (low, high), method)


def _one_way(values: FloatArray, confidence: float) -> _Single:
    """ICC1 with unequal numbers of ratings."""
    sizes = (~np.isnan(values)).sum(axis=1)
    n, total = len(values), int(sizes.sum())
    if n < 2 or total == n:
        raise UndefinedStatisticError(
            f"{total} ratings of {n} unit(s): two units, and a unit with two ratings, are needed"
        )
    means = np.nanmean(values, axis=1)
    squares = np.nansum(np.square(values - means[:, None]))
    within = cleaned(squares, np.nansum(np.square(values - np.nanmean(values))))

    def between(ratio: float) -> float:
        weights = sizes / (1 + ratio * sizes)
        return float(weights @ np.square(means - np.average(means, weights=weights)))

    n0 = (total - np.square(sizes).sum() / total) / (n - 1)
    units, error = between(0) / (n - 1), within / (total - n)
    value = float((units - error) / (units + (n0 - 1) * error))
    method = "one-way analysis of variance, n0; Wald's exact F limits"
    if within == 0:
        return _Single(value, None, method)
    ratios = wald_limits(
        between,
        within,
        df=(n - 1, total - n),
        lower_bound=-1 / float(sizes.max()),
        confidence=confidence,
    )
    low, high = (ratio / (1 + ratio) for ratio in ratios)
    return _around(value, low, high, method)


def _reml(values: FloatArray, form: str, confidence: float) -> _Single:
    """ICC2 and ICC3 with missing ratings."""
    sums = crossed(values)
    components = fitted(sums)
    if form == "ICC3":
        value = components.unit / (components.unit + components.residual)
        low, high = unit_share_limits(sums, confidence)
        method = "REML; Wald's exact F limits, raters fixed"
    else:
        value = components.unit / components.total
        low, high = unit_share_limits_among_raters(sums, confidence)
        method = "REML; generalised pivots, raters random"
    return _around(value, low, high, method)


def _around(value: float, low: float, high: float, method: str) -> _Single:
    """Widen limits that come from another calculation than the value, so that they surround it."""
    if high - low <= NEGLIGIBLE:
        return _Single(value, (low, high), method)
    return _Single(value, (min(low, value), max(high, value)), method)
