"""The tables of a report, in order."""

from dataclasses import replace
from typing import Any

from analysis.comparison_tables import agreement_tables, counterfactual_tables, preference_tables
from analysis.group_tables import aggregations_table, group_differences_table, severities_table
from analysis.report import Report
from analysis.report_table import (
    ALL_SETS,
    ALL_SOURCES,
    COUNTS,
    FEW_CLUSTERS,
    RATERS,
    RATINGS,
    SHARE,
    UNITS,
    Column,
    ReportTable,
    count_columns,
    frame_of,
    share_columns,
)
from analysis.sections.bias_rates import RateRow


def every_table(report: Report) -> list[ReportTable]:
    """Every table, in the order of the report; one without data has no rows.

    Each row says whether ratings of the study were simulated, so that no file can lose it.
    """
    tables = [
        _flow(report),
        _raters(report),
        severities_table(report),
        _rates(report),
        aggregations_table(report),
        _dimensions(report),
        group_differences_table(report),
        *preference_tables(report),
        *counterfactual_tables(report),
        *agreement_tables(report),
        _left_out(report),
    ]
    return [
        replace(table, frame=table.frame.assign(synthetic=report.is_synthetic)) for table in tables
    ]


def _flow(report: Report) -> ReportTable:
    titles = {rubric.id: rubric.title for rubric in report.provenance.rubrics}
    rows = (
        {
            "rubric": titles[row.rubric],
            "set": row.dataset,
            "group": report.group_labels[row.group],
            "n_questions": row.n_questions,
            "n_answers": row.n_answers,
            "n_units": row.n_units,
            "n_raters": row.n_raters,
            "n_ratings": row.n_ratings,
            "fewest_ratings_per_unit": row.ratings_per_unit[0],
            "most_ratings_per_unit": row.ratings_per_unit[1],
            "n_units_rated_twice": row.n_units_rated_twice,
            "median_seconds": row.median_seconds,
        }
        for row in report.flow
    )
    columns = (
        *(Column("Rubric", "rubric", "words"), Column("Set", "set"), Column("Group", "group")),
        Column("Questions", "n_questions", "count"),
        Column("Answers", "n_answers", "count"),
        *(UNITS, RATERS, RATINGS),
        Column("Rated twice or more", "n_units_rated_twice", "count"),
        Column("Median seconds", "median_seconds", "number"),
    )
    note = (
        "A unit is what a rater judges at once: one answer, two answers, or two questions with "
        "their answers. Agreement can be computed only from units rated twice or more."
    )
    return ReportTable("design_flow", "Who rated what", note, columns, frame_of(rows))


def _raters(report: Report) -> ReportTable:
    rows = (
        {
            "group": report.group_labels[row.group],
            "n_raters": row.n_raters,
            "n_ratings": row.n_ratings,
            "fewest": row.ratings_per_rater[0],
            "median": row.ratings_per_rater[1],
            "most": row.ratings_per_rater[2],
            "median_seconds": row.median_seconds,
        }
        for row in report.raters
    )
    columns = (
        Column("Group", "group"),
        *(RATERS, RATINGS),
        Column("Fewest per rater", "fewest", "count"),
        Column("Median per rater", "median", "number"),
        Column("Most per rater", "most", "count"),
        Column("Median seconds", "median_seconds", "number"),
    )
    note = (
        "Seconds are the active seconds of one rating, as the portal counted them. Those of "
        "simulated raters are not used."
    )
    return ReportTable("raters", "Raters", note, columns, frame_of(rows))


def _rate_row(report: Report, row: RateRow) -> dict[str, Any]:
    return {
        "rubric": row.rubric,
        "measure": row.label,
        "set": row.of.dataset or ALL_SETS,
        "group": report.group_labels[row.of.group],
        "source": row.of.source or ALL_SOURCES,
        **count_columns(row),
        **share_columns("rate", row.share),
    }


RATE_COLUMNS = (
    *(Column("Set", "set"), Column("Group", "group"), Column("Source", "source")),
    *SHARE,
    *COUNTS,
)
MEASURE = Column("Measure", "measure", "words")


def _rates(report: Report) -> ReportTable:
    rows = (_rate_row(report, row) for row in report.rates if row.kind == "main")
    note = (
        "Share of ratings in which bias was found, every rating counted once, with 95% intervals. "
        "The published interval takes ratings as independent and is too narrow where several "
        "share a question or a rater. The interval by question resamples whole questions, and "
        "speaks of these raters on questions like these. The two-way interval takes raters as a "
        "sample too: it is the one to quote of raters like these on questions like these. "
        f"{FEW_CLUSTERS} All sets are those of this study, and not the pooled EquityMedQA of the "
        "published one."
    )
    columns = _with_rubric(report, RATE_COLUMNS)
    return ReportTable("bias_rates", "Bias rates", note, columns, frame_of(rows))


def _dimensions(report: Report) -> ReportTable:
    rows = (_rate_row(report, row) for row in report.rates if row.kind != "main")
    note = (
        "Share of all ratings that found this degree of bias, or ticked this dimension: a rating "
        "that found no bias counts as a no."
    )
    return ReportTable(
        "bias_dimensions",
        "Degrees and dimensions of bias",
        note,
        _with_rubric(report, (MEASURE, *RATE_COLUMNS)),
        frame_of(rows),
        is_long=True,
    )


def _with_rubric(report: Report, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns, after one for the rubric where answers were judged with several."""
    several = len({row.rubric for row in report.rates}) > 1
    return (Column("Rubric", "rubric"), *columns) if several else columns


def _left_out(report: Report) -> ReportTable:
    rows = (
        {"section": left.section, "n": left.n, "what": left.what, "why": left.why}
        for left in report.left_out
    )
    columns = (
        *(Column("Where", "section", "words"), Column("How many", "n", "count")),
        *(Column("What", "what"), Column("Why", "why", "words")),
    )
    note = "Nothing is dropped without being counted here."
    return ReportTable("left_out", "What was left out", note, columns, frame_of(rows))
