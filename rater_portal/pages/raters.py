"""Who judges: what each rater has done and how the checks went, and links for new ones."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.pages.frame import plain_words
from rater_portal.services.accounts import Caller, InviteLink
from rater_portal.services.invitations import invite_again, invite_rater
from rater_portal.services.progress import Progress, group_names
from rater_portal.services.quality import rater_overview
from rater_portal.session import current_caller

MOST_AT_ONCE = 200
FORM_PX = 480
ABOUT_LINKS = (
    "Each link works once and lets one person in. They are shown here now and never again: copy "
    "them before you leave this page."
)


SHARE = partial(st.column_config.NumberColumn, format="percent")
COLUMNS: Mapping[str, Any] = {
    "rater_id": "Rater",
    "rater_group": "Group",
    "judged": "Judged",
    "active_minutes": st.column_config.NumberColumn("Minutes", format="%.0f"),
    "last_active_at": st.column_config.DatetimeColumn("Seen, UTC", format="YYYY-MM-DD HH:mm"),
    "flags": "Flags",
    "gold": "Gold units",
    "gold_right": SHARE("Gold right"),
    "gold_low": SHARE("95 % from"),
    "gold_high": SHARE("to"),
    "repeats": "Repeats",
    "repeat_agreement": SHARE("Same again"),
    "attention_passed": "Checks passed",
    "attention_failed": "Checks failed",
    "attention_unchecked": "Checks not made",
    "synthetic": "Synthetic",
}
ABOUT_FLAGS = (
    "Flags are a reason to look, never one to leave somebody out: *drift* where the last ten gold "
    "units fall under the study's threshold, *attention* where a check failed."
)


def show_raters(caller: Caller, study: Progress) -> None:
    """Show every rater's work and quality; to a coordinator, the forms that make links."""
    with session_on(database()) as session:
        seen = rater_overview(session, study=study.name, asked_by=caller.rater_id)
        groups = group_names(session, study=study.name, asked_by=caller.rater_id)
    if seen.empty:
        st.markdown("Nobody has been invited yet.")
    else:
        order = [name for name in COLUMNS if name != "synthetic" or study.synthetic]
        st.dataframe(
            seen.replace({"rater_group": groups}),
            hide_index=True,
            column_order=order,
            column_config=COLUMNS,
            placeholder="",
            alt="Raters",
        )
        st.markdown(ABOUT_FLAGS)
    if caller.role == "coordinator" and study.state != "locked":
        _invite(groups)
        if not seen.empty:
            _invite_again(list(seen["rater_id"]))


def _invite(groups: dict[str, str]) -> None:
    st.header("Invite raters", anchor=False)
    with st.container(width=FORM_PX), st.form("invite", border=False):
        group = st.selectbox("Group", list(groups), format_func=lambda one: groups[one])
        count = st.number_input("How many", min_value=1, max_value=MOST_AT_ONCE, value=1)
        asked = st.form_submit_button("Make links", type="primary")
    if asked and group is not None:
        with plain_words(), session_on(database()) as session:
            caller = current_caller()
            _show_links(
                invite_rater(
                    session,
                    study=caller.study,
                    group=group,
                    count=int(count),
                    asked_by=caller.rater_id,
                )
            )


def _invite_again(pseudonyms: Sequence[str]) -> None:
    st.header("Invite again", anchor=False)
    st.markdown(
        "For somebody on a new device, or whose link has expired. Earlier links of that person "
        "that were never opened stop working."
    )
    with st.container(width=FORM_PX), st.form("invite_again", border=False):
        pseudonym = st.selectbox("Rater", pseudonyms)
        asked = st.form_submit_button("Make a new link")
    if asked and pseudonym is not None:
        with plain_words(), session_on(database()) as session:
            caller = current_caller()
            _show_links(
                [
                    invite_again(
                        session,
                        study=caller.study,
                        pseudonym=pseudonym,
                        asked_by=caller.rater_id,
                    )
                ]
            )


def _show_links(links: Sequence[InviteLink]) -> None:
    st.info(ABOUT_LINKS)
    st.code(
        "\n".join(f"{link.pseudonym}  {link.url}" for link in links), language=None, wrap_lines=True
    )
