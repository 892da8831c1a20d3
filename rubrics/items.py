"""One question of a rubric: its words, its options, and when it is asked.

An item that exists is consistent. One that breaks rules of `rubrics.item_rules` is refused with a
`pydantic.ValidationError` that names them all.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StrictBool, StrictFloat, StrictInt, model_validator

from rubrics.item_rules import broken_rules
from rubrics.mistakes import refuse

Level = Literal["nominal", "ordinal", "interval", "ratio"]
ItemKind = Literal[
    "choice",
    "multichoice",
    "scale",
    "preference",
    "rank",
    "checklist",
    "spans",
    "text",
    "number",
]
Role = Literal["bias", "dimensions", "preference", "ideal_answers", "similarity"]
Code = str | list[str] | float
"""What a rater gave to one item: an option's code, several codes, free text, or a number."""

Words = Annotated[str, Field(min_length=1, pattern=r"\S")]
"""Text that is not blank."""

LONGEST_TEXT = 20_000
"""Characters of free text: more is an attachment, and no browser sends it."""

LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A language as the web names it: `es`, `pt-BR`, `zh-Hant`."""


class Definition(
    BaseModel, frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
):
    """What all parts of a file have in common: fixed once read, unknown keys refused.

    Numbers and truth values are strict: `score: true` and `required: "no"` are slips of the pen,
    and would be read as 1 and false.
    """


class Option(Definition):
    """One choice that a rater can make."""

    code: Words
    """What is stored and analysed. Never shown, never renumbered once raters have used it."""

    label: Words
    """What the rater reads. In a preference, `{position}` becomes 1 or 2, as on the screen."""

    help: Words | None = None
    """Shown below the label."""

    score: StrictFloat | None = None
    """The number that stands for the option in means and ordinal statistics."""

    polarity: Literal["favourable", "unfavourable"] | None = None
    """Whether the option speaks for or against the answer; `unfavourable` counts in bias rates."""

    is_na: StrictBool = False
    """Whether the option means that no judgment could be made; left out of agreement."""


class Condition(Definition):
    """When an item is asked: another item, asked before it, has one of these codes."""

    item: str
    is_in: list[str] = Field(min_length=1)

    def holds(self, codes: Mapping[str, Code | None]) -> bool:
        """Whether what was chosen so far meets the condition."""
        given = codes.get(self.item)
        chosen = given if isinstance(given, list) else [given]
        return any(code in self.is_in for code in chosen)


class Wording(Definition):
    """Other words for an item: for a group of raters, or in another language."""

    text: Words | None = None
    help: Words | None = None
    options: dict[str, Words] = {}
    """Labels by code. An option that is not named keeps its label."""

    option_help: dict[str, Words] = {}
    """What is shown below the labels, by code. An option with another label and none of its own
    shows no help, which would be in the words that the label replaces."""

    def of(self, option: Option) -> Option:
        """An option in these words."""
        label = self.options.get(option.code)
        kept = option.help if label is None else None
        return option.model_copy(
            update={
                "label": label or option.label,
                "help": self.option_help.get(option.code, kept),
            }
        )


class GroupWording(Wording):
    """Other words for a group of raters, and the same in other languages."""

    translations: dict[LanguageCode, Wording] = {}
    """By language, such as `es`. Each says all that these words say, and nothing more."""


class Item(Definition):
    """One question of a rubric."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    text: Words
    """What the rater is asked."""

    help: Words | None = None
    """Shown below the text."""

    kind: ItemKind
    """How it is answered. `rank`, `checklist` and `spans` are reserved: no screen asks them yet."""

    level: Level = "nominal"
    """What agreement may assume. Ordinal options stand in their order."""

    options: tuple[Option, ...] = ()
    required: StrictBool = True
    show_if: Condition | None = None
    per: Literal["unit", "answer", "entry"] = "unit"
    """What it is asked about. `answer` and `entry` are reserved: no screen asks them yet."""

    role: Role | None = None
    """What the standard report reads the item as."""

    minimum: StrictFloat | None = None
    """The least that a number may be."""

    maximum: StrictFloat | None = None
    """The most that a number may be."""

    max_length: StrictInt = Field(default=2000, gt=0, le=LONGEST_TEXT)
    """Characters, for free text."""

    groups: dict[str, GroupWording] = {}
    """Other words for a group of raters, by the group's id."""

    translations: dict[LanguageCode, Wording] = {}
    """The same words in other languages, by code, such as `es`: all of them or none."""

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the options, in the order of the file."""
        return tuple(option.code for option in self.options)

    def option(self, code: str) -> Option:
        """The option with this code."""
        return next(option for option in self.options if option.code == code)

    def worded(self, group: str | None = None, language: str | None = None) -> "Item":
        """The item in the words that this group reads in this language.

        A group's words come before those for everybody, in every language. In one that the item
        was not translated to, both are the file's own: languages are never mixed.
        """
        said = self.translations.get(language or "")
        item = self if said is None else self._in(said)
        own = self.groups.get(group or "")
        if own is None:
            return item
        return item._in(own if said is None else own.translations[language or ""])

    def _in(self, wording: Wording) -> "Item":
        return self.model_copy(
            update={
                "text": wording.text or self.text,
                "help": wording.help or self.help,
                "options": tuple(wording.of(option) for option in self.options),
            }
        )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        refuse(broken_rules(self))
        return self
