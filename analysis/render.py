"""From a report to files: one HTML page that needs nothing else, and its tables as CSV.

The page makes no request to anywhere, and tells the browser to refuse any.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analysis.drawing import SYNTHETIC
from analysis.figures import report_figures
from analysis.methods import methods
from analysis.report import RESAMPLES, SEED, Report, build_report
from analysis.report_table import ReportTable
from analysis.shown_table import shown_table
from analysis.table import read_table
from analysis.tables import every_table
from analysis.wording import about, findings, synthetic_words

TEMPLATES = Path(__file__).parent / "templates"
TABLES_FOLDER = "report_tables"
_TEMPLATES = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
FIGURE_CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": True}


class SectionPlan(NamedTuple):
    """A heading and the tables below it."""

    id: str
    title: str
    paragraph: str
    tables: tuple[str, ...]


SECTIONS = (
    SectionPlan("who", "Who rated what", "", ("design_flow", "raters", "rater_severity")),
    SectionPlan(
        "bias",
        "How often bias was found",
        "Raters saw one answer at a time.",
        ("bias_rates", "bias_aggregation", "bias_dimensions"),
    ),
    SectionPlan(
        "groups",
        "Groups compared",
        "Whether groups of raters find bias at different rates, on sets that both rated.",
        ("group_differences",),
    ),
    SectionPlan(
        "preferences",
        "Which source is preferred",
        "Raters saw two answers to one question, in random order.",
        ("preferences", "preference_dimensions"),
    ),
    SectionPlan(
        "counterfactual",
        "Counterfactual pairs",
        "Raters saw two questions that differ in an identity or a context, each with its answer.",
        ("counterfactual", "counterfactual_details"),
    ),
    SectionPlan(
        "agreement",
        "How far raters agree",
        "Low agreement can mean unclear questions, and it can mean that people see harm "
        "differently; the numbers do not tell which.",
        ("agreement", "agreement_dimensions"),
    ),
    SectionPlan("left-out", "What was left out", "", ("left_out",)),
)
CAPTIONS = {
    "bias_rates": "Share of ratings that found any bias, by set and group, with 95% intervals: a "
    "pale band as published, a thick line by question, a thin one with ends two-way.",
    "bias_dimensions": "Share of ratings in which each dimension was ticked.",
    "group_differences": "Difference of the share of ratings that found bias, with its two-way "
    "95% interval.",
    "preferences": "Shares of comparisons by preferred source.",
    "counterfactual": "Counterfactual pairs, over all sets and sources, with 95% intervals as "
    "above for rates.",
    "agreement": "Agreement by item and group, over all sets and sources, in units rated by two "
    "or more of the group, with 95% intervals by question. 0 is what chance gives, except for "
    "percent agreement.",
}


def make_report(
    judgments: Path, out: Path, *, seed: int = SEED, n_resamples: int = RESAMPLES
) -> Path:
    """Read a judgment table and write its report.

    Parameters
    ----------
    judgments
        A judgment table, `.parquet` or `.csv`.
    out
        The HTML file, or a folder for `report.html`.

    Returns
    -------
    The HTML file.

    Raises
    ------
    TableError
        If the table cannot be read or breaks one of its rules.
    """
    report = build_report(read_table(judgments), seed=seed, n_resamples=n_resamples)
    return write_report(report, out)


def write_report(report: Report, path: Path) -> Path:
    """Write `report.html`, or the HTML file that is named, and `report_tables/*.csv` beside it."""
    html = path if path.suffix == ".html" else path / "report.html"
    folder = html.parent / TABLES_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for table in every_table(report):
        file = folder / f"{table.name}.csv"
        # A table that is empty now must not be left from an earlier report.
        file.unlink(missing_ok=True)
        if not table.frame.empty:
            table.frame.to_csv(file, index=False, lineterminator="\n")
    html.write_text(rendered(report), encoding="utf-8")
    return html


def rendered(report: Report) -> str:
    """The report as one HTML page."""
    figures = {name: _figure(name, figure) for name, figure in report_figures(report).items()}
    tables = {table.name: table for table in every_table(report) if not table.frame.empty}
    synthetic = {"mark": SYNTHETIC, "words": synthetic_words(report)}
    return _TEMPLATES.get_template("report.html.j2").render(
        title=report.provenance.title or "Study",
        protocol=report.provenance.protocol,
        dates=_dates(report),
        synthetic=synthetic if report.is_synthetic else None,
        summary=findings(report),
        sections=[_section(plan, tables, figures) for plan in _sections(tables)],
        methods=list(methods(report)),
        about=about(report),
        figures=figures,
        css=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        plotly_js=Markup(get_plotlyjs()),
    )


def table_html(table: ReportTable, *, is_synthetic: bool) -> str:
    """One table of a report as an HTML fragment; the page around it brings the style."""
    synthetic = {"mark": SYNTHETIC} if is_synthetic else None
    macro = _TEMPLATES.get_template("table.html.j2").module.table_of  # type: ignore[attr-defined]
    return str(macro(shown_table(table), synthetic))


def _dates(report: Report) -> str:
    first, last = report.provenance.first_judgment, report.provenance.last_judgment
    if first is None or last is None:
        return ""
    days = dict.fromkeys(time.date().isoformat() for time in (first, last))
    return " to ".join(days)


def _sections(tables: Mapping[str, ReportTable]) -> list[SectionPlan]:
    """The sections that have a table; that nothing was left out is said in words."""
    nothing_left_out = SECTIONS[-1]._replace(paragraph="Nothing was left out.")
    last = SECTIONS[-1] if "left_out" in tables else nothing_left_out
    return [plan for plan in SECTIONS[:-1] if any(name in tables for name in plan.tables)] + [last]


def _section(
    plan: SectionPlan, tables: Mapping[str, ReportTable], figures: Mapping[str, Markup]
) -> dict[str, Any]:
    parts = [
        {
            "figure": figures.get(name),
            "caption": CAPTIONS.get(name, ""),
            "table": shown_table(tables[name]),
        }
        for name in plan.tables
        if name in tables
    ]
    return {"id": plan.id, "title": plan.title, "paragraph": plan.paragraph, "parts": parts}


def _figure(name: str, figure: go.Figure) -> Markup:
    html = figure.to_html(
        full_html=False, include_plotlyjs=False, div_id=f"figure-{name}", config=FIGURE_CONFIG
    )
    return Markup(html)
