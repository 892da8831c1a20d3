"""The script behind every page: who is this, and what does the server show them now."""

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.errors import PortalError
from rater_portal.pages.coordinate import coordinate
from rater_portal.pages.frame import ASSETS, plain_words
from rater_portal.pages.guide import guide
from rater_portal.pages.rate import rate
from rater_portal.services.guidance import guide_for
from rater_portal.session import current_caller


def show_rater() -> None:
    """Lead a rater through guide, units and thank-you; the address never changes."""
    with plain_words():
        caller = current_caller()
        with session_on(database()) as session:
            text = guide_for(session, rater_id=caller.rater_id)
        if text.finished:
            rate(caller, is_synthetic=text.synthetic)
        else:
            guide(caller, text)


def show_coordinator() -> None:
    """Show a coordinator the study."""
    with plain_words():
        coordinate(current_caller())


def front() -> None:
    """Choose the only page that this caller has."""
    try:
        caller = current_caller()
    except PortalError as error:
        st.error(str(error))
        st.stop()
    if caller.role == "coordinator":
        page = st.Page(show_coordinator, title="Study", default=True)
    else:
        page = st.Page(show_rater, title="Judge answers", default=True)
    st.navigation([page], position="hidden").run()


st.set_page_config(layout="wide", page_icon=str(ASSETS / "icon.svg"))
front()
