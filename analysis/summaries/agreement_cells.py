"""Agreement cell by cell: what `agreement_table` returns."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import pandas as pd

from analysis.estimates import Estimate, RatingsError, frame_of
from analysis.intervals import EstimateSet, GroupEstimates
from rubrics.schema import Level

WIDER = ("low", "high", "standard_error", "refusal")
"""What a row says of the two-way interval."""

COLUMNS = [
    *("statistic", "category", "value", "low", "high", "two_way_low", "two_way_high"),
    *("n_ratings", "n_units", "n_raters", "n_clusters", "n_categories", "prevalence"),
    *("refusal", "two_way_refusal", "standard_error", "two_way_standard_error"),
    *("confidence", "method", "n_resamples", "undefined_share"),
]
"""Of one statistic, what is read first first."""

OWN = [name for name in COLUMNS if not name.startswith("two_way_")]
"""Those of the interval that resamples questions."""


@dataclass(frozen=True, eq=False)
class AgreementCell:
    """One item as the raters of one cell answered it."""

    rubric: str
    item: str
    label: str
    level: Level
    of: Mapping[str, str]
    """The columns that cut the table, and their values here."""

    categories: Mapping[float, str]
    """All that the rubric declares, used or not."""

    prevalence: Mapping[str, float]
    """Share of the ratings by category, without which no chance-corrected number can be read;
    empty where no unit was rated twice."""

    n_clusters: int
    """Questions, or the seeds they were made from, with two ratings: what is resampled. With fewer
    than 20, intervals that resample them are too narrow."""

    estimates: EstimateSet
    """With intervals for these raters on questions like these."""

    two_way: EstimateSet
    """The same, with intervals for raters like these."""

    def to_frame(self) -> pd.DataFrame:
        """One row for each statistic."""
        rows = self.estimates.to_frame().reindex(columns=OWN)
        wider = self.two_way.to_frame().reindex(columns=OWN).set_index("statistic")
        of_category = {f"[{number}]": label for number, label in self.categories.items()}
        whole = rows[["n_units", "n_raters", "n_ratings", "n_resamples"]].astype("Int64")
        rows = rows.assign(
            **{f"two_way_{name}": rows["statistic"].map(wider[name]) for name in WIDER},
            **whole,
            rubric=self.rubric,
            item=self.item,
            label=self.label,
            level=self.level,
            **self.of,
            category=rows["statistic"].str.extract(r"(\[.*\])")[0].map(of_category),
            standard_error=rows["standard_error"].astype(float),
            n_clusters=self.n_clusters,
            n_categories=len(self.categories),
            prevalence=json.dumps(self.prevalence, ensure_ascii=False),
        )
        return rows[["rubric", "item", "label", "level", *self.of, *COLUMNS]]


@dataclass(frozen=True)
class CellDifference:
    """How a statistic differs between two groups of raters who judged the same units."""

    rubric: str
    item: str
    of: Mapping[str, str]
    """The columns that tell units apart, and their values here."""

    difference: Estimate

    def to_frame(self) -> pd.DataFrame:
        """Give one row."""
        about = {"rubric": self.rubric, "item": self.item, **self.of}
        return pd.concat([pd.DataFrame([about]), frame_of([self.difference])], axis=1)


@dataclass(frozen=True, eq=False)
class SharedResamples:
    """One item on one slice of the units: all groups of raters on the same resamples."""

    rubric: str
    item: str
    of: Mapping[str, str]
    groups: GroupEstimates


@dataclass(frozen=True, eq=False)
class AgreementTable:
    """Agreement in every cell, and what cells have in common."""

    by: tuple[str, ...]
    cells: tuple[AgreementCell, ...]
    shared: tuple[SharedResamples, ...] = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """One row for each cell and statistic."""
        return pd.concat([cell.to_frame() for cell in self.cells], ignore_index=True)

    def differences(self, statistic: str) -> tuple[CellDifference, ...]:
        """Compare every two groups of raters, on the resamples that their intervals come from.

        The intervals speak of these raters. Whether groups of raters like these differ is told by
        `coefficient_difference_test`, which permutes raters. Pairs in which a group has no value
        are left out.

        Raises
        ------
        RatingsError
            If the table was made without the statistic.
        """
        known = {name for one in self.cells for name in (*one.estimates, *one.estimates.undefined)}
        if statistic not in known:
            raise RatingsError(f"{statistic!r} was not asked for; there are {sorted(known)}")
        return tuple(
            CellDifference(
                one.rubric, one.item, one.of, one.groups.difference(statistic, first, second)
            )
            for one in self.shared
            for first, second in combinations(one.groups, 2)
            if statistic in one.groups[first] and statistic in one.groups[second]
        )
