"""Two texts word by word: what one has and the other has not, marked in safe HTML."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from html import escape

WORD = re.compile(r"[^\s.,;:!?()\"“”«»…]+|[.,;:!?()\"“”«»…]")
"""What stands between blanks and signs, in any script; a sign by itself."""

MOST_DIFFERING = 0.7
"""Share of a text's words; where more of them differ marks would only disturb reading."""

Passage = tuple[int, int]
"""From and to, in characters."""


def passages_only_in(text: str, other: str) -> list[Passage]:
    """Where a text has words that the other has not in that place; those in a row as one passage.

    None where hardly a word is shared.
    """
    words, others = list(WORD.finditer(text)), list(WORD.finditer(other))
    matcher = SequenceMatcher(
        a=[word[0].casefold() for word in words],
        b=[word[0].casefold() for word in others],
        autojunk=False,
    )
    found = [
        (words[first].start(), words[last - 1].end(), last - first)
        for kind, first, last, _, _ in matcher.get_opcodes()
        if kind in ("replace", "delete")
    ]
    if sum(count for _, _, count in found) > MOST_DIFFERING * len(words):
        return []
    return [(start, end) for start, end, _ in found]


def marked_html(text: str, passages: Sequence[Passage]) -> str:
    """The text as HTML, every sign of it escaped, with these passages marked."""
    return "".join(_parts(text, passages))


def _parts(text: str, passages: Sequence[Passage]) -> Iterator[str]:
    done = 0
    for start, end in passages:
        yield escape(text[done:start])
        yield f'<mark class="differs">{escape(text[start:end])}</mark>'
        done = end
    yield escape(text[done:])
