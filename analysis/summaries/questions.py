"""What raters can agree about: each item of a rubric, and each option of a multiple choice."""

from collections.abc import Iterator
from itertools import compress
from typing import NamedTuple

import pandas as pd

from analysis.summaries.ratings import Ratings, coded
from rubrics.schema import Item, Level, Option

ANY_BIAS = "Any bias"
NO_YES = {0.0: "no", 1.0: "yes"}


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

    sets: tuple[frozenset[str], ...] = ()
    """Of several options at once: which set each category is."""


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


def set_questions(ratings: Ratings) -> Iterator[Question]:
    """Every item in which several options can be chosen, with the sets of options as categories."""
    for item in ratings.rubric.items:
        if item.kind in ("multichoice", "checklist"):
            codes = pd.concat(
                [ratings.codes_of(f"{item.id}.{option.code}") for option in item.options], axis=1
            )
            rated = codes.dropna()
            chosen = [
                frozenset(compress(item.codes, row)) for row in (rated == "1").to_numpy().tolist()
            ]
            sets = sorted(set(chosen), key=sorted)
            number = {one: float(i) for i, one in enumerate(sets)}
            values = pd.Series([number[one] for one in chosen], index=rated.index, dtype="float64")
            yield Question(
                item=item.id,
                label=item.text,
                level="nominal",
                categories={i: _set_label(one, item) for one, i in number.items()},
                values=values.reindex(codes.index),
                is_main=False,
                sets=tuple(sets),
            )


def _set_label(chosen: frozenset[str], item: Item) -> str:
    labels = [option.label for option in item.options if option.code in chosen]
    return " + ".join(labels) or "none"
