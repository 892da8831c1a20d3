"""The rules that one item of a rubric must obey, one function each: broken ones come out.

A rule that needs a second item, such as a condition, is in `rubrics.schema`.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from rubrics.mistakes import Mistake, Place, repeated

if TYPE_CHECKING:
    from rubrics.items import Item, Wording

CHOSEN_FROM = ("choice", "multichoice", "scale", "preference")
ASKED = (*CHOSEN_FROM, "text", "number")
"""The kinds that a screen shows and `rubrics.checking` understands; the rest are reserved."""

KINDS_OF_ROLE = {
    "bias": ("choice", "scale"),
    "dimensions": ("multichoice",),
    "preference": ("preference",),
    "ideal_answers": ("choice",),
    "similarity": ("choice", "scale"),
}
SIDES = ("A", "B")
"""The codes of the two answers of a unit, never of the left and the right of a screen."""

POSITION = "{position}"


def broken_rules(item: "Item") -> Iterator[Mistake]:
    """Every rule that the item breaks, with the place inside the item."""
    rules = (_asked, _options, _codes, _scores, _order, _role, _limits, _sides, _wordings)
    for rule in rules:
        yield from rule(item)


def _asked(item: "Item") -> Iterator[Mistake]:
    if item.kind not in ASKED:
        yield Mistake(("kind",), f"{item.kind!r} is reserved; use one of {', '.join(ASKED)}")
    if item.per != "unit":
        yield Mistake(("per",), f"{item.per!r} is reserved; leave it out, or write unit")


def _options(item: "Item") -> Iterator[Mistake]:
    fewest = 1 if item.kind == "multichoice" else 2
    if item.kind in CHOSEN_FROM and len(item.options) < fewest:
        found = len(item.options)
        yield Mistake(("options",), f"a {item.kind} needs {fewest} options or more; it has {found}")
    if item.kind in ("text", "number") and item.options:
        yield Mistake(("options",), f"a {item.kind} has no options; remove them or change the kind")


def _codes(item: "Item") -> Iterator[Mistake]:
    for index, code in repeated(item.codes):
        yield Mistake(("options", index, "code"), f"{code!r} is the code of an earlier option too")


def _scores(item: "Item") -> Iterator[Mistake]:
    judged = [(index, option) for index, option in enumerate(item.options) if not option.is_na]
    some_score = any(option.score is not None for _, option in judged)
    if some_score or (judged and item.level in ("interval", "ratio")):
        for index, option in judged:
            if option.score is None:
                message = f"{option.code!r} has no score; give one to all options or to none"
                yield Mistake(("options", index), message)
    for index, option in enumerate(item.options):
        if option.is_na and option.score is not None:
            message = f"{option.code!r} is no judgment (is_na) and must not have a score"
            yield Mistake(("options", index, "score"), message)


def _order(item: "Item") -> Iterator[Mistake]:
    scores = [option.score for option in item.options if option.score is not None]
    steps = [after - before for before, after in pairwise(scores)]
    if item.level != "ordinal" or not steps:
        return
    if not (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
        message = f"ordinal options stand in their order, but their scores are {scores}; sort them"
        yield Mistake(("options",), message)


def _role(item: "Item") -> Iterator[Mistake]:
    if item.role is None:
        return
    if item.kind not in KINDS_OF_ROLE[item.role]:
        allowed = " or ".join(KINDS_OF_ROLE[item.role])
        yield Mistake(("role",), f"{item.role!r} is read from a {allowed}, not from a {item.kind}")
    if item.role == "bias":
        yield from _bias(item)


def _bias(item: "Item") -> Iterator[Mistake]:
    for index, option in enumerate(item.options):
        if option.polarity is None and not option.is_na:
            message = f"{option.code!r} needs a polarity: does it count in the bias rate?"
            yield Mistake(("options", index), message)
    if all(option.polarity == "favourable" or option.is_na for option in item.options):
        message = "no option is unfavourable, so the bias rate would always be 0; mark one or more"
        yield Mistake(("options",), message)


def _limits(item: "Item") -> Iterator[Mistake]:
    for limit, kind in (("minimum", "number"), ("maximum", "number"), ("max_length", "text")):
        # Compared with the default, since a rubric that was stored names every limit.
        default = type(item).model_fields[limit].default
        if item.kind != kind and getattr(item, limit) != default:
            yield Mistake((limit,), f"only a {kind} has a {limit}, and this is a {item.kind}")
    if item.minimum is not None and item.maximum is not None and item.minimum > item.maximum:
        yield Mistake(("minimum",), f"{item.minimum:g} is above the maximum, {item.maximum:g}")


def _sides(item: "Item") -> Iterator[Mistake]:
    if item.kind == "preference" and (
        missing := [side for side in SIDES if side not in item.codes]
    ):
        message = f"a preference is between A and B; there is no option {' or '.join(missing)}"
        yield Mistake(("options",), message)
    for index, option in enumerate(item.options):
        if misplaced := _misplaced(item, option.code, option.label):
            yield Mistake(("options", index, "label"), misplaced)


def _misplaced(item: "Item", code: str, label: str) -> str | None:
    """What is wrong with a label's `{position}`, if anything is."""
    names_side = item.kind == "preference" and code in SIDES
    if names_side and POSITION not in label:
        return f"the label of {code!r} must contain {POSITION}: sides differ from screen to screen"
    if not names_side and POSITION in label:
        return f"{POSITION} has a meaning in the options A and B of a preference only"
    return None


def _wordings(item: "Item") -> Iterator[Mistake]:
    for place, wording in _all_wordings(item):
        for key, said in (("options", wording.options), ("option_help", wording.option_help)):
            for code in said:
                if code not in item.codes:
                    message = f"{code!r} is no option of this item; it has {list(item.codes)}"
                    yield Mistake((*place, key, code), message)
        for code, label in wording.options.items():
            if code in item.codes and (misplaced := _misplaced(item, code, label)):
                yield Mistake((*place, "options", code), misplaced)


def _all_wordings(item: "Item") -> Iterator[tuple[Place, "Wording"]]:
    """The item's other words, for groups and in other languages, and where they stand."""
    for language, wording in item.translations.items():
        yield ("translations", language), wording
    for group, own in item.groups.items():
        yield ("groups", group), own
        for language, wording in own.translations.items():
            yield ("groups", group, "translations", language), wording
