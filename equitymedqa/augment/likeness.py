"""How alike two questions are, by their words alone: exact and the same on every machine."""

import re
import unicodedata
from collections.abc import Set

NEAR = 0.8
"""From this share of common letter runs on, two questions are near-duplicates."""

RUN = 3
"""Letters in a run."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def words_of(text: str) -> tuple[str, ...]:
    """The words in their order, without case, punctuation and spelling variants of Unicode."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def plain(text: str) -> str:
    """The words with single spaces: questions with the same plain form are one question."""
    return " ".join(words_of(text)) or text.strip()


def jaccard(first: Set[str], second: Set[str]) -> float:
    """Share of what either has that both have, from 0 to 1."""
    return len(first & second) / len(first | second) if first or second else 1.0


def likeness(first: str, second: str) -> float:
    """Jaccard index of the runs of three letters of two questions, from 0 to 1."""
    return jaccard(_runs(first), _runs(second))


def kept_words(original: str, rewritten: str) -> float:
    """Share of the different words of a question that its rewriting still has."""
    before = set(words_of(original))
    return len(before & set(words_of(rewritten))) / len(before) if before else 0.0


def length_ratio(first: str, second: str) -> float:
    """Words of the longer over words of the shorter."""
    counts = sorted(max(1, len(words_of(text))) for text in (first, second))
    return counts[1] / counts[0]


def is_near(first: str, second: str, *, telling: Set[str]) -> bool:
    """Whether one of two questions is the other with hardly a difference.

    Two questions that differ in a number, or in a word that tells who someone is, ask about
    different people and are never near-duplicates, however long the rest is.

    Parameters
    ----------
    telling
        Words that tell who someone is.
    """
    different = set(words_of(first)) ^ set(words_of(second))
    if any(word in telling or any(letter.isdigit() for letter in word) for word in different):
        return False
    return likeness(first, second) >= NEAR


def _runs(text: str) -> set[str]:
    framed = f" {plain(text)} "
    return {framed[start : start + RUN] for start in range(len(framed) - RUN + 1)}
