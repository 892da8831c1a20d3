"""Judgments of counterfactual pairs, read once and added up by the clusters they come from."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import Estimate, RatingsError
from analysis.intervals.resampling import (
    Part,
    Plan,
    patterns_of,
    replicates,
    resampled_interval,
)
from analysis.progress import Progress
from analysis.ratings import FloatArray, IntArray


def read_codes(chosen: ArrayLike, codes: Sequence[Hashable], n_ratings: int, item: str) -> IntArray:
    """Give the place of each chosen code among the codes, (n_ratings,).

    Raises
    ------
    RatingsError
        If a code is declared twice, a choice is none of them, or there is not one for each rating.
    """
    if len(set(codes)) < len(codes):
        raise RatingsError(f"{item}: the codes {list(codes)} must differ")
    values = pd.Series(np.asarray(chosen, dtype=object), dtype=object)
    if len(values) != n_ratings:
        raise RatingsError(f"{len(values)} codes of {item} for {n_ratings} ratings: give one each")
    places = pd.Index(list(codes), dtype=object).get_indexer(pd.Index(values, dtype=object))
    if (places < 0).any():
        row = int((places < 0).argmax())
        raise RatingsError(
            f"row {row} (counted from 0), {item}: {values[row]!r} is not among {list(codes)}; "
            "correct it, or leave out what was not rated"
        )
    return np.asarray(places, dtype=np.int64)


def sums_by_cluster(columns: FloatArray, clusters: IntArray) -> FloatArray:
    """Add up the rows (n_ratings, n_columns) of each cluster, (n_clusters, n_columns)."""
    return np.column_stack([np.bincount(clusters, column) for column in columns.T])


def joint_estimates(
    sums: FloatArray,
    parts: Mapping[str, Part],
    n_ratings: Mapping[str, int],
    plan: Plan,
    *,
    n_raters: int,
    progress: Progress,
) -> dict[str, Estimate]:
    """Estimate several statistics on the same resamples of clusters.

    Parameters
    ----------
    sums : (n_clusters, n_columns)
    parts
        Statistics of the sums, by name.
    n_ratings
        Ratings that carry each statistic.
    plan
    n_raters
    progress
    """
    patterns = patterns_of(sums)
    drawn = replicates(patterns, list(parts.values()), plan, progress)
    return {
        name: resampled_interval(replicated, patterns, part, plan).estimate(
            name,
            float(part.of(patterns.total())),
            n_units=len(sums),
            n_raters=n_raters,
            n_ratings=n_ratings[name],
        )
        for (name, part), replicated in zip(parts.items(), drawn, strict=True)
    }
