"""The shape of the files: rubrics (what a rater is asked) and protocols (who is asked it, of what).

These classes are the only definition of the format. The JSON schema for editors is made from
them, and the content hash of a rubric is stored with every judgment. What contradicts itself is
refused with a `pydantic.ValidationError` that names all contradictions.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from rubrics.conduct import (
    Care,
    Checks,
    ConsentText,
    Limits,
    ProfileField,
    Training,
    repeated_fields,
)
from rubrics.item_rules import SIDES
from rubrics.items import (
    Code,
    Condition,
    Definition,
    Item,
    ItemKind,
    LanguageCode,
    Level,
    Option,
    Role,
    Wording,
    Words,
)
from rubrics.mistakes import Mistake, Place, refuse, repeated
from rubrics.translation import Translation, language_among, mistranslated

__all__ = [
    "Assessment",
    "Code",
    "Condition",
    "Definition",
    "Item",
    "ItemKind",
    "Level",
    "Option",
    "Protocol",
    "RaterGroup",
    "Role",
    "Rubric",
    "Translation",
    "UnitKind",
    "Wording",
    "contradictions",
]

UnitKind = Literal["single", "pair", "counterfactual"]


class Rubric(Definition):
    """What a rater is asked about one unit."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: Words
    """Raised with every change of a word: judgments made with different words are kept apart."""

    title: Words
    unit: UnitKind
    """What is judged at once: one answer, two answers to one question, or two pairs of both."""

    source: Words
    """Where the structure comes from, and whose words these are."""

    verified: StrictBool
    """Whether the structure was checked against the published instrument itself."""

    introduction: Words
    """The short guide that a rater reads before the first unit."""

    items: tuple[Item, ...] = Field(min_length=1)
    language: LanguageCode = "en"
    """The language that the file is written in."""

    translations: dict[LanguageCode, Translation] = Field(default={})
    """The rubric in other languages. Each item, and each wording of a group, has them all."""

    @property
    def content_hash(self) -> str:
        """SHA-256 of everything that the file says; what has its default value does not count.

        Translations are part of it: together with a judgment's language it pins the words that
        the rater read. A translation that is added later thus makes another hash and, since the
        other words stay, no other `version`: that is what tells judgments apart.
        """
        said = self.model_dump(mode="json", exclude_defaults=True)
        text = json.dumps(said, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def language_for(self, wanted: str | None) -> str | None:
        """The translation that a reader of this language gets; None for the file's own words."""
        return language_among(self.translations, wanted)

    def in_language(self, wanted: str | None, group: str | None = None) -> "Rubric":
        """The rubric as it is shown to this group in this language, and in no other words.

        For the screen and for messages alone: what a judgment was made with is the rubric itself
        and its `content_hash`.
        """
        language = self.language_for(wanted)
        words = self if language is None else self.translations[language]
        only: dict[str, object] = {"groups": {}, "translations": {}}
        return self.model_copy(
            update={
                "language": language or self.language,
                "title": words.title,
                "introduction": words.introduction,
                "items": tuple(
                    item.worded(group, language).model_copy(update=only) for item in self.items
                ),
                "translations": {},
            }
        )

    def item(self, item_id: str) -> Item:
        """The item with this id."""
        return next(item for item in self.items if item.id == item_id)

    def shown(self, codes: Mapping[str, Code | None]) -> tuple[Item, ...]:
        """The items that are asked once these codes are given, in order."""
        kept: dict[str, Code | None] = {}
        shown = []
        for item in self.items:
            if item.show_if is None or item.show_if.holds(kept):
                shown.append(item)
                kept[item.id] = codes.get(item.id)
        return tuple(shown)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        refuse(
            [
                *contradictions(self.unit, dict(enumerate(self.items))),
                *mistranslated(self.translations, self.items, own=self.language),
            ]
        )
        return self


def contradictions(
    unit: str, items: Mapping[int, Item], unread: Iterable[str] = ()
) -> Iterator[Mistake]:
    """Where the items of a rubric contradict each other.

    Parameters
    ----------
    unit
        What the rubric is about.
    items
        Items by their place in the rubric.
    unread
        Ids of items that are left out because they have mistakes of their own. Conditions on
        them cannot be judged.
    """
    for number, item_id in repeated(item.id for item in items.values()):
        message = f"{item_id!r} is the id of an earlier item too"
        yield Mistake(("items", list(items)[number], "id"), message)
    yield from _repeated_roles(items)
    earlier: dict[str, Item] = {}
    for index, item in items.items():
        place: Place = ("items", index)
        if item.kind == "preference" and unit in ("single", "counterfactual"):
            message = f"a preference is between the answers of a pair, and the unit is {unit!r}"
            yield Mistake((*place, "kind"), message)
        if item.show_if is not None and item.show_if.item not in unread:
            yield from _unmet(item.show_if, earlier, (*place, "show_if"))
        earlier.setdefault(item.id, item)


def _repeated_roles(items: Mapping[int, Item]) -> Iterator[Mistake]:
    """Roles that two items have: the report reads one item as each."""
    holders: dict[str, Item] = {}
    for index, item in items.items():
        if item.role is not None and holders.setdefault(item.role, item) is not item:
            message = (
                f"{item.role!r} is the role of {holders[item.role].id!r} too; keep one of them"
            )
            yield Mistake(("items", index, "role"), message)


def _unmet(condition: Condition, earlier: Mapping[str, Item], place: Place) -> Iterator[Mistake]:
    """Why a condition can never hold, or must not."""
    asked = earlier.get(condition.item)
    if asked is None:
        before = f"those before it are {list(earlier)}" if earlier else "none comes before it"
        message = f"{condition.item!r} is not an earlier item; {before}"
        yield Mistake((*place, "item"), message)
        return
    for index, code in enumerate(condition.is_in):
        if code not in asked.codes:
            message = f"{code!r} is no code of {asked.id!r}; it has {list(asked.codes)}"
            yield Mistake((*place, "is_in", index), message)
    if asked.kind == "preference" and len({*condition.is_in} & {*SIDES}) == 1:
        message = "names one of the two answers, and the screen would tell which; name A and B"
        yield Mistake((*place, "is_in"), message)


class RaterGroup(Definition):
    """Whose judgments are told apart: physicians, health equity experts, consumers."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Words
    released_as: Words
    """The group's name in the published rating files."""


class Assessment(Definition):
    """One line of a protocol: these sets, judged with this rubric, by so many raters per unit."""

    rubric: Words
    """Id of a shipped rubric, or a file ending in .yaml, looked for from the protocol's folder."""

    sets: tuple[Words, ...] = Field(min_length=1)
    """Names of question sets. `own` means every set that no line of the protocol names."""

    raters: dict[str, Annotated[StrictInt, Field(gt=0)]] = Field(min_length=1)
    """Raters per unit, by group."""

    verified: StrictBool = True
    """False where the numbers are our own, or do not follow from published ones."""


class Protocol(Definition):
    """A study design: units, rubrics, groups and raters per unit."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: Words
    title: Words
    source: Words
    """Where the design comes from, and which of its numbers are not the published ones."""

    groups: tuple[RaterGroup, ...] = Field(min_length=1)
    assessments: tuple[Assessment, ...] = Field(min_length=1)
    order: Literal["by_rubric", "mixed"] = "by_rubric"
    """Whether a rater finishes one rubric before the next, or meets them in turn."""

    consent: ConsentText | None = None
    """What raters agree to before anything else; none is asked without it."""

    profile: tuple[ProfileField, ...] = ()
    """What raters may say of themselves."""

    training: Training | None = None
    """How raters qualify, where the study has training units."""

    checks: Checks | None = None
    """How often raters meet gold units, attention checks and units of their own again."""

    care: Care = Care()
    """Content notes, support contacts and breaks."""

    limits: Limits = Limits()
    """How often a rater may meet one question, and how much one may judge on a day."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        refuse(
            [
                *self._repeated_groups(),
                *self._strange_groups(),
                *self._repeated_work(),
                *repeated_fields(self.profile),
            ]
        )
        return self

    def _repeated_groups(self) -> Iterator[Mistake]:
        for index, group in repeated(group.id for group in self.groups):
            yield Mistake(("groups", index, "id"), f"{group!r} is the id of an earlier group too")

    def _strange_groups(self) -> Iterator[Mistake]:
        known = [group.id for group in self.groups]
        for index, assessment in enumerate(self.assessments):
            for group in assessment.raters:
                if group not in known:
                    message = f"{group!r} is not among the groups {known}"
                    yield Mistake(("assessments", index, "raters", group), message)

    def _repeated_work(self) -> Iterator[Mistake]:
        """Sets whose raters per unit are said twice, for the same rubric and group."""
        said: set[tuple[str, str, str]] = set()
        for index, line in enumerate(self.assessments):
            for number, name in enumerate(line.sets):
                work = {(line.rubric, name, group) for group in line.raters}
                for _, _, group in sorted(said & work):
                    message = (
                        f"raters of {name!r} by {group!r} with {line.rubric!r} were given before"
                    )
                    yield Mistake(("assessments", index, "sets", number), message)
                said |= work
