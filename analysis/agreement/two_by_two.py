"""Two raters, yes or no: everything that is needed to read their kappa."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.agreement.estimating import ChanceCorrectedEstimate
from analysis.agreement.paired import left_out, read_pairs, table_of
from analysis.agreement.reasons import no_pair
from analysis.agreement.two_raters import kappa_estimate
from analysis.estimates import RatingsError, UndefinedStatisticError, frame_of
from analysis.ratings import MISSING, Units, read_units


@dataclass(frozen=True)
class TwoByTwo:
    """Two raters' agreement on a yes-or-no question.

    What has no value is None, and `undefined` says why.
    """

    both_positive: int
    first_only: int
    """Units that the first rater alone calls positive."""

    second_only: int
    both_negative: int
    percent_agreement: float
    """Share of units with the same code, 0 to 1."""

    positive_agreement: float | None
    """Chance that the other rater says yes, given that one did; 0 to 1."""

    negative_agreement: float | None
    kappa: ChanceCorrectedEstimate | None
    """Cohen's, with its large-sample interval."""

    scott_pi: float | None
    pabak: float
    """Kappa as it would be if both codes were equally common and neither rater the keener:
    twice the percent agreement, less 1."""

    prevalence_index: float
    """Share of units both call positive, less that both call negative; -1 to 1. Far from 0, kappa
    is low however well raters agree."""

    bias_index: float
    """Share that the first rater calls positive, less that of the second; -1 to 1."""

    undefined: Mapping[str, str]
    note: str | None = None

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def two_by_two(
    a: ArrayLike, b: ArrayLike, *, positive: Hashable, confidence: float = 0.95
) -> TwoByTwo:
    """Describe two raters' agreement on a yes-or-no question, over the units that both rated.

    Parameters
    ----------
    a, b : (n_units,)
        Each rater's codes, two different ones at most, NaN or None for missing.
    positive
        The code that means yes.

    Raises
    ------
    RatingsError
        If the lists differ in length or index, or hold other than two codes.
    UndefinedStatisticError
        If no unit was rated by both.

    References
    ----------
    Byrt, Bishop and Carlin (1993), Journal of Clinical Epidemiology 46, 423-429; Cicchetti and
    Feinstein (1990), Journal of Clinical Epidemiology 43, 551-558.
    """
    units = _yes_or_no(a, b, positive)
    if not len(units.pairable()):
        raise UndefinedStatisticError(no_pair(len(units)))

    (no, second_only), (first_only, yes) = table_of(units).tolist()
    n_units, split = yes + no + first_only + second_only, first_only + second_only
    agreement = (yes + no) / n_units
    mean_share = (2 * yes + split) / (2 * n_units)
    chance = mean_share**2 + (1 - mean_share) ** 2
    return TwoByTwo(
        both_positive=int(yes),
        first_only=int(first_only),
        second_only=int(second_only),
        both_negative=int(no),
        percent_agreement=agreement,
        positive_agreement=_share(2 * yes, 2 * yes + split),
        negative_agreement=_share(2 * no, 2 * no + split),
        kappa=kappa_estimate(units, np.eye(2), confidence) if chance < 1 else None,
        scott_pi=_share(agreement - chance, 1 - chance),
        pabak=2 * agreement - 1,
        prevalence_index=(yes - no) / n_units,
        bias_index=(first_only - second_only) / n_units,
        undefined=_reasons(n_yes=2 * yes + split, n_no=2 * no + split, positive=positive),
        note=left_out(units),
    )


def _yes_or_no(a: ArrayLike, b: ArrayLike, positive: Hashable) -> Units:
    """Read both raters' codes as 1 for the positive one and 0 for the other."""
    units = read_pairs(a, b, None)
    others = [code for code in units.categories if code != positive]
    if len(others) > 1:
        raise RatingsError(
            f"besides {positive!r} there are the codes {others}: two_by_two reads yes or no; "
            "compare with one code first, or use cohen_kappa"
        )
    is_positive = np.array([code == positive for code in units.categories], dtype=float)
    missing = units.codes == MISSING
    return read_units(np.where(missing, np.nan, is_positive[units.codes]), [0, 1])


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _reasons(*, n_yes: float, n_no: float, positive: Hashable) -> dict[str, str]:
    """Say what has no value where all ratings are alike."""
    if n_yes and n_no:
        return {}
    what = f"{positive!r}" if n_yes else f"other than {positive!r}"
    why = f"all {n_yes + n_no:.0f} ratings are {what}"
    missing = "negative_agreement" if n_yes else "positive_agreement"
    return dict.fromkeys(("kappa", "scott_pi", missing), why)
