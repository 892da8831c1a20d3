"""How far raters agree: per item and group, over all sets and in each set with enough units."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import pandas as pd

from analysis.intervals import bootstrap
from analysis.sections.cells import Cell, Counts, Resampling, cell
from analysis.sections.ratings import Ratings, Slice, coded, counts, slices
from rubrics.schema import Item, Level, Option

FEWEST_UNITS = 10
"""Sets with fewer units rated twice by a group get no row of their own."""

ANY_BIAS = "Any bias"
NO_YES = {0.0: "no", 1.0: "yes"}
STATISTICS = (
    "percent_agreement",
    "krippendorff_alpha",
    "brennan_prediger",
    "gwet_ac",
    "fleiss_kappa",
)


@dataclass(frozen=True)
class AgreementRow(Counts):
    """One item as one group answered it."""

    rubric: str
    of: Slice
    item: str
    label: str
    is_dimension: bool
    level: Level
    n_categories: int
    """Declared by the rubric, used or not: what chance agreement is computed with."""

    prevalence: tuple[tuple[str, float], ...]
    """Share of ratings by category; without it no chance-corrected number can be read."""

    n_pairable: int
    """Units with two ratings or more."""

    coefficients: dict[str, Cell]
    """By the names in `STATISTICS`; `gwet_ac` is AC1, or AC2 with ordinal weights."""


class Question(NamedTuple):
    """An item, or one option of it, as something that raters can agree about."""

    item: str
    label: str
    level: Level
    categories: dict[float, str]
    """Label by number: the option's score where distances count, else its rank."""

    values: "pd.Series[float]"
    """The number of the category by rating; NaN where there is none."""

    is_main: bool
    """Whether it also gets a row per set."""


def agreement_table(
    ratings: Ratings, groups: list[str], resampling: Resampling
) -> tuple[AgreementRow, ...]:
    """One row per item and group, then one per set with at least ten units rated twice."""
    return tuple(_rows(ratings, groups, resampling))


def _rows(ratings: Ratings, groups: list[str], resampling: Resampling) -> Iterator[AgreementRow]:
    for question in questions(ratings):
        for of, rows in slices(ratings.about, groups, by_source=False):
            about = ratings.about[rows & question.values.notna()]
            enough = question.is_main and _n_pairable(about) >= FEWEST_UNITS
            if of.is_all_sets or enough:
                yield _row(ratings, question, of, about, resampling)


def _n_pairable(about: pd.DataFrame) -> int:
    return int((about["unit_id"].value_counts() >= 2).sum())


def questions(ratings: Ratings) -> list[Question]:
    """Everything in a rubric that raters can agree about, the main items first."""
    found: list[Question] = []
    for item in ratings.rubric.items:
        if item.kind == "preference":
            found.append(_preference(ratings, item))
        elif item.kind in ("choice", "scale") and item.options:
            found.extend(_choice(ratings, item))
        elif item.kind in ("multichoice", "checklist"):
            found.extend(_options(ratings, item))
    return sorted(found, key=lambda question: not question.is_main)


def _choice(ratings: Ratings, item: Item) -> Iterator[Question]:
    options = [option for option in item.options if not option.is_na]
    numbers = {option.code: _number(item, i, option) for i, option in enumerate(options)}
    labels = {numbers[option.code]: option.label for option in options}
    values = coded(ratings, item.id, numbers)
    yield Question(item.id, item.text, item.level, labels, values, is_main=True)
    if item.role == "bias" and len(options) > 2:
        found = {option.code: float(option.polarity == "unfavourable") for option in options}
        any_bias = coded(ratings, item.id, found)
        yield Question(f"{item.id}:any", ANY_BIAS, "nominal", NO_YES, any_bias, is_main=True)


def _number(item: Item, rank: int, option: Option) -> float:
    if item.level in ("interval", "ratio") and option.score is not None:
        return option.score
    return float(rank)


def _options(ratings: Ratings, item: Item) -> Iterator[Question]:
    for option in item.options:
        name = f"{item.id}.{option.code}"
        values = coded(ratings, name, {"0": 0.0, "1": 1.0})
        yield Question(name, option.label, "nominal", NO_YES, values, is_main=False)


def _preference(ratings: Ratings, item: Item) -> Question:
    """The preference by source: which answer of a unit is A must not change agreement."""
    is_straight = (ratings.about["source_a"] <= ratings.about["source_b"]).to_numpy()
    codes = coded(ratings, item.id, {"A": 0.0, "B": 1.0, "neither": 2.0})
    turned = coded(ratings, item.id, {"A": 1.0, "B": 0.0, "neither": 2.0})
    labels = {0.0: "first source", 1.0: "second source", 2.0: "neither"}
    values = codes.where(is_straight, turned)
    return Question(item.id, item.text, "nominal", labels, values, is_main=True)


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
            (label, float(shares.get(number, 0.0))) for number, label in question.categories.items()
        ),
        n_pairable=_n_pairable(about),
        coefficients=_coefficients(about.assign(value=values), question, resampling),
    )


def _coefficients(
    about: pd.DataFrame, question: Question, resampling: Resampling
) -> dict[str, Cell]:
    wide = about.pivot(index="unit_id", columns="rater_id", values="value")
    clusters = about.drop_duplicates("unit_id").set_index("unit_id")["cluster"].loc[wide.index]
    bootstrapped = partial(
        bootstrap,
        wide.to_numpy(dtype=float),
        level=question.level,
        categories=list(question.categories),
        n_resamples=resampling.n_resamples,
        seed=resampling.seed,
        clusters=clusters.to_numpy(dtype=object),
    )
    results = dict.fromkeys(STATISTICS, bootstrapped(STATISTICS))
    if question.level != "nominal":
        results["gwet_ac"] = bootstrapped(["gwet_ac"], weights="ordinal")
    return {name: cell(partial(results[name].__getitem__, name)) for name in STATISTICS}
