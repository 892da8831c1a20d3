"""What a rater reads before the first unit: what will be seen, what is asked, what is safe."""

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.pages.frame import attend, sign_out_link, style, synthetic_notice
from rater_portal.services.accounts import Caller
from rater_portal.services.guidance import Guide, finish_guide

CONTENT_NOTE = (
    "Some questions and answers contain prejudice, stereotypes or distressing medical topics: they "
    "were written to find out how a system reacts. You may pause or stop at any time, and "
    "everything that you have chosen stays saved."
)

PROMISE = (
    "What you choose is saved as you choose it. You can close this page and come back. You are "
    "not told who or what wrote an answer, and other raters are not told what you chose."
)


def guide(caller: Caller, text: Guide) -> None:
    """Show the short guide and let the rater begin."""
    style()
    attend("guide")
    st.title(text.title, anchor=False)
    with st.container(width=760):
        synthetic_notice(is_synthetic=text.synthetic)
        st.info(CONTENT_NOTE, icon=":material/favorite:")
        for number, (heading, introduction) in enumerate(text.introductions):
            with st.expander(f"**{heading}**", expanded=number == 0):
                st.markdown(introduction)
        st.markdown(PROMISE)
        if st.button("Begin", type="primary"):
            with session_on(database()) as session:
                finish_guide(session, rater_id=caller.rater_id)
            st.rerun()
    sign_out_link()
