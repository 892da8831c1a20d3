"""A judgment table cut by its columns: by what is said of units, and by what is said of raters.

The two are told apart because groups of raters judge the same units, so that they can be
resampled together; sets of units cannot.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.clusters import unit_clusters
from analysis.summaries.ratings import Ratings, ratings_of
from analysis.table import JudgmentTable, TableError

SEED = 20240923
"""Of a summary whose caller names none."""

OF_UNITS = ("kind", "dataset", "question_id", "seed", "source_a", "source_b")
NOT_SAID = "not said"
"""The value of a column that is empty."""

SEPARATOR = " | "


@dataclass(frozen=True)
class Cut:
    """Which columns cut the table, those of units and those of raters."""

    of_units: tuple[str, ...]
    of_raters: tuple[str, ...]

    def slices(self, about: pd.DataFrame) -> Iterator[tuple[Mapping[str, str], "pd.Series[bool]"]]:
        """Give the rows of each combination of values of the columns of units."""
        if not self.of_units:
            yield {}, pd.Series(True, index=about.index)
            return
        keys = about[list(self.of_units)].fillna(NOT_SAID)
        for values, rows in keys.groupby(list(self.of_units)):
            yield (
                dict(zip(self.of_units, map(str, values), strict=True)),
                pd.Series(about.index.isin(rows.index), index=about.index),
            )

    def rater_labels(self, about: pd.DataFrame) -> "pd.Series[str]":
        """Give each rater's combination of values, by rater id, as one label."""
        raters = self._raters(about)
        joined = [SEPARATOR.join(values) for values in raters.to_numpy()]
        return pd.Series(joined, index=raters.index, dtype="str")

    def of_label(self, label: str, about: pd.DataFrame) -> dict[str, str]:
        """Give the values that a rater label of these ratings stands for."""
        raters = self._raters(about)[self.rater_labels(about) == label]
        return {column: str(raters[column].iloc[0]) for column in self.of_raters}

    def _raters(self, about: pd.DataFrame) -> pd.DataFrame:
        """The columns that cut raters, as text, by rater id."""
        raters = about.drop_duplicates("rater_id").set_index("rater_id")[list(self.of_raters)]
        return raters.astype("object").fillna(NOT_SAID).astype("str")


def cut_by(table: JudgmentTable, by: Sequence[str]) -> Cut:
    """Sort the columns by what they speak of.

    Raises
    ------
    TableError
        If a column is not there or named twice, or says nothing of units or raters.
    """
    if isinstance(by, str):
        raise TableError(f"by={by!r}: give a list of columns, such as [{by!r}]")
    frame = table.frame
    attributes = [c for c in frame.columns if c.startswith("rater_") and c != "rater_id"]
    allowed = [*OF_UNITS, *attributes]
    if strange := [column for column in by if column not in allowed]:
        raise TableError(f"by={strange}: the table can be cut by {allowed}")
    if twice := sorted({column for column in by if list(by).count(column) > 1}):
        raise TableError(f"by={list(by)} names {twice} twice: once is enough")
    return Cut(
        of_units=tuple(column for column in by if column in OF_UNITS),
        of_raters=tuple(column for column in by if column in attributes),
    )


def used_ratings(
    table: JudgmentTable, rubric: str | None, of_raters: Sequence[str]
) -> Iterator[Ratings]:
    """Give the ratings of each rubric that was used, with the raters' attributes.

    Raises
    ------
    TableError
        If the table has no judgment by the rubric that was asked for.
    """
    used = set(table.frame["rubric"])
    if rubric is not None and rubric not in used:
        raise TableError(f"rubric {rubric!r}: the table has judgments by {sorted(used)}")
    clusters = unit_clusters(table.frame)
    raters = table.frame.drop_duplicates("rater_id").set_index("rater_id")
    for one in table.rubrics:
        if one.id in used and rubric in (None, one.id):
            ratings = ratings_of(table, one, clusters)
            more = [column for column in of_raters if column not in ratings.about]
            about = ratings.about.join(raters[more], on="rater_id")
            about = about.assign(kind=one.unit)
            yield Ratings(one, about, ratings.codes)
