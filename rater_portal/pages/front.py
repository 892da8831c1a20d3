"""The script behind every page: who is this, and what does the server show them now."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.pages.adjudicate import adjudicate
from rater_portal.pages.consent import consent, taking_part
from rater_portal.pages.frame import READING_PX, icon, plain_words, sign_out_link
from rater_portal.pages.guide import guide
from rater_portal.pages.menu import NAMES, PARTS, PLACE, asked_part, menu
from rater_portal.pages.profile import profile
from rater_portal.pages.rate import show_unit
from rater_portal.pages.review import review
from rater_portal.pages.states import show_signed_out, show_state
from rater_portal.pages.support import show_support
from rater_portal.pages.training import train, training_feedback
from rater_portal.services.accounts import Caller, SessionEndedError
from rater_portal.services.journey import ENDS, Place, Step, next_step, places
from rater_portal.session import current_caller, translator

RECONSIDER: Final = "reconsider"
"""Where a session notes that a rater who had declined reads the text again."""


def show_next(caller: Caller) -> None:
    """Lead a rater along the way: consent, profile, guide, training, units, thank-you."""
    with plain_words():
        with session_on(database()) as session:
            step = next_step(session, rater_id=caller.rater_id)
        menu(caller, step.places)
        _show(caller, step)


def _show(caller: Caller, step: Step) -> None:
    if step.kind == "declined" and st.session_state.get(RECONSIDER):
        consent(caller)
    elif step.kind in ENDS:
        show_state(caller, step)
        if step.kind == "declined":
            _offer_the_text_again(caller)
    elif step.kind == "unit" and step.unit is not None:
        # However the rater left the last unit: this run has found the next one.
        show_unit(caller, step.unit, is_synthetic=step.synthetic)
    elif step.kind == "training":
        train(caller, step)
    else:
        BEFORE[step.kind](caller)
        sign_out_link(translator(caller))


def _offer_the_text_again(caller: Caller) -> None:
    with st.container(width=READING_PX):
        if st.button(translator(caller)("Read the text again")):
            st.session_state[RECONSIDER] = True
            st.rerun()


BEFORE: Final[Mapping[str, Callable[[Caller], None]]] = {
    "consent": consent,
    "profile": partial(profile, first_time=True),
    "guide": guide,
    "feedback": training_feedback,
}
PLACES: Final[Mapping[Place, Callable[[Caller], None]]] = {
    "judgments": review,
    "profile": partial(profile, first_time=False),
    "taking_part": taking_part,
    "support": show_support,
}


def show_place(caller: Caller, place: Place, known: Sequence[Place]) -> None:
    """Show one of the places besides the way, to whom it is open."""
    with plain_words():
        menu(caller, known, here=place)
        PLACES[place](caller)
        if place != "judgments":  # a judgment that is opened there has a way out of its own
            sign_out_link(translator(caller))


def show_study() -> None:
    """Show a coordinator or an analyst the study."""
    # Tables and figures take as much memory as all the rest: whoever serves raters alone has none.
    from rater_portal.pages.coordinate import coordinate

    with plain_words():
        coordinate(current_caller())


def show_adjudication() -> None:
    """Show an adjudicator what raters disagree on."""
    with plain_words():
        adjudicate(current_caller())


def page_for(caller: Caller) -> st.Page:
    """The page that this caller has asked for, of those there are for the caller."""
    _ = translator(caller)
    if caller.role in ("coordinator", "analyst"):
        return st.Page(show_study, title=PARTS[asked_part()], default=True)
    if caller.role == "adjudicator":
        return st.Page(show_adjudication, title=_("Adjudication"), default=True)
    # In the query and not in the path: Streamlit would look for itself below a path, in vain.
    if PLACE in st.query_params:
        with session_on(database()) as session:
            known = places(session, rater_id=caller.rater_id)
        for place in known:
            if st.query_params[PLACE] == place:
                show = partial(show_place, caller, place, known)
                return st.Page(show, title=_(NAMES[place]), default=True)
    return st.Page(partial(show_next, caller), title=_("Judge answers"), default=True)


def front() -> None:
    """Choose this caller's page, and run it."""
    try:
        caller = current_caller()
    except SessionEndedError:
        show_signed_out()
        st.stop()
    st.navigation([page_for(caller)], position="hidden").run()


st.set_page_config(layout="wide", page_icon=icon())
front()
