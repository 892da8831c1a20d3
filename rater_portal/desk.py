"""The desk: texts, rubric and action bar of one unit, as one component in the page.

A unit goes to it as JSON (`rater_portal.wire`). What a rater does there goes to the server by
itself, over `/desk/`; the page runs again only when the rater has done with the unit.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from rater_portal.packaged import packaged

Left = Literal["submitted", "skipped", "left", "gone"]
"""How a rater was done with a unit; `gone` is one that the server does not take any more."""


def desk(data: Mapping[str, Any]) -> Left | None:
    """Show a unit; tells how the rater left it, in the one run after that.

    A run that the desk asked for without leaving the unit, in another language, tells nothing.
    """
    mount = packaged("desk", js="desk/desk.js", css="desk/desk.css")
    # One key for all units: the browser keeps the desk and lays the next unit on it. In a tuple,
    # because Streamlit would look for tables in a dict, which takes as long as drawing the page.
    moved = mount(key="desk", data=(dict(data),), on_moved_change=_heard).moved
    how = str(moved).partition(" ")[0]
    return next((left for left in get_args(Left) if left == how), None)


def _heard() -> None:
    """Streamlit tells of an event only to those who listen."""
