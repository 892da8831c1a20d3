"""Where an adjudicator decides what raters disagree on: the desk, one unit at a time."""

from collections.abc import Callable

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.errors import ClosedStudyError
from rater_portal.language import mark
from rater_portal.pages.frame import READING_PX, attend, sign_out_link, style
from rater_portal.pages.rate import show_unit
from rater_portal.services.accounts import Caller
from rater_portal.services.adjudication import next_adjudication
from rater_portal.session import translator

NOTHING = mark(
    "There is nothing for you to decide right now. Units come here once all their raters have "
    "judged them and disagree. Please look in again tomorrow."
)


def adjudicate(caller: Caller) -> None:
    """Lay the next unit in dispute on the desk, or say that there is none."""
    _ = translator(caller)
    try:
        with session_on(database()) as session:
            unit = next_adjudication(session, rater_id=caller.rater_id)
    except ClosedStudyError as error:
        _say(_, error.worded(_))
        return
    if unit is None:
        _say(_, _(NOTHING))
    else:
        show_unit(caller, unit, is_synthetic=unit.synthetic)


def _say(_: Callable[[str], str], words: str) -> None:
    style()
    attend("adjudication")
    with st.container(width=READING_PX):
        st.title(_("Adjudication"), anchor=False)
        st.markdown(words)
    sign_out_link(_)
