"""Rates with intervals that allow for units that are alike and for raters that are alike.

Ratings of one unit resemble each other, and so do those of one rater. An interval that forgets the
raters speaks of these raters only; the two-way interval speaks of raters like these.
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimates import Estimate
from analysis.intervals.two_way import one_way_variance, two_way_variance
from analysis.rates.indicators import YesNo, read_yes_no
from analysis.rates.populations import like_these, these_raters, these_units
from analysis.rates.t_intervals import (
    NEGLIGIBLE,
    Scale,
    check_choice,
    check_interval,
    rate_interval,
    satterthwaite_df,
)

DegreesOfFreedom = Literal["satterthwaite", "fewest"]
Drawn = Literal["units", "raters"]

FEWEST_DRAWN = 3
"""Of units and of raters. Two leave one degree of freedom: limits 12.7 standard errors away."""

NO_DIFFERENCES = "all that is drawn has the same rate: nothing shows how much they differ"


def two_way_rate(
    indicator: ArrayLike,
    *,
    units: ArrayLike,
    raters: ArrayLike,
    clusters: ArrayLike | None = None,
    scale: Scale = "logit",
    df: DegreesOfFreedom = "satterthwaite",
    confidence: float = 0.95,
) -> Estimate:
    """Give the share of ratings that say yes, for raters like these on units like these.

    Parameters
    ----------
    indicator : (n_ratings,)
        True or 1 where the rating says yes, no missing values.
    units, raters : (n_ratings,)
        Labels of any type, none missing.
    clusters : (n_ratings,)
        What is drawn in place of the unit, such as the seed that its question comes from.
    scale
        `logit` keeps the limits within 0 to 1 and covers at low rates too; `identity` does not.
    df
        `fewest` is the fewer of units and raters, less one: the convention, too wide where raters
        hardly differ. `satterthwaite` weighs both by their variances, and is never below that.

    Returns
    -------
    No interval but a `refusal` if there are fewer than three units or raters, if all ratings are
    the same, or if neither units nor raters differ in their rates.

    Raises
    ------
    RatingsError
        If the indicator holds anything but yes or no, a label is missing, or lists differ in
        length.
    UndefinedStatisticError
        If there are no ratings.

    References
    ----------
    Cameron, Gelbach and Miller (2011), Journal of Business & Economic Statistics 29(2), 238-249;
    degrees of freedom: Satterthwaite (1946), Biometrics Bulletin 2, 110-114.
    """
    check_interval(scale, confidence)
    check_choice("df", df, get_args(DegreesOfFreedom))
    ratings = read_yes_no(indicator, units=units, raters=raters, clusters=clusters)
    return two_way_estimate(ratings, scale=scale, df=df, confidence=confidence)


def one_way_rate(
    indicator: ArrayLike,
    *,
    drawn: Drawn,
    units: ArrayLike,
    raters: ArrayLike,
    clusters: ArrayLike | None = None,
    scale: Scale = "logit",
    confidence: float = 0.95,
) -> Estimate:
    """Give the share of ratings that say yes, as if units alone, or raters alone, were a sample.

    Parameters
    ----------
    indicator : (n_ratings,)
        True or 1 where the rating says yes, no missing values.
    drawn
        With `units` the interval speaks of these raters on units like these, with `raters` of
        raters like these on these units.
    units, raters : (n_ratings,)
        Labels of any type, none missing.
    clusters : (n_ratings,)
        What is drawn in place of the unit.

    Returns
    -------
    No interval but a `refusal` where `two_way_rate` has none.

    Raises
    ------
    RatingsError
        If the indicator holds anything but yes or no, a label is missing, or lists differ in
        length.
    UndefinedStatisticError
        If there are no ratings.

    References
    ----------
    Liang and Zeger (1986), Biometrika 73, 13-22, with the factor G / (G - 1) of few clusters G.
    """
    check_interval(scale, confidence)
    check_choice("drawn", drawn, get_args(Drawn))
    ratings = read_yes_no(indicator, units=units, raters=raters, clusters=clusters)
    is_raters = drawn == "raters"
    noun, labels = (drawn, ratings.raters) if is_raters else (ratings.noun, ratings.drawn)
    refusal = few_or_alike(ratings, {noun: len(np.unique(labels))})
    if refusal:
        return ratings.estimate("rate", ratings.rate, None, refusal=refusal)

    variance = one_way_variance(ratings.influence, labels)
    population = these_units("units") if is_raters else these_raters(noun)
    method = f"{population}: cluster-robust"
    return _estimate(ratings, variance, int(labels.max()), scale, confidence, method)


def two_way_estimate(
    ratings: YesNo, *, scale: Scale, df: DegreesOfFreedom, confidence: float
) -> Estimate:
    """Give the rate of judgments that have been read; see `two_way_rate`."""
    refusal = few_or_alike(ratings, {ratings.noun: ratings.n_drawn, "raters": ratings.n_raters})
    if refusal:
        return ratings.estimate("rate", ratings.rate, None, refusal=refusal)

    variance = two_way_variance(ratings.influence, ratings.drawn, ratings.raters)
    freedom: float = variance.df
    if df == "satterthwaite" and variance.total > NEGLIGIBLE:
        parts = [(variance.units, variance.n_units), (variance.raters, variance.n_raters)]
        freedom = satterthwaite_df(variance.total, parts)
    method = f"{like_these(ratings.noun)}: two-way cluster-robust"
    return _estimate(ratings, variance.total, freedom, scale, confidence, method)


def few_or_alike(ratings: YesNo, drawn: dict[str, int]) -> str | None:
    """Say why these ratings cannot show how the things drawn (name: number) differ."""
    for noun, number in drawn.items():
        if number < FEWEST_DRAWN:
            return f"{number} {noun}: how much they differ takes {FEWEST_DRAWN} at least"
    alike = ratings.all_alike()
    if alike is None:
        return None
    fewest = min(drawn.values())
    exact = f"clopper_pearson({round(ratings.rate) * fewest}, {fewest})"
    return (
        f"{alike}: nothing shows how {' and '.join(drawn)} differ; {exact}, which counts each of "
        f"the {fewest} {min(drawn, key=lambda noun: drawn[noun])} once, is a wide but safe interval"
    )


def _estimate(
    ratings: YesNo,
    variance: float,
    df: float,
    scale: Scale,
    confidence: float,
    method: str,
) -> Estimate:
    if variance < NEGLIGIBLE:
        return ratings.estimate("rate", ratings.rate, None, refusal=NO_DIFFERENCES)
    error = float(np.sqrt(variance))
    interval = rate_interval(
        ratings.rate,
        error,
        df=df,
        scale=scale,
        confidence=confidence,
        method=method,
    )
    return ratings.estimate("rate", ratings.rate, interval, standard_error=error)
