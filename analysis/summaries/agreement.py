"""One call from the judgment table to how far raters agree, cell by cell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.agreement.alpha import Alpha
from analysis.agreement.coefficients import Coefficient, coefficient
from analysis.agreement.sets import set_distances
from analysis.estimates import RatingsError
from analysis.intervals import GroupEstimates, bootstrap_groups, jackknife
from analysis.intervals.resampling import Method
from analysis.progress import Progress, silent
from analysis.ratings import FloatArray, read_units
from analysis.summaries.agreement_cells import AgreementCell, AgreementTable, SharedResamples
from analysis.summaries.questions import Question, questions, set_questions
from analysis.summaries.ratings import Ratings
from analysis.summaries.slicing import SEED, Cut, cut_by, used_ratings
from analysis.table import JudgmentTable

STATISTICS = (
    "percent_agreement",
    "specific_agreement",
    "krippendorff_alpha",
    "gwet_ac",
    "brennan_prediger",
    "fleiss_kappa",
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
        One or several, as in `bootstrap`.
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
    statistics = [statistics] if isinstance(statistics, str) else list(statistics)
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
            of={**of, **cut.of_label(str(group), ratings.about)},
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
