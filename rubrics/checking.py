"""What a rater's browser sent, held against the rubric: what is stored, or what is wrong."""

import sys
from collections.abc import Mapping
from reprlib import repr as shortened

from rubrics.items import Code, Item
from rubrics.schema import Rubric


class CodesError(ValueError):
    """What came back does not answer the rubric.

    Attributes
    ----------
    problems
        Item id and a message for the person at the screen: unknown items, then in form order.
    """

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(message for _, message in problems))
        self.problems = problems


def check_codes(
    rubric: Rubric, codes: Mapping[str, Code | None], *, group: str | None = None
) -> dict[str, Code]:
    """The codes as they are stored: of the shown items only, in the order of the form.

    What a hidden item was given is dropped, so a condition cannot be bypassed. Several codes
    come in the order of the options, each once. Free text stays as it was written. An item that
    was left empty is not in the result; a multichoice in which nothing was chosen is, as an
    empty list.

    Parameters
    ----------
    codes
        By item id. None is the same as leaving the item out.
    group
        Whose words the messages use.

    Raises
    ------
    CodesError
        If an item or a code is unknown, a value has the wrong type, text is too long or cannot be
        stored, a number is out of its range, or a required item is empty. All problems at once.
    """
    known = {item.id for item in rubric.items}
    problems = [
        (item_id, f"This form has no item {item_id!r}. Please reload the page.")
        for item_id in codes
        if item_id not in known
    ]
    kept: dict[str, Code] = {}
    for item in rubric.shown(codes):
        given = codes.get(item.id)
        if problem := _problem(item.worded(group), given):
            problems.append((item.id, problem))
        elif given is not None and given != "":
            kept[item.id] = _in_order(item, given)
    if problems:
        raise CodesError(problems)
    return kept


def _problem(item: Item, given: Code | None) -> str | None:
    """What the person at the screen should mend, if anything."""
    if given is None or (item.kind == "text" and given == ""):
        return _please_answer(item) if item.required else None
    if item.kind == "text":
        return _text_problem(item, given)
    if item.kind == "number":
        return _number_problem(item, given)
    return _choice_problem(item, given)


def _please_answer(item: Item) -> str:
    """How to answer an item that was left empty."""
    if item.kind == "text":
        return f"Please write something for: {item.text}"
    if item.kind == "number":
        return f"Please give a number for: {item.text}"
    if item.kind == "multichoice":
        return f"Please choose at least one of the options for: {item.text}"
    return f"Please choose one of the options for: {item.text}"


def _choice_problem(item: Item, given: Code) -> str | None:
    chosen = given if item.kind == "multichoice" else [given]
    if not isinstance(chosen, list) or any(code not in item.codes for code in chosen):
        return f"{shortened(given)} is not one of the options. {_please_answer(item)}"
    if item.required and not chosen:
        return _please_answer(item)
    return None


def _text_problem(item: Item, given: Code) -> str | None:
    if not isinstance(given, str):
        return f"{shortened(given)} is not text. {_please_answer(item)}"
    if item.required and not given.strip():
        return _please_answer(item)
    if (excess := len(given) - item.max_length) > 0:
        return f"Please shorten your text by {excess} characters for: {item.text}"
    # PostgreSQL stores no NUL, and UTF-8 has no half of a surrogate pair.
    if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in given):
        return f"Please remove the characters that cannot be stored from: {item.text}"
    return None


def _number_problem(item: Item, given: Code) -> str | None:
    if isinstance(given, bool) or not isinstance(given, int | float) or not _is_finite(given):
        return f"{shortened(given)} is not a number. {_please_answer(item)}"
    if item.minimum is not None and given < item.minimum:
        return f"Please give {item.minimum:g} or more for: {item.text}"
    if item.maximum is not None and given > item.maximum:
        return f"Please give {item.maximum:g} or less for: {item.text}"
    return None


def _is_finite(number: float) -> bool:
    # False for NaN, and exact for whole numbers that are too long for a float.
    return -sys.float_info.max <= number <= sys.float_info.max


def _in_order(item: Item, given: Code) -> Code:
    """Codes in the order of the options, each once; anything else as it came."""
    if isinstance(given, list):
        return [code for code in item.codes if code in given]
    return given
