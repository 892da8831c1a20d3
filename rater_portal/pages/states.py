"""A page for every state in which there is nothing to judge: what happened, and what comes next."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.language import Reader, mark
from rater_portal.pages.frame import READING_PX, attend, sign_out_link, style, synthetic_notice
from rater_portal.services.accounts import Caller
from rater_portal.services.care import support
from rater_portal.services.handover import Handover, hand_over
from rater_portal.services.journey import Step, StepKind
from rater_portal.session import reader_of


@dataclass(frozen=True)
class State:
    """What one state's page says, in English; `{when}` is the moment to come back."""

    title: str
    sentences: tuple[str, ...]
    when: str | None = None
    """Said where it is known when to come back."""

    otherwise: str | None = None
    """Said where it is not."""


STORED: Final = mark("Everything that you have judged is stored. You can close this page.")
KEPT: Final = mark("What you have chosen so far is kept. You can close this page.")
ASK: Final = mark("If you think that this is a mistake, please write to your study coordinator.")

STATES: Final[Mapping[StepKind, State]] = {
    "nothing_now": State(
        mark("Nothing to judge right now"),
        (
            mark("Other people are working on what is left. Some of it may come to you later."),
            STORED,
        ),
        when=mark("Please look in again after {when}."),
        otherwise=mark("Please look in again tomorrow."),
    ),
    "daily_limit": State(
        mark("That is enough for today"),
        (
            mark(
                "You have judged as much as this study asks of one person in a day. Reading such "
                "texts is tiring, and a rested eye sees more."
            ),
            STORED,
        ),
        when=mark("You can go on from {when}."),
        otherwise=mark("You can go on tomorrow."),
    ),
    "paused": State(
        mark("The study is paused"),
        (mark("The study coordinator has stopped it for a while. You did nothing wrong."), KEPT),
        when=mark("Please come back after {when}."),
        otherwise=mark("Please look in again in a few days, with this page's address."),
    ),
    "finished": State(
        mark("Thank you"),
        (mark("You have judged all that this study had for you."), STORED),
    ),
    "closed": State(
        mark("The study is over"),
        (mark("It takes no more judgments. Thank you for having taken part."), STORED),
    ),
    "withdrawn": State(
        mark("You have left the study"),
        (
            mark("You will get nothing more to judge, and nobody will ask you why."),
            mark("If you have questions about what you judged, write to your study coordinator."),
        ),
    ),
    "declined": State(
        mark("You have decided not to take part"),
        (
            mark("That is fine, and you do not have to say why."),
            mark("If you change your mind, you can read the text again and agree."),
        ),
    ),
    "screened_out": State(
        mark("Thank you for trying"),
        (
            mark(
                "The practice units decide who goes on, and this time it is not you. That says "
                "nothing about you: people understand such questions in different ways, and this "
                "study needs one of them."
            ),
            mark("You have nothing more to do here. You can close this page."),
            ASK,
        ),
    ),
}

SIGNED_OUT: Final = State(
    mark("You are signed out"),
    (
        mark("You signed out in another tab, or the time for which a link lasts is over."),
        mark("What you have judged is stored, and what you had chosen is kept."),
        mark("To go on, please ask your study coordinator for a new link."),
    ),
)


def show_state(caller: Caller, step: Step) -> None:
    """Show the page of a state in which there is nothing to judge."""
    reader = reader_of(caller)
    with session_on(database()) as session:
        way_back = hand_over(session, rater_id=caller.rater_id, step=step)
        contacts = support(session, rater_id=caller.rater_id)
    style()
    attend(step.kind)
    synthetic_notice(is_synthetic=step.synthetic, say=reader.say)
    with st.container(width=READING_PX):
        _show(STATES[step.kind], step, reader)
        if way_back is not None:
            _show_way_back(way_back, reader)
        if contacts:
            _show_contacts([(one.name, one.contact, one.region) for one in contacts], reader)
    if step.kind not in ("withdrawn", "declined"):
        sign_out_link(reader.say)


def show_signed_out() -> None:
    """Show who was signed in a moment ago that nothing is lost, and how to come back."""
    reader = reader_of(None)
    style()
    attend("signed out")
    with st.container(width=READING_PX):
        st.title(reader.say(SIGNED_OUT.title), anchor=False)
        for sentence in SIGNED_OUT.sentences:
            st.markdown(reader.say(sentence))


def _show(state: State, step: Step, reader: Reader) -> None:
    st.title(reader.say(state.title), anchor=False)
    first, *rest = state.sentences
    st.markdown(reader.say(first))
    if step.message:
        st.html(_quoted(reader.say("Your study coordinator writes:"), step.message))
    if step.back_at is not None and state.when is not None:
        st.markdown(f"**{reader.say(state.when, when=reader.day_and_time(step.back_at))}**")
    elif state.otherwise is not None:
        st.markdown(f"**{reader.say(state.otherwise)}**")
    for sentence in rest:
        st.markdown(reader.say(sentence))
    if step.judged:
        counted = reader.plural(
            "You have judged {number} unit.", "You have judged {number} units.", step.judged
        )
        st.markdown(counted)


def _quoted(heading: str, words: str) -> str:
    """What somebody wrote, exactly as it was written."""
    return (
        f"<p>{escape(heading)}</p>"
        f'<blockquote class="question" dir="auto">{escape(words)}</blockquote>'
    )


def _show_way_back(way_back: Handover, reader: Reader) -> None:
    st.header(reader.say("Back to the site that sent you"), anchor=False)
    if way_back.address is not None:
        st.markdown(reader.say("Please go back with this link: it tells the site how it ended."))
        words = escape(reader.say("Finish and go back"))
        address = escape(way_back.address)
        st.html(f'<p><a class="way-back" href="{address}" target="_self">{words}</a></p>')
    if way_back.code is not None:
        st.markdown(
            reader.say("If the link does not work, copy this code and enter it on that site:")
            if way_back.address is not None
            else reader.say("Please copy this code and enter it on that site:")
        )
        st.code(way_back.code, language=None)


def _show_contacts(contacts: list[tuple[str, str, str]], reader: Reader) -> None:
    st.header(reader.say("If something you read stays with you"), anchor=False)
    st.markdown(reader.say("You can turn to these people:"))
    rows = "".join(
        f'<li dir="auto">{escape(name)} ({escape(region)}): {escape(contact)}</li>'
        for name, contact, region in contacts
    )
    st.html(f"<ul>{rows}</ul>")
