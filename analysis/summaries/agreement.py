"""One call from the judgment table to how far raters agree, cell by cell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.agreement.alpha import Alpha
from analysis.agreement.coefficients import Coefficient, coefficient
from analysis.agreement.sets import set_distances
from analysis.estimates import Estimate, RatingsError, frame_of
from analysis.intervals import EstimateSet, GroupEstimates, bootstrap_groups, jackknife
from analysis.intervals.resampling import Method
from analysis.progress import Progress, silent
from analysis.ratings import FloatArray, read_units
from analysis.summaries.questions import Question, questions, set_questions
from analysis.summaries.ratings import Ratings
from analysis.summaries.slicing import SEED, Cut, cut_by, used_ratings
from analysis.table import JudgmentTable
from rubrics.schema import Level

STATISTICS = (
    "percent_agreement",
    "specific_agreement",
    "krippendorff_alpha",
    "gwet_ac",
    "brennan_prediger",
    "fleiss_kappa",
)


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
        rows = self.estimates.to_frame()
        wider = self.two_way.to_frame().set_index("statistic")
        for column in ("low", "high", "refusal"):
            values = wider[column] if column in wider else pd.Series(dtype=object)
            rows[f"two_way_{column}"] = rows["statistic"].map(values)
        about = {
            "rubric": self.rubric,
            "item": self.item,
            "label": self.label,
            "level": self.level,
            **self.of,
        }
        for position, (column, value) in enumerate(about.items()):
            rows.insert(position, column, value)
        rows["n_clusters"] = self.n_clusters
        rows["n_categories"] = len(self.categories)
        rows["prevalence"] = pd.Series([dict(self.prevalence)] * len(rows), dtype=object)
        return rows


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
        return frame_of([self])


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
        """
        return tuple(
            CellDifference(
                one.rubric, one.item, one.of, one.groups.difference(statistic, first, second)
            )
            for one in self.shared
            for first, second in combinations(one.groups, 2)
            if statistic in one.groups[first] and statistic in one.groups[second]
        )


def agreement_table(
    table: JudgmentTable,
    *,
    by: Sequence[str] = ("rater_group",),
    statistics: Sequence[str] = STATISTICS,
    rubric: str | None = None,
    n_resamples: int = 10_000,
    seed: int = SEED,
    method: Method = "studentised",
    confidence: float = 0.95,
    progress: Progress = silent,
) -> AgreementTable:
    """Estimate how far raters agree on every item of a study, in every cell.

    A unit counts for a group where two of the group rated it. Categories and levels come from the
    rubrics: ordinal items have ordinal alpha, and AC2 with Gwet's ordinal weights for AC1. An item
    in which several options can be chosen has a row for each option, and one for the sets of
    options, with percent agreement and alpha by MASI and by Jaccard distance.

    Parameters
    ----------
    table
    by
        Columns of the table that tell cells apart: `dataset`, `source_a`, `kind`, ... of units,
        `rater_group` and other attributes of raters.
    statistics
        As in `bootstrap`.
    rubric
        Id of one rubric; all without it.
    n_resamples, seed, confidence
        Of the intervals that resample questions, or the seeds they were made from. All groups and
        statistics of an item share the resamples.
    method
        As in `bootstrap`: of the three, studentised intervals alone cover alpha where it is low and
        a code is rare.

    Raises
    ------
    TableError
        If the table cannot be cut by a column, or has no judgment by the rubric.
    RatingsError
        If a statistic is unknown, or the numbers make no interval.
    """
    cut = cut_by(table, by)
    work = [
        (ratings, question, of, rows)
        for ratings in used_ratings(table, rubric, cut.of_raters)
        for question in (*questions(ratings), *set_questions(ratings))
        for of, rows in cut.slices(ratings.about)
    ]
    shared = []
    cells: list[AgreementCell] = []
    for done, (ratings, question, of, rows) in enumerate(work):
        progress(done, len(work))
        wide = _matrix(ratings, question, rows, cut)
        if wide is None:
            continue
        groups = bootstrap_groups(
            wide.values,
            _asked(statistics, question),
            rater_groups=wide.groups,
            level=question.level,
            categories=question.categories,
            clusters=wide.clusters,
            n_resamples=n_resamples,
            seed=seed,
            method=method,
            confidence=confidence,
        )
        shared.append(SharedResamples(ratings.rubric.id, question.item, of, groups))
        cells += _cells(ratings, question, of, cut, wide, groups, statistics, confidence)
    progress(len(work), len(work))
    if not cells:
        raise RatingsError("no item of the table has a rating that raters could agree about")
    return AgreementTable(tuple(by), tuple(cells), tuple(shared))


@dataclass(frozen=True, eq=False)
class Wide:
    """The ratings of one item, units by raters, where two of a group rated the unit."""

    values: FloatArray
    """(n_units, n_raters)"""

    groups: "pd.Series[str]"
    """(n_raters,)"""

    clusters: "pd.Series[str]"
    """(n_units,)"""


def _matrix(ratings: Ratings, question: Question, rows: "pd.Series[bool]", cut: Cut) -> Wide | None:
    """The units by raters of these rows; None where nobody rated."""
    about = ratings.about[rows & question.values.notna()]
    if about.empty:
        return None
    wide = about.assign(value=question.values).pivot(
        index="unit_id", columns="rater_id", values="value"
    )
    groups = cut.rater_labels(about).loc[wide.columns]
    clusters = about.drop_duplicates("unit_id").set_index("unit_id")["cluster"].loc[wide.index]
    values = wide.to_numpy(dtype=float, copy=True)
    for group in groups.unique():
        columns = np.flatnonzero(groups == group)
        # A lone rating would move what chance is, and has nobody to agree with.
        lone = np.flatnonzero((~np.isnan(values[:, columns])).sum(axis=1) < 2)
        values[np.ix_(lone, columns)] = np.nan
    return Wide(values, groups, clusters)


def _asked(statistics: Sequence[str], question: Question) -> list[str | Coefficient]:
    """The statistics; AC2 for AC1 where options have ranks, and alpha of sets where there are."""
    if question.sets:
        return ["percent_agreement", *_of_sets(question)]
    if question.level == "nominal":
        return list(statistics)
    nobody = read_units(np.empty((0, 1)), list(question.categories))
    ac2 = coefficient("gwet_ac", nobody, weights="ordinal")
    return [ac2 if name == "gwet_ac" else name for name in statistics]


def _of_sets(question: Question) -> Iterator[Alpha]:
    for distance in ("masi", "jaccard"):
        yield Alpha(
            len(question.sets),
            set_distances(question.sets, distance),
            name=f"set_alpha[{distance}]",
        )


def _cells(
    ratings: Ratings,
    question: Question,
    of: Mapping[str, str],
    cut: Cut,
    wide: Wide,
    groups: GroupEstimates,
    statistics: Sequence[str],
    confidence: float,
) -> Iterator[AgreementCell]:
    for group, estimates in groups.items():
        values = wide.values[:, np.flatnonzero(wide.groups == group)]
        two_way = jackknife(
            values,
            _asked(statistics, question),
            leave_out="two_way",
            level=question.level,
            categories=question.categories,
            clusters=wide.clusters,
            confidence=confidence,
        )
        is_present = ~np.isnan(values)
        present = values[is_present]
        yield AgreementCell(
            rubric=ratings.rubric.id,
            item=question.item,
            label=question.label,
            level=question.level,
            of={**of, **cut.of_label(str(group))},
            categories=question.categories,
            prevalence={
                label: float((present == number).mean())
                for number, label in question.categories.items()
                if len(present)
            },
            n_clusters=wide.clusters.iloc[np.flatnonzero(is_present.any(axis=1))].nunique(),
            estimates=estimates,
            two_way=two_way,
        )
