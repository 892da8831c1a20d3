"""Whether raters put the units in the same order."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2, rankdata

from analysis.agreement.crossed import read_numbers
from analysis.estimates import HypothesisTest, RatingsError, UndefinedStatisticError, frame_of


@dataclass(frozen=True)
class Concordance:
    """Kendall's W with its test."""

    value: float
    """W, 0 (ranks cancel out) to 1 (the same order by all)."""

    mean_rank_correlation: float
    """Mean of Spearman's correlation over all pairs of raters, if there are no ties."""

    test: HypothesisTest
    n_units: int
    n_raters: int
    n_tied: int
    """Ratings that share their value with another one of the same rater."""

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def kendall_w(ratings: ArrayLike) -> Concordance:
    """Kendall's coefficient of concordance W, corrected for ties.

    Order alone counts: a rater who gives every unit one point more than another agrees fully.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers whose order means something, none missing.

    Raises
    ------
    RatingsError
        If the table cannot be what was meant, or a rating is missing.
    UndefinedStatisticError
        If there are fewer than two units or raters, or every rater gave one value throughout.

    References
    ----------
    Kendall and Babington Smith (1939), Annals of Mathematical Statistics 10, 275-287; ties and
    chi-square: Siegel and Castellan (1988), Nonparametric Statistics.
    """
    values = read_numbers(ratings)
    if np.isnan(values).any():
        row, column = np.argwhere(np.isnan(values))[0]
        raise RatingsError(
            f"row {row}, column {column} (counted from 0) is missing: W ranks every unit by every "
            "rater; with gaps use krippendorff_alpha at level `ordinal`"
        )
    n, m = values.shape
    if min(n, m) < 2:
        raise UndefinedStatisticError(f"{n} unit(s) and {m} rater(s): two of each are needed")

    ranks = rankdata(values, axis=0)
    _, runs = zip(*(np.unique(column, return_counts=True) for column in values.T), strict=True)
    ties = np.concatenate(runs).astype(float)
    if len(ties) == m:
        raise UndefinedStatisticError("every rater gave all units the same value: no order at all")

    spread = np.square(ranks.sum(axis=1) - m * (n + 1) / 2).sum()
    largest = (m**2 * (n**3 - n) - m * (ties**3 - ties).sum()) / 12
    w = float(spread / largest)
    chi_square = m * (n - 1) * w
    test = HypothesisTest(
        test="Kendall's W, chi-square, corrected for ties",
        hypothesis="every rater orders the units at random",
        value=chi_square,
        p_value=float(chi2.sf(chi_square, n - 1)),
        n=n,
        df=n - 1,
        note="the chi-square approximation is rough below 8 units" if n < 8 else None,
    )
    return Concordance(w, (m * w - 1) / (m - 1), test, n, m, int(ties[ties > 1].sum()))
