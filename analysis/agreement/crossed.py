"""Units crossed with raters, most cells empty: y = mean + unit + rater + residual.

Everything a fit needs is a few sums. The factor with more levels (mostly the units) is eliminated:
its levels matter only through how many ratings each has, so the sums are kept by that number and
the cost of a fit does not depend on how many levels there are. Variance ratios are variances over
the residual variance.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_factor, cho_solve, eigh
from scipy.sparse import csr_array

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.ratings import FloatArray, IntArray, _as_table

NEGLIGIBLE = 1e-12
"""A sum of squares below this share of the total is rounding."""


def read_numbers(ratings: ArrayLike) -> FloatArray:
    """Check a table of numbers, NaN for missing; leave out rows and columns without any.

    Raises
    ------
    RatingsError
        If the table is not two-dimensional, or holds labels or infinities.
    """
    values = _as_table(ratings)
    if values.dtype == object:
        raise RatingsError("these are labels: give numbers, or a coefficient for categories")

    present = ~np.isnan(values)
    table: FloatArray = values[present.any(axis=1)][:, present.any(axis=0)]
    return table


@dataclass(frozen=True, eq=False)
class Crossed:
    """The sums behind all fits of one table, one factor eliminated and the other kept.

    The second axis of length 2 holds the ratings (centred) and the constant 1.
    """

    are_units_eliminated: bool
    centre: float
    n_eliminated: int

    size: FloatArray
    """(n_sizes,): how many ratings a level of the eliminated factor can have."""

    n_levels: IntArray
    """(n_sizes,): how many levels have that many."""

    totals: FloatArray
    """(n_sizes, 2, 2): products of the levels' totals, summed."""

    cross: FloatArray
    """(n_sizes, n_kept, 2): the levels' totals, summed over those that meet a kept level."""

    meetings: FloatArray
    """(n_sizes, n_kept, n_kept): how many levels meet both kept levels."""

    kept_totals: FloatArray
    """(n_kept, 2)"""

    inner: FloatArray
    """(2, 2): sums of squares and products of the ratings and 1."""

    @property
    def n_ratings(self) -> float:
        """Number of ratings."""
        return float(self.inner[1, 1])

    def swept(self, ratio: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Give `inner`, `kept_totals` and the kept counts, weighted by (I + ratio Z Z')^-1.

        Z tells which level of the eliminated factor a rating belongs to; an infinite ratio makes
        that factor fixed.
        """
        weight = 1 / self.size if np.isinf(ratio) else ratio / (1 + ratio * self.size)
        return (
            self.inner - np.tensordot(weight, self.totals, 1),
            self.kept_totals - np.tensordot(weight, self.cross, 1),
            np.diag(self.kept_totals[:, 1]) - np.tensordot(weight, self.meetings, 1),
        )

    @cached_property
    def adjusted(self) -> "Adjusted":
        """What the kept factor explains once the eliminated factor is fixed."""
        inner, kept, counts = self.swept(np.inf)
        eigenvalues, vectors = eigh(counts)
        real = eigenvalues > 1e-9 * self.kept_totals[:, 1].max()
        projected = np.square(vectors.T @ kept[:, 0])[real] / eigenvalues[real]
        residual = float(inner[0, 0] - projected.sum())
        rank = int(real.sum())
        # Levels that never meet, even through others, cannot be compared: each block costs one.
        blocks = len(eigenvalues) - rank
        return Adjusted(
            eigenvalues=eigenvalues[real],
            projected=projected,
            residual=max(residual, 0.0),
            df_kept=rank,
            df_eliminated=self.n_eliminated - blocks,
            df_residual=int(self.n_ratings) - self.n_eliminated - rank,
        )

    def eliminated_spread(self, ratio: float) -> float:
        """Sum of squares of the eliminated factor beyond the residual, the kept one being fixed.

        Divided by the residual variance it is chi-square with `df_eliminated`, where `ratio` is
        the true one.
        """
        inner, kept, counts = self.swept(ratio)
        explained = kept[:, 0] @ cho_solve(cho_factor(counts), kept[:, 0])
        return float(inner[0, 0] - explained - self.adjusted.residual)


@dataclass(frozen=True, eq=False)
class Adjusted:
    """The kept factor adjusted for the eliminated one, and what neither explains."""

    eigenvalues: FloatArray
    projected: FloatArray
    """Squared effects along the eigenvectors, in sums of squares."""

    residual: float
    df_kept: int
    df_eliminated: int
    df_residual: int

    def kept_spread(self, ratio: float) -> float:
        """Give the same as `eliminated_spread`, for the kept factor."""
        return float((self.projected / (1 + ratio * self.eigenvalues)).sum())


def crossed(values: FloatArray) -> Crossed:
    """Sum up a table (n_units, n_raters) that leaves no row or column empty.

    Raises
    ------
    UndefinedStatisticError
        If there are fewer than two units or raters, or no rating is left to tell residual from
        unit and rater, or nothing varies but units and raters.
    """
    n_units, n_raters = values.shape
    if min(n_units, n_raters) < 2:
        raise UndefinedStatisticError(
            f"{n_units} unit(s) and {n_raters} rater(s) with ratings: two of each are needed"
        )
    sums = _sums(values if n_units >= n_raters else values.T, are_units=n_units >= n_raters)
    if sums.adjusted.df_residual <= 0:
        raise UndefinedStatisticError(
            f"{sums.n_ratings:.0f} ratings of {n_units} units by {n_raters} raters leave none to "
            "tell a rater's severity from chance: units must share raters (for ICC1 they need not)"
        )
    if sums.adjusted.residual <= NEGLIGIBLE * max(sums.inner[0, 0], NEGLIGIBLE):
        raise UndefinedStatisticError(
            "units and raters explain every rating: there is no residual variance to compare with"
        )
    return sums


def _sums(values: FloatArray, *, are_units: bool) -> Crossed:
    present = ~np.isnan(values)
    centre = float(values[present].mean())
    centred = np.where(present, values - centre, 0.0)
    per_level = np.column_stack([centred.sum(axis=1), present.sum(axis=1)])
    size, group, n_levels = np.unique(present.sum(axis=1), return_inverse=True, return_counts=True)
    rows_rated, columns_rated = np.nonzero(present)
    cells = (np.ones(len(rows_rated)), (rows_rated, columns_rated))
    incidence = csr_array(cells, shape=(len(values), values.shape[1]))
    members = [np.flatnonzero(group == one) for one in range(len(size))]
    total = float(np.square(centred).sum())
    return Crossed(
        are_units_eliminated=are_units,
        centre=centre,
        n_eliminated=len(values),
        size=size.astype(float),
        n_levels=n_levels.astype(np.int64),
        totals=np.array([per_level[rows].T @ per_level[rows] for rows in members]),
        cross=np.array([incidence[rows].T @ per_level[rows] for rows in members]),
        meetings=np.array([_meetings(incidence, rows) for rows in members]),
        kept_totals=np.column_stack([centred.sum(axis=0), present.sum(axis=0)]),
        inner=np.array([[total, centred.sum()], [centred.sum(), present.sum()]]),
    )


def _meetings(incidence: csr_array, rows: IntArray) -> FloatArray:
    """How many of these rows have both columns."""
    some: csr_array = incidence[rows]
    both: csr_array = some.T @ some
    table: FloatArray = both.toarray()
    return table
