"""How reliable the mean of several raters is, and how many raters a target takes."""

from dataclasses import replace
from math import ceil

import numpy as np
from numpy.typing import ArrayLike

from analysis.agreement.crossed import read_numbers
from analysis.agreement.icc import ALIASES, check_mean, icc, spearman_brown
from analysis.estimates import Estimate, Interval, RatingsError, UndefinedStatisticError
from analysis.progress import Progress, silent
from analysis.ratings import FloatArray, IntArray


def k_rater_reliability(
    ratings: ArrayLike, k: int, *, form: str = "ICC1", confidence: float = 0.95
) -> Estimate:
    """Reliability of the mean of k ratings, from the correlation of single ones.

    It is the number to report where means of k raters are used further on; that of single ratings
    would say too little.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing. Any number of ratings per unit will do.
    k
        Raters whose mean is used, which need not be the number of raters here. With many, the
        lower limit is minus infinity where that of single ratings lies below -1 / (k - 1).
    form
        `ICC1`, `ICC2` or `ICC3`, or one of their other names, see `icc`.

    Raises
    ------
    RatingsError
        If table, form or k cannot be what was meant.
    UndefinedStatisticError
        If the correlation of single ratings has no value.

    References
    ----------
    Spearman (1910) and Brown (1910), British Journal of Psychology 3, 271-295 and 296-322; Wong
    and Paritosh (2022), Proceedings of the 60th Annual Meeting of the Association for
    Computational Linguistics.
    """
    _check_k(k)
    if ALIASES.get(form, "") not in ("ICC1", "ICC2", "ICC3"):
        raise RatingsError(f"form {form!r}: give ICC1, ICC2 or ICC3, that of single ratings")

    single = icc(ratings, form=form, confidence=confidence)
    interval = single.interval and Interval(
        spearman_brown(single.interval.low, k),
        spearman_brown(single.interval.high, k),
        confidence,
        method=f"{single.interval.method}; Spearman-Brown, k = {k}",
    )
    name = f"{single.statistic}, mean of {k}"
    value = spearman_brown(single.value, k)
    check_mean(value)
    return replace(single, statistic=name, value=value, interval=interval)


def resampled_k_rater_reliability(
    ratings: ArrayLike,
    k: int,
    *,
    seed: int,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> Estimate:
    """Reliability of the mean of k ratings, by drawing two such means for every unit.

    In each resample two sets of k ratings are drawn with replacement from those of each unit, and
    the ICC1 of the two means is taken; the value is its mean over resamples, the interval comes
    from the same resamples with the units drawn anew as well. As both sets come from the same few
    ratings, the value is too high where a unit has few: with m ratings a unit their mean is taken
    for the truth, error and all. Prefer `k_rater_reliability`; this one is for comparison with
    published numbers.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing; every unit with two ratings or more.

    Raises
    ------
    RatingsError
        If table, k or a number cannot be what was meant, or a unit has a single rating.
    UndefinedStatisticError
        If there are fewer than two units, or no rating differs from another.

    References
    ----------
    Wong and Paritosh (2022), Proceedings of the 60th Annual Meeting of the Association for
    Computational Linguistics: their bootstrap method as we recall it, not checked against theirs.
    """
    _check_k(k)
    if not 0 < confidence < 1:
        raise RatingsError(f"confidence is {confidence}: between 0 and 1, such as 0.95")
    if n_resamples < 2 / (1 - confidence):
        raise RatingsError(f"n_resamples is {n_resamples}: give some hundreds at least")
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise RatingsError(f"seed is {seed!r}: give a whole number, not below 0")
    pools, sizes = _pools(read_numbers(ratings))
    rng = np.random.default_rng(seed)
    values, redrawn = np.empty(n_resamples), np.empty(n_resamples)
    for one in range(n_resamples):
        pairs = _mean_pairs(pools, sizes, k, rng)
        values[one] = _icc1(pairs)
        redrawn[one] = _icc1(pairs[rng.integers(0, len(pairs), len(pairs))])
        progress(one + 1, n_resamples)
    low, high = np.quantile(redrawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(
        statistic=f"ICC1, mean of {k}, resampled",
        value=float(values.mean()),
        interval=Interval(
            float(low), float(high), confidence, method="percentile, units and ratings resampled"
        ),
        n_units=len(sizes),
        n_raters=pools.shape[1],
        n_ratings=int(sizes.sum()),
        n_resamples=n_resamples,
    )


def raters_needed(reliability: float, target: float) -> int:
    """Fewest raters whose mean has the target reliability, by Spearman and Brown.

    Parameters
    ----------
    reliability, target
        Of a single rating and of the mean, both above 0 and below 1.

    Raises
    ------
    RatingsError
        If the target does not lie between 0 and 1, or the reliability is above 1.
    UndefinedStatisticError
        If the reliability is 0 or below: no number of raters will do.
    """
    if not 0 < target < 1 or reliability > 1:
        raise RatingsError(
            f"reliability {reliability}, target {target}: give numbers between 0 and 1"
        )
    if reliability <= 0:
        raise UndefinedStatisticError(
            f"the reliability of one rating is {reliability}: no number of raters will do"
        )
    exact = target * (1 - reliability) / (reliability * (1 - target))
    # Three raters that reach the target exactly must not become four by rounding.
    return max(1, ceil(exact - 1e-9))


def _check_k(k: int) -> None:
    if not isinstance(k, int | np.integer) or k < 1:
        raise RatingsError(f"k is {k!r}: give a whole number of raters")


def _pools(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Each rated unit's ratings, moved to the left, and how many there are."""
    sizes: IntArray = (~np.isnan(values)).sum(axis=1)
    if (sizes == 1).any():
        row = int((sizes == 1).argmax())
        raise RatingsError(
            f"row {row} (counted from 0) has a single rating: there is nothing to draw from; leave "
            "it out, or use `k_rater_reliability`"
        )
    rated = values[sizes > 0]
    if len(rated) < 2 or np.nanmin(rated) == np.nanmax(rated):
        raise UndefinedStatisticError("no two units, or no two ratings that differ")
    order = np.argsort(np.isnan(rated), axis=1, kind="stable")
    return np.take_along_axis(rated, order, axis=1), sizes[sizes > 0]


def _mean_pairs(pools: FloatArray, sizes: IntArray, k: int, rng: np.random.Generator) -> FloatArray:
    """Two means of k ratings of each unit, drawn with replacement, (n_units, 2)."""
    drawn = (rng.random((len(pools), 2 * k)) * sizes[:, None]).astype(np.int64)
    ratings = np.take_along_axis(pools, drawn, axis=1)
    return np.column_stack([ratings[:, :k].mean(axis=1), ratings[:, k:].mean(axis=1)])


def _icc1(pairs: FloatArray) -> float:
    """ICC1 of two columns; 0 where nothing differs, as then no unit can be told from another."""
    centred = pairs - pairs.mean()
    means = centred.mean(axis=1)
    between = 2 * np.square(means).sum() / (len(pairs) - 1)
    within = np.square(centred - means[:, None]).sum() / len(pairs)
    return float((between - within) / (between + within)) if between + within else 0.0
