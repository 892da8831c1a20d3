"""The workspace of who runs or analyses a study: one line of state, and one part at a time.

Each part is imported when it is opened: the numbers alone bring more libraries than all the rest.
"""

from collections.abc import Callable
from html import escape

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.pages.frame import attend, sign_out_link, style, synthetic_notice
from rater_portal.pages.menu import PARTS, Part, asked_part, study_menu
from rater_portal.services.accounts import Caller
from rater_portal.services.candidates import has_candidates
from rater_portal.services.progress import Progress, overview

Screen = Callable[[Caller, Progress], None]


def coordinate(caller: Caller) -> None:
    """Show the part of the study that was asked for, under its menu."""
    with session_on(database()) as session:
        study = overview(session, study=caller.study, asked_by=caller.rater_id)
        is_reviewed = has_candidates(session, study=caller.study, asked_by=caller.rater_id)
    part = asked_part()
    style()
    attend(f"study {part}")
    study_menu(caller, here=part, parts=[one for one in PARTS if one != "questions" or is_reviewed])
    st.html(f'<p class="study-line">{escape(study.title)} <span>{study.state}</span></p>')
    st.title(PARTS[part], anchor=False)
    synthetic_notice(is_synthetic=study.synthetic)
    _screen(part)(caller, study)
    sign_out_link()


def _screen(part: Part) -> Screen:
    match part:
        case "progress":
            from rater_portal.pages.progress import show_progress

            return show_progress
        case "raters":
            from rater_portal.pages.raters import show_raters

            return show_raters
        case "results":
            from rater_portal.pages.results import show_results

            return show_results
        case "record":
            from rater_portal.pages.record import show_record

            return show_record
        case "study":
            from rater_portal.pages.study import show_state

            return show_state
        case "questions":
            from rater_portal.pages.questions import show_questions

            return show_questions
