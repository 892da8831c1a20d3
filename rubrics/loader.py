"""Rubrics and protocols from files, shipped or one's own: all mistakes of a file at once.

A name that ends in `.yaml` or `.yml` is a file; any other is the id of one that is shipped.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from rubrics.explaining import explained
from rubrics.items import Definition
from rubrics.mistakes import Mistake, dotted
from rubrics.schema import Assessment, Protocol, Rubric
from rubrics.yaml_places import PlacedValue, UnreadableYamlError, read_yaml

RUBRICS = Path(__file__).parent / "definitions"
PROTOCOLS = Path(__file__).parent / "protocols"
SUFFIXES = (".yaml", ".yml")
Part = TypeVar("Part", bound=Definition)


@dataclass(frozen=True)
class Problem:
    """One mistake in a file, and where it is."""

    path: Path
    line: int | None
    """From 1; None where there is no file to read."""

    key: str
    """Place in the file, for example `items[1].options[0].code`; empty for the whole file."""

    message: str

    def __str__(self) -> str:
        """`FILE:LINE: KEY: MESSAGE`, which editors and terminals turn into a link."""
        where = [str(self.path) if self.line is None else f"{self.path}:{self.line}", self.key]
        return ": ".join([*filter(None, where), self.message])


class RubricFileError(ValueError):
    """A rubric or protocol that cannot be used; `problems` has every mistake, by line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def available_rubrics() -> tuple[str, ...]:
    """Ids of the shipped rubrics, sorted."""
    return _ids(RUBRICS)


def available_protocols() -> tuple[str, ...]:
    """Ids of the shipped protocols, sorted."""
    return _ids(PROTOCOLS)


def load_rubric(id_or_path: str | Path) -> Rubric:
    """The rubric with this id, or of this file.

    Raises
    ------
    RubricFileError
        If there is none, or the file has mistakes.
    """
    if _is_file_name(id_or_path):
        return _checked(Path(id_or_path), Rubric)
    return _shipped_rubric(str(id_or_path))


def load_protocol(id_or_path: str | Path) -> Protocol:
    """The protocol with this id, or of this file, its rubrics known to be sound.

    A rubric that the file names by its own file comes back with the folder, so that
    `load_rubric(assessment.rubric)` finds it from anywhere.

    Raises
    ------
    RubricFileError
        If there is none, or the file or one of its rubrics has mistakes.
    """
    if not _is_file_name(id_or_path):
        id_or_path = _shipped(PROTOCOLS, str(id_or_path))
    return _checked_protocol(Path(id_or_path))


def check_file(path: Path) -> list[Problem]:
    """Every mistake of a rubric or protocol file, which of the two is told by its keys."""
    try:
        said = _read(path).value
        if isinstance(said, dict) and "assessments" in said:
            _checked_protocol(path)
        elif isinstance(said, dict) and "items" in said:
            _checked(path, Rubric)
        else:
            message = (
                "there are neither `items`, as in a rubric, nor `assessments`, as in a protocol"
            )
            return [Problem(path, 1, "", message)]
    except RubricFileError as error:
        return error.problems
    return []


def _ids(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def _is_file_name(id_or_path: str | Path) -> bool:
    return Path(id_or_path).suffix in SUFFIXES


def _shipped(folder: Path, wanted: str) -> Path:
    """The file of a shipped id."""
    ids = _ids(folder)
    if wanted in ids:
        return folder / f"{wanted}.yaml"
    close = get_close_matches(wanted, ids, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"shipped are {', '.join(ids)}."
    message = f"there is none of this name in {folder.name}; {remedy} A file ends in .yaml"
    raise RubricFileError([Problem(Path(wanted), None, "", message)])


@cache
def _shipped_rubric(rubric_id: str) -> Rubric:
    return _checked(_shipped(RUBRICS, rubric_id), Rubric)


def _read(path: Path) -> PlacedValue:
    """What a file says, whatever it is about."""
    try:
        return read_yaml(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        problem = Problem(path, None, "", f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(path, line, "", "is not UTF-8 here; save the file as UTF-8")
    except UnreadableYamlError as error:
        problem = Problem(path, error.line, "", str(error))
    raise RubricFileError([problem])


def load_definition(
    path: Path, kind: type[Part], further: Callable[[Part], Iterable[Mistake]] = lambda part: ()
) -> Part:
    """What a file of any kind defines, if it has no mistake.

    Parameters
    ----------
    kind
        What the whole file is.
    further
        What is wrong with it that its own shape cannot tell.

    Raises
    ------
    RubricFileError
        If the file cannot be read or has mistakes, with the line of each.
    """
    part = _checked(path, kind)
    if mistakes := list(further(part)):
        raise _file_error(path, _read(path), mistakes, [])
    return part


def _checked(path: Path, kind: type[Part]) -> Part:
    """What a file defines, if it has no mistake."""
    placed = _read(path)
    problems = [Problem(path, line, dotted(at), text) for line, (at, text) in placed.repeated_keys]
    try:
        definition = kind.model_validate(placed.value)
    except ValidationError as error:
        mistakes = explained(error, kind, placed.value)
        raise _file_error(path, placed, mistakes, problems) from error
    if problems:
        raise RubricFileError(problems)
    return definition


def _file_error(
    path: Path, placed: PlacedValue, mistakes: list[Mistake], problems: list[Problem]
) -> RubricFileError:
    """All mistakes of a file with their lines, from top to bottom."""
    for place, message in mistakes:
        problems = [*problems, Problem(path, placed.line(place), dotted(place), message)]
    return RubricFileError(sorted(problems, key=lambda problem: problem.line or 0))


def _checked_protocol(path: Path) -> Protocol:
    """A protocol without mistakes, nor any in its rubrics."""
    protocol = _checked(path, Protocol)
    lines = tuple(_found_from(path.parent, line) for line in protocol.assessments)
    mistakes = []
    names: dict[str, str] = {}
    for index, line in enumerate(lines):
        place = ("assessments", index, "rubric")
        try:
            rubric = load_rubric(line.rubric)
        except RubricFileError as error:
            mistakes.append(Mistake(place, f"cannot be loaded: {error}"))
            continue
        if names.setdefault(rubric.id, line.rubric) != line.rubric:
            message = f"has the id {rubric.id!r}, and so has {names[rubric.id]}; change one of them"
            mistakes.append(Mistake(place, message))
    if mistakes:
        raise _file_error(path, _read(path), mistakes, [])
    return protocol.model_copy(update={"assessments": lines})


def _found_from(folder: Path, line: Assessment) -> Assessment:
    """A line whose rubric is found from anywhere: files are named from the protocol's folder."""
    if not _is_file_name(line.rubric):
        return line
    return line.model_copy(update={"rubric": str((folder / line.rubric).resolve())})
