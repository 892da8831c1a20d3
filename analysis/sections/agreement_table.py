"""How far raters agree: per item and group, over all sets and in each set with enough units.

Only units with two ratings or more of the group count, for chance agreement and prevalence too:
a set that was rated once, with its own rate of bias, would else decide what chance is in another.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, cast

import pandas as pd

from analysis.intervals import bootstrap
from analysis.sections.cells import Cell, Counts, Resampling, Undefined, cell
from analysis.sections.ratings import Ratings, Slice, coded, counts, slices
from rubrics.schema import Item, Level, Option

FEWEST_UNITS = 10
"""Sets with fewer units rated twice by a group get no row of their own."""

FEWEST_VARIED = 10
"""With fewer units in which anybody chose another code than the commonest, intervals of alpha and
Fleiss' kappa are refused: in simulations with a rate of 5 to 10 % they cover too seldom."""

NEEDS_VARIATION = ("krippendorff_alpha", "fleiss_kappa")
NOBODY = Undefined("no unit was rated by two raters of the group")
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

    is_derived: bool = False
    """Whether it is another question's answers, told apart less finely."""


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


def paired(about: pd.DataFrame) -> pd.DataFrame:
    """The ratings of units that have two or more of them, given the ratings of one group."""
    return about[about.groupby("unit_id")["unit_id"].transform("size") >= 2]


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
        name = f"{item.id}:any"
        yield Question(name, ANY_BIAS, "nominal", NO_YES, any_bias, is_main=True, is_derived=True)


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
    sources = ratings.about[["source_a", "source_b"]]
    is_straight = (sources["source_a"] <= sources["source_b"]).to_numpy()
    codes = coded(ratings, item.id, {"A": 0.0, "B": 1.0, "neither": 2.0})
    turned = coded(ratings, item.id, {"A": 1.0, "B": 0.0, "neither": 2.0})
    found = sorted(pd.unique(sources.to_numpy().ravel()))
    first, second = found if len(found) == 2 else ("first source", "second source")
    labels = {0.0: first, 1.0: second, 2.0: "neither"}
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
        categories=list(question.categories),
        n_resamples=resampling.n_resamples,
        seed=resampling.seed,
        clusters=clusters.to_numpy(dtype=object),
    )
    results = dict.fromkeys(STATISTICS, bootstrapped(STATISTICS))
    if question.level != "nominal":
        results["gwet_ac"] = bootstrapped("gwet_ac", weights="ordinal")
    cells = {name: cell(partial(results[name].__getitem__, name)) for name in STATISTICS}
    refusal = _too_little_variation(about, question)
    return cells if refusal is None else {**cells, **_refused(cells, refusal)}


def _too_little_variation(about: pd.DataFrame, question: Question) -> str | None:
    """Why alpha and Fleiss' kappa get no interval; None where they may have one."""
    commonest = cast(float, about["value"].value_counts().sort_index().idxmax())
    n = about.loc[about["value"].ne(commonest), "unit_id"].nunique()
    if n >= FEWEST_VARIED:
        return None
    units = "unit has" if n == 1 else "units have"
    return (
        f"only {n} {units} a rating other than “{question.categories[commonest]}”: no interval is "
        f"valid below {FEWEST_VARIED}"
    )


def _refused(cells: dict[str, Cell], refusal: str) -> dict[str, Cell]:
    """The cells that need variation, without interval, and with all reasons for that."""
    found = {name: cells[name] for name in NEEDS_VARIATION}
    return {
        name: replace(one, interval=None, refusal="; ".join(filter(None, [one.refusal, refusal])))
        for name, one in found.items()
        if not isinstance(one, Undefined)
    }
