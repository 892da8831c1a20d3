"""Who is at this browser. Every page, fragment and callback asks anew before it does anything.

The gate resolves the cookie and hands Streamlit three headers when the websocket opens; nothing
that identifies anyone is kept in the address or in session state.
"""

from collections.abc import Callable
from typing import Final

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.language import Reader, language_of, zone_named
from rater_portal.services.accounts import Caller, SessionEndedError, check_caller

IDENTITY_HEADERS: Final = {
    "X-Portal-User": "user_id",
    "X-Portal-Role": "role",
    "X-Portal-Sid": "sid",
}
"""Headers that the gate alone can set, and their names in `st.user`."""


def current_caller() -> Caller:
    """The caller as the database knows it at this moment.

    A websocket may stay open after its session was revoked, and Streamlit runs fragments and
    callbacks without the lines above them: a check at the top of the script alone is none.

    Raises
    ------
    SessionEndedError
        If nobody is signed in, or the browser was signed out meanwhile; the message is for the
        page.
    """
    session_id = st.user.get("sid")
    if not isinstance(session_id, str) or not session_id.isdecimal():
        raise SessionEndedError("You are signed out. Please open your invite link.")
    with session_on(database()) as session:
        return check_caller(session, session_id=int(session_id))


def reader_of(caller: Caller | None) -> Reader:
    """In which language and time zone this browser's person reads.

    What the person chose comes first, then what the browser asks for; nobody is asked twice.
    """
    wanted = st.context.headers.get("Accept-Language") or st.context.locale
    language = language_of(caller.language if caller else None, wanted)
    return Reader(language, zone_named(st.context.timezone))


def translator_here() -> Callable[[str], str]:
    """What pages call `_` where it is not known, or no longer, who is there."""
    try:
        return translator(current_caller())
    except SessionEndedError:
        return translator(None)


def translator(caller: Caller | None) -> Callable[[str], str]:
    """What pages call `_`: English in, the reader's language out."""
    return reader_of(caller).say
