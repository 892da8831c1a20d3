"""Does a rater prefer whichever answer was shown first?"""

from collections.abc import Collection, Hashable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from analysis.estimates import RatingsError
from analysis.intervals.resampling import check_confidence
from analysis.raters.findings import RaterCheck, RaterFinding, without_value
from analysis.raters.reading import number_raters
from analysis.rates.proportions import clopper_pearson
from analysis.ratings import IntArray


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
    """
    check_confidence(confidence)
    first = pd.Series(shown_first, dtype=object).reset_index(drop=True)
    chosen = pd.Series(preferred, dtype=object).reset_index(drop=True)
    rater, names = number_raters(raters, len(chosen))
    if len(first) != len(chosen):
        raise RatingsError(f"{len(first)} orders for {len(chosen)} preferences: give one for each")
    _check(first, list(sides), "shown first")
    _check(chosen, [*sides, *ties], "preferred")
    decided = chosen.isin(list(sides)).to_numpy()
    findings = tuple(_findings((chosen == first).to_numpy(), decided, rater, names, confidence))
    n_ties = int((~decided).sum())
    note = f"{n_ties} of {len(decided)} ratings without a preference do not count"
    value_is = "share of preferences for the answer shown first"
    return RaterCheck("position_preference", value_is, "exact binomial, two-sided", findings, note)


def _check(codes: "pd.Series[Any]", known: list[Hashable], what: str) -> None:
    strange = ~codes.isin(known).to_numpy()
    if strange.any():
        row = int(strange.argmax())
        raise RatingsError(
            f"row {row} (counted from 0), {what}: {codes[row]!r} is not among {known}; correct it, "
            "or leave out what was not rated"
        )


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
                "a random order gives half. Is the second one read as closely as the first?"
            ),
        )
