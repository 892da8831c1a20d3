"""What agreement or rates cannot use: ratings that are left out, counted by why."""

from collections.abc import Iterator

from analysis.sections.cells import LeftOut
from analysis.summaries.questions import paired, questions
from analysis.summaries.ratings import Ratings


def left_out(ratings: Ratings, groups: list[str]) -> tuple[LeftOut, ...]:
    """Ratings made with one rubric that a section does not count; what is 0 is not listed."""
    counted = (*_alone(ratings, groups), *_not_judged(ratings))
    return tuple(LeftOut(ratings.rubric.title, n, "ratings", why) for n, why in counted if n)


def _alone(ratings: Ratings, groups: list[str]) -> Iterator[tuple[int, str]]:
    """Ratings without a second one of the group: of the unit, then of an item of it."""
    of_groups = [ratings.about[ratings.about["rater_group"].eq(group)] for group in groups]
    in_pairs = [paired(about) for about in of_groups]
    n = sum(map(len, of_groups)) - sum(map(len, in_pairs))
    yield n, "nobody else of the group rated the unit: in rates, but not in agreement"
    for question in questions(ratings):
        if question.is_main and not question.is_derived:
            answered = [about[question.values[about.index].notna()] for about in in_pairs]
            n = sum(len(about) - len(paired(about)) for about in answered)
            asked = repr(question.label)
            why = f"nobody else of the group gave an answer that counts to {asked}"
            yield n, f"{why}: not in agreement"


def _not_judged(ratings: Ratings) -> Iterator[tuple[int, str]]:
    """Ratings that say that they are none, or say nothing where the report needs an answer."""
    for item in ratings.rubric.items:
        codes = ratings.codes_of(item.id)
        is_bias = item.role == "bias"
        where = "neither in the rate of bias nor in agreement" if is_bias else "not in agreement"
        for option in item.options if item.kind == "choice" else ():
            if option.is_na:
                n = int(codes.eq(option.code).sum())
                yield n, f"{option.label!r} was answered to {item.text!r}: {where}"
        if item.role in ("bias", "preference"):
            yield int(codes.isna().sum()), f"{item.text!r} was left empty"
