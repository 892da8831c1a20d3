"""What the numbers say so far: the same tables and figures that the report will have."""

import streamlit as st

from analysis.figures import report_figures
from analysis.render import table_html
from rater_portal.database import database, session_on
from rater_portal.errors import StudyError
from rater_portal.services.accounts import Caller
from rater_portal.services.progress import Progress
from rater_portal.services.results import Results, results_so_far


def show_results(caller: Caller, study: Progress) -> None:
    """Show rates, preferences and agreement of all judgments that there are."""
    try:
        results = _results(study.name, caller.rater_id, study.accepted)
    except StudyError as error:
        st.markdown(str(error))
        return
    figures = report_figures(results.report)
    for table in results.tables:
        if table.name in figures:
            st.plotly_chart(figures[table.name], config={"displayModeBar": False})
        st.html(table_html(table, is_synthetic=results.report.is_synthetic))


@st.cache_data(max_entries=8, show_spinner="Computing rates and agreement ...")
def _results(study: str, asked_by: int, accepted: int) -> Results:
    """Computed again only when a judgment was added: `accepted` is part of the key."""
    with session_on(database()) as session:
        return results_so_far(session, study=study, asked_by=asked_by)
