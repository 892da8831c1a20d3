"""The state of a study, what raters are told by it, and the doors of crowd platforms."""

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.errors import PortalError
from rater_portal.pages.tables import plain_table
from rater_portal.services.accounts import Caller
from rater_portal.services.panels import panels
from rater_portal.services.progress import Progress
from rater_portal.services.states import (
    LONGEST_MESSAGE,
    close_study,
    lock_study,
    pause_study,
    reopen_study,
)
from rater_portal.session import current_caller

FORMS_PX = 640
MEANINGS = {
    "open": "The study is open: raters judge.",
    "paused": "The study is paused: nobody can submit, and all drafts are kept.",
    "closed": "The study is closed: nobody can submit, and all drafts are kept.",
    "locked": "The study is locked: nothing in it can ever be changed again.",
}
PANELS = {
    "panel": "Door",
    "adapter": "Platform",
    "rater_group": "Group",
    "open": "Open",
    "entered": "People inside",
    "capacity": "Room for",
}
ABOUT_LOCKING = (
    "A locked study takes no judgment, no draft and no change ever again, and cannot be opened "
    "anew. Lock it when the analysis begins."
)


def show_state(caller: Caller, study: Progress) -> None:
    """Show what state the study is in; to a coordinator, what can be done about it."""
    st.markdown(f"**{MEANINGS[study.state]}**")
    if study.message:
        st.markdown("Raters are told:")
        st.code(study.message, language=None, wrap_lines=True)
    if study.back_at:
        st.markdown(f"They are asked to come back after {study.back_at:%Y-%m-%d %H:%M} UTC.")
    if caller.role != "coordinator":
        return
    if study.state != "locked":
        with st.container(width=FORMS_PX):
            _offer_changes(study)
            _offer_lock(study)
    _show_panels(caller, study)


def _offer_changes(study: Progress) -> None:
    if study.state != "open" and st.button("Open the study again", type="primary"):
        _act(reopen_study)
    if study.state in ("open", "paused"):
        _pause_form()
        _close_form()


def _pause_form() -> None:
    with st.expander("Pause the study"), st.form("pause", border=False):
        message = st.text_area("What raters are told", max_chars=LONGEST_MESSAGE)
        day = st.date_input("Day on which they may come back", value=None)
        time = st.time_input("Time, UTC", value=None)
        if st.form_submit_button("Pause"):
            midnight = datetime.min.time()
            back_at = datetime.combine(day, time or midnight, UTC) if day else None
            _act(pause_study, message=message, back_at=back_at)


def _close_form() -> None:
    with st.expander("Close the study"), st.form("close", border=False):
        message = st.text_area("What raters are told", max_chars=LONGEST_MESSAGE)
        if st.form_submit_button("Close"):
            _act(close_study, message=message)


def _offer_lock(study: Progress) -> None:
    with st.expander("Lock the study for good"), st.form("lock", border=False):
        st.markdown(ABOUT_LOCKING)
        typed = st.text_input(f"To lock it, type its name: {study.name}")
        if st.form_submit_button("Lock for good"):
            if typed.strip() == study.name:
                _act(lock_study)
            else:
                st.error("This is not the study's name. Nothing was locked.")


def _show_panels(caller: Caller, study: Progress) -> None:
    with session_on(database()) as session:
        doors = panels(session, study=study.name, asked_by=caller.rater_id)
    st.header("Doors for crowd platforms", anchor=False)
    if doors.empty:
        st.markdown("There are none. `equitymedqa panel open` opens one.")
    else:
        plain_table(doors, PANELS)


def _act(change: Callable[..., None], **how: object) -> None:
    """Make a change in the name of who is there now, and show the study as it is then."""
    try:
        caller = current_caller()
        with session_on(database()) as session:
            change(session, study=caller.study, asked_by=caller.rater_id, **how)
    except PortalError as error:
        st.error(str(error))
    else:
        st.rerun()
