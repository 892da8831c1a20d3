"""What a coordinator sees: how far the study is, what the numbers say so far, the table to take."""

import tempfile
from functools import partial
from pathlib import Path

import streamlit as st

from analysis.figures import report_figures
from analysis.render import table_html
from analysis.table import JudgmentTable, write_table
from rater_portal.database import database, session_on
from rater_portal.errors import StudyError
from rater_portal.pages.frame import attend, sign_out_link, style, synthetic_notice
from rater_portal.services.accounts import Caller, check_caller
from rater_portal.services.export import judgment_table
from rater_portal.services.progress import Progress, coverage, group_coverage, overview, raters
from rater_portal.services.results import Results, results_so_far

DOWNLOADS = {
    "Parquet": (".parquet", "application/vnd.apache.parquet"),
    "CSV": (".csv", "text/csv"),
}


def coordinate(caller: Caller) -> None:
    """Show the coordinator's page, top to bottom: progress, numbers so far, downloads."""
    with session_on(database()) as session:
        study = overview(session, study=caller.study, asked_by=caller.rater_id)
    style()
    attend("study")
    st.title(study.title, anchor=False)
    synthetic_notice(is_synthetic=study.synthetic)
    _show_totals(study)
    _show_coverage(study, caller)
    _show_results(study, caller)
    sign_out_link()


def _show_totals(study: Progress) -> None:
    state = "open" if study.is_open else "closed"
    st.progress(
        study.share,
        text=f"{study.accepted:,} of {study.capacity:,} judgments. The study is {state}.",
    )
    if study.surplus:
        st.caption(f"{study.surplus:,} more came too late for their unit: kept, not counted.")


def _show_coverage(study: Progress, caller: Caller) -> None:
    st.header("Coverage", anchor=False)
    name, asked_by = study.name, caller.rater_id
    with session_on(database()) as session:
        by_group = group_coverage(session, study=name, asked_by=asked_by)
        by_unit = coverage(session, study=name, asked_by=asked_by)
        by_rater = raters(session, study=name, asked_by=asked_by)
    st.table(by_group, border="horizontal")
    with st.expander(f"Every unit ({len(by_unit):,} rows)"):
        st.dataframe(by_unit, hide_index=True)
    with st.expander(f"Every rater ({len(by_rater):,} rows)"):
        st.dataframe(by_rater, hide_index=True)


def _show_results(study: Progress, caller: Caller) -> None:
    st.header("Results so far", anchor=False)
    try:
        results = _results(study.name, caller.rater_id, study.accepted)
    except StudyError as error:
        st.info(str(error))
        return
    figures = report_figures(results.report)
    for table in results.tables:
        if table.name in figures:
            st.plotly_chart(figures[table.name], config={"displayModeBar": False})
        st.html(table_html(table, is_synthetic=results.report.is_synthetic))
    _show_downloads(caller)


@st.cache_data(max_entries=8, show_spinner="Computing rates and agreement ...")
def _results(study: str, asked_by: int, accepted: int) -> Results:
    """Computed again only when a judgment was added: `accepted` is part of the key."""
    with session_on(database()) as session:
        return results_so_far(session, study=study, asked_by=asked_by)


def _show_downloads(caller: Caller) -> None:
    st.header("Judgment table", anchor=False)
    with st.container(horizontal=True):
        for label, (suffix, mime) in DOWNLOADS.items():
            st.download_button(
                label,
                data=partial(_file, caller, suffix),
                file_name=f"{caller.study}-judgments{suffix}",
                mime=mime,
            )


def _file(caller: Caller, suffix: str) -> bytes:
    """The table as a file, made when it is asked for and only for who may have it then.

    Streamlit calls this outside any page, where nobody is signed in: the caller comes along, and
    is looked up afresh.
    """
    with session_on(database()) as session:
        caller = check_caller(session, session_id=caller.session_id)
        table = judgment_table(session, study=caller.study, asked_by=caller.rater_id)
    return _written(table, suffix)


def _written(table: JudgmentTable, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_table(table, Path(folder) / f"judgments{suffix}").read_bytes()
