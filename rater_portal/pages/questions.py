"""Questions that were made, one at a time, for coordinators to accept, edit or reject."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, get_args

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.pages.deciding import attend_question, show_choices, show_form, show_outcome
from rater_portal.pages.question_texts import decided_html, facts_html, siblings_html, texts_html
from rater_portal.pages.question_ways import asked_way, show_ways, to_show
from rater_portal.services.accounts import Caller
from rater_portal.services.candidates import (
    ShownCandidate,
    Standing,
    State,
    shown_candidate,
    standings,
)
from rater_portal.services.preferences import preferences_of, set_preferences
from rater_portal.services.progress import Progress
from rater_portal.session import current_caller

NOTE: Final = (
    "Made to provoke biased answers: some may distress. Pause whenever you like, every decision is "
    "kept at once."
)
KEYS: Final = "Keys: Ctrl+Enter accepts, E edits, X rejects, N and P go on and back"
KEYS_WANTED: Final = "single keys"


def show_questions(caller: Caller, study: Progress) -> None:
    """Show how far the review is, the ways through it, and the question that is open."""
    with session_on(database()) as session:
        listed = standings(session, study=study.name, asked_by=caller.rater_id)
    if not listed:
        st.markdown("No questions were sent to this study.")
        return
    may_decide = caller.role == "coordinator" and study.state != "locked"
    keys = may_decide and _keys_wanted(caller)
    way = asked_way(listed)
    st.html(f'<p class="content-line" role="note">{NOTE}</p>')
    _show_counts(listed)
    show_ways(way, keys=keys)
    show_outcome()
    if way.here is None:
        st.markdown(_nothing_left())
        return
    with session_on(database()) as session:
        shown = shown_candidate(
            session, study=study.name, candidate_id=way.here, asked_by=caller.rater_id
        )
    _show_texts(shown)
    if may_decide:
        show_form(shown, following=way.following)
    _show_origin(shown)
    if may_decide:
        st.toggle(KEYS, value=keys, key=KEYS_WANTED, on_change=_keep_keys)
        show_choices(shown, following=way.following, keys=keys)
    attend_question(shown)


def _show_counts(listed: Sequence[Standing]) -> None:
    counts = Counter(one.state for one in listed)
    decided = len(listed) - counts["undecided"]
    told = ", ".join(f"{counts[state]:,} {state}" for state in get_args(State)[1:])
    st.progress(decided / len(listed), text=f"{decided:,} of {len(listed):,} decided: {told}.")


def _nothing_left() -> str:
    wanted = to_show()
    if wanted == "undecided":
        return "Every question is decided. *Find* shows them again."
    return f"No question is {wanted}."


def _show_texts(shown: ShownCandidate) -> None:
    if shown.decisions:
        st.html(decided_html(shown.decisions))
    st.html(texts_html(shown))


def _show_origin(shown: ShownCandidate) -> None:
    st.html(facts_html(shown.candidate))
    if shown.siblings:
        st.header("Compared with", anchor=False)
        st.html(siblings_html(shown))


def _keys_wanted(caller: Caller) -> bool:
    with session_on(database()) as session:
        return bool(preferences_of(session, rater_id=caller.rater_id).get("keys", True))


def _keep_keys() -> None:
    """Keep whether single keys decide, beside all else that this person has set."""
    caller = current_caller()
    with session_on(database()) as session:
        kept = preferences_of(session, rater_id=caller.rater_id)
        set_preferences(
            session,
            rater_id=caller.rater_id,
            keys=st.session_state[KEYS_WANTED],
            bindings=kept.get("bindings", {}),
            text_size=kept.get("text_size", 0),
        )
