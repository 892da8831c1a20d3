"""What the numbers say so far, for coordinators: the same sections that the report will have."""

from dataclasses import dataclass

from sqlmodel import Session

from analysis.report import Report, build_report
from analysis.report_table import ReportTable
from analysis.table import JudgmentTable
from analysis.tables import every_table
from rater_portal.services.export import judgment_table

SHOWN = ("bias_rates", "preferences", "counterfactual", "agreement")
RESAMPLES = 500
"""Enough for a look in between; the report itself takes more."""


@dataclass(frozen=True)
class Results:
    """A look at a study that is still going on."""

    table: JudgmentTable
    report: Report
    tables: tuple[ReportTable, ...]


def results_so_far(session: Session, *, study: str, asked_by: int | None = None) -> Results:
    """Rates, preferences and agreement of all judgments so far.

    Raises
    ------
    StudyError
        If nothing was judged yet.
    NotAllowedError
        If the caller does not coordinate this study.
    """
    table = judgment_table(session, study=study, asked_by=asked_by)
    report = build_report(table, n_resamples=RESAMPLES)
    tables = [one for one in every_table(report) if one.name in SHOWN and not one.frame.empty]
    return Results(table, report, tuple(tables))
