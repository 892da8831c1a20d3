"""The tables that set sources, answers or raters side by side."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from analysis.report import Report
from analysis.report_table import (
    ALL_SETS,
    ALL_SOURCES,
    BOTH_WAYS,
    CLUSTERS,
    COUNTS,
    FEW_CLUSTERS,
    RATERS,
    SHARE,
    Column,
    ReportTable,
    count_columns,
    estimate_columns,
    frame_of,
    share_columns,
)
from analysis.sections.agreement_table import AgreementRow
from analysis.sections.counterfactuals import CounterfactualRow
from analysis.sections.preferences import PreferenceRow

COEFFICIENTS = {
    "percent_agreement": "Percent agreement, as a share",
    "krippendorff_alpha": "Krippendorff's alpha",
    "brennan_prediger": "Brennan-Prediger",
    "gwet_ac": "Gwet's AC1 or AC2",
    "fleiss_kappa": "Fleiss' kappa",
}


def preference_tables(report: Report) -> Iterator[ReportTable]:
    """How often each of two sources is preferred: overall, then by dimension."""
    note = (
        "The source whose answer has less bias is preferred. Below each share stand its 95% "
        "interval by question, which speaks of these raters, and the two-way one, of raters like "
        "these; the CSV file holds the published ones as well."
    )
    rows = [row for row in report.preferences if not row.is_dimension]
    yield _preference_table("preferences", "Which source is preferred", note, report, rows)
    note = (
        "A comparison counts for the preferred source if the dimension was ticked, else as no "
        "preference, as in the published analysis."
    )
    rows = [row for row in report.preferences if row.is_dimension]
    title = "Which source is preferred, by dimension"
    yield _preference_table("preference_dimensions", title, note, report, rows, is_long=True)


def _preference_table(
    name: str,
    title: str,
    note: str,
    report: Report,
    rows: Iterable[PreferenceRow],
    *,
    is_long: bool = False,
) -> ReportTable:
    frame = frame_of(
        {
            "measure": row.label,
            "set": row.of.dataset or ALL_SETS,
            "group": report.group_labels[row.of.group],
            "source_x": row.source_x,
            "source_y": row.source_y,
            **count_columns(row),
            **share_columns("x_preferred", row.x_preferred),
            **share_columns("no_preference", row.no_preference),
            **share_columns("y_preferred", row.y_preferred),
        }
        for row in rows
    )
    columns = (
        *([Column("Dimension", "measure", "words")] if is_long else []),
        *(Column("Set", "set"), Column("Group", "group")),
        Column("First source", "source_x"),
        Column("Second source", "source_y"),
        *(
            Column(header, f"{share}_clustered", "estimate", BOTH_WAYS, wider=f"{share}_two_way")
            for header, share in (
                ("First preferred", "x_preferred"),
                ("No preference", "no_preference"),
                ("Second preferred", "y_preferred"),
            )
        ),
        *COUNTS,
    )
    return ReportTable(name, title, note, columns, frame, is_long=is_long)


def counterfactual_tables(report: Report) -> Iterator[ReportTable]:
    """Bias in counterfactual pairs, then what else was asked about them."""
    note = (
        "Pairs of questions that differ in an identity or a context, each with its answer. "
        "Exactly one, one or more, and both come from the independent judgments of the two "
        "answers, as exclusive or, or, and. Their rows count meetings and not ratings: every "
        "rating of one answer meets every rating of the other by the same group, so one rating is "
        "in several meetings, and the published interval, which takes meetings as independent, is "
        "far too narrow there, and there is no two-way one. The published notebook computes "
        "exactly one and both by one expression, so only one or more can be compared with its "
        f"figure. {FEW_CLUSTERS}"
    )
    rows = [row for row in report.counterfactuals if row.kind == "main"]
    yield _counterfactual_table("counterfactual", "Counterfactual pairs", note, report, rows)
    note = (
        "How the questions about ideal answers and likeness were answered, bias by likeness, and "
        "the share of the ratings of pairs in which each dimension was ticked."
    )
    rows = [row for row in report.counterfactuals if row.kind != "main"]
    title = "Counterfactual pairs, in detail"
    yield _counterfactual_table("counterfactual_details", title, note, report, rows, is_long=True)


def _counterfactual_table(
    name: str,
    title: str,
    note: str,
    report: Report,
    rows: Iterable[CounterfactualRow],
    *,
    is_long: bool = False,
) -> ReportTable:
    frame = frame_of(
        {
            "measure": row.label,
            "answers_seen": row.basis,
            "rubric": row.rubric,
            "set": row.of.dataset or ALL_SETS,
            "group": report.group_labels[row.of.group],
            "source": row.of.source or ALL_SOURCES,
            **count_columns(row),
            **share_columns("rate", row.share),
        }
        for row in rows
    )
    columns = (
        *(Column("Measure", "measure", "words"), Column("Answers seen", "answers_seen")),
        *(Column("Set", "set"), Column("Group", "group"), Column("Source", "source")),
        *SHARE,
        *(Column("Pairs", "n_units", "count"), RATERS),
        Column("Ratings or meetings", "n_ratings", "count"),
        CLUSTERS,
    )
    return ReportTable(name, title, note, columns, frame, is_long=is_long)


def _agreement_row(report: Report, row: AgreementRow) -> dict[str, Any]:
    titles = {rubric.id: rubric.title for rubric in report.provenance.rubrics}
    coefficients: dict[str, Any] = {}
    for name in COEFFICIENTS:
        coefficients |= estimate_columns(name, row.coefficients[name])
        coefficients |= estimate_columns(f"{name}_two_way", row.two_way[name])
    return {
        "rubric": titles[row.rubric],
        "item": row.item,
        "question": row.label,
        "set": row.of.dataset or ALL_SETS,
        "group": report.group_labels[row.of.group],
        "level": row.level,
        "n_categories": row.n_categories,
        "prevalence": json.dumps(dict(row.prevalence), ensure_ascii=False),
        **count_columns(row),
        "gwet_coefficient": "AC1" if row.level == "nominal" else "AC2",
        **coefficients,
    }


def agreement_tables(report: Report) -> Iterator[ReportTable]:
    """Agreement on each item, then on each option that could be ticked."""
    note = (
        "Agreement within a group, over all sources, in the units that at least two of the group "
        "rated; prevalence and all counts are of these. Every chance-corrected number stands "
        "beside the prevalence: where one answer is rare, high percent agreement goes with an "
        "alpha near zero. Brennan-Prediger is Randolph's free-marginal kappa with the number of "
        "options that the rubric offers. On ordinal items alpha and Gwet's AC2 forgive a near "
        "miss; percent agreement, Brennan-Prediger and Fleiss' kappa are unweighted and do not. "
        "On nominal items Gwet's coefficient is AC1. Below each number stand its 95% interval by "
        "question, which speaks of these raters, and the two-way one, of raters like these. "
        f"{FEW_CLUSTERS}"
    )
    rows = [row for row in report.agreement if not row.is_dimension]
    yield _agreement_table("agreement", "Agreement among raters", note, report, rows)
    rows = [row for row in report.agreement if row.is_dimension]
    title = "Agreement among raters, by dimension"
    yield _agreement_table("agreement_dimensions", title, note, report, rows, is_long=True)


def _agreement_table(
    name: str,
    title: str,
    note: str,
    report: Report,
    rows: Iterable[AgreementRow],
    *,
    is_long: bool = False,
) -> ReportTable:
    columns = (
        Column("Item", "question", "words"),
        *(Column("Set", "set"), Column("Group", "group")),
        Column("Prevalence", "prevalence", "shares"),
        *(
            Column(header, coefficient, "estimate", BOTH_WAYS, wider=f"{coefficient}_two_way")
            for coefficient, header in COEFFICIENTS.items()
        ),
        *(Column("Level", "level"), Column("Options", "n_categories", "count")),
        *COUNTS,
    )
    frame = frame_of(_agreement_row(report, row) for row in rows)
    return ReportTable(name, title, note, columns, frame, is_long=is_long)
