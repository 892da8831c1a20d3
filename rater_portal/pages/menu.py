"""The menus: the places besides judging, or the parts of a study, in one line above every page."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final, Literal

import streamlit as st

from rater_portal.language import mark
from rater_portal.services.accounts import Caller
from rater_portal.services.journey import Place
from rater_portal.session import translator

PLACE: Final = "place"
"""What the address calls the place that was asked for."""

QUESTION: Final = "question"
"""What the address calls the question that is open, where questions are reviewed."""

NAMES: Final[Mapping[Place, str]] = {
    "judgments": mark("My judgments"),
    "profile": mark("About you"),
    "taking_part": mark("Taking part"),
    "support": mark("Support"),
}

Part = Literal["progress", "raters", "results", "record", "study", "questions"]
PARTS: Final[Mapping[Part, str]] = {
    "progress": "Progress",
    "raters": "Raters",
    "results": "Results so far",
    "record": "Record",
    "study": "Study",
    "questions": "Questions",
}
"""What there is to see of a study, for who runs or analyses it."""

Link = tuple[str, str, bool]
"""Address, name, and whether it is the place that is shown."""


def menu(caller: Caller, places: Sequence[Place], *, here: Place | None = None) -> None:
    """Show a rater's menu; the way back to judging stands first, from anywhere else."""
    _ = translator(caller)
    links = [] if here is None else [("/", _("Judge answers"), False)]
    links += [(f"/?{PLACE}={one}", _(NAMES[one]), one == here) for one in places]
    if links:
        _navigation(_("Menu"), links)


def study_menu(caller: Caller, *, here: Part, parts: Iterable[Part] = tuple(PARTS)) -> None:
    """Show these parts of a study; to an account, the way to its other studies too."""
    links = [(f"/?{PLACE}={one}", PARTS[one], one == here) for one in parts]
    if caller.account_id is not None:
        links.append(("/studies", "Your studies", False))
    _navigation("Study", links)


def asked_part() -> Part:
    """The part of a study that the address asks for; how far it is, if none."""
    asked = st.query_params.get(PLACE)
    return next((one for one in PARTS if one == asked), "progress")


def _navigation(label: str, links: Iterable[Link]) -> None:
    entries = "".join(
        f'<li><a href="{address}" target="_self"{" aria-current=page" if is_here else ""}>'
        f"{escape(name)}</a></li>"
        for address, name, is_here in links
    )
    st.html(f'<nav class="rater-menu" aria-label="{escape(label)}"><ul>{entries}</ul></nav>')
