"""What can be taken away from a study, and the proof that nothing in it was altered."""

from functools import partial
from pathlib import Path

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.pages.frame import plain_words
from rater_portal.services.accounts import Caller, check_caller
from rater_portal.services.audit import Verification, verify
from rater_portal.services.folder import TITLES, files_of, table_file
from rater_portal.services.progress import Progress
from rater_portal.session import current_caller

KINDS = {".parquet": ("Parquet", "application/vnd.apache.parquet"), ".csv": ("CSV", "text/csv")}


def show_record(caller: Caller, study: Progress) -> None:
    """Show a download for each file, and what reading the whole trail finds."""
    if study.accepted:
        _show_files(caller)
    else:
        st.markdown("There is nothing to take yet: nothing has been judged.")
    _offer_verification()


def _show_files(caller: Caller) -> None:
    st.markdown(
        "Each file is made at the moment you ask for it. The judgments are what is analysed; the "
        "codebook says what stands in every column."
    )
    with session_on(database()) as session:
        names = files_of(session, study=caller.study, asked_by=caller.rater_id)
    with st.container(horizontal=True):
        for name in names:
            _download(caller, name)


def _offer_verification() -> None:
    st.header("Is the record whole?", anchor=False)
    st.markdown(
        "Every judgment and every act carries a hash over all that it says and over the one "
        "before it. Note both last hashes in a place of your own: they prove later that the "
        "record still begins as it does today."
    )
    if st.button("Verify the record"):
        with plain_words(), session_on(database()) as session:
            asking = current_caller()
            _show_verification(verify(session, study=asking.study, asked_by=asking.rater_id))


def _download(caller: Caller, name: str) -> None:
    path = Path(name)
    kind, mime = KINDS[path.suffix]
    st.download_button(
        f"{TITLES[path.stem]} ({kind})",
        data=partial(_file, caller, name),
        file_name=f"{caller.study}-{name}",
        mime=mime,
        on_click="ignore",
    )


def _file(caller: Caller, name: str) -> bytes:
    """The file, made when it is asked for and only for who may have it then.

    Streamlit calls this outside any page, where nobody is signed in: the caller comes along, and
    is looked up afresh.
    """
    with session_on(database()) as session:
        caller = check_caller(session, session_id=caller.session_id)
        return table_file(session, study=caller.study, name=name, asked_by=caller.rater_id)


def _show_verification(found: Verification) -> None:
    counts = f"{found.n_judgments:,} judgments and {found.n_events:,} events"
    if found.whole:
        st.success(f"{counts}: all whole.")
    else:
        st.error(f"{counts}: {len(found.problems):,} problems.")
        st.markdown("\n".join(f"- {problem}" for problem in found.problems))
    st.code(
        f"judgments  {found.last_hash}\nevents     {found.last_event_hash}",
        language=None,
        wrap_lines=True,
    )
