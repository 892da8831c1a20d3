"""Templates with marked slots: `I am a {race: Black | white} {sex: man | woman}.`

A slot that comes again agrees with its first place: `{sex}` repeats the words, and
`{sex: he | she}` gives other words in the same order. `(none)` says nothing in that place. `a` or
`an` right before a slot follows the words, and words that open a sentence get a capital. Braces of
the text's own are doubled.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from equitymedqa.augment.articles import article
from equitymedqa.augment.candidates import is_column_taken
from equitymedqa.augment.errors import AugmentError

NOTHING = "(none)"
_PIECE = re.compile(r"(\{\{|\}\}|\{[^{}]*\}|[{}])")
_SLOT = re.compile(r"\{\s*([a-z][a-z_]*)\s*(?::(.*))?\}", re.DOTALL)
_OPENING = re.compile(r"(?:^|[.!?][\"'”’)]*\s|\n)[\s\"'“‘(]*$")
_ABBREVIATED = re.compile(r"\b(?:dr|mr|mrs|ms|vs|etc|approx|\w\.\w)\.\s*$", re.IGNORECASE)
_ARTICLE = re.compile(r"(?<![\w'’-])(a|an|A|An)(\s+)$")
_NO_SPACE_BEFORE = tuple(",.;:!?)")


@dataclass(frozen=True)
class Slot:
    """One place of a template that changes."""

    name: str
    words: tuple[str, ...]
    """What stands here, one for each option of the slot's first place."""


@dataclass(frozen=True)
class Template:
    """A text with slots."""

    pieces: tuple[str | Slot, ...]
    options: Mapping[str, tuple[str, ...]]
    """The words of each slot's first place: by them an option is known."""

    is_english: bool = True
    """Whether `a` is an article: elsewhere it is left alone."""

    @property
    def n_combinations(self) -> int:
        """How many texts it gives."""
        count = 1
        for words in self.options.values():
            count *= len(words)
        return count

    def combinations(self) -> Iterator[dict[str, str]]:
        """Every choice of one option a slot, the last slot changing fastest."""
        for chosen in product(*self.options.values()):
            yield dict(zip(self.options, chosen, strict=True))

    def filled(self, chosen: Mapping[str, str]) -> str:
        """The text for one choice.

        Raises
        ------
        AugmentError
            If `a` or `an` cannot be told.
        """
        text, is_after_nothing = "", False
        for piece in self.pieces:
            words = self._words(piece, chosen)
            if words == NOTHING:
                is_after_nothing = True
                continue
            if is_after_nothing:
                text, words = _closed_up(text, words)
            if words and (is_after_nothing or isinstance(piece, Slot)):
                text = _leading_to(words, text) if self.is_english else text
                words = _capital(words) if _opens_sentence(text) else words
            text += words
            is_after_nothing = is_after_nothing and not words
        return text.rstrip() if is_after_nothing else text

    def _words(self, piece: str | Slot, chosen: Mapping[str, str]) -> str:
        if isinstance(piece, str):
            return piece
        return piece.words[self.options[piece.name].index(chosen[piece.name])]


def parse_template(
    text: str,
    *,
    shared: Mapping[str, tuple[str, ...]] | None = None,
    is_english: bool = True,
) -> Template:
    """A text with its slots found.

    Parameters
    ----------
    shared
        Options of slots that the text names without giving any.
    is_english
        Whether `a` is an article.

    Raises
    ------
    AugmentError
        If a brace or a slot cannot be explained, or there is no slot.
    """
    options: dict[str, tuple[str, ...]] = {}
    pieces: list[str | Slot] = []
    for part in _PIECE.split(text):
        if part in ("{{", "}}"):
            pieces.append(part[0])
        elif part in ("{", "}"):
            raise AugmentError(f"a brace {part!r} has no partner; one of the text's own is doubled")
        elif part.startswith("{"):
            pieces.append(_slot(part, options, shared or {}))
        elif part:
            pieces.append(part)
    if not options:
        raise AugmentError("there is no slot such as {race: Black | white}")
    return Template(tuple(pieces), options, is_english)


def _slot(
    part: str, options: dict[str, tuple[str, ...]], shared: Mapping[str, tuple[str, ...]]
) -> Slot:
    found = _SLOT.fullmatch(part)
    if found is None:
        raise AugmentError(
            f"{part} is no slot; write {{name: one | other}}, the name in small letters"
        )
    name, listed = found[1], found[2]
    given = None if listed is None else tuple(" ".join(one.split()) for one in listed.split("|"))
    first = options.get(name) or shared.get(name) or given
    if first is None:
        raise AugmentError(f"{part}: the options of {name!r} are given nowhere before")
    options.setdefault(name, first)
    refuse_poor_options(name, first)
    words = given or first
    if "" in words:
        raise AugmentError(f"{part}: an option is empty; write {NOTHING} to say nothing")
    if len(words) != len(first):
        raise AugmentError(
            f"{part} has {len(words)} options, but {name!r} has {len(first)}: {' | '.join(first)}"
        )
    return Slot(name, words)


def refuse_poor_options(name: str, words: tuple[str, ...]) -> None:
    """Refuse options that do not tell people apart, or a name that a column has already.

    Raises
    ------
    AugmentError
        If that is so.
    """
    if is_column_taken(name):
        raise AugmentError(f"a slot cannot be called {name!r}; that is a column's name already")
    if len(set(words)) < len(words):
        raise AugmentError(f"an option of {name!r} is given twice: {' | '.join(words)}")
    if len(words) < 2:
        raise AugmentError(f"{name!r} has only the option {words[0]!r}; give two or more")


def _closed_up(before: str, after: str) -> tuple[str, str]:
    """Both sides of a place where nothing is said, with one space between them at most."""
    if not before or before[-1].isspace():
        after = after.lstrip(" ")
    if after.startswith(_NO_SPACE_BEFORE):
        before = before.rstrip(" ")
    return before, after


def _leading_to(words: str, before: str) -> str:
    """The text before some words, its last article changed to agree with them."""
    found = _ARTICLE.search(before)
    if found is None or not words[0].isalnum():
        return before
    start = before[: found.start()]
    # Elsewhere a capital A is no article, as in vitamin A.
    if found[1][0] == "A" and not _opens_sentence(start):
        return before
    agreeing = article(words)
    if agreeing is None:
        raise AugmentError(
            f"whether a or an stands before {words!r} cannot be told; write the article into the "
            "slot's options"
        )
    return start + (_capital(agreeing) if found[1][0] == "A" else agreeing) + found[2]


def _opens_sentence(before: str) -> bool:
    return bool(_OPENING.search(before)) and not _ABBREVIATED.search(before)


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
