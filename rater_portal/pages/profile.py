"""What raters may say of themselves: every question optional, every answer theirs to change."""

from collections.abc import Callable

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.language import mark
from rater_portal.pages.frame import READING_PX, attend, style, synthetic_notice
from rater_portal.services.accounts import Caller
from rater_portal.services.profiles import (
    LONGEST_TEXT,
    Answer,
    ProfileSheet,
    profile_sheet,
    save_profile,
)
from rater_portal.session import reader_of, translator
from rubrics.conduct import NOT_SAID, SELF_DESCRIBED, ProfileField

PURPOSE = mark(
    "Your answers help to understand whether people with different lives see different things. "
    "You need not answer anything, and you can change or remove an answer at any time. They are "
    "kept apart from your judgments and are only ever reported for groups."
)


def profile(caller: Caller, *, first_time: bool) -> None:
    """Show the questions and keep the answers."""
    _ = translator(caller)
    sheet = _sheet(caller)
    style()
    attend("profile")
    synthetic_notice(is_synthetic=sheet.synthetic, say=_)
    with st.container(width=READING_PX):
        st.title(_("About you"), anchor=False)
        st.markdown(_(PURPOSE))
        answers = {field.id: _ask(field, sheet.answers.get(field.id), _) for field in sheet.fields}
        if st.button(_("Save and go on") if first_time else _("Save"), type="primary"):
            with session_on(database()) as session:
                save_profile(session, rater_id=caller.rater_id, answers=answers)
            st.session_state["profile saved"] = True
            st.rerun()
        if not first_time and st.session_state.pop("profile saved", False):
            st.success(_("Your answers are saved."))


def _sheet(caller: Caller) -> ProfileSheet:
    with session_on(database()) as session:
        return profile_sheet(
            session, rater_id=caller.rater_id, language=reader_of(caller).language.code
        )


def _ask(field: ProfileField, said: Answer | None, _: Callable[[str], str]) -> Answer:
    """One question with its options, and what stands there now."""
    said = said or Answer()
    with st.container(border=True):
        if field.kind == "text":
            return Answer(words=_words(field, said, field.text, long=True))
        labels = {option.code: option.label for option in field.options}
        if field.self_describe:
            labels[SELF_DESCRIBED] = _("I use words of my own")
        labels[NOT_SAID] = _("I prefer not to say")
        chosen = _choose(field, labels, said)
        words = ""
        if SELF_DESCRIBED in chosen:
            words = _words(field, said, _("In my own words"), long=False)
        if field.help:
            st.caption(field.help)
    return Answer(codes=chosen, words=words)


def _choose(field: ProfileField, labels: dict[str, str], said: Answer) -> tuple[str, ...]:
    codes = list(labels)
    known = [code for code in said.codes if code in codes]
    if field.kind == "multichoice":
        return tuple(
            st.pills(
                field.text,
                codes,
                selection_mode="multi",
                default=known,
                format_func=labels.__getitem__,
                key=f"profile {field.id}",
                wrap=True,
            )
        )
    chosen = st.radio(
        field.text,
        codes,
        index=codes.index(known[0]) if known else None,
        format_func=labels.__getitem__,
        key=f"profile {field.id}",
    )
    return () if chosen is None else (chosen,)


def _words(field: ProfileField, said: Answer, label: str, *, long: bool) -> str:
    ask = st.text_area if long else st.text_input
    return ask(label, said.words, max_chars=LONGEST_TEXT, key=f"words {field.id}", help=None) or ""
