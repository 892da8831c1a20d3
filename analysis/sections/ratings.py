"""Ratings as the sections need them: one row each, cut by set, group and source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from analysis.sections.cells import Counts
from analysis.table import JudgmentTable
from rubrics.schema import Item, Rubric

ABOUT = [
    *("dataset", "question_id", "question_2_id", "seed", "rater_group"),
    *("source_a", "source_b", "active_seconds", "submitted_at"),
]

MEETING = ["rater_id_1", "rater_id_2"]
"""The two raters of a meeting of two ratings, where a row is one."""


class Slice(NamedTuple):
    """Which ratings a row of a table speaks of; None takes all."""

    dataset: str | None
    group: str
    source: str | None
    is_all_sets: bool
    """Whether no set was left out: also true of the only one."""

    is_all_sources: bool


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


def counts(about: pd.DataFrame) -> Counts:
    """How many units, raters, ratings and clusters these rows are."""
    raters = MEETING if set(MEETING) <= set(about.columns) else ["rater_id"]
    return Counts(
        n_units=about["unit_id"].nunique(),
        n_raters=len(pd.unique(about[raters].to_numpy().ravel())),
        n_ratings=len(about),
        n_clusters=about["cluster"].nunique(),
    )


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


def slices(
    about: pd.DataFrame, groups: list[str], *, by_source: bool = True
) -> Iterator[tuple[Slice, "pd.Series[bool]"]]:
    """Every set, and all sets; in each every group; in each all sources, and every source.

    A total over one set or over one source is not repeated. Slices without ratings are left out.
    """
    sources = with_total(about["source_a"]) if by_source else [None]
    for dataset in with_total(about["dataset"]):
        for group in groups:
            for source in sources:
                rows = about["rater_group"].eq(group)
                if dataset is not None:
                    rows &= about["dataset"].eq(dataset)
                if source is not None:
                    rows &= about["source_a"].eq(source)
                if rows.any():
                    yield _slice(about, dataset, group, source), rows


def _slice(about: pd.DataFrame, dataset: str | None, group: str, source: str | None) -> Slice:
    is_all_sets = dataset is None or about["dataset"].nunique() == 1
    is_all_sources = source is None or about["source_a"].nunique() == 1
    return Slice(dataset, group, source, is_all_sets, is_all_sources)


def with_total(values: pd.Series) -> list[str | None]:
    """The distinct values in order, after None for all of them where there are several."""
    distinct: list[str | None] = sorted(values.dropna().unique())
    return [None, *distinct] if len(distinct) > 1 else distinct


def groups_in_order(table: JudgmentTable) -> list[str]:
    """The groups that rated: in the protocol's order where it is known, then by name."""
    found = set(table.frame["rater_group"])
    known = [group.id for group in table.groups if group.id in found]
    return known + sorted(found - set(known))


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
