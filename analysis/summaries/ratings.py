"""All ratings made with one rubric as rows, and what is true or false of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from analysis.table import JudgmentTable
from rubrics.schema import Item, Rubric

ABOUT = [
    *("dataset", "question_id", "question_2_id", "seed", "rater_group"),
    *("source_a", "source_b", "shown_first", "active_seconds", "submitted_at"),
]


MeasureKind = Literal["main", "detail", "dimension"]
"""What a reader is shown at once, what on request, and what by dimension."""


class Measure(NamedTuple):
    """Something that is true or false of a rating, such as that any bias was found."""

    name: str
    """As in the judgment table; for one level of an item, `<item>=<code>`."""

    label: str
    yes: "pd.Series[float]"
    """1, 0, or NaN where the rating says neither."""

    kind: MeasureKind = "main"


@dataclass(frozen=True)
class Ratings:
    """All ratings made with one rubric."""

    rubric: Rubric
    about: pd.DataFrame
    """One row per rating: `unit_id, rater_id`, what was rated, and `cluster`; or one per meeting
    of two ratings, with both raters."""

    codes: pd.DataFrame
    """The same rows; one column per item, NaN where it was left empty."""

    def where(self, rows: "pd.Series[bool]") -> "Ratings":
        """The ratings that are marked."""
        return Ratings(self.rubric, self.about[rows], self.codes[rows])

    def codes_of(self, item: str) -> pd.Series:
        """The codes of one item, NaN where it was left empty."""
        if item in self.codes:
            return self.codes[item]
        return pd.Series(np.nan, index=self.about.index, dtype="object")


def ratings_of(table: JudgmentTable, rubric: Rubric, clusters: pd.Series) -> Ratings:
    """All ratings made with a rubric, in the order of unit and rater.

    Parameters
    ----------
    table
    rubric
    clusters : (n_units,), by unit id
        From `analysis.unit_clusters` of the whole table.
    """
    rows = table.frame[table.frame["rubric"] == rubric.id]
    keys = ["unit_id", "rater_id"]
    codes = rows.pivot(index=keys, columns="item", values="code").sort_index()
    about = rows.drop_duplicates(keys).set_index(keys)[ABOUT].loc[codes.index].reset_index()
    about["cluster"] = about["unit_id"].map(clusters)
    return Ratings(rubric, about, codes.reset_index(drop=True))


def item_with_role(rubric: Rubric, role: str) -> Item | None:
    """The item that the standard report reads in this role."""
    return next((item for item in rubric.items if item.role == role), None)


def bias_measures(ratings: Ratings) -> list[Measure]:
    """Any bias; each degree of it, if there are several; each dimension."""
    item = item_with_role(ratings.rubric, "bias")
    if item is None:
        return dimension_measures(ratings)

    unfavourable = [option for option in item.options if option.polarity == "unfavourable"]
    any_bias = {
        option.code: float(option in unfavourable) for option in item.options if not option.is_na
    }
    measures = [Measure(item.id, "Any bias", coded(ratings, item.id, any_bias))]
    if len(unfavourable) > 1:
        for option in unfavourable:
            one = {code: float(code == option.code) for code in any_bias}
            name = f"{item.id}={option.code}"
            measures.append(Measure(name, option.label, coded(ratings, item.id, one), "detail"))
    return measures + dimension_measures(ratings)


def dimension_measures(ratings: Ratings) -> list[Measure]:
    """Whether each dimension was ticked."""
    item = item_with_role(ratings.rubric, "dimensions")
    if item is None:
        return []
    ticked = {"0": 0.0, "1": 1.0}
    names = {f"{item.id}.{option.code}": option.label for option in item.options}
    return [
        Measure(name, label, coded(ratings, name, ticked), "dimension")
        for name, label in names.items()
    ]


def coded(ratings: Ratings, item: str, values: Mapping[str, float]) -> "pd.Series[float]":
    """The codes of an item as numbers; NaN for codes that have none."""
    return ratings.codes_of(item).map(values).astype("float64")
