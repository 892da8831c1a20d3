"""Passages that a rater marked: what is stored, or what is wrong with them.

A mark is a place in a panel's plain text together with the words that stood there. Both are kept,
so that a change in how texts are drawn can never move a mark unseen.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError

from rater_portal.errors import InvalidCodesError
from rater_portal.language import mark
from rater_portal.models import Side
from rater_portal.reading import answer_html, plain_text, question_html, sentence_at
from rubrics.schema import Rubric

MOST_MARKS: Final = 100
LONGEST_QUOTE: Final = 4_000
"""Code points: more than any answer's longest paragraph."""

# Neither repeats what was marked: it can be words of an answer that nobody should read unwarned.
TOO_MANY: Final = mark("There are too many marked passages. Please remove some of them.")
DOES_NOT_FIT: Final = mark(
    "A marked passage does not fit its text. Please remove it and mark it again."
)

Place = Annotated[int, Field(ge=0)]


class Mark(BaseModel, frozen=True, extra="forbid", strict=True):
    """A passage of one panel, tied to an item of the rubric."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    item: str
    slot: Side
    panel: Literal["question", "answer"]
    start: Place
    end: Place
    """Code points in the panel's plain text; the end is the first that is not marked."""

    quote: Annotated[str, Field(min_length=1, max_length=LONGEST_QUOTE)]
    sentence: int | None = None
    """Number of the sentence in which the passage begins."""


def checked_marks(
    marks: Sequence[Mapping[str, Any]],
    *,
    unit_panels: Iterable[Mapping[str, Any]],
    rubric: Rubric,
) -> tuple[dict[str, Any], ...]:
    """The marks as they are stored: each held against its panel, its sentence counted here.

    Parameters
    ----------
    marks
        By slot, as they come out of `wire.marks_from_wire`.
    unit_panels
        Those of the unit: `kind`, `slot` and `text`.

    Raises
    ------
    InvalidCodesError
        If there are too many, or one names no item or panel of the unit, reaches beyond its text
        or quotes other words. All of them at once.
    """
    if len(marks) > MOST_MARKS:
        raise InvalidCodesError([("", TOO_MANY)])
    texts = {(panel["kind"], panel["slot"]): panel["text"] for panel in unit_panels}
    items = {item.id for item in rubric.items}
    held = [_held_against(texts, items, given) for given in marks]
    if None in held:
        raise InvalidCodesError(
            [
                (str(given.get("item", "")), DOES_NOT_FIT)
                for given, one in zip(marks, held, strict=True)
                if one is None
            ]
        )
    return tuple(one.model_dump() for one in held if one is not None)


def _held_against(
    texts: Mapping[tuple[str, str], str], items: Collection[str], given: Mapping[str, Any]
) -> Mark | None:
    """The mark with its sentence; None if it is no mark of this unit."""
    try:
        made = Mark.model_validate(dict(given))
    except ValidationError:
        return None
    text = texts.get((made.panel, made.slot))
    if text is None or made.item not in items:
        return None
    html = _html(made.panel, text)
    plain = plain_text(html)
    is_inside = made.start < made.end <= len(plain)
    if not is_inside or plain[made.start : made.end] != made.quote:
        return None
    return made.model_copy(update={"sentence": sentence_at(html, made.start)})


@lru_cache(maxsize=64)
def _html(panel: str, text: str) -> str:
    """Drawn as the raters' browsers have it: drafts come again and again for the same text."""
    return question_html(text) if panel == "question" else answer_html(text)
