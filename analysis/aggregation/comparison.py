"""The votes and the models side by side: where does the rule decide the label?"""

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.aggregation.dawid_skene import DawidSkene, dawid_skene
from analysis.aggregation.mace import Mace, mace
from analysis.aggregation.votes import Labels, MajorityVote
from analysis.progress import Progress, silent
from analysis.ratings import Categories, FloatArray


@dataclass(frozen=True, eq=False)
class AggregationTable:
    """Three ways from several ratings of a unit to one label."""

    majority: MajorityVote
    dawid_skene: DawidSkene
    mace: Mace

    @property
    def units(self) -> tuple[Hashable, ...]:
        """In the order of all rows."""
        return self.dawid_skene.observations.units

    @property
    def labels(self) -> dict[str, Labels]:
        """The label or labels of each unit, by method."""
        return {
            "majority": self.majority.labels,
            "dawid_skene": self.dawid_skene.labels,
            "mace": self.mace.labels,
        }

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each unit: labels and their probability or share, by method."""
        probabilities = {
            "majority": self.majority.shares,
            "dawid_skene": self.dawid_skene.posterior.max(axis=1),
            "mace": self.mace.posterior.max(axis=1),
        }
        frame = pd.DataFrame({"unit": pd.Series(self.units, dtype=object)})
        frame["n_ratings"] = self.majority.n_ratings
        for method, labels in self.labels.items():
            frame[method] = pd.Series(labels, dtype=object)
            frame[f"{method}_share"] = probabilities[method]
        methods = list(self.labels.values())
        frame["differs"] = [len(set(found)) > 1 for found in zip(*methods, strict=True)]
        return frame

    def disagreements(self) -> pd.DataFrame:
        """Count the units that two methods label differently; a tie differs from its winners."""
        rows = [
            {
                "method_1": one,
                "method_2": other,
                "n_units": sum(a != b for a, b in zip(first, second, strict=True)),
                "n_units_compared": len(first),
            }
            for (one, first), (other, second) in combinations(self.labels.items(), 2)
        ]
        return pd.DataFrame(rows)

    def shares_frame(self) -> pd.DataFrame:
        """Give the share of each label: among ratings, among votes (ties split), and by model."""
        counts = self.majority.counts
        votes = [_evenly(labels, self.majority.categories) for labels in self.majority.labels]
        return pd.DataFrame(
            {
                "label": pd.Series(self.majority.categories, dtype=object),
                "ratings": counts.sum(axis=0) / counts.sum(),
                "majority": np.mean(votes, axis=0),
                "dawid_skene": self.dawid_skene.class_shares,
                "mace": self.mace.class_shares,
            }
        )


def aggregation_table(
    codes: ArrayLike,
    *,
    units: ArrayLike,
    raters: ArrayLike,
    categories: Categories | None = None,
    n_starts: int = 5,
    seed: int,
    progress: Progress = silent,
) -> AggregationTable:
    """Aggregate the same ratings by majority, by Dawid and Skene's model and by MACE.

    Parameters
    ----------
    codes, units, raters : (n_ratings,)
        One row for each rating.
    categories
        All codes that the rubric offers; without them, those that occur.

    Raises
    ------
    RatingsError
        If the arrays or a number cannot be what was meant.
    UndefinedStatisticError
        If there are no ratings, one category only, or no unit with two ratings.
    """
    skill = dawid_skene(
        codes,
        units=units,
        raters=raters,
        categories=categories,
        n_starts=n_starts,
        seed=seed,
        progress=lambda done, total: progress(done, 2 * total),
    )
    trust = mace(
        codes,
        units=units,
        raters=raters,
        categories=categories,
        n_starts=n_starts,
        seed=seed,
        progress=lambda done, total: progress(total + done, 2 * total),
    )
    counts = skill.observations.counts().astype(np.int64)
    return AggregationTable(MajorityVote(counts, skill.categories), skill, trust)


def _evenly(labels: tuple[Hashable, ...], categories: tuple[Hashable, ...]) -> FloatArray:
    return np.array([(category in labels) / len(labels) for category in categories])
