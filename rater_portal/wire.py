"""What goes over the line between the desk and the server, as JSON, and how it is read back.

A browser knows positions alone, 1 and 2 on its own screen. The slots A and B stay on the server:
A is the source whose name sorts first, so that a letter would tell whose answer is whose. Nothing
here depends on a slot but the way back from a position to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rater_portal.language import catalogue, languages, mark
from rater_portal.models import Side
from rater_portal.reading import answer_html, prose_html, question_html
from rater_portal.services.assignment import Panel, ShownUnit
from rubrics.conduct import Support
from rubrics.schema import Item, Rubric, UnitKind

Wire = dict[str, Any]

TITLES: dict[UnitKind, str] = {
    "single": mark("One answer to judge"),
    "pair": mark("Two answers to compare"),
    "counterfactual": mark("Two questions and their answers"),
}
NAMES = {
    "question": (mark("Question"), mark("Question {position}")),
    "answer": (mark("Answer"), mark("Answer {position}")),
}
"""Of a panel that stands alone, and of one of two."""

IMAGE_ADDRESS = "/desk/image/{sha256}"
"""Where a browser finds an image: the address tells neither whose it is nor where it came from."""

POSITIONS = ("1", "2")
MARK_FIELDS = ("id", "item", "panel", "start", "end", "quote", "sentence")
"""What a mark says, but for where it stands."""


def desk_data(
    unit: ShownUnit,
    *,
    language: str,
    words: Mapping[str, str],
    skip_reasons: Mapping[str, str],
    support: Iterable[Support] = (),
    preferences: Mapping[str, Any] | None = None,
    break_due: bool = False,
    synthetic: bool = False,
) -> Wire:
    """All that the desk needs to show one unit.

    Parameters
    ----------
    words
        The desk's own words in this language, by the English ones.
    skip_reasons
        Labels in this language, by code.
    preferences
        What the rater set: `keys`, `bindings`, `text_size`.
    """
    _ = catalogue(language).gettext
    shown = unit.rubric.in_language(language, unit.rater_group)
    return {
        "assignment": unit.assignment_id,
        "submission": unit.submission_id,
        "mode": unit.mode,
        "training": unit.purpose == "training",
        "kind": unit.kind,
        "title": _(TITLES[unit.kind]),
        "place": {"done": unit.done, "left": unit.left, "minutes_left": unit.minutes_left},
        "language": language,
        "rubric_language": shown.language,
        "direction": languages()[language].direction if language in languages() else "ltr",
        "words": dict(words),
        "guide": {"title": shown.title, "html": prose_html(shown.introduction)},
        "panels": [_panel(panel, unit.kind, _) for panel in unit.panels],
        "items": items_on_the_wire(unit, language),
        "draft": codes_to_wire(unit.draft, rubric=unit.rubric, shown_first=unit.shown_first),
        "marks": marks_to_wire(unit.marks, kind=unit.kind, shown_first=unit.shown_first),
        "saved_at": unit.saved_at.isoformat() if unit.saved_at else None,
        "content_note": unit.content_note,
        "support": [contact.model_dump() for contact in support],
        "break_due": break_due,
        "skip_reasons": [{"code": code, "label": label} for code, label in skip_reasons.items()],
        "preferences": {"keys": True, "bindings": {}, "text_size": 0, **(preferences or {})},
        "synthetic": synthetic,
    }


def codes_to_wire(codes: Mapping[str, Any], *, rubric: Rubric, shown_first: Side) -> Wire:
    """Stored codes as the screen has them: a preference by position."""
    sent = {}
    for item_id, code in codes.items():
        item = _item(rubric, item_id)
        sent[item_id] = (
            _swap(code, _wire_codes(item, shown_first)) if _is_preference(item) else code
        )
    return sent


def codes_from_wire(
    codes: Mapping[str, Any], *, rubric: Rubric, shown_first: Side
) -> dict[str, Any]:
    """Codes as they are stored: a preference by slot.

    A slot's letter is no code on the wire. It counts as nothing chosen: were it taken, the answer
    would tell whoever sent it at which position that slot stands.
    """
    read = {}
    for item_id, code in codes.items():
        item = _item(rubric, item_id)
        if _is_preference(item):
            stored = {sent: kept for kept, sent in _wire_codes(item, shown_first).items()}
            read[item_id] = _swap(code, stored)
        else:
            read[item_id] = code
    return read


def marks_to_wire(
    marks: Iterable[Mapping[str, Any]], *, kind: UnitKind, shown_first: Side
) -> list[Wire]:
    """Stored marks as the screen has them: each at its position."""
    return [
        {name: marked.get(name) for name in MARK_FIELDS}
        | {"position": _position(marked["slot"], marked["panel"], kind, shown_first)}
        for marked in marks
    ]


def marks_from_wire(
    marks: Iterable[Mapping[str, Any]], *, kind: UnitKind, shown_first: Side
) -> list[Wire]:
    """Marks as they are stored: each in its slot."""
    return [
        {name: marked.get(name) for name in MARK_FIELDS}
        | {"slot": _slot(marked["position"], marked["panel"], kind, shown_first)}
        for marked in marks
    ]


def items_on_the_wire(unit: ShownUnit, language: str) -> list[Wire]:
    """The rubric's items in the words of the rater's group, options in the order of the screen."""
    sent = {
        item.id: _wire_codes(item, unit.shown_first)
        for item in unit.rubric.items
        if _is_preference(item)
    }
    return [_wire_item(item.worded(unit.rater_group, language), sent) for item in unit.rubric.items]


def _wire_item(item: Item, sent: Mapping[str, Mapping[str, str]]) -> Wire:
    mine = sent.get(item.id, {})
    options = [
        {
            "code": mine.get(option.code, option.code),
            "label": option.label.replace("{position}", mine.get(option.code, "")),
            "help": option.help,
        }
        for option in item.options
    ]
    if mine:
        options.sort(key=_place_on_screen)
    return {
        "id": item.id,
        "kind": item.kind,
        "text": item.text,
        "help": item.help,
        "required": item.required,
        "options": options,
        "show_if": _wire_condition(item, sent),
        "minimum": item.minimum,
        "maximum": item.maximum,
        "max_length": item.max_length,
    }


def _wire_condition(item: Item, sent: Mapping[str, Mapping[str, str]]) -> Wire | None:
    if item.show_if is None:
        return None
    known = sent.get(item.show_if.item, {})
    codes = [known.get(code, code) for code in item.show_if.is_in]
    # In an order of their own: that of the file would tell which position is slot A.
    return {"item": item.show_if.item, "is_in": sorted(codes) if known else codes}


def _place_on_screen(option: Mapping[str, Any]) -> int:
    """Positions first; the other options keep their order."""
    return POSITIONS.index(option["code"]) if option["code"] in POSITIONS else len(POSITIONS)


def _panel(panel: Panel, kind: UnitKind, translate: Any) -> Wire:
    alone, numbered = NAMES[panel.kind]
    shared = _is_shared(panel.kind, kind)
    # The one question of a pair is filed under slot A, wherever A's answer stands.
    position = 1 if shared else panel.position
    is_alone = shared or kind == "single"
    return {
        "kind": panel.kind,
        "position": position,
        "shared": shared,
        "name": translate(alone if is_alone else numbered).format(position=position),
        "html": question_html(panel.text) if panel.kind == "question" else answer_html(panel.text),
        "is_cut": panel.is_cut,
        "images": [
            {
                "address": IMAGE_ADDRESS.format(sha256=one.sha256),
                "width": one.width,
                "height": one.height,
            }
            for one in panel.images
        ],
    }


def _is_shared(panel: str, kind: UnitKind) -> bool:
    return kind == "pair" and panel == "question"


def _position(slot: Side, panel: str, kind: UnitKind, shown_first: Side) -> int:
    return 1 if slot == shown_first or _is_shared(panel, kind) else 2


def _slot(position: int, panel: str, kind: UnitKind, shown_first: Side) -> Side:
    if _is_shared(panel, kind):
        return "A"
    other: Side = "B" if shown_first == "A" else "A"
    return shown_first if position == 1 else other


def _item(rubric: Rubric, item_id: str) -> Item | None:
    return next((item for item in rubric.items if item.id == item_id), None)


def _is_preference(item: Item | None) -> bool:
    return item is not None and item.kind == "preference"


def _wire_codes(item: Item | None, shown_first: Side) -> dict[str, str]:
    """What stands for each code of a preference on the wire."""
    codes: Sequence[str] = item.codes if item else ()
    slots = "AB" if shown_first == "A" else "BA"
    sides: Mapping[str, str] = dict(zip(slots, POSITIONS, strict=True))
    # A code of the file that looks like a position must not be taken for one.
    return {code: sides.get(code, f"={code}" if code in POSITIONS else code) for code in codes}


def _swap(code: Any, known: Mapping[str, str]) -> str | None:
    return known.get(code) if isinstance(code, str) else None
