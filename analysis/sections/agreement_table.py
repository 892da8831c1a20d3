"""How far raters agree: per item and group, over all sets and in each set with enough units.

Only units with two ratings or more of the group count, for chance agreement and prevalence too:
a set that was rated once, with its own rate of bias, would else decide what chance is in another.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pandas as pd

from analysis.intervals import bootstrap
from analysis.sections.cells import Cell, Counts, Resampling, Undefined, cell
from analysis.sections.ratings import Slice, counts, slices
from analysis.summaries.questions import Question, paired, questions
from analysis.summaries.ratings import Ratings
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
    """By the names in `STATISTICS`; `gwet_ac` is AC1, or AC2 with ordinal weights."""


def agreement_table(
    ratings: Ratings, groups: list[str], resampling: Resampling
) -> tuple[AgreementRow, ...]:
    """One row per item and group, then one per set with at least ten units rated twice."""
    return tuple(_rows(ratings, groups, resampling))


def _rows(ratings: Ratings, groups: list[str], resampling: Resampling) -> Iterator[AgreementRow]:
    for question in questions(ratings):
        for of, rows in slices(ratings.about, groups, by_source=False):
            about = paired(ratings.about[rows & question.values.notna()])
            enough = question.is_main and about["unit_id"].nunique() >= FEWEST_UNITS
            if of.is_all_sets or enough:
                yield _row(ratings, question, of, about, resampling)


def _row(
    ratings: Ratings, question: Question, of: Slice, about: pd.DataFrame, resampling: Resampling
) -> AgreementRow:
    values = question.values[about.index]
    shares = values.value_counts(normalize=True)
    return AgreementRow(
        **vars(counts(about)),
        rubric=ratings.rubric.id,
        of=of,
        item=question.item,
        label=question.label,
        is_dimension=not question.is_main,
        level=question.level,
        n_categories=len(question.categories),
        prevalence=tuple(
            (label, float(shares.get(number, 0.0)))
            for number, label in question.categories.items()
            if not about.empty
        ),
        coefficients=_coefficients(about.assign(value=values), question, resampling),
    )


def _coefficients(
    about: pd.DataFrame, question: Question, resampling: Resampling
) -> dict[str, Cell]:
    if about.empty:
        return dict.fromkeys(STATISTICS, NOBODY)

    wide = about.pivot(index="unit_id", columns="rater_id", values="value")
    clusters = about.drop_duplicates("unit_id").set_index("unit_id")["cluster"].loc[wide.index]
    bootstrapped = partial(
        bootstrap,
        wide.to_numpy(dtype=float),
        level=question.level,
        categories=question.categories,
        n_resamples=resampling.n_resamples,
        seed=resampling.seed,
        clusters=clusters.to_numpy(dtype=object),
    )
    results = dict.fromkeys(STATISTICS, bootstrapped(STATISTICS))
    if question.level != "nominal":
        results["gwet_ac"] = bootstrapped("gwet_ac", weights="ordinal")
    return {name: cell(partial(results[name].__getitem__, name)) for name in STATISTICS}
