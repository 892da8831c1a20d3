"""What a rater sees when there is nothing left to judge."""

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.pages.frame import attend, sign_out_link, style, synthetic_notice
from rater_portal.services.accounts import Caller
from rater_portal.services.assignment import judged_count


def thanks(caller: Caller, *, is_synthetic: bool) -> None:
    """Thank the rater, with the count."""
    with session_on(database()) as session:
        count = judged_count(session, caller.rater_id)
    style()
    synthetic_notice(is_synthetic=is_synthetic)
    attend("thanks")
    st.title("Thank you", anchor=False)
    if count:
        st.markdown(
            f"You have judged **{count} {'unit' if count == 1 else 'units'}**, and all of them "
            "are stored. There is nothing left for you to judge at the moment."
        )
    else:
        st.markdown("There is nothing for you to judge at the moment. Please come back later.")
    st.markdown("You can close this page. If more becomes available, open it again.")
    sign_out_link()
