"""Three buttons and two small forms: what becomes of the question on the screen.

What a button does is told when it is drawn: the question, and the last decision that was shown
with it. So no click can be about anything that its person did not see.
"""

import time
from dataclasses import dataclass
from typing import Final

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.errors import PortalError
from rater_portal.models import Verb
from rater_portal.packaged import packaged
from rater_portal.pages.question_ways import stand_at
from rater_portal.services.candidate_decisions import (
    LONGEST_REASON,
    LONGEST_TEXT,
    decide_candidate,
)
from rater_portal.services.candidates import STATES, ShownCandidate
from rater_portal.session import current_caller

DESK: Final = "question desk"
"""Where a session keeps its desk."""

FORMS: Final[tuple[Verb, ...]] = ("edit", "reject")
ACCEPT_KEYS: Final = "Ctrl+Enter"
"""No single letter: words typed before a form is there must not accept a question."""

AT_ONCE_S: Final = 0.7
"""Whoever accepts sooner after a question came has pressed twice for the one before it."""

TOO_SOON: Final = "That came too quickly to be meant, so nothing was decided about this question."


@dataclass
class Desk:
    """What a session has open. Callbacks are handed it, and change it in place.

    A key that is pressed meanwhile interrupts a callback wherever it touches the session's state,
    and what it was about to write there is lost; what it changes here is not.
    """

    form: tuple[Verb, str] | None = None
    """Which form is open, and of which question."""

    outcome: tuple[str, str | None] | None = None
    """What became of the last choice, to be said once, and the question if it was decided."""

    drawn: tuple[str, float] = ("", 0.0)
    """For which question the buttons are there, and since when."""

    def form_of(self, name: str) -> Verb | None:
        """Which form is open for a question."""
        return self.form[0] if self.form and self.form[1] == name else None


def show_form(shown: ShownCandidate, *, following: str | None) -> None:
    """Show the form that a button has opened, if one has."""
    name = shown.candidate.candidate_id
    if verb := _desk().form_of(name):
        with st.container(key="answering"), st.form(f"{verb} {name}", border=False):
            if verb == "edit":
                _new_words(shown)
            _reason_and_buttons(verb, shown, following)


def attend_question(shown: ShownCandidate) -> None:
    """Bring a new question's place, or the form that was opened, into view and focus."""
    name = shown.candidate.candidate_id
    verb = _desk().form_of(name)
    packaged("opened", js="opened.js")(
        key="opened",
        data={
            "opened": f"{verb} {name}",
            "at": ".st-key-answering :is(textarea, input)" if verb else ".place",
        },
    )


def show_choices(shown: ShownCandidate, *, following: str | None, keys: bool) -> None:
    """Show the buttons, while no form is open."""
    name, decision, desk = shown.candidate.candidate_id, shown.decision, _desk()
    if desk.drawn[0] != name:
        desk.drawn = (name, time.monotonic())
    if desk.form_of(name):
        return
    with st.container(horizontal=True, key="choices"):
        st.button(
            "Accept",
            key=f"accept {name}",
            type="primary",
            disabled=decision is not None and decision.decision == "accept",
            shortcut=ACCEPT_KEYS if keys else None,
            on_click=_decide,
            args=(desk, "accept", *_about(shown), following),
        )
        for label, verb, key in (("Edit", "edit", "E"), ("Reject", "reject", "X")):
            st.button(
                label,
                key=f"{verb} {name}",
                shortcut=key if keys else None,
                on_click=_open,
                args=(desk, verb, name),
            )


def show_outcome() -> None:
    """Say what became of the last choice, with a way back to its question."""
    desk = _desk()
    if desk.outcome is None:
        return
    (said, name), desk.outcome = desk.outcome, None
    if name is None:
        st.warning(said)
        return
    with st.container(horizontal=True, key="outcome", vertical_alignment="center"):
        st.html(f'<p class="note" role="status">{said}</p>', width="content")
        st.button("Look at it again", type="tertiary", on_click=stand_at, args=(name,))


def _desk() -> Desk:
    found: Desk = st.session_state.setdefault(DESK, Desk())
    return found


def _new_words(shown: ShownCandidate) -> None:
    candidate, decision = shown.candidate, shown.decision
    st.text_area(
        "The question in your words",
        (decision and decision.edited_text) or candidate.text,
        key=f"edited text of {candidate.candidate_id}",
        max_chars=LONGEST_TEXT,
        height=130,
    )


def _reason_and_buttons(verb: Verb, shown: ShownCandidate, following: str | None) -> None:
    name = shown.candidate.candidate_id
    st.text_input("Why, if you like", key=f"reason for {name}", max_chars=LONGEST_REASON)
    with st.container(horizontal=True):
        st.form_submit_button(
            "Keep the edit" if verb == "edit" else "Reject",
            type="primary",
            on_click=_decide,
            args=(_desk(), verb, *_about(shown), following),
        )
        st.form_submit_button("Cancel", on_click=_open, args=(_desk(), None, ""))


def _about(shown: ShownCandidate) -> tuple[str, str | None]:
    """The question, and the last decision that its person sees."""
    return shown.candidate.candidate_id, shown.decision.decision_id if shown.decision else None


def _open(desk: Desk, verb: Verb | None, name: str) -> None:
    desk.form = (verb, name) if verb else None


def _decide(desk: Desk, verb: Verb, name: str, follows: str | None, following: str | None) -> None:
    """Record a choice in the name of who is there now; the next question then comes."""
    if verb == "accept" and _came_too_soon(desk, name):
        desk.outcome = (TOO_SOON, None)
        stand_at(name)
        return
    try:
        caller = current_caller()
        with session_on(database()) as session:
            decide_candidate(
                session,
                study=caller.study,
                candidate_id=name,
                decision=verb,
                follows=follows,
                edited_text=st.session_state.get(f"edited text of {name}"),
                reason=st.session_state.get(f"reason for {name}", ""),
                asked_by=caller.rater_id,
            )
    except PortalError as error:
        desk.outcome = (str(error), None)
        stand_at(name)
        return
    desk.form = None
    desk.outcome = (f"{STATES[verb].capitalize()}.", name)
    stand_at(following)


def _came_too_soon(desk: Desk, name: str) -> bool:
    """Whether nobody can have meant it: the question had hardly come, or a form was asked for.

    Typing begins before a form is there, and its first letters can be keys.
    """
    is_new = desk.drawn[0] == name and time.monotonic() - desk.drawn[1] < AT_ONCE_S
    # Keys that are pressed in a row can arrive together, and their order is then not known.
    asked = any(st.session_state.get(f"{one} {name}") for one in FORMS)
    return is_new or asked or desk.form_of(name) is not None
