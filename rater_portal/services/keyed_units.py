"""Units whose right judgment is known: files of training, gold and attention units.

A file is YAML with a list `units`, or JSONL with one unit a line. It is held against the study's
rubrics before anything is stored, and every mistake is told with its place.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, PrivateAttr, ValidationError

from equitymedqa.image_files import SEPARATOR, ImageFileError, image_records
from equitymedqa.records import ImageRecord, QuestionRecord
from rubrics.explaining import explained
from rubrics.items import Definition, Item, Words
from rubrics.loader import Problem, RubricFileError, load_definition
from rubrics.mistakes import Mistake, Place, dotted
from rubrics.schema import Code, Protocol, Rubric, UnitKind

KEYED: Final = "keyed"
"""What stands where a unit of the study has its question set and its sources."""

KEYABLE: Final = ("choice", "multichoice", "scale", "preference", "number")
SIZES: Final[Mapping[UnitKind, tuple[int, int]]] = {
    "single": (1, 1),
    "pair": (1, 2),
    "counterfactual": (2, 2),
}
"""Questions and answers that a unit of each kind has."""


class KeyedUnit(Definition):
    """One unit with what is expected of it."""

    purpose: Literal["training", "gold", "attention"]
    rubric: Words
    """Id of one of the study's rubrics."""

    questions: tuple[Words, ...] = Field(min_length=1, max_length=2)
    answers: tuple[Words, ...] = Field(min_length=1, max_length=2)
    """In the order of the slots: the first is A."""

    images: tuple[tuple[Words, ...], ...] = ()
    """Image files, relative to this one: a list for each question, or nothing at all."""

    key: dict[str, list[str | float]] = Field(default_factory=dict)
    """Right codes by item. Any of the list is right; where several are chosen, all of them are.
    In a preference the codes are A and B, whatever the side of the screen."""

    feedback: dict[str, Words] = Field(default_factory=dict)
    """Why, by item: what raters in training read afterwards."""

    groups: tuple[Words, ...] = ()
    """Who meets the unit; every group that judges with the rubric, unless given."""

    content_note: Words | None = None

    _images: tuple[tuple[ImageRecord, ...], ...] = PrivateAttr(default=())
    """Those of each question, once the files were read."""

    @property
    def unit_id(self) -> str:
        """Stable hash of what is shown, under which rubric and what for."""
        digests = [[image.sha256 for image in shown] for shown in self._images]
        shown = [self.questions, self.answers, *([digests] if digests else [])]
        named = json.dumps([self.purpose, self.rubric, *shown])
        return "k-" + hashlib.sha256(named.encode()).hexdigest()[:16]

    @property
    def asked(self) -> list[QuestionRecord]:
        """The questions in slot order, each with its images."""
        images = self._images or ((),) * len(self.questions)
        return [
            QuestionRecord(question_id=self.unit_id, dataset=KEYED, text=text, images=shown)
            for text, shown in zip(self.questions, images, strict=True)
        ]

    def with_images(self, folder: Path) -> "KeyedUnit":
        """The same unit, its image files read; ImageFileError if one of them cannot be."""
        read = self.model_copy()
        read._images = tuple(
            image_records(SEPARATOR.join(names), folder=folder) for names in self.images
        )
        return read


class KeyedFile(Definition):
    """A whole file."""

    units: tuple[KeyedUnit, ...] = Field(min_length=1)


@dataclass(frozen=True)
class _Design:
    """What a study's keyed units are held against."""

    rubrics: Mapping[str, Rubric]
    groups: Mapping[str, frozenset[str]]
    """Groups that judge with each rubric."""

    folder: Path = Path()
    """Of the file that is read."""


def load_keyed_units(
    paths: Iterable[Path], *, protocol: Protocol, rubrics: Mapping[str, Rubric]
) -> list[KeyedUnit]:
    """All keyed units of these files, known to fit the study.

    Parameters
    ----------
    rubrics
        By the name that the protocol has for each.

    Raises
    ------
    RubricFileError
        If a file cannot be read or has mistakes: all mistakes of the file at once.
    """
    design = _Design(
        rubrics={rubric.id: rubric for rubric in rubrics.values()},
        groups={
            rubric.id: frozenset(
                group
                for line in protocol.assessments
                if line.rubric == name
                for group in line.raters
            )
            for name, rubric in rubrics.items()
        },
    )
    units: dict[str, KeyedUnit] = {}
    for path in map(Path, paths):
        read = _read_lines if path.suffix == ".jsonl" else _read_yaml
        found = read(path, replace(design, folder=path.parent))
        for number, unit in enumerate((one.with_images(path.parent) for one in found), start=1):
            if unit.unit_id in units:
                message = f"unit {number} is the same as an earlier one; remove one of the two"
                raise RubricFileError([Problem(path, None, "", message)])
            units[unit.unit_id] = unit
    return [
        unit
        if unit.groups
        else unit.model_copy(update={"groups": tuple(sorted(design.groups[unit.rubric]))})
        for unit in units.values()
    ]


def _read_yaml(path: Path, design: _Design) -> Sequence[KeyedUnit]:
    def mistakes(file: KeyedFile) -> Iterator[Mistake]:
        for index, unit in enumerate(file.units):
            yield from _mistakes(unit, design, ("units", index))

    return load_definition(path, KeyedFile, mistakes).units


def _read_lines(path: Path, design: _Design) -> Sequence[KeyedUnit]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        problem = Problem(path, None, "", f"cannot be read: {error.strerror}")
        raise RubricFileError([problem]) from error
    except UnicodeDecodeError as error:
        problem = Problem(path, None, "", "is not UTF-8; save the file as UTF-8")
        raise RubricFileError([problem]) from error
    units, problems = [], []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            unit, mistakes = _read_line(line, design)
            problems += [Problem(path, number, dotted(at), text) for at, text in mistakes]
            units += [unit] if unit else []
    if not units and not problems:
        problems.append(Problem(path, 1, "", "there is no unit in the file"))
    if problems:
        raise RubricFileError(problems)
    return units


def _read_line(line: str, design: _Design) -> tuple[KeyedUnit | None, list[Mistake]]:
    try:
        said = json.loads(line)
    except json.JSONDecodeError as error:
        return None, [Mistake((), f"is no JSON at character {error.pos + 1}: {error.msg}")]
    try:
        unit = KeyedUnit.model_validate(said)
    except ValidationError as error:
        return None, explained(error, KeyedUnit, said)
    return unit, list(_mistakes(unit, design, ()))


def _mistakes(unit: KeyedUnit, design: _Design, place: Place) -> Iterator[Mistake]:
    """Why a unit does not fit the study."""
    rubric = design.rubrics.get(unit.rubric)
    if rubric is None:
        message = f"{unit.rubric!r} is not among the study's rubrics {sorted(design.rubrics)}"
        yield Mistake((*place, "rubric"), message)
        return
    sizes = zip(("questions", "answers"), SIZES[rubric.unit], strict=True)
    for name, size in sizes:
        if len(getattr(unit, name)) != size:
            message = f"a unit of kind {rubric.unit!r} has {size}, and there are "
            yield Mistake((*place, name), f"{message}{len(getattr(unit, name))}")
    for index, group in enumerate(unit.groups):
        if group not in design.groups[rubric.id]:
            message = f"no line of the protocol lets {group!r} judge with {rubric.id!r}"
            yield Mistake((*place, "groups", index), message)
    if not unit.key and unit.purpose != "training":
        yield Mistake((*place, "key"), f"a unit for {unit.purpose!r} needs the right codes")
    yield from _missing_images(unit, design.folder, place)
    yield from _strange_items(unit, rubric, place)


def _missing_images(unit: KeyedUnit, folder: Path, place: Place) -> Iterator[Mistake]:
    if len(unit.images) not in (0, len(unit.questions)):
        message = f"has {len(unit.images)} lists, and there are {len(unit.questions)} questions"
        yield Mistake((*place, "images"), message)
    for index, names in enumerate(unit.images):
        try:
            image_records(SEPARATOR.join(names), folder=folder)
        except ImageFileError as error:
            yield Mistake((*place, "images", index), str(error))


def _strange_items(unit: KeyedUnit, rubric: Rubric, place: Place) -> Iterator[Mistake]:
    items = {item.id: item for item in rubric.items}
    for part in ("key", "feedback"):
        for item_id in getattr(unit, part):
            if item_id not in items:
                message = f"{rubric.id!r} has no item {item_id!r}; it has {list(items)}"
                yield Mistake((*place, part, item_id), message)
    for item_id, codes in unit.key.items():
        if item_id in items:
            yield from _strange_codes(items[item_id], codes, (*place, "key", item_id))


def _strange_codes(item: Item, codes: Sequence[Code], place: Place) -> Iterator[Mistake]:
    if item.kind not in KEYABLE:
        yield Mistake(place, f"an item of kind {item.kind!r} has no right answer to hold against")
        return
    if not codes and item.kind != "multichoice":
        yield Mistake(place, "there is no right code")
    for index, code in enumerate(codes):
        if item.options and code not in item.codes:
            message = f"{code!r} is no code of {item.id!r}; it has {list(item.codes)}"
            yield Mistake((*place, index), message)
        elif not item.options and isinstance(code, str):
            yield Mistake((*place, index), f"{code!r} is not a number")
