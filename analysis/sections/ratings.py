"""Ratings as the sections need them: one row each, cut by set, group and source."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from analysis.sections.cells import Counts
from analysis.summaries.ratings import Ratings, bias_measures
from analysis.table import JudgmentTable

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


def counts(about: pd.DataFrame) -> Counts:
    """How many units, raters, ratings and clusters these rows are."""
    raters = MEETING if set(MEETING) <= set(about.columns) else ["rater_id"]
    return Counts(
        n_units=about["unit_id"].nunique(),
        n_raters=len(pd.unique(about[raters].to_numpy().ravel())),
        n_ratings=len(about),
        n_clusters=about["cluster"].nunique(),
    )


def bias_found(ratings: Ratings) -> pd.DataFrame:
    """The ratings that say whether there is bias, with `yes` 1 or 0; none if nobody was asked."""
    measures = (one.yes for one in bias_measures(ratings) if one.kind == "main")
    about = ratings.about.assign(yes=next(measures, float("nan")))
    return about[about["yes"].notna()]


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
