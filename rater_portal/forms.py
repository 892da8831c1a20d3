"""A rubric as widgets, and the codes back.

Widgets are named by assignment, item and option alone, so what reaches the browser says nothing
of an answer's source.
"""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from rubrics.schema import Code, Item, Rubric


def restore(rubric: Rubric, *, assignment_id: int, codes: Mapping[str, Code | None]) -> None:
    """Put a draft into the widgets, before they are made; what is there already stays."""
    for item in rubric.items:
        given = codes.get(item.id)
        if item.kind == "multichoice":
            for code in item.codes:
                _keep(_key(assignment_id, item, code), isinstance(given, list) and code in given)
        elif given is not None and (not item.options or given in item.codes):
            _keep(_key(assignment_id, item), given)


def ask(
    rubric: Rubric, *, group: str, assignment_id: int, positions: Mapping[str, int]
) -> dict[str, Code | None]:
    """Draw the items that are to be asked now, in order; returns what they hold.

    Parameters
    ----------
    group
        Whose words to use.
    positions
        Place on the screen, 1 or 2, by slot: a preference is shown by place and kept by slot.
    """
    codes: dict[str, Code | None] = {}
    for item in rubric.items:
        if item.show_if is None or item.show_if.holds(codes):
            worded = _placed(item.worded(group), positions)
            codes[item.id] = _WIDGETS[item.kind](worded, assignment_id)
    return codes


def _placed(item: Item, positions: Mapping[str, int]) -> Item:
    """A preference's options in the order of the screen, each label with its place."""
    if item.kind != "preference":
        return item
    options = [
        option.model_copy(
            update={"label": option.label.replace("{position}", str(positions.get(option.code)))}
        )
        for option in item.options
    ]
    last = len(positions) + 1
    options.sort(key=lambda option: positions.get(option.code, last))
    return item.model_copy(update={"options": tuple(options)})


def _radio(item: Item, assignment_id: int) -> Code | None:
    labels = {option.code: option.label for option in item.options}
    helps = [option.help or "" for option in item.options]
    _heading(item)
    return st.radio(
        item.text,
        item.codes,
        index=None,
        format_func=labels.__getitem__,
        captions=helps if any(helps) else None,
        key=_key(assignment_id, item),
        label_visibility="collapsed",
    )


def _checkboxes(item: Item, assignment_id: int) -> Code | None:
    _heading(item)
    chosen = []
    for option in item.options:
        label = f"**{option.label}**" + (f"  \n{option.help}" if option.help else "")
        if st.checkbox(label, key=_key(assignment_id, item, option.code)):
            chosen.append(option.code)
    return chosen


def _text(item: Item, assignment_id: int) -> Code | None:
    _heading(item)
    return st.text_area(
        item.text,
        key=_key(assignment_id, item),
        max_chars=item.max_length,
        height=110,
        label_visibility="collapsed",
    )


def _number(item: Item, assignment_id: int) -> Code | None:
    _heading(item)
    return st.number_input(
        item.text,
        min_value=item.minimum,
        max_value=item.maximum,
        value=None,
        key=_key(assignment_id, item),
        label_visibility="collapsed",
    )


_WIDGETS: dict[str, Callable[[Item, int], Code | None]] = {
    "choice": _radio,
    "scale": _radio,
    "preference": _radio,
    "multichoice": _checkboxes,
    "text": _text,
    "number": _number,
}


def _heading(item: Item) -> None:
    optional = "" if item.required else " :gray[(optional)]"
    st.markdown(f"**{item.text}**{optional}")
    if item.help:
        st.caption(item.help)


def _key(assignment_id: int, item: Item, option: str = "") -> str:
    return f"unit {assignment_id} {item.id} {option}".rstrip()


def _keep(key: str, value: Any) -> None:
    st.session_state.setdefault(key, value)
