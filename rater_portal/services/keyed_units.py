"""Units whose right judgment is known: files of training, gold and attention units.

A file is YAML with a list `units`, or JSONL with one unit a line. It is held against the study's
rubrics before anything is stored, and every mistake is told with its place.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError
from sqlmodel import Session

from rater_portal.models import Quota, Study, Unit
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

    key: dict[str, list[str | float]] = Field(default_factory=dict)
    """Right codes by item. Any of the list is right; where several are chosen, all of them are.
    In a preference the codes are A and B, whatever the side of the screen."""

    feedback: dict[str, Words] = Field(default_factory=dict)
    """Why, by item: what raters in training read afterwards."""

    groups: tuple[Words, ...] = ()
    """Who meets the unit; every group that judges with the rubric, unless given."""

    content_note: Words | None = None

    @property
    def unit_id(self) -> str:
        """Stable hash of what is shown, under which rubric and what for."""
        named = json.dumps([self.purpose, self.rubric, self.questions, self.answers])
        return "k-" + hashlib.sha256(named.encode()).hexdigest()[:16]


class KeyedFile(Definition):
    """A whole file."""

    units: tuple[KeyedUnit, ...] = Field(min_length=1)


@dataclass(frozen=True)
class _Design:
    """What a study's keyed units are held against."""

    rubrics: Mapping[str, Rubric]
    groups: Mapping[str, frozenset[str]]
    """Groups that judge with each rubric."""


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
        for number, unit in enumerate(read(path, design), start=1):
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


def add_keyed_units(
    session: Session, *, study: Study, units: Sequence[KeyedUnit], rubrics: Iterable[Rubric]
) -> None:
    """Give a study these units. They need no judgments: their places are none."""
    kinds = {rubric.id: rubric.unit for rubric in rubrics}
    for unit in units:
        row = _row(study, unit, kinds[unit.rubric])
        session.add(row)
        session.flush()
        for group in unit.groups:
            session.add(
                Quota(
                    study_id=study.id,
                    unit_pk=row.id,
                    rubric_id=unit.rubric,
                    rater_group=group,
                    capacity=0,
                )
            )


def _row(study: Study, unit: KeyedUnit, kind: UnitKind) -> Unit:
    return Unit(
        study_id=study.id,
        unit_id=unit.unit_id,
        kind=kind,
        dataset=KEYED,
        question_id=unit.unit_id,
        question_2_id=f"{unit.unit_id}-2" if kind == "counterfactual" else None,
        source_a=KEYED,
        source_b=None if kind == "single" else KEYED,
        panels=_panels(unit, kind),
        purpose=unit.purpose,
        key=unit.key or None,
        feedback=unit.feedback or None,
        content_note=unit.content_note,
    )


def _panels(unit: KeyedUnit, kind: UnitKind) -> list[dict[str, Any]]:
    """What is shown, in slot order, as units of the study have it."""
    questions: list[dict[str, Any]] = [
        {"kind": "question", "slot": slot, "text": text}
        for slot, text in zip("AB", unit.questions, strict=False)
    ]
    answers: list[dict[str, Any]] = [
        {
            "kind": "answer",
            "slot": slot,
            "text": text,
            "is_cut": False,
            "answer_id": f"{unit.unit_id}-{slot}",
        }
        for slot, text in zip("AB", unit.answers, strict=False)
    ]
    if kind == "pair":
        return [*questions, *answers]
    return [panel for both in zip(questions, answers, strict=True) for panel in both]


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
    yield from _strange_items(unit, rubric, place)


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
