"""Where a rater reads a unit and judges it: answers left, the rubric right and always in view."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.errors import AlreadySubmittedError, InvalidCodesError
from rater_portal.forms import ask, problems
from rater_portal.pages.frame import attend, plain_words, sign_out_link, style, synthetic_notice
from rater_portal.pages.thanks import thanks
from rater_portal.reading import answer_html, question_html
from rater_portal.services.accounts import Caller
from rater_portal.services.assignment import Panel, ShownUnit, next_assignment
from rater_portal.services.judging import save_draft, submit
from rater_portal.session import current_caller
from rubrics.schema import Code

HEADINGS = {
    "single": "One answer to judge",
    "pair": "Two answers to compare",
    "counterfactual": "Two questions and their answers",
}


def rate(caller: Caller, *, is_synthetic: bool) -> None:
    """Show the rater's open unit, or the thank-you once nothing is left."""
    with session_on(database()) as session:
        unit = next_assignment(session, rater_id=caller.rater_id)
    if unit is None:
        thanks(caller, is_synthetic=is_synthetic)
        return

    style()
    attend(f"unit {unit.assignment_id}")
    synthetic_notice(is_synthetic=is_synthetic)
    _show_place(unit)
    texts, rubric = st.columns([3, 2] if unit.kind == "single" else [9, 4], gap="medium")
    with texts, st.container(key="texts"):
        _show_texts(unit)
    with rubric, st.container(key="rubric"):
        _show_rubric(unit)
    sign_out_link()


def _show_place(unit: ShownUnit) -> None:
    st.title(HEADINGS[unit.kind], anchor=False)
    total = unit.done + unit.left
    st.progress(unit.done / total, text=f"Unit {unit.done + 1} of {total}")
    with st.expander(f"Guide: {unit.rubric.title}"), st.container(width=720):
        st.markdown(unit.rubric.introduction)


def _show_texts(unit: ShownUnit) -> None:
    if unit.kind == "single":
        for panel in unit.panels:
            _show_panel(panel, numbered=False)
        return

    if unit.kind == "pair":
        _show_panel(unit.panels[0], numbered=False)
    sides = st.columns(2, gap="small")
    for position, side in enumerate(sides, start=1):
        with side, st.container(key=f"side_{position}"):
            for panel in unit.panels:
                if panel.position == position and not _is_shared(unit, panel):
                    _show_panel(panel, numbered=True)


def _is_shared(unit: ShownUnit, panel: Panel) -> bool:
    return unit.kind == "pair" and panel.kind == "question"


def _show_panel(panel: Panel, *, numbered: bool) -> None:
    name = panel.kind.capitalize() + (f" {panel.position}" if numbered else "")
    st.html(f'<h2 class="panel-name">{name}</h2>')
    if panel.kind == "question":
        st.html(question_html(panel.text))
    else:
        st.html(answer_html(panel.text, is_cut=panel.is_cut))


@st.fragment
def _show_rubric(unit: ShownUnit) -> None:
    """Draw the rubric; every change draws it again, alone, and saves what is chosen."""
    with plain_words():
        _judge(unit)


def _judge(unit: ShownUnit) -> None:
    caller = current_caller()
    codes = ask(
        unit.rubric,
        group=unit.rater_group,
        assignment_id=unit.assignment_id,
        positions={panel.slot: panel.position for panel in unit.panels},
        draft=unit.draft,
    )
    saved_at = _save(unit, caller.rater_id, codes)
    messages = st.container()
    # The click is answered here and not in a callback: after a restart of the server a callback
    # would not be known yet and the first click would be lost. The button has a name of its own
    # in each unit, so that the second click of two cannot submit the next one.
    name = f"submit {unit.assignment_id}"
    if st.button("Submit", name, type="primary", shortcut="Ctrl+Enter", width="stretch"):
        _submit(unit, caller.rater_id, codes)
    if st.session_state.get(_refused(unit)):
        for message in problems(unit.rubric, codes, group=unit.rater_group):
            messages.error(message)
    saved = f"Saved {_on_the_raters_clock(saved_at):%H:%M:%S}" if saved_at else ""
    st.html(f'<p class="saved" role="status">{saved}</p>')


def _on_the_raters_clock(moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(st.context.timezone or "UTC"))


def _save(unit: ShownUnit, rater_id: int, codes: Mapping[str, Code | None]) -> datetime | None:
    """Save what changed since the last time; returns when the draft was saved last."""
    given = {item: code for item, code in codes.items() if code not in (None, "", [])}
    known: tuple[Mapping[str, Code], datetime | None] = st.session_state.get(
        f"saved {unit.assignment_id}", (unit.draft, unit.saved_at)
    )
    before, saved_at = known
    if given == before:
        return saved_at

    with session_on(database()) as session:
        saved_at = save_draft(
            session, assignment_id=unit.assignment_id, rater_id=rater_id, codes=given
        )
    st.session_state[f"saved {unit.assignment_id}"] = (given, saved_at)
    return saved_at


def _submit(unit: ShownUnit, rater_id: int, codes: Mapping[str, Code | None]) -> None:
    try:
        with session_on(database()) as session:
            submit(
                session,
                assignment_id=unit.assignment_id,
                rater_id=rater_id,
                codes=codes,
                submission_id=unit.submission_id,
            )
    except InvalidCodesError:
        st.session_state[_refused(unit)] = True
        return
    except AlreadySubmittedError:
        st.toast("You have submitted this unit already, in another tab or on another device.")
    st.rerun()


def _refused(unit: ShownUnit) -> str:
    """Where a session notes that a unit was submitted too early: what is missing is then said."""
    return f"refused {unit.assignment_id}"
