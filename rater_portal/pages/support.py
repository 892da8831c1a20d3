"""Somebody to turn to: the contacts that the study has set."""

from html import escape

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.pages.frame import READING_PX, attend, style
from rater_portal.services.accounts import Caller
from rater_portal.services.care import support
from rater_portal.session import translator


def show_support(caller: Caller) -> None:
    """Show whom this rater can turn to, and that stopping is always right."""
    _ = translator(caller)
    with session_on(database()) as session:
        contacts = support(session, rater_id=caller.rater_id)
    style()
    attend("support")
    with st.container(width=READING_PX):
        st.title(_("If something you read stays with you"), anchor=False)
        st.markdown(
            _(
                "Some of these texts are hard to read. You may stop, skip a unit or take a break "
                "whenever you want: it costs you nothing. You can also turn to these people:"
            )
        )
        rows = "".join(
            f'<li dir="auto"><strong>{escape(one.name)}</strong> ({escape(one.region)})<br>'
            f"{escape(one.contact)}</li>"
            for one in contacts
        )
        st.html(f'<ul class="contacts">{rows}</ul>')
