"""All of GRASP's quantities for many ways of shuffling the raters, as one table of numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.agreement.alpha import Alpha
from analysis.estimates import RatingsError
from analysis.groups.cohesion import MEASURES, cohesions
from analysis.groups.reading import Labels, read_labels
from analysis.groups.subsets import Subsets
from analysis.ratings import FloatArray, IntArray

Quantity = Literal["within", "across", "gai", "difference", "dsi"]
OF_GROUP: tuple[Quantity, ...] = ("within", "across", "gai", "difference")


@dataclass(frozen=True, eq=False)
class Axes:
    """The attributes of the raters, and who has the same ones on all axes."""

    labels: Mapping[str, Labels]
    """Of each axis: its groups, and that of each rater."""

    profiles: IntArray
    """(n_raters,): raters with the same attributes on all axes have the same number."""

    attributes: Mapping[str, IntArray]
    """(n_profiles,) for each axis: the group of each profile, -1 for none."""

    def groups(self) -> Iterator[tuple[str, int]]:
        """Give the groups of all axes."""
        for axis, labels in self.labels.items():
            yield from ((axis, group) for group in range(len(labels)))

    def n_raters(self, axis: str, group: int | None) -> int:
        """Count the raters of a group, or those with a group on the axis."""
        of_rater = self.labels[axis].codes
        return int((of_rater >= 0).sum() if group is None else (of_rater == group).sum())


def read_axes(axes: Mapping[str, ArrayLike] | pd.DataFrame, kept: NDArray[np.bool_]) -> Axes:
    """Read the attributes of the raters that are kept.

    Raises
    ------
    RatingsError
        If there is no axis, an axis has a wrong number of labels, or fewer than two groups.
    """
    given = {str(axis): column for axis, column in dict(axes).items()}
    if not given:
        raise RatingsError("no axes: give at least one attribute of the raters")
    labels = {}
    for axis, column in given.items():
        what = f"attribute {axis!r}"
        every = read_labels(column, len(kept), what, may_be_missing=True)
        labels[axis] = every.keep(kept)
        if len(labels[axis]) < 2:
            raise RatingsError(f"{what} has fewer than two groups among the raters with ratings")
    table = pd.MultiIndex.from_arrays([one.codes for one in labels.values()])
    profiles, distinct = pd.factorize(table)
    attributes = {
        axis: distinct.get_level_values(number).to_numpy() for number, axis in enumerate(labels)
    }
    return Axes(labels, np.asarray(profiles, dtype=np.int64), attributes)


@dataclass(frozen=True, eq=False)
class Quantities:
    """Cohesion within groups and across, their ratio and difference, and the largest ratio."""

    axes: Axes
    subsets: Subsets
    alpha: Alpha
    smoothing: float
    smallest_across: float

    @property
    def numbers_each(self) -> int:
        """Numbers held in memory for one shuffle, about."""
        most = max(len(labels) for labels in self.axes.labels.values())
        return 8 * most * int(self.subsets.choices.shape[1])

    def columns(self) -> Iterator[tuple[str, int | None, str, Quantity]]:
        """Name the columns of `of`: axis, group, measure, quantity."""
        for axis, labels in self.axes.labels.items():
            for group in range(len(labels)):
                for quantity in OF_GROUP:
                    yield from ((axis, group, measure, quantity) for measure in MEASURES)
            yield from ((axis, None, measure, "dsi") for measure in MEASURES)

    def of(self, profiles: IntArray) -> FloatArray:
        """Compute everything for each shuffle.

        Parameters
        ----------
        profiles : (n_shuffles, n_raters)

        Returns
        -------
        (n_shuffles, n_columns)
        """
        return np.hstack([self._of_axis(axis, profiles) for axis in self.axes.labels])

    def _of_axis(self, axis: str, profiles: IntArray) -> FloatArray:
        of_rater = self.axes.attributes[axis][profiles]
        counts = self._counts(axis, of_rater)
        everyone = counts.sum(axis=0)
        blocks, ratios = [], []
        for own in counts:
            within, across = cohesions(
                own,
                everyone - own,
                self.subsets.frequency.astype(float),
                alpha=self.alpha,
                units=self.subsets.units,
                smoothing=self.smoothing,
            )
            ratios.append(self._ratio(within, across))
            blocks += [within, across, ratios[-1], within - across]
        return np.hstack([*blocks, np.fmax.reduce(ratios)])

    def _counts(self, axis: str, of_rater: IntArray) -> IntArray:
        """Count each group's ratings, (n_groups, n_shuffles, n_units, n_categories)."""
        groups = range(len(self.axes.labels[axis]))
        return np.stack([self.subsets.counts(of_rater == group) for group in groups])

    def _ratio(self, within: FloatArray, across: FloatArray) -> FloatArray:
        ratio: FloatArray = np.full(within.shape, np.nan)
        np.divide(within, across, out=ratio, where=across >= self.smallest_across)
        return ratio

    def n_units(self, axis: str, group: int | None) -> int:
        """Count the units with ratings of a group and of the others on the axis."""
        of_rater = self.axes.labels[axis].codes[None]
        everyone = self.subsets.counts(of_rater >= 0)[0].sum(axis=1)
        if group is None:
            return int(self.subsets.frequency[everyone > 0].sum())
        own = self.subsets.counts(of_rater == group)[0].sum(axis=1)
        return int(self.subsets.frequency[(own > 0) & (own < everyone)].sum())

    def reason(self, quantity: Quantity) -> str:
        """Say why a quantity has no value."""
        within = "no unit has two ratings of the group, or all its ratings are the same"
        across = "no unit has ratings of the group and of others, or all these are the same"
        match quantity:
            case "within":
                return within
            case "across":
                return across
            case "difference":
                return f"{within}; or {across}"
        return (
            f"cohesion with the others is below {self.smallest_across} or has no value: "
            "a ratio to it would be noise"
        )
