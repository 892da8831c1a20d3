"""Holding what a rater chose against what was expected."""

from collections.abc import Mapping, Sequence

from rubrics.schema import Code, Rubric

Key = Mapping[str, Sequence[Code]]
"""Right codes by item, a list each."""


def right_items(key: Key, codes: Mapping[str, Code | None]) -> dict[str, bool]:
    """Which of the keyed items were judged as expected.

    Of an item that takes one code, any code of its list is right; of one that takes several, all
    of the list and no other are.
    """
    return {item: _is_right(expected, codes.get(item)) for item, expected in key.items()}


def written(rubric: Rubric) -> frozenset[str]:
    """Items that are answered in words: what was said twice is not said in the same words."""
    return frozenset(item.id for item in rubric.items if item.kind == "text")


def _is_right(expected: Sequence[Code], given: Code | None) -> bool:
    if isinstance(given, list) or given is None:
        return set(given or ()) == set(expected)
    return given in expected
