"""What is wrong in a rubric or protocol, and where: the words that every check here reports in."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

Place = tuple[str | int, ...]
"""Keys and indices that lead to a part of a file, from the part that was checked."""


class Mistake(NamedTuple):
    """One rule that is broken, and where."""

    place: Place
    message: str


class InconsistentError(ValueError):
    """Parts of a rubric or protocol contradict each other; `mistakes` says how and where."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(f"{dotted(place)}: {text}" for place, text in mistakes))
        self.mistakes = mistakes


def refuse(mistakes: Iterable[Mistake]) -> None:
    """Raise all mistakes at once, if there are any.

    Raises
    ------
    InconsistentError
        If there is at least one mistake.
    """
    if found := list(mistakes):
        raise InconsistentError(found)


def dotted(place: Place) -> str:
    """A place as people write it, for example `items[1].options[0].code`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".")


def repeated(values: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Each value that was there before, with its index."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)
