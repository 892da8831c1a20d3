"""What a rater's browser sent, held against the rubric: what is stored, or what is wrong."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Sentence:
    """Words for the person at the screen, with `{names}` for what differs: so they translate."""

    words: str
    values: Mapping[str, object] = field(default_factory=dict)

    def worded(self, translate: Callable[[str], str]) -> str:
        """The sentence in the language of `translate`."""
        return translate(self.words).format(**self.values)


def check_codes(
    rubric: Rubric,
    codes: Mapping[str, Code | None],
    *,
    group: str | None = None,
    language: str | None = None,
    translate: Callable[[str], str] = str,
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
    group, language
        Whose words of the rubric the messages use.
    translate
        Gives the messages themselves in the reader's language.

    Raises
    ------
    CodesError
        If an item or a code is unknown, a value has the wrong type, text is too long or cannot be
        stored, a number is out of its range, or a required item is empty. All problems at once.
    """
    known = {item.id for item in rubric.items}
    found = [(item_id, [_unknown(item_id)]) for item_id in codes if item_id not in known]
    kept: dict[str, Code] = {}
    spoken = rubric.language_for(language)
    for item in rubric.shown(codes):
        given = codes.get(item.id)
        if wrong := _problem(item.worded(group, spoken), given):
            found.append((item.id, wrong))
        elif given is not None and given != "":
            kept[item.id] = _in_order(item, given)
    if found:
        raise CodesError(
            [(key, " ".join(one.worded(translate) for one in said)) for key, said in found]
        )
    return kept


def _unknown(item_id: str) -> Sentence:
    words = {"item": repr(item_id)}
    return Sentence("This form has no item {item}. Please reload the page.", words)


def _problem(item: Item, given: Code | None) -> list[Sentence]:
    """What the person at the screen should mend, if anything."""
    if given is None or (item.kind == "text" and given == ""):
        return [_please_answer(item)] if item.required else []
    if item.kind == "text":
        return _text_problem(item, given)
    if item.kind == "number":
        return _number_problem(item, given)
    return _choice_problem(item, given)


def _please_answer(item: Item) -> Sentence:
    """How to answer an item that was left empty."""
    asked = {"question": item.text}
    if item.kind == "text":
        return Sentence("Please write something for: {question}", asked)
    if item.kind == "number":
        return Sentence("Please give a number for: {question}", asked)
    if item.kind == "multichoice":
        return Sentence("Please choose at least one of the options for: {question}", asked)
    return Sentence("Please choose one of the options for: {question}", asked)


def _choice_problem(item: Item, given: Code) -> list[Sentence]:
    chosen = given if item.kind == "multichoice" else [given]
    if not isinstance(chosen, list) or any(code not in item.codes for code in chosen):
        strange = Sentence("{given} is not one of the options.", {"given": shortened(given)})
        return [strange, _please_answer(item)]
    return [_please_answer(item)] if item.required and not chosen else []


def _text_problem(item: Item, given: Code) -> list[Sentence]:
    asked = {"question": item.text}
    if not isinstance(given, str):
        strange = Sentence("{given} is not text.", {"given": shortened(given)})
        return [strange, _please_answer(item)]
    if item.required and not given.strip():
        return [_please_answer(item)]
    if (excess := len(given) - item.max_length) > 0:
        over = {"excess": excess, **asked}
        return [Sentence("Please shorten your text by {excess} characters for: {question}", over)]
    # PostgreSQL stores no NUL, and UTF-8 has no half of a surrogate pair.
    if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in given):
        return [
            Sentence("Please remove the characters that cannot be stored from: {question}", asked)
        ]
    return []


def _number_problem(item: Item, given: Code) -> list[Sentence]:
    asked = {"question": item.text}
    if isinstance(given, bool) or not isinstance(given, int | float) or not _is_finite(given):
        strange = Sentence("{given} is not a number.", {"given": shortened(given)})
        return [strange, _please_answer(item)]
    if item.minimum is not None and given < item.minimum:
        limit = {"limit": f"{item.minimum:g}", **asked}
        return [Sentence("Please give {limit} or more for: {question}", limit)]
    if item.maximum is not None and given > item.maximum:
        limit = {"limit": f"{item.maximum:g}", **asked}
        return [Sentence("Please give {limit} or less for: {question}", limit)]
    return []


def _is_finite(number: float) -> bool:
    # False for NaN, and exact for whole numbers that are too long for a float.
    return -sys.float_info.max <= number <= sys.float_info.max


def _in_order(item: Item, given: Code) -> Code:
    """Codes in the order of the options, each once; anything else as it came."""
    if isinstance(given, list):
        return [code for code in item.codes if code in given]
    return given
