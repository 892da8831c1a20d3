"""The two-way analysis of variance of a complete table of ratings."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.agreement.crossed import NEGLIGIBLE, read_numbers
from analysis.estimates import RatingsError, UndefinedStatisticError, frame_of
from analysis.ratings import FloatArray


@dataclass(frozen=True)
class MeanSquares:
    """The two-way analysis of variance of a complete table; letters of Shrout and Fleiss."""

    units: float
    """BMS, between units; n_units - 1 degrees of freedom."""

    within: float
    """WMS, within units; n_units (n_raters - 1) degrees of freedom."""

    raters: float
    """JMS, between raters; n_raters - 1 degrees of freedom."""

    residual: float
    """EMS, unit by rater; (n_units - 1) (n_raters - 1) degrees of freedom."""

    n_units: int
    n_raters: int

    def to_frame(self) -> pd.DataFrame:
        """Give one row; nothing is rounded."""
        return frame_of([self])


def mean_squares(ratings: ArrayLike) -> MeanSquares:
    """Give the mean squares of a complete table of numbers (n_units, n_raters).

    Raises
    ------
    RatingsError
        If the table cannot be what was meant, or lacks a rating.
    UndefinedStatisticError
        If there are fewer than two units or raters.
    """
    values = read_numbers(ratings)
    missing = np.isnan(values)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        raise RatingsError(
            f"row {row}, column {column} (counted from 0) lacks a rating: mean squares need a "
            "complete table; `variance_components` does not"
        )
    return complete_mean_squares(values)


def complete_mean_squares(values: FloatArray) -> MeanSquares:
    """Give the mean squares of numbers (n_units, n_raters) without a gap."""
    n, k = values.shape
    if min(n, k) < 2:
        raise UndefinedStatisticError(f"{n} unit(s) and {k} rater(s): two of each are needed")

    centred = values - values.mean()
    unit, rater = centred.mean(axis=1), centred.mean(axis=0)
    total = np.square(centred).sum()
    units = cleaned(k * np.square(unit).sum(), total)
    raters = cleaned(n * np.square(rater).sum(), total)
    within = cleaned(np.square(centred - unit[:, None]).sum(), total)
    residual = cleaned(np.square(centred - unit[:, None] - rater).sum(), total)
    return MeanSquares(
        units=units / (n - 1),
        within=within / (n * (k - 1)),
        raters=raters / (k - 1),
        residual=residual / ((n - 1) * (k - 1)),
        n_units=n,
        n_raters=k,
    )


def cleaned(squares: float, total: float) -> float:
    """Take a sum of squares that is rounding for the 0 that it means."""
    return 0.0 if squares <= NEGLIGIBLE * total else float(squares)
