"""Does a rater give one code again and again? And would that be strange, given how common it is?

Twenty times "no bias" in a row is nothing where 7 % of answers are biased. So runs are held against
what shuffling the rater's own codes gives.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from math import log2

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import gammaln

from analysis.raters.findings import RaterCheck, RaterFinding
from analysis.raters.reading import number_raters, read_codes, read_order
from analysis.ratings import FloatArray, IntArray

SURE = 20.0
"""With more full gaps expected, a run is certain to nine digits."""

MOST_TERMS = 200
"""Of the sum over full gaps, whose terms fall as fast as SURE^a / a!."""


@dataclass(frozen=True, kw_only=True)
class Runs(RaterFinding):
    """The codes of one rater in their order."""

    longest_run_of: Hashable
    """The code that was given longest in a row; the first one, if several."""

    commonest_code: Hashable
    share_of_commonest: float
    entropy: float
    """Of the code shares in bits: 0 where one code was given only."""

    n_codes: int


def straight_lining(codes: ArrayLike, *, raters: ArrayLike, order: ArrayLike) -> RaterCheck[Runs]:
    """The longest run of one code, against runs in a random order of the same codes.

    Parameters
    ----------
    codes : (n_ratings,)
        One code for each rating, of one item; any type, none missing.
    raters : (n_ratings,)
        Labels.
    order : (n_ratings,)
        When: times or running numbers, compared within one rater.

    Returns
    -------
    One finding for each rater
        `value` is the length of the longest run, `expected` the median of the longest run of that
        code in a random order. The p-value is the chance of a run as long: exact for each code,
        added up over codes that could have it, so never too small. It is 1 for a rater with one
        code: whether that is strange is a matter for `severity`. A run is counted, and so has no
        interval.

    Raises
    ------
    RatingsError
        If lists differ in length, or a code, label or time is missing.

    References
    ----------
    Feller (1968), An Introduction to Probability Theory and its Applications, volume 1, for the
    count of arrangements.
    """
    given = read_codes(codes)
    rater, names = number_raters(raters, len(given))
    frame = pd.DataFrame({"rater": rater, "when": read_order(order, len(given)), "code": given})
    ordered = frame.sort_values(["rater", "when"], kind="stable")
    findings = tuple(_findings(ordered, names))
    test = "own codes in random order, exact for one code, added up over codes"
    return RaterCheck("straight_lining", "length of the longest run", test, findings)


def run_probability(length: int, n_code: int, n_other: int) -> float:
    """Chance that n_code codes among n_other others, in random order, have a run of this length.

    The others leave n_other + 1 gaps, into which the codes fall; inclusion and exclusion over how
    many gaps hold `length` or more: sum of (-1)^(a+1) C(gaps, a) C(n - a length, n_other) /
    C(n, n_other).
    """
    if length > n_code:
        return 0.0
    n_gaps, n = n_other + 1, n_code + n_other
    full = np.arange(1, min(n_gaps, n_code // length, MOST_TERMS) + 1)
    terms = np.exp(
        _log_choose(n_gaps, full)
        + _log_choose(n - full * length, n_other)
        - _log_choose(n, n_other)
    )
    # Gaps crowd each other out: none is full with a chance of at most exp(-expected number).
    if terms[0] > SURE:
        return 1.0
    return float(np.clip((np.where(full % 2 == 1, 1, -1) * terms).sum(), 0.0, 1.0))


def _log_choose(n: IntArray | int, k: IntArray | int) -> FloatArray:
    logs: FloatArray = (
        gammaln(np.add(n, 1)) - gammaln(np.add(k, 1)) - gammaln(np.subtract(n, k) + 1)
    )
    return logs


def _findings(frame: pd.DataFrame, names: tuple[Hashable, ...]) -> Iterator[Runs]:
    # Raters are numbered from 0 without a gap, and so the groups come in the order of the names.
    for name, (_, own) in zip(names, frame.groupby("rater"), strict=True):
        code, labels = pd.factorize(own["code"])
        counts = np.bincount(code)
        longest = _longest_runs(code, len(labels))
        run_of = int(longest.argmax())
        length, n = int(longest[run_of]), len(code)
        expected = _median_run(int(counts[run_of]), n - int(counts[run_of]))
        chances = [run_probability(length, int(count), n - int(count)) for count in counts]
        yield Runs(
            rater=name,
            value=float(length),
            expected=float(expected),
            interval=None,
            p_value=min(1.0, sum(chances)),
            n_ratings=n,
            question=(
                f"Rater {name} gave {labels[run_of]!r} {length} times in a row; in a random order "
                f"of the same {n} codes, the longest run of it is {expected} as a rule. Were these "
                "units alike, or the work monotonous?"
            ),
            refusal="a run is counted, not estimated",
            longest_run_of=labels[run_of],
            commonest_code=labels[int(counts.argmax())],
            share_of_commonest=float(counts.max() / n),
            entropy=_entropy(counts),
            n_codes=len(labels),
        )


def _longest_runs(code: IntArray, n_codes: int) -> IntArray:
    """The longest run of each code."""
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    lengths = np.diff(starts, append=len(code))
    longest = np.zeros(n_codes, dtype=np.int64)
    np.maximum.at(longest, code[starts], lengths)
    return longest


def _median_run(n_code: int, n_other: int) -> int:
    """The longest length that at least half of all orders reach."""
    low, high = 1, n_code
    while low < high:
        middle = (low + high + 1) // 2
        if run_probability(middle, n_code, n_other) >= 0.5:
            low = middle
        else:
            high = middle - 1
    return low


def _entropy(counts: IntArray) -> float:
    shares = counts / counts.sum()
    return float(-sum(share * log2(share) for share in shares if share < 1))
