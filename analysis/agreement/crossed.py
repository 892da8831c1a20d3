"""Units crossed with raters, most cells empty: y = mean + unit + rater + residual.

Everything a fit needs is a few sums. The factor with more levels (mostly the units) is eliminated:
its levels matter only through how many ratings each has, so the sums are kept by that number and
the cost of a fit does not depend on how many levels there are. Variance ratios are variances over
the residual variance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve, eigh
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.ratings import FloatArray, IntArray, rating_table

NEGLIGIBLE = 1e-12
"""A sum of squares below this share of the total is rounding."""

RIDGE = 1e-14


def read_numbers(ratings: ArrayLike) -> FloatArray:
    """Check a table of numbers (n_units, n_raters), NaN for missing.

    Raises
    ------
    RatingsError
        If the table is not two-dimensional, or holds labels or infinities.
    """
    values = rating_table(ratings)
    if values.dtype == object:
        raise RatingsError("these are labels: give numbers, or a coefficient for categories")
    return values


def rated_part(values: FloatArray) -> FloatArray:
    """Leave out rows and columns without any rating."""
    present = ~np.isnan(values)
    part: FloatArray = values[present.any(axis=1)][:, present.any(axis=0)]
    return part


@dataclass(frozen=True, eq=False)
class Adjusted:
    """What each factor explains beyond the other one, and what neither explains."""

    eigenvalues: FloatArray
    """Of the kept factor's counts, the eliminated one being fixed; those above 0."""

    projected: FloatArray
    """Squared effects of the kept factor along the eigenvectors, in sums of squares."""

    residual: float
    """Residual sum of squares."""

    df_kept: int
    df_eliminated: int
    df_residual: int

    def kept_spread(self, ratio: float) -> float:
        """Sum of squares of the kept factor beyond the residual, the eliminated one being fixed.

        Divided by the residual variance it is chi-square with `df_kept`, where `ratio` is the
        true variance ratio.
        """
        return float((self.projected / (1 + ratio * self.eigenvalues)).sum())


@dataclass(frozen=True, eq=False)
class Crossed:
    """The sums behind all fits of one table, one factor eliminated and the other kept.

    An axis of length 2 holds the ratings (centred) and the constant 1.
    """

    are_units_eliminated: bool
    centre: float
    n_eliminated: int
    n_ratings: int

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

    within: FloatArray
    """(2, 2): sums of squares and products within the levels of the eliminated factor."""

    within_cross: FloatArray
    """(n_kept, 2): sums over each kept level of what is left within."""

    within_counts: FloatArray
    """(n_kept, n_kept): products of the kept levels' indicators within."""

    effect_squares: FloatArray
    """(n_sizes,): squares of size times effect (all effects fixed), summed over levels."""

    effect_cross: FloatArray
    """(n_sizes, n_kept): the same, not squared, summed over those that meet a kept level."""

    adjusted: Adjusted

    def swept(self, ratio: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Give sums of products, weighted by (I + ratio Z Z')^-1.

        Z tells which level of the eliminated factor a rating belongs to. Each sum is what lies
        within the levels plus a share of what lies between, so that nothing cancels out where
        the levels differ a great deal.

        Returns
        -------
        inner : (2, 2)
            Ratings and 1 with each other.
        cross : (n_kept, 2)
            Kept levels with ratings and 1.
        counts : (n_kept, n_kept)
            Kept levels with each other.
        """
        weight = self._weight(ratio)
        return (
            self.within + np.tensordot(weight, self.totals, 1),
            self.within_cross + np.tensordot(weight, self.cross, 1),
            self.within_counts + np.tensordot(weight, self.meetings, 1),
        )

    def eliminated_spread(self, ratio: float) -> float:
        """Give the same as `Adjusted.kept_spread`, for the eliminated factor."""
        weight = self._weight(ratio)
        kept = weight @ self.effect_cross
        counts = self.within_counts + np.tensordot(weight, self.meetings, 1)
        # At large ratios the counts lose a rank for each block, where `kept` is 0 by then.
        ridge = RIDGE * counts.diagonal().max() * np.eye(len(counts))
        explained = kept @ cho_solve(cho_factor(counts + ridge), kept)
        return float(weight @ self.effect_squares - explained)

    def _weight(self, ratio: float) -> FloatArray:
        """What the products of totals are weighted with, by size."""
        weight: FloatArray = 1 / (self.size * (1 + ratio * self.size))
        return weight


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
            f"{sums.n_ratings} ratings of {n_units} units by {n_raters} raters leave none to "
            "tell a rater's severity from chance: units must share raters (for ICC1 they need not)"
        )
    if sums.adjusted.residual <= NEGLIGIBLE * np.nansum(np.square(values - sums.centre)):
        raise UndefinedStatisticError(
            "units and raters explain every rating: there is no residual variance to compare with"
        )
    return sums


def _sums(values: FloatArray, *, are_units: bool) -> Crossed:
    present = ~np.isnan(values)
    sizes: IntArray = present.sum(axis=1)
    centre = float(values[present].mean())
    totals = np.where(present, values - centre, 0.0).sum(axis=1)
    within = np.where(present, values - centre - (totals / sizes)[:, None], 0.0)
    per_level = np.column_stack([totals, sizes])
    size, group, n_levels = np.unique(sizes, return_inverse=True, return_counts=True)
    members = [np.flatnonzero(group == one) for one in range(len(size))]
    incidence = csr_array(present.astype(float))
    meetings = np.array([_meetings(incidence[rows]) for rows in members])
    within_counts = np.diag(present.sum(axis=0)) - np.tensordot(1 / size, meetings, 1)
    effects, adjusted = _least_squares(within, totals / sizes, present, within_counts)
    scaled = sizes * effects
    return Crossed(
        are_units_eliminated=are_units,
        centre=centre,
        n_eliminated=len(values),
        n_ratings=int(sizes.sum()),
        size=size.astype(float),
        n_levels=n_levels.astype(np.int64),
        totals=np.array([per_level[rows].T @ per_level[rows] for rows in members]),
        cross=np.array([incidence[rows].T @ per_level[rows] for rows in members]),
        meetings=meetings,
        within=np.diag([np.square(within).sum(), 0.0]),
        within_cross=np.column_stack([within.sum(axis=0), np.zeros(len(within_counts))]),
        within_counts=within_counts,
        effect_squares=np.array([np.square(scaled[rows]).sum() for rows in members]),
        effect_cross=np.array([incidence[rows].T @ scaled[rows] for rows in members]),
        adjusted=adjusted,
    )


def _meetings(incidence: csr_array) -> FloatArray:
    """How many rows have both columns."""
    both: csr_array = incidence.T @ incidence
    table: FloatArray = both.toarray()
    return table


def _least_squares(
    within: FloatArray, means: FloatArray, present: NDArray[np.bool_], within_counts: FloatArray
) -> tuple[FloatArray, Adjusted]:
    """Fit both factors as fixed; give the effects of the eliminated one, and what is left.

    Levels that never meet, even through others, cannot be compared: each block costs one degree
    of freedom, and the effects have the mean 0 within it.
    """
    n_blocks, block = connected_components(within_counts, directed=False)
    eigenvalues, vectors = (one[..., n_blocks:] for one in eigh(within_counts))
    along = vectors.T @ within.sum(axis=0)
    kept = vectors @ (along / eigenvalues)
    kept_means = present @ kept / present.sum(axis=1)
    residual = np.where(present, within - kept + kept_means[:, None], 0.0)
    effects = means - kept_means
    of_block = block[present.argmax(axis=1)]
    effects -= (np.bincount(of_block, effects) / np.bincount(of_block))[of_block]
    return effects, Adjusted(
        eigenvalues=eigenvalues,
        projected=np.square(along) / eigenvalues,
        residual=float(np.square(residual).sum()),
        df_kept=len(eigenvalues),
        df_eliminated=len(means) - n_blocks,
        df_residual=int(present.sum()) - len(means) - len(eigenvalues),
    )
