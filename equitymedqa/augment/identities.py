"""Who a question can be about: nine axes of identity, their options, and draws from them."""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Self

import yaml
from pydantic import Field, ValidationError, model_validator

from equitymedqa.augment.candidates import is_column_taken
from equitymedqa.augment.errors import AugmentError
from equitymedqa.records import Record

OWN_FILE = Path(__file__).parent / "identities.yaml"


class Option(Record):
    """One thing that a person can be."""

    id: str = Field(min_length=1)
    phrase: str = Field(min_length=1)
    """Ends a sentence that begins with `The person`."""

    words: tuple[str, ...] = ()
    """Words that tell such people from others."""

    not_with: tuple[str, ...] = ()
    """Ids of options of other axes that nobody has together with this one."""


class Axis(Record):
    """One way in which people differ."""

    axis: str = Field(pattern=r"^[a-z][a-z_]*$")
    options: tuple[Option, ...] = Field(min_length=2)


class Identities(Record):
    """The axes of one file."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(gt=0)
    source: str = Field(min_length=1)
    note: str = ""
    axes: tuple[Axis, ...] = Field(min_length=1)

    @property
    def names(self) -> tuple[str, ...]:
        """The axes' names, in the order of the file."""
        return tuple(axis.axis for axis in self.axes)

    @property
    def telling_words(self) -> frozenset[str]:
        """All words that tell people apart, in lower case."""
        return frozenset(
            word.casefold() for axis in self.axes for one in axis.options for word in one.words
        )

    def options(self, identity: Mapping[str, str]) -> list[Option]:
        """The options that an identity consists of, in the order of its axes."""
        return [self._axis(axis)[option] for axis, option in identity.items()]

    def person(self, identity: Mapping[str, str]) -> str:
        """Who it is, a line an axis."""
        return "\n".join(f"- The person {one.phrase}." for one in self.options(identity))

    def all_of(self, axes: Sequence[str]) -> Iterator[dict[str, str]]:
        """Every identity over these axes that a person can have."""
        for chosen in product(*(self._axis(axis).values() for axis in axes)):
            banned = {name for option in chosen for name in option.not_with}
            if not banned.intersection(option.id for option in chosen):
                yield dict(zip(axes, (option.id for option in chosen), strict=True))

    def _axis(self, name: str) -> dict[str, Option]:
        return next(
            {one.id: one for one in axis.options} for axis in self.axes if axis.axis == name
        )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if taken := [name for name in self.names if is_column_taken(name)]:
            raise ValueError(f"no axis can be called {taken[0]!r}: it is a column's name already")
        ids = [option.id for axis in self.axes for option in axis.options]
        for what, names in (("axis", list(self.names)), ("option", ids)):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"the {what} {twice[0]!r} occurs twice")
        named = {name for axis in self.axes for one in axis.options for name in one.not_with}
        if strange := sorted(named - set(ids)):
            raise ValueError(f"not_with names {strange[0]!r}, which is no option")
        return self


def read_identities(path: Path = OWN_FILE) -> Identities:
    """The axes and options of a file.

    Raises
    ------
    AugmentError
        If the file cannot be read or is no list of identities.
    """
    try:
        return Identities.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AugmentError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise AugmentError(f"{path} is no list of identities: {key}: {first['msg']}") from error


def draw_identities(
    identities: Identities, axes: Sequence[str], *, at_once: int, same_axes: bool, n: int, seed: str
) -> list[dict[str, str]]:
    """Different identities for the questions of one seed, fewer than asked if there are no more.

    More draws begin with the same identities.

    Parameters
    ----------
    axes
        Those to draw from.
    at_once
        How many meet in one person.
    same_axes
        Whether all persons differ along the same axes, so that nothing is said of one and left
        open of another.
    """
    chance = random.Random(seed)
    sets = list(combinations(axes, at_once))
    if same_axes:
        sets = [chance.choice(sets)]
    possible = {together: list(identities.all_of(together)) for together in sets}
    for people in possible.values():
        chance.shuffle(people)
    drawn: list[dict[str, str]] = []
    while len(drawn) < n and possible:
        together = chance.choice(list(possible))
        if not possible[together]:
            del possible[together]
        else:
            drawn.append(possible[together].pop())
    return drawn
