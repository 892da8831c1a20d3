"""A rubric as widgets, and the codes back.

Widgets are named by assignment, item and option alone, so what reaches the browser says nothing
of an answer's source.
"""

from collections.abc import Callable, Mapping

import streamlit as st

from rubrics.checking import CodesError, check_codes
from rubrics.schema import Code, Item, Rubric


def ask(
    rubric: Rubric,
    *,
    group: str,
    assignment_id: int,
    positions: Mapping[str, int],
    draft: Mapping[str, Code],
) -> dict[str, Code | None]:
    """Draw the items that are to be asked now, in order; returns what they hold.

    Parameters
    ----------
    group
        Whose words to use.
    positions
        Place on the screen, 1 or 2, by slot: a preference is shown by place and kept by slot.
    draft
        What is chosen where the browser brings nothing. A page that was open while the server
        went down brings what it shows, and that may be newer.
    """
    codes: dict[str, Code | None] = {}
    for item in rubric.items:
        if item.show_if is None or item.show_if.holds(codes):
            worded = _placed(item.worded(group), positions)
            key = f"unit {assignment_id} {item.id}"
            codes[item.id] = _WIDGETS[item.kind](worded, key, draft.get(item.id))
    return codes


def problems(rubric: Rubric, codes: Mapping[str, Code | None], *, group: str) -> list[str]:
    """What is still to be answered or mended before these codes can be submitted."""
    try:
        check_codes(rubric, codes, group=group)
    except CodesError as error:
        return [message for _, message in error.problems]
    return []


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


def _radio(item: Item, key: str, drafted: Code | None) -> Code | None:
    labels = {option.code: option.label for option in item.options}
    helps = [option.help or "" for option in item.options]
    _heading(item)
    return st.radio(
        item.text,
        item.codes,
        index=item.codes.index(drafted) if drafted in item.codes else None,
        format_func=labels.__getitem__,
        captions=helps if any(helps) else None,
        key=key,
        label_visibility="collapsed",
    )


def _checkboxes(item: Item, key: str, drafted: Code | None) -> Code | None:
    _heading(item)
    chosen = []
    for option in item.options:
        was_chosen = isinstance(drafted, list) and option.code in drafted
        label = option.label + (f"  \n{option.help}" if option.help else "")
        if st.checkbox(label, value=was_chosen, key=f"{key} {option.code}"):
            chosen.append(option.code)
    return chosen


def _text(item: Item, key: str, drafted: Code | None) -> Code | None:
    _heading(item)
    return st.text_area(
        item.text,
        value=drafted if isinstance(drafted, str) else "",
        key=key,
        max_chars=item.max_length,
        height=110,
        label_visibility="collapsed",
    )


def _number(item: Item, key: str, drafted: Code | None) -> Code | None:
    _heading(item)
    return st.number_input(
        item.text,
        min_value=item.minimum,
        max_value=item.maximum,
        value=float(drafted) if isinstance(drafted, int | float) else None,
        key=key,
        label_visibility="collapsed",
    )


_WIDGETS: dict[str, Callable[[Item, str, Code | None], Code | None]] = {
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
