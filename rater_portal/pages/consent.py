"""Taking part: the text that a rater agrees to or not, and the way out of the study."""

from html import escape

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.pages.frame import READING_PX, attend, show_prose, style, synthetic_notice
from rater_portal.services.accounts import Caller
from rater_portal.services.consent import (
    Sheet,
    consent_sheet,
    decide,
    withdraw,
    withdrawal_words,
)
from rater_portal.session import reader_of, translator

LEAVING = "leaving"
"""Where a session notes that the rater has asked to leave and not yet confirmed it."""


def consent(caller: Caller) -> None:
    """Show the text and let the rater agree, or say no."""
    _ = translator(caller)
    sheet = _sheet(caller)
    if sheet is None:
        return
    style()
    attend("consent")
    synthetic_notice(is_synthetic=sheet.synthetic, say=_)
    with st.container(width=READING_PX):
        st.title(_("Would you like to take part?"), anchor=False)
        st.html(f"<p><strong>{escape(sheet.title)}</strong></p>")
        with st.container(border=True, key="shown_text"):
            show_prose(sheet.text, language=sheet.language)
        st.markdown(_("You can leave the study at any time, without giving a reason."))
        with st.container(horizontal=True):
            if st.button(_("I agree and take part"), type="primary"):
                _decide(caller, sheet, agrees=True)
            if st.button(_("No, thank you")):
                _decide(caller, sheet, agrees=False)


def taking_part(caller: Caller) -> None:
    """Show what was agreed to, and the way out."""
    _ = translator(caller)
    sheet = _sheet(caller)
    style()
    attend("taking part")
    with st.container(width=READING_PX):
        st.title(_("Taking part"), anchor=False)
        if sheet is not None and sheet.agreement == "given":
            st.markdown(_("You agreed to this text:"))
            with st.container(border=True, key="shown_text"):
                show_prose(sheet.text, language=sheet.language)
        st.header(_("Leave the study"), anchor=False)
        st.markdown(_("You can leave at any time. You need not say why, and nobody will ask."))
        if st.session_state.get(LEAVING):
            _confirm_leaving(caller)
        elif st.button(_("Leave the study ...")):
            st.session_state[LEAVING] = True
            st.rerun()


def _confirm_leaving(caller: Caller) -> None:
    _ = translator(caller)
    language = reader_of(caller).language.code
    with session_on(database()) as session:
        words = withdrawal_words(session, rater_id=caller.rater_id, language=language)
    with st.container(border=True):
        st.markdown(f"**{_('Do you want to leave now?')}** {words}")
        with st.container(horizontal=True):
            if st.button(_("Leave now"), type="primary"):
                with session_on(database()) as session:
                    withdraw(session, rater_id=caller.rater_id, language=language)
                del st.session_state[LEAVING]
                st.rerun()
            if st.button(_("Stay")):
                del st.session_state[LEAVING]
                st.rerun()


def _decide(caller: Caller, sheet: Sheet, *, agrees: bool) -> None:
    with session_on(database()) as session:
        decide(
            session,
            rater_id=caller.rater_id,
            sheet=sheet,
            decision="given" if agrees else "declined",
        )
    st.rerun()


def _sheet(caller: Caller) -> Sheet | None:
    with session_on(database()) as session:
        return consent_sheet(
            session, rater_id=caller.rater_id, language=reader_of(caller).language.code
        )
