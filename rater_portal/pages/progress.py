"""How far a study is, where it lacks judgments, and what raters leave out."""

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.pages.tables import plain_table
from rater_portal.services.accounts import Caller
from rater_portal.services.flow import Pace, pace, skip_reasons
from rater_portal.services.progress import Progress, coverage, group_coverage

GROUPS = {
    "kind": "Unit",
    "rubric": "Rubric",
    "rater_group": "Group",
    "accepted": "Judged",
    "capacity": "Needed",
    "share": "Share",
    "units_complete": "Units complete",
    "units": "Units",
}
SKIPS = {"reason": "Reason", "skipped": "Skipped", "could_not_judge": "Could not be judged"}
UNITS = {
    "unit_id": "Unit",
    "kind": "Kind",
    "dataset": "Set",
    "rubric": "Rubric",
    "rater_group": "Group",
    "accepted": "Judged",
    "capacity": "Needed",
}


def show_progress(caller: Caller, study: Progress) -> None:
    """Show totals and pace, coverage by kind, rubric and group, and skips with their reasons."""
    name, asked_by = study.name, caller.rater_id
    with session_on(database()) as session:
        seen = pace(session, study=name, asked_by=asked_by)
        by_group = group_coverage(session, study=name, asked_by=asked_by)
        by_unit = coverage(session, study=name, asked_by=asked_by)
        skipped = skip_reasons(session, study=name, asked_by=asked_by)
    _show_totals(study, seen)
    st.header("Coverage", anchor=False)
    plain_table(by_group, GROUPS, formats={"share": "{:.0%}"})
    with st.expander(f"Every unit ({len(by_unit):,} rows)"):
        st.dataframe(by_unit.rename(columns=UNITS), hide_index=True, alt="Coverage of every unit")
    st.header("Left out by raters", anchor=False)
    if skipped.empty:
        st.markdown("Nobody has left a unit out.")
    else:
        plain_table(skipped, SKIPS)


def _show_totals(study: Progress, seen: Pace) -> None:
    st.progress(
        study.share,
        text=f"{study.accepted:,} of {study.capacity:,} judgments. The study is {study.state}.",
    )
    st.markdown(_forecast(seen))
    if study.surplus:
        st.markdown(f"{study.surplus:,} more came too late for their unit: kept, not counted.")


def _forecast(seen: Pace) -> str:
    if not seen.left:
        return "All judgments are there."
    if seen.done_at is None:
        return "Nothing was judged in the last seven days: there is no pace to tell an end by."
    days = "24 hours" if seen.days < 1.5 else f"{seen.days:.0f} days"
    decimals = 0 if seen.per_day >= 10 else 1
    return (
        f"{seen.judged:,} judgments in the last {days}, {seen.per_day:,.{decimals}f} a day. "
        f"At this pace the study is complete about {seen.done_at:%d %B %Y}."
    )
