"""Does a rater prefer whichever answer was shown first?"""

from collections.abc import Collection, Hashable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.intervals.resampling import check_confidence
from analysis.raters.findings import RaterCheck, RaterFinding, without_value
from analysis.raters.reading import number_raters
from analysis.rates.codes import read_codes
from analysis.rates.proportions import clopper_pearson
from analysis.ratings import IntArray, check_same_index


def position_preference(
    shown_first: ArrayLike,
    preferred: ArrayLike,
    *,
    raters: ArrayLike,
    sides: tuple[Hashable, Hashable] = ("A", "B"),
    ties: Collection[Hashable] = ("neither",),
    confidence: float = 0.95,
) -> RaterCheck[RaterFinding]:
    """The share of each rater's preferences that went to the answer shown first.

    Parameters
    ----------
    shown_first : (n_ratings,)
        Which side of the unit was shown first.
    preferred : (n_ratings,)
        Which side was preferred, or a code of no preference.
    raters : (n_ratings,)
        Labels.
    sides, ties
        Codes of the two sides, and those of no preference: these do not count.

    Returns
    -------
    One finding for each rater
        `value` is the share of preferences for the first, with its exact interval; `expected` is
        one half, which holds only where the order was drawn at random. The p-value is the exact
        binomial one, two-sided.

    Raises
    ------
    RatingsError
        If lists differ in length, or a code is neither a side nor a tie.
    UndefinedStatisticError
        If there are no preferences.
    """
    check_confidence(confidence)
    check_same_index(shown_first, preferred)
    if isinstance(ties, str):
        raise RatingsError(f"ties {ties!r}: give a list of codes, such as [{ties!r}]")
    first = read_codes(shown_first, sides, noun="shown first")
    chosen = read_codes(preferred, [*sides, *ties], noun="preferred", n_rows=len(first))
    rater, names = number_raters(raters, len(chosen))
    if not len(chosen):
        raise UndefinedStatisticError("there are no preferences")
    decided = chosen < len(sides)
    findings = tuple(_findings(chosen == first, decided, rater, names, confidence))
    n_ties = int((~decided).sum())
    note = f"{n_ties} of {len(decided)} ratings without a preference do not count"
    value_is = "share of preferences for the answer shown first"
    return RaterCheck("position_preference", value_is, "exact binomial, two-sided", findings, note)


def _findings(
    for_first: NDArray[np.bool_],
    decided: NDArray[np.bool_],
    rater: IntArray,
    names: tuple[Hashable, ...],
    confidence: float,
) -> Iterator[RaterFinding]:
    n = np.bincount(rater[decided], minlength=len(names))
    k = np.bincount(rater[decided], for_first[decided], len(names)).astype(int)
    for name, hits, of in zip(names, k.tolist(), n.tolist(), strict=True):
        if of == 0:
            yield without_value(name, "this rater never had a preference")
            continue
        yield RaterFinding(
            rater=name,
            value=hits / of,
            expected=0.5,
            interval=clopper_pearson(hits, of, confidence=confidence).interval,
            p_value=float(binomtest(hits, of).pvalue),
            n_ratings=of,
            question=(
                f"Rater {name} preferred the answer shown first in {hits} of {of} choices, where "
                "a random order gives half. Was the order random, and are both read alike?"
            ),
        )
