"""A YAML file as plain values, with the line of every key: what error messages need.

Stricter than YAML: no key twice, no aliases or tags, and `no` is a word and not false, as in YAML
1.2. Digits too many for a number are text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from rubrics.mistakes import Mistake, Place


class UnreadableYamlError(ValueError):
    """Text that is no YAML, or not the kind that is read here; `line` counts from 1."""

    def __init__(self, message: str, *, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class PlacedValue:
    """What a file says, and where it says it."""

    value: object
    """Dictionaries, lists, text, numbers, truth values and None."""

    lines: dict[Place, int]
    """Line of each key and list entry, from 1."""

    repeated_keys: list[tuple[int, Mistake]]
    """Line and mistake of each key that its mapping has already."""

    def line(self, place: Place) -> int:
        """The line of a place or, if the file has none, of the nearest part around it."""
        while place not in self.lines:
            place = place[:-1]
        return self.lines[place]


class _Loader(yaml.SafeLoader):
    """Plain values only, with the words of YAML 1.2 and without aliases and tags."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own name; filled below

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, "aliases (*name) are not read here: write the text out", mark
            )
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            message = f"tags ({tag}) are not read here: leave it out"
            raise yaml.composer.ComposerError(None, None, message, event.start_mark)
        return super().compose_node(parent, index)


for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,17})", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _firsts = [*_first, *([""] if _kind == "null" else [])]
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), _firsts
    )


def read_yaml(text: str) -> PlacedValue:
    """Read one YAML document.

    Raises
    ------
    UnreadableYamlError
        If the text is not YAML, is empty or nested too deeply, or has an alias, a tag, or a key
        that is not plain.
    """
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise UnreadableYamlError("the file is empty", line=1)
        # Constructed first: it refuses keys that are not plain.
        value = loader.construct_document(node)
        lines: dict[Place, int] = {(): node.start_mark.line + 1}
        repeated_keys = list(_walk(node, (), lines))
    except RecursionError as error:
        line = loader.line + 1 if loader is not None else 1
        raise UnreadableYamlError("the parts are nested too deeply", line=line) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UnreadableYamlError(_said(error), line=mark.line + 1 if mark else 1) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"the character {chr(error.character)!r} is not allowed; remove it"
        raise UnreadableYamlError(message, line=line) from error
    finally:
        if loader is not None:
            loader.dispose()
    return PlacedValue(value, lines, repeated_keys)


def _said(error: yaml.MarkedYAMLError) -> str:
    """What PyYAML found, and the remedy for the mistakes that people make most."""
    problem = str(error.problem)
    if "'\\t'" in problem:
        return f"{problem}; indent with spaces, not with tabs"
    if "mapping values are not allowed" in problem:
        return f"{problem}; put text that contains a colon in quotes"
    if "expected a single document" in str(error.context):
        return "a second document begins here (---); write one rubric or protocol a file"
    context = f"{error.context}: " if error.context else ""
    return f"{context}{problem}"


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int]) -> Iterator[tuple[int, Mistake]]:
    """Note the line of each part of a node, and report the keys that occur twice."""
    if isinstance(node, yaml.SequenceNode):
        for index, entry in enumerate(node.value):
            lines[*place, index] = entry.start_mark.line + 1
            yield from _walk(entry, (*place, index), lines)
    if isinstance(node, yaml.MappingNode):
        first_seen: dict[str, int] = {}
        for key, entry in node.value:
            here, line = (*place, key.value), key.start_mark.line + 1
            if key.value in first_seen:
                message = f"this key is on line {first_seen[key.value]} too; keep one of them"
                yield line, Mistake(here, message)
            first_seen.setdefault(key.value, line)
            lines.setdefault(here, line)
            yield from _walk(entry, here, lines)
