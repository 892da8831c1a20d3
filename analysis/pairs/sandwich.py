"""Covariances of coefficients when comparisons are not independent: the sandwich, one and two ways.

The scores of comparisons that share a unit, or a rater, are added up before they are squared.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.stats import norm, t

from analysis.ratings import FloatArray, IntArray


class Rows(NamedTuple):
    """What was observed: each row stands for some comparisons that ended alike."""

    cells: IntArray
    """(n_rows,) meeting and outcome, as a place among the scores."""

    weights: FloatArray
    """(n_rows,) how many comparisons."""


@dataclass(frozen=True, eq=False)
class Covariance:
    """How uncertain coefficients are."""

    matrix: FloatArray
    """(n_coefficients, n_coefficients)"""

    floors: tuple[FloatArray, ...]
    """The one-way matrices beside a two-way one, below neither of which a variance may fall."""

    df: int | None
    """Degrees of freedom of the t interval; None for the normal one."""

    method: str
    """How it was made, in words."""

    def variance(self, gradient: FloatArray) -> float:
        """Give the variance of a function of the coefficients by its gradient."""
        return max(float(gradient @ one @ gradient) for one in (self.matrix, *self.floors))

    def quantile(self, share: float) -> float:
        """Give the quantile of the t law, or of the normal one, at this share."""
        return float(norm.ppf(share) if self.df is None else t.ppf(share, self.df))

    def with_reference(self) -> "Covariance":
        """Put a first coefficient before the others that is known to be 0."""
        floors = tuple(np.pad(floor, (1, 0)) for floor in self.floors)
        return Covariance(np.pad(self.matrix, (1, 0)), floors, self.df, self.method)


def model_based(bread: FloatArray) -> Covariance:
    """Take each comparison as independent of the others."""
    return Covariance(bread, (), None, "Wald, comparisons taken as independent")


def one_way(bread: FloatArray, scores: FloatArray, rows: Rows, clusters: IntArray) -> Covariance:
    """Take clusters as independent of each other.

    Parameters
    ----------
    bread : (n_coefficients, n_coefficients)
        Inverse of the information.
    scores : (n_cells, n_coefficients)
        Of one comparison that ended so.
    rows
    clusters : (n_rows,)
        Numbered from 0 without a gap.

    References
    ----------
    Liang and Zeger (1986), Biometrika 73, 13-22, with the factor G / (G - 1) of few clusters G.
    """
    counts = coo_array((rows.weights, (clusters, rows.cells)), (clusters.max() + 1, len(scores)))
    sums = counts.tocsr() @ scores
    df = len(sums) - 1
    meat = sums.T @ sums * len(sums) / df
    return Covariance(bread @ meat @ bread, (), df, f"cluster-robust, t with {df} df")


def two_way(
    bread: FloatArray, scores: FloatArray, rows: Rows, clusters: IntArray, raters: IntArray
) -> Covariance:
    """Take neither the comparisons of a cluster nor those of a rater as independent.

    Clusters + raters - cells, and no variance below that of clusters or of raters alone.

    References
    ----------
    Cameron, Gelbach and Miller (2011), Journal of Business & Economic Statistics 29(2), 238-249.
    """
    _, cells = np.unique(clusters * (raters.max() + 1) + raters, return_inverse=True)
    by_cluster, by_rater, by_cell = (
        one_way(bread, scores, rows, labels) for labels in (clusters, raters, cells)
    )
    df = int(min(clusters.max(), raters.max()))
    return Covariance(
        by_cluster.matrix + by_rater.matrix - by_cell.matrix,
        (by_cluster.matrix, by_rater.matrix),
        df,
        f"raters and clusters like these: two-way cluster-robust, t with {df} df",
    )
