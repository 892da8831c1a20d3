"""How a study is conducted: what raters agree to, say of themselves, learn and are spared.

All of it is optional in a protocol. A study that says nothing asks no consent, has no profile, no
training and no checks, and offers a break after 45 minutes.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from rubrics.items import Definition, Words
from rubrics.mistakes import Mistake, refuse, repeated

NOT_SAID = "prefer_not_to_say"
SELF_DESCRIBED = "self_described"
RESERVED_CODES = (NOT_SAID, SELF_DESCRIBED)
"""Codes that the portal itself offers in a profile."""

TABLE_CODES = ("not_said", "suppressed")
"""What the judgment table says where nothing was said, and where too few said it."""

BETWEEN_CODES = "+"
"""Stands in the judgment table between the codes of a field that takes several."""

Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Count = Annotated[StrictInt, Field(gt=0)]


class ConsentText(Definition):
    """What raters agree to before they judge anything."""

    version: Words
    """Raised with every change that needs to be agreed to anew: raters are asked again."""

    text: Words
    """What is shown, as Markdown."""

    translations: dict[str, Words] = Field(default_factory=dict)
    """The text in another language, by its code, such as `es`."""

    on_withdrawal: Literal["keep", "leave_out"] = "keep"
    """Whether judgments stay in the export, or are left out, when their rater withdraws."""

    def worded(self, language: str) -> tuple[str, str]:
        """The text to show, and the language it is in: `en` stands for the file's own."""
        if language in self.translations:
            return self.translations[language], language
        return self.text, "en"


class ProfileWording(Definition):
    """Other words for a field of the profile, in another language."""

    text: Words | None = None
    help: Words | None = None
    options: dict[str, Words] = Field(default_factory=dict)
    """Labels by code. An option that is not named keeps its label."""


class ProfileOption(Definition):
    """One answer that a rater may give about oneself."""

    code: Words
    """What is stored and exported."""

    label: Words
    """What the rater reads."""


class ProfileField(Definition):
    """One thing that raters may say of themselves. Nobody has to, and everybody may decline."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    text: Words
    """What the rater is asked."""

    help: Words | None = None
    """Shown below the question: why it is asked."""

    kind: Literal["choice", "multichoice", "text"]
    options: tuple[ProfileOption, ...] = ()
    self_describe: StrictBool = False
    """Whether raters may use words of their own instead. These words are never exported."""

    export: StrictBool = False
    """Whether the judgment table has it, as `rater_` and the field's id."""

    minimum_group: Count = 5
    """A value that fewer raters share leaves the portal as `suppressed`."""

    translations: dict[str, ProfileWording] = Field(default_factory=dict)
    """Other words in another language, by its code, such as `es`."""

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the options, in the order of the file."""
        return tuple(option.code for option in self.options)

    def worded(self, language: str) -> "ProfileField":
        """The field in this language, where the file has it."""
        wording = self.translations.get(language)
        if wording is None:
            return self
        options = (
            option.model_copy(update={"label": wording.options.get(option.code, option.label)})
            for option in self.options
        )
        return self.model_copy(
            update={
                "text": wording.text or self.text,
                "help": wording.help or self.help,
                "options": tuple(options),
            }
        )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        refuse(_broken_field_rules(self))
        return self


def _broken_field_rules(field: ProfileField) -> Iterator[Mistake]:
    if field.export and field.id in ("id", "group"):
        yield Mistake(("id",), f"the judgment table has 'rater_{field.id}' already; rename it")
    if field.kind == "text":
        if field.options:
            yield Mistake(("options",), "a text is written, not chosen; remove the options")
        if field.export:
            message = "a free text can tell who wrote it and is never exported; use a choice"
            yield Mistake(("export",), message)
    elif len(field.options) < 2:
        yield Mistake(("options",), f"a {field.kind} needs two options or more")
    for index, code in repeated(field.codes):
        yield Mistake(("options", index, "code"), f"{code!r} is the code of an earlier option too")
    for index, code in enumerate(field.codes):
        if code in RESERVED_CODES:
            message = f"{code!r} is offered by the portal itself; remove the option"
            yield Mistake(("options", index, "code"), message)
        elif field.export and (code in TABLE_CODES or BETWEEN_CODES in code):
            message = f"{code!r} means something else in the judgment table; rename it"
            yield Mistake(("options", index, "code"), message)
    for language, wording in field.translations.items():
        for code in wording.options:
            if code not in field.codes:
                message = f"{code!r} is no code of {field.id!r}; it has {list(field.codes)}"
                yield Mistake(("translations", language, "options", code), message)


class Training(Definition):
    """What raters learn before their first unit of the study."""

    pass_share: Share = 0.7
    """The least share of keyed items that must be judged as expected.

    Those of a skipped unit count as not judged as expected: a share below 1 leaves room to skip.
    """

    attempts: Count = 2
    """How often the training may be taken. Who has not passed then does not judge in the study.

    Skipping all of it uses up no attempt.
    """

    show_feedback: StrictBool = True
    """Whether raters are told after each unit what was expected, and why."""


class Checks(Definition):
    """Units that are put among the others, unannounced, to learn how well a rater judges."""

    gold_every: Count | None = None
    """One gold unit, whose right codes are known, after about so many units of the study."""

    attention_every: Count | None = None
    """One attention check after about so many units of the study."""

    repeat_share: Share = 0.0
    """Share of a rater's units that the rater is shown a second time."""

    repeat_after: Count = 8
    """The least number of units between the first and the second time."""

    gold_threshold: Share = 0.6
    """Raters whose last ten gold units fall under this share are pointed out."""


class ContentNote(Definition):
    """What raters are told before they see units that may distress them."""

    sets: tuple[Words, ...] = ()
    """Question sets whose units get the note."""

    topics: tuple[Words, ...] = ()
    """Values of the questions' attribute `topic` whose units get the note."""

    text: Words
    translations: dict[str, Words] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if not self.sets and not self.topics:
            refuse(
                [Mistake(("sets",), "the note has neither `sets` nor `topics`: no unit gets it")]
            )
        return self


class Support(Definition):
    """Somebody to turn to."""

    region: Words
    """Where this contact can be reached from, such as `Kenya`, or `Everywhere`."""

    name: Words
    contact: Words
    """A telephone number, an address to write to, or a page."""


class Care(Definition):
    """How raters are looked after."""

    notes: tuple[ContentNote, ...] = ()
    support: tuple[Support, ...] = ()
    break_after_minutes: Count | None = 45
    """Active minutes after which a break is offered; null offers none."""


class Limits(Definition):
    """What keeps one rater's judgments apart, and one day's work bounded.

    Nobody judges an answer of one's own, whatever is said here.
    """

    per_day: Count | None = None
    """Units that one rater may judge on one day, in UTC; no limit without it."""

    same_question: Literal["once_if_raters_suffice", "once_per_rubric", "any"] = (
        "once_if_raters_suffice"
    )
    """Whether a rater may meet a question again, with another answer to it, under one rubric.

    `once_per_rubric`: never. A place that nobody else can take then stays open. A group needs at
    least as many raters as a question has places under the rubric: with two sources and three
    raters per unit, six. `any`: yes. `once_if_raters_suffice`: never, for every question for which
    the group has that many raters; the others come again, after all that the rater has not met.
    """


def repeated_fields(fields: Iterable[ProfileField]) -> Iterator[Mistake]:
    """Fields of a profile that have the id of an earlier one."""
    for index, field in repeated(field.id for field in fields):
        yield Mistake(("profile", index, "id"), f"{field!r} is the id of an earlier field too")
