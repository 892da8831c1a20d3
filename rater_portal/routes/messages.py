"""What the desk may send, field by field; anything else is refused before a service hears of it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from rubrics.items import LONGEST_TEXT

LONGEST_WORDS = 4_000
"""Characters of a reason, a comment or a quotation."""

MOST_MARKS = 200
MANY = Field(max_length=200)
"""Items of a rubric, or options of an item: no form has more."""

Number = Annotated[int, Field(gt=0, lt=2**31)]
Name = Annotated[str, Field(max_length=100)]
Words = Annotated[str, Field(max_length=LONGEST_WORDS)]
Given = Annotated[str, Field(max_length=LONGEST_TEXT)] | Annotated[list[Name], MANY] | float
Codes = Annotated[dict[Name, Given | None], MANY]
Ages = Annotated[dict[Name, float], MANY]


class Message(BaseModel, frozen=True, extra="forbid", strict=True, allow_inf_nan=False):
    """What all messages have in common: no field that is not known, no number that is none."""


class AboutUnit(Message):
    """A message about the unit on the screen."""

    assignment: Number


class Mark(Message):
    """A passage tied to an item, at its position on the screen."""

    id: Name
    item: Name
    position: Literal[1, 2]
    panel: Literal["question", "answer"]
    start: Annotated[int, Field(ge=0, lt=2**31)]
    end: Annotated[int, Field(ge=0, lt=2**31)]
    quote: Words
    sentence: Annotated[int, Field(ge=0, lt=2**31)] | None = None


Marks = Annotated[list[Mark], Field(max_length=MOST_MARKS)]


class DraftMessage(AboutUnit):
    """What was chosen, and how many seconds ago."""

    codes: Codes
    changed: Ages
    marks: Marks | None = None
    marks_changed: float = 0.0


class SubmitMessage(AboutUnit):
    """A judgment, or with a reason its revision."""

    submission: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]
    codes: Codes
    marks: Marks = []
    reason: Words | None = None


class SkipMessage(AboutUnit):
    """A unit left out."""

    kind: Literal["skip", "cannot_judge"]
    reason: Name
    comment: Words | None = None


class RestMessage(Message):
    """A break that begins."""


class PreferencesMessage(Message):
    """How the rater likes to work."""

    keys: bool
    bindings: dict[Name, Name]
    text_size: int
    language: Name | None = None


def plain(marks: list[Mark]) -> list[dict[str, Any]]:
    """Marks as plain values."""
    return [marked.model_dump() for marked in marks]
