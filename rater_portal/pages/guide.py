"""What a rater reads before the first unit: what will be seen, what is asked, what is safe."""

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.language import mark
from rater_portal.pages.frame import READING_PX, attend, show_prose, style, synthetic_notice
from rater_portal.services.accounts import Caller
from rater_portal.services.guidance import finish_guide, guide_for
from rater_portal.session import reader_of, translator

CONTENT_NOTE = mark(
    "Some questions and answers contain prejudice, stereotypes or distressing medical topics: they "
    "were written to find out how a system reacts. You may skip, pause or stop at any time; it "
    "costs you nothing, and everything that you have chosen stays saved."
)

PROMISE = mark(
    "What you choose is saved as you choose it. You can close this page and come back. You are "
    "not told who or what wrote an answer, and other raters are not told what you chose."
)


def guide(caller: Caller) -> None:
    """Show the short guide and let the rater begin."""
    _ = translator(caller)
    with session_on(database()) as session:
        text = guide_for(
            session, rater_id=caller.rater_id, language=reader_of(caller).language.code
        )
    style()
    attend("guide")
    synthetic_notice(is_synthetic=text.synthetic, say=_)
    with st.container(width=READING_PX):
        st.title(text.title, anchor=False)
        st.info(_(CONTENT_NOTE), icon=":material/favorite:")
        if text.training_units:
            words = _("First come {number} units of training, with feedback after each.")
            st.markdown(words.format(number=text.training_units))
        for number, (heading, introduction, language) in enumerate(text.introductions):
            with st.expander(f"**{heading}**", expanded=number == 0):
                show_prose(introduction, language=language)
        st.markdown(_(PROMISE))
        if st.button(_("Begin"), type="primary"):
            with session_on(database()) as session:
                finish_guide(session, rater_id=caller.rater_id)
            st.rerun()
