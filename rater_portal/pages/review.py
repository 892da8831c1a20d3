"""A rater's own judgments: all of them in a list, each to be read again and changed."""

from html import escape
from typing import Final

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.errors import PortalError
from rater_portal.language import Reader, mark
from rater_portal.pages.frame import attend, sign_out_link, style, synthetic_notice
from rater_portal.pages.rate import show_unit
from rater_portal.services.accounts import Caller
from rater_portal.services.guidance import guide_for
from rater_portal.services.revising import OwnJudgment, own_judgments, unit_to_revise
from rater_portal.services.showing import ShownUnit
from rater_portal.session import reader_of
from rater_portal.wire import TITLES

OPENED: Final = "review opened"
"""Where a session notes which unit is read again; whose it is, is checked at every run."""

CHANGED: Final = "review changed"
SHOWN: Final = "review shown"
AT_ONCE: Final = 20
"""Judgments in the list before older ones are asked for."""

STORED: Final = mark("Your change is stored. What you had judged before stays on record with it.")


def review(caller: Caller) -> None:
    """Show the list, or the unit that was chosen from it."""
    reader = reader_of(caller)
    style()
    unit = _opened(caller, reader)
    if unit is None:
        _show_list(caller, reader)
        sign_out_link(reader.say)
        return

    if left := show_unit(caller, unit, is_synthetic=_is_synthetic(caller)):
        st.session_state[CHANGED] = left == "submitted"
        del st.session_state[OPENED]
        st.rerun()


def _opened(caller: Caller, reader: Reader) -> ShownUnit | None:
    """The unit that was chosen, unless it cannot be changed now; then the page says why."""
    assignment_id = st.session_state.get(OPENED)
    if assignment_id is None:
        return None
    try:
        with session_on(database()) as session:
            return unit_to_revise(session, assignment_id=assignment_id, rater_id=caller.rater_id)
    except PortalError as error:
        st.error(error.worded(reader.say))
        del st.session_state[OPENED]
        return None


def _show_list(caller: Caller, reader: Reader) -> None:
    with session_on(database()) as session:
        judged = own_judgments(session, rater_id=caller.rater_id)
    attend("judgments")
    synthetic_notice(is_synthetic=_is_synthetic(caller), say=reader.say)
    with st.container(width=860):
        st.title(reader.say("My judgments"), anchor=False)
        if st.session_state.pop(CHANGED, False):
            st.success(reader.say(STORED))
        if not judged:
            st.markdown(reader.say("You have judged nothing yet."))
            return
        st.markdown(
            reader.say(
                "You can read each unit again and change your judgment, as long as the study is "
                "open. You are asked for a reason."
            )
        )
        shown = st.session_state.get(SHOWN, AT_ONCE)
        for number, one in enumerate(judged[:shown]):
            _show_judgment(one, len(judged) - number, reader)
        if len(judged) > shown and st.button(reader.say("Show older ones")):
            st.session_state[SHOWN] = shown + AT_ONCE
            st.rerun()


def _show_judgment(one: OwnJudgment, number: int, reader: Reader) -> None:
    heading = f"{reader.number(number)}. {reader.say(TITLES[one.kind])}"
    judged = reader.say("Judged on {when}.", when=reader.day_and_time(one.submitted_at))
    if one.changed_at is not None:
        judged += " " + reader.say("Changed on {when}.", when=reader.day_and_time(one.changed_at))
    with st.container(border=True):
        st.html(
            f"<h2>{escape(heading)}</h2>"
            f'<p class="question" dir="auto">{escape(one.question)}</p>'
            f'<p class="note">{escape(judged)}</p>'
        )
        label = reader.say("Read unit {number} again", number=reader.number(number))
        if st.button(label, key=f"open {one.assignment_id}"):
            st.session_state[OPENED] = one.assignment_id
            st.rerun()


def _is_synthetic(caller: Caller) -> bool:
    with session_on(database()) as session:
        return guide_for(session, rater_id=caller.rater_id).synthetic
