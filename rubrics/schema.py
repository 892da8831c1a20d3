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

from rubrics.items import (
    Code,
    Condition,
    Definition,
    Item,
    ItemKind,
    Level,
    Option,
    Role,
    Wording,
    Words,
)
from rubrics.mistakes import Mistake, Place, refuse, repeated

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

    @property
    def content_hash(self) -> str:
        """SHA-256 of everything that the file says; what has its default value does not count."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        text = json.dumps(said, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

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
        refuse(contradictions(self.unit, dict(enumerate(self.items))))
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
    """Why a condition can never hold."""
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

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        refuse([*self._repeated_groups(), *self._strange_groups(), *self._repeated_work()])
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
