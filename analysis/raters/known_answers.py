"""Raters against answers that are known, and against their own earlier answers."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.agreement.coefficients import coefficient
from analysis.agreement.weights import Level
from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.intervals.patterns import cluster_numbers, patterns_of
from analysis.intervals.resampling import check_confidence
from analysis.raters.against_pool import shares_against_pool
from analysis.raters.findings import RaterCheck, RaterFinding, without_value
from analysis.raters.leaving_out import jackknife_reach
from analysis.raters.reading import number_raters, read_codes, read_order
from analysis.ratings import MISSING, Categories, IntArray, check_same_index, read_units

FEWER = "Fisher's exact test against all other raters, one-sided"


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha of first and second ratings."""

    alpha: float | None = None
    alpha_low: float | None = None
    alpha_high: float | None = None
    alpha_refusal: str | None = None
    """Why alpha, or its interval, is missing."""


@dataclass(frozen=True, kw_only=True)
class Repeated(Alpha, RaterFinding):
    """One rater's first against second ratings of the same units."""


def gold_accuracy(
    codes: ArrayLike,
    gold: ArrayLike,
    *,
    raters: ArrayLike,
    categories: Categories | None = None,
    confidence: float = 0.95,
) -> RaterCheck[RaterFinding]:
    """The share of each rater's codes that are those known to be right.

    Parameters
    ----------
    codes : (n_ratings,)
        One code for each rating, none missing.
    gold : (n_ratings,)
        The right code of the rated unit; None or NaN where none is known, which does not count.
    raters : (n_ratings,)
        Labels.
    categories
        All codes that the rubric offers, to catch others.

    Returns
    -------
    One finding for each rater
        `value` is the share right with its exact interval, `expected` that of all other raters.
        The p-value is Fisher's, one-sided: fewer right than the others.

    Raises
    ------
    RatingsError
        If lists differ in length, a code is missing or not among the categories, or codes are
        numbers and known answers are text.
    UndefinedStatisticError
        If no rated unit has a known answer.
    """
    check_confidence(confidence)
    check_same_index(codes, gold)
    given, right = read_codes(codes), pd.Series(gold, dtype=object).reset_index(drop=True)
    rater, names = number_raters(raters, len(given))
    if len(right) != len(given):
        raise RatingsError(f"{len(right)} known answers for {len(given)} codes: give None for none")
    both = read_units(np.column_stack([given, right]), categories).codes
    known = both[:, 1] != MISSING
    if not known.any():
        raise UndefinedStatisticError("none of the rated units has a known answer")
    hit = both[known, 0] == both[known, 1]

    def question(name: Hashable, value: float, n: int, others: str) -> str:
        return (
            f"Rater {name} gave the known answer in {value:.0%} of {n} units{others}. Is the "
            "guidance clear on these, and is the known answer right?"
        )

    counted = _shares(hit, rater[known], names, confidence, question)
    note = f"{int((~known).sum())} of {len(known)} ratings without a known answer do not count"
    value_is = "share of codes that are the known ones"
    return RaterCheck("gold_accuracy", value_is, FEWER, tuple(counted), note)


def repeated_agreement(
    codes: ArrayLike,
    *,
    units: ArrayLike,
    raters: ArrayLike,
    order: ArrayLike,
    level: Level,
    categories: Categories | None = None,
    confidence: float = 0.95,
) -> RaterCheck[Repeated]:
    """How far raters agree with themselves on units that they rated twice.

    Parameters
    ----------
    codes, units, raters : (n_ratings,)
        All ratings; those of a unit that the rater saw once do not count.
    order : (n_ratings,)
        When. The first and the second rating are compared, later ones left out and counted.
    level, categories
        For alpha, as in `krippendorff_alpha`.

    Returns
    -------
    One finding for each rater
        `value` is the share of units with the same code again, with its exact interval; `expected`
        that of all other raters. The p-value is Fisher's, one-sided: fewer than the others. The
        interval of alpha is from the jackknife over units, on the scale of Fisher's z.

    Raises
    ------
    RatingsError
        If lists differ in length, or a code is missing or not among the categories.
    UndefinedStatisticError
        If no rater saw a unit twice.
    """
    check_confidence(confidence)
    pairs, names, n_later = _first_and_second(codes, units, raters, order)
    if pairs.empty:
        raise UndefinedStatisticError("no rater rated a unit twice")
    rater = pairs["rater"].to_numpy(dtype=np.int64)
    same = (pairs["first"] == pairs["second"]).to_numpy(dtype=bool)

    def question(name: Hashable, value: float, n: int, others: str) -> str:
        return (
            f"Rater {name} gave the same code again in {value:.0%} of {n} units{others}. Are these "
            "units open to two readings, or has the reading changed?"
        )

    shares = _shares(same, rater, names, confidence, question)
    tables = (pairs.loc[rater == one, ["first", "second"]] for one in range(len(names)))
    findings = tuple(
        _with_alpha(finding, _alpha(table.to_numpy(dtype=object), level, categories, confidence))
        for finding, table in zip(shares, tables, strict=True)
    )
    note = f"{n_later} third or later ratings of a unit left out" if n_later else None
    value_is = "share of units with the same code again"
    return RaterCheck("repeated_agreement", value_is, FEWER, findings, note)


def _with_alpha(finding: RaterFinding, alpha: Alpha) -> Repeated:
    return Repeated(**{**asdict(finding), **asdict(alpha), "interval": finding.interval})


def _first_and_second(
    codes: ArrayLike, units: ArrayLike, raters: ArrayLike, order: ArrayLike
) -> tuple[pd.DataFrame, tuple[Hashable, ...], int]:
    """One row for each rater and unit rated twice, and how many later ratings there are."""
    given = read_codes(codes)
    when = read_order(order, len(given))
    rater, names = number_raters(raters, len(given))
    unit = cluster_numbers(units, len(given), noun="unit")
    frame = pd.DataFrame({"rater": rater, "unit": unit, "when": when, "code": given})
    frame = frame.sort_values("when", kind="stable")
    frame["time"] = frame.groupby(["rater", "unit"]).cumcount()
    keys = ["rater", "unit"]
    first, second = (
        frame[frame["time"] == time][[*keys, "code"]].rename(columns={"code": name})
        for time, name in enumerate(("first", "second"))
    )
    pairs = first.merge(second, on=keys).sort_values(keys, ignore_index=True)
    return pairs, names, int((frame["time"] >= 2).sum())


def _alpha(
    table: NDArray[np.object_], level: Level, categories: Categories | None, confidence: float
) -> Alpha:
    units = read_units(table, categories)
    chosen = coefficient("krippendorff_alpha", units, level=level)
    if not len(units):
        return Alpha(alpha_refusal=chosen.reason(units))
    patterns = patterns_of(chosen.per_unit(units))
    value = float(chosen.value(patterns.total()))
    if np.isnan(value):
        return Alpha(alpha_refusal=chosen.reason(units))
    reach, refusal = jackknife_reach(chosen.value, patterns, confidence)
    if reach is None:
        return Alpha(value, alpha_refusal=refusal)
    low, high = np.tanh(np.arctanh(value) + np.array([-1, 1]) * reach / (1 - value**2))
    return Alpha(value, float(low), float(high))


Question = Callable[[Hashable, float, int, str], str]
"""Words a finding: of which rater, share, number of units, and what the others did."""


def _shares(
    hit: NDArray[np.bool_],
    rater: IntArray,
    names: tuple[Hashable, ...],
    confidence: float,
    question: Question,
) -> Iterator[RaterFinding]:
    shares = shares_against_pool(hit, rater, len(names), look_for="fewer", confidence=confidence)
    for name, share in zip(names, shares, strict=True):
        if share.value is None:
            yield without_value(name, "this rater has none of these units")
            continue
        others = "" if share.others is None else f", all others in {share.others:.0%} of theirs"
        yield RaterFinding(
            rater=name,
            value=share.value,
            expected=share.others,
            interval=share.interval,
            p_value=share.p_value,
            n_ratings=share.n,
            question=question(name, share.value, share.n, others),
        )
