"""How far raters agree: per item and group, over all sets and in each set with enough units.

Only units with two ratings or more of the group count, for chance agreement and prevalence too:
a set that was rated once, with its own rate of bias, would else decide what chance is in another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from analysis.intervals import EstimateSet
from analysis.sections.cells import Cell, Counts, Resampling, Undefined, cell
from analysis.sections.ratings import Slice, slices
from analysis.summaries import AgreementCell, agreement_table
from analysis.summaries.questions import Question, questions
from analysis.summaries.ratings import Ratings
from analysis.table import JudgmentTable
from rubrics.schema import Level

FEWEST_UNITS = 10
"""Sets with fewer units rated twice by a group get no row of their own."""

NOBODY = Undefined("no unit was rated by two raters of the group")
STATISTICS = (
    "percent_agreement",
    "krippendorff_alpha",
    "brennan_prediger",
    "gwet_ac",
    "fleiss_kappa",
)

Found = Mapping[tuple[str, str, str | None, str], AgreementCell]
"""Cells by rubric, item, set (None for all of them) and group."""


@dataclass(frozen=True)
class AgreementRow(Counts):
    """One item as one group answered it, in the units that at least two of the group rated."""

    rubric: str
    of: Slice
    item: str
    label: str
    is_dimension: bool
    level: Level
    n_categories: int
    """Declared by the rubric, used or not: what chance agreement is computed with."""

    prevalence: tuple[tuple[str, float], ...]
    """Share of these ratings by category; without it no chance-corrected number can be read.
    Empty where there are none."""

    coefficients: dict[str, Cell]
    """By the names in `STATISTICS`, intervals by question; `gwet_ac` is AC1, or AC2 with ordinal
    weights."""

    two_way: dict[str, Cell]
    """The same, with intervals for raters like these."""


def agreement_rows(
    table: JudgmentTable, ratings: Sequence[Ratings], groups: list[str], resampling: Resampling
) -> tuple[AgreementRow, ...]:
    """One row per item and group, then one per set with at least ten units rated twice."""
    asked = [(one, questions(one)) for one in ratings]
    every = [question for _, each in asked for question in each]
    if not any(question.values.notna().any() for question in every):
        return ()

    found = _cells(table, every, resampling)
    return tuple(row for one, each in asked for row in _rows(one, each, groups, found))


def _cells(table: JudgmentTable, asked: list[Question], resampling: Resampling) -> Found:
    tables: dict[tuple[str, ...], JudgmentTable] = {("rater_group",): table}
    if table.frame["dataset"].nunique() > 1:
        tables["dataset", "rater_group"] = _main_items(table, asked)
    cells = (
        one
        for by, judged in tables.items()
        for one in agreement_table(
            judged,
            by=by,
            statistics=STATISTICS,
            n_resamples=resampling.n_resamples,
            seed=resampling.seed,
        ).cells
    )
    return {
        (one.rubric, one.item, one.of.get("dataset"), one.of["rater_group"]): one for one in cells
    }


def _main_items(table: JudgmentTable, asked: list[Question]) -> JudgmentTable:
    """The items that get a row per set, and a row of each unit, which keeps the clusters."""
    wanted = table.frame["item"].isin({question.item for question in asked if question.is_main})
    return replace(table, frame=table.frame[wanted | ~table.frame["unit_id"].duplicated()])


def _rows(
    ratings: Ratings, asked: list[Question], groups: list[str], found: Found
) -> Iterator[AgreementRow]:
    rubric = ratings.rubric.id
    cuts = [of for of, _ in slices(ratings.about, groups, by_source=False)]
    for question in asked:
        for of in cuts:
            dataset = None if of.is_all_sets else of.dataset
            row = _row(rubric, question, of, found.get((rubric, question.item, dataset, of.group)))
            if of.is_all_sets or (question.is_main and row.n_units >= FEWEST_UNITS):
                yield row


def _row(rubric: str, question: Question, of: Slice, one: AgreementCell | None) -> AgreementRow:
    estimates = None if one is None or not one.n_clusters else one
    return AgreementRow(
        **vars(_counts(estimates)),
        rubric=rubric,
        of=of,
        item=question.item,
        label=question.label,
        is_dimension=not question.is_main,
        level=question.level,
        n_categories=len(question.categories),
        prevalence=tuple(estimates.prevalence.items()) if estimates else (),
        coefficients=_coefficients(estimates.estimates if estimates else None),
        two_way=_coefficients(estimates.two_way if estimates else None),
    )


def _counts(one: AgreementCell | None) -> Counts:
    if one is None:
        return Counts(0, 0, 0, 0)
    paired = one.estimates["percent_agreement"]
    return Counts(paired.n_units, paired.n_raters, paired.n_ratings, one.n_clusters)


def _coefficients(estimates: EstimateSet | None) -> dict[str, Cell]:
    if estimates is None:
        return dict.fromkeys(STATISTICS, NOBODY)
    return {name: cell(partial(estimates.__getitem__, name)) for name in STATISTICS}
