"""The way through the questions of a review: back, on, and a jump to any of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import streamlit as st

from rater_portal.pages.menu import QUESTION
from rater_portal.services.candidates import Standing

Shown = Literal["undecided", "accepted", "edited", "rejected", "all"]
SHOW: Final = "questions to show"
"""Where a session notes which questions are gone through."""

WORDS: Final = 60
"""Characters of a question in the list to jump by."""


@dataclass(frozen=True)
class Way:
    """All questions, those that are gone through, and the one that is open."""

    listed: Sequence[Standing]
    queue: Sequence[str]
    here: str | None
    """None where nothing is left to go through."""

    @property
    def number(self) -> int:
        """Of the open question among all, from 1."""
        return self._names.index(str(self.here)) + 1

    @property
    def following(self) -> str | None:
        """The one to go on with: behind the last comes the first again."""
        return next(iter(self._others(forward=True)), None)

    @property
    def preceding(self) -> str | None:
        """The one to go back to."""
        return next(iter(self._others(forward=False)), None)

    @property
    def _names(self) -> list[str]:
        return [one.candidate_id for one in self.listed]

    def _others(self, *, forward: bool) -> list[str]:
        start = self._names.index(self.here) if self.here else 0
        around = [*self._names[start + 1 :], *self._names[:start]]
        wanted = set(self.queue)
        return [name for name in (around if forward else reversed(around)) if name in wanted]


def asked_way(listed: Sequence[Standing]) -> Way:
    """The question that the address asks for, whatever its state; else the first to go through."""
    wanted = to_show()
    queue = [one.candidate_id for one in listed if wanted in ("all", one.state)]
    asked = st.query_params.get(QUESTION)
    is_there = any(one.candidate_id == asked for one in listed)
    return Way(listed, queue, asked if is_there else next(iter(queue), None))


def to_show() -> Shown:
    """Which questions are gone through."""
    found: Shown = st.session_state.get(SHOW, "undecided")
    return found


def stand_at(question: str | None) -> None:
    """Open a question from now on; None for the first that is to be shown."""
    st.query_params.pop(QUESTION, None)
    if question is not None:
        st.query_params[QUESTION] = question


def show_ways(way: Way, *, keys: bool) -> None:
    """Show the buttons and, behind one of them, what finds a question."""
    with st.container(horizontal=True, vertical_alignment="center", key="ways"):
        if way.here:
            place = f"<span>Question </span>{way.number:,} of {len(way.listed):,}"
            st.html(f'<h2 class="place">{place}</h2>', width="content")
        for label, question, key in (
            ("Previous", way.preceding, "P"),
            ("Next", way.following, "N"),
        ):
            st.button(
                label,
                key=f"{label} of {way.here}",
                disabled=question is None,
                shortcut=key if keys else None,
                on_click=stand_at,
                args=(question,),
            )
        with st.popover("Find"):
            _finder(way)


def _finder(way: Way) -> None:
    counts: Counter[str] = Counter(one.state for one in way.listed)
    counts["all"] = len(way.listed)
    st.selectbox(
        "Go through",
        get_args(Shown),
        key=SHOW,
        format_func=lambda one: f"{one.capitalize()} ({counts[one]:,})",
        on_change=stand_at,
        args=(None,),
    )
    said = {
        one.candidate_id: f"{number}. {one.text[:WORDS]}"
        for number, one in enumerate(way.listed, start=1)
    }
    jump = f"jump from {way.here}"
    st.selectbox(
        "Jump to",
        way.queue,
        index=None,
        key=jump,
        placeholder="Type a number or words",
        format_func=lambda one: said[one],
        on_change=_jump,
        args=(jump,),
    )


def _jump(key: str) -> None:
    stand_at(st.session_state[key])
