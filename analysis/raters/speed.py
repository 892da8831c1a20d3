"""Does a rater answer faster than the answers can have been read?"""

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.ratios import finite_numbers
from analysis.intervals.resampling import check_confidence
from analysis.raters.against_pool import shares_against_pool
from analysis.raters.findings import RaterCheck, RaterFinding
from analysis.raters.reading import number_raters
from analysis.ratings import FloatArray, IntArray

ROUNDING = 1e-12

NORMAL_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

SPREAD = 3.0
"""Leys et al. (2013): three such deviations, their most cautious proposal."""

WORDS_PER_MINUTE = 600.0
"""Twice the upper end of how fast adults read for content, 175 to 300: Brysbaert (2019)."""


@dataclass(frozen=True, kw_only=True)
class Speed(RaterFinding):
    """How long one rater took."""

    median_seconds: float
    median_low: float | None
    """Exact interval of the median, from the order of the times; None with too few."""

    median_high: float | None
    n_fast: int


def too_fast(
    seconds: ArrayLike,
    *,
    raters: ArrayLike,
    kinds: ArrayLike | None = None,
    words: ArrayLike | None = None,
    words_per_minute: float = WORDS_PER_MINUTE,
    spread: float = SPREAD,
    confidence: float = 0.95,
) -> RaterCheck[Speed]:
    """The share of each rater's judgments that took less time than reading can take.

    Parameters
    ----------
    seconds : (n_ratings,)
        Active time of each judgment, above 0; leave out what was not timed.
    raters : (n_ratings,)
        Labels.
    kinds : (n_ratings,)
        Kind of unit: one answer takes less time than two. Each kind has a floor of its own.
    words : (n_ratings,)
        Words to be read, at least 1. Then the floor is their number over `words_per_minute`,
        otherwise the median less `spread` robust standard deviations of the log times of a kind.
    spread
        In standard deviations, 1.4826 times the median absolute deviation.

    Returns
    -------
    One finding for each rater
        `value` is the share below the floor with its exact interval, `expected` that of all other
        raters. The p-value is Fisher's, one-sided: more than the others.

    Raises
    ------
    RatingsError
        If lists differ in length, or a time or a number of words cannot be.
    UndefinedStatisticError
        If there are no times, or those of a kind do not vary: nothing is known of its floor.

    References
    ----------
    Leys et al. (2013), Journal of Experimental Social Psychology 49, 764-766; Brysbaert (2019),
    Journal of Memory and Language 109, 104047.
    """
    check_confidence(confidence)
    times = _positive(seconds, "seconds")
    if not len(times):
        raise UndefinedStatisticError("there are no times")
    rater, names = number_raters(raters, len(times))
    if words is not None:
        floor = _reading_time(words, len(times), words_per_minute)
        haste = f"faster than {words_per_minute:g} words a minute"
    else:
        labels = ["all"] * len(times) if kinds is None else kinds
        floor = _robust_floor(times, pd.Series(labels, dtype=object), spread)
        haste = "in far less time than is usual for their kind"
    findings = tuple(_findings(times, times < floor, rater, names, confidence, haste))
    value_is = "share of judgments below the floor"
    test = "Fisher's exact test against all other raters, one-sided"
    return RaterCheck("too_fast", value_is, test, findings)


def _positive(values: ArrayLike, what: str) -> FloatArray:
    numbers = finite_numbers(values)
    if (numbers <= 0).any():
        row = int((numbers <= 0).argmax())
        raise RatingsError(f"row {row} (counted from 0): {numbers[row]} {what}, must be above 0")
    return numbers


def _reading_time(words: ArrayLike, n_rows: int, words_per_minute: float) -> FloatArray:
    counts = _positive(words, "words")
    if len(counts) != n_rows:
        raise RatingsError(f"{len(counts)} numbers of words for {n_rows} times: give one for each")
    if not words_per_minute > 0:
        raise RatingsError(f"words_per_minute is {words_per_minute}: give a speed above 0")
    return 60 * counts / words_per_minute


def _robust_floor(times: FloatArray, kinds: "pd.Series[Any]", spread: float) -> FloatArray:
    """The floor of the kind of each judgment, in seconds."""
    if not 0 < spread < math.inf:
        raise RatingsError(f"spread is {spread}: give a number of deviations above 0")
    kind = cluster_numbers(kinds, len(times), noun="kind")
    floors = np.empty(int(kind.max()) + 1)
    for one in range(len(floors)):
        logs = np.log(times[kind == one])
        centre = np.median(logs)
        deviation = NORMAL_MAD * np.median(np.abs(logs - centre))
        if deviation <= ROUNDING:
            name = kinds.iloc[int((kind == one).argmax())]
            raise UndefinedStatisticError(
                f"half or more of the {len(logs)} times of kind {name!r} are the same: no floor "
                "can be told from them; give `words`, or leave them out"
            )
        floors[one] = np.exp(centre - spread * deviation)
    return floors[kind]


def _findings(
    times: FloatArray,
    fast: NDArray[np.bool_],
    rater: IntArray,
    names: tuple[Hashable, ...],
    confidence: float,
    haste: str,
) -> Iterator[Speed]:
    shares = shares_against_pool(fast, rater, len(names), look_for="more", confidence=confidence)
    for number, share in enumerate(shares):
        own = np.sort(times[rater == number])
        low, high = _median_limits(own, confidence)
        value = share.hits / share.n
        others = "" if share.others is None else f", the others {share.others:.0%} of theirs"
        yield Speed(
            rater=names[number],
            value=value,
            expected=share.others,
            interval=share.interval,
            p_value=share.p_value,
            n_ratings=share.n,
            question=(
                f"Rater {names[number]} answered {value:.0%} of {share.n} units {haste}{others}. "
                "Were these units known from elsewhere, or is the time wrong?"
            ),
            median_seconds=float(np.median(own)),
            median_low=low,
            median_high=high,
            n_fast=share.hits,
        )


def _median_limits(ordered: FloatArray, confidence: float) -> tuple[float | None, float | None]:
    """Times between which the median lies: as few below it as coins can give."""
    n = len(ordered)
    beyond = int(binom.ppf((1 - confidence) / 2, n, 0.5))
    if beyond == 0:
        return None, None
    return float(ordered[beyond - 1]), float(ordered[n - beyond])
