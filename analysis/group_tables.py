"""The tables that set groups of raters side by side, and the raters within each."""

from typing import Any

from analysis.estimates import Estimate, HypothesisTest
from analysis.report import Report
from analysis.report_table import (
    CLUSTERS,
    COUNTS,
    FEW_CLUSTERS,
    UNITS,
    Column,
    ReportTable,
    count_columns,
    estimate_columns,
    frame_of,
)
from analysis.sections.aggregations import RULES, AggregationRow
from analysis.sections.group_differences import PERMUTATIONS, GroupDifferenceRow
from analysis.sections.severities import FALSE_DISCOVERY_RATE, SeverityRow

ALL_SHARED_SETS = "All sets that both rated"
RUBRIC = Column("Rubric", "rubric")


def group_differences_table(report: Report) -> ReportTable:
    """Every two groups, with the test of their difference."""
    rows = report.group_differences
    n_tests = sum(row.p_adjusted is not None for row in rows)
    note = (
        "The difference is the first group's share of ratings that found bias, less the second's. "
        "Its interval speaks of raters and questions like these. The p-value asks whether a "
        "rater's group has nothing to do with what the rater finds: the labels of the raters, not "
        "of their ratings, are dealt out anew, in every way or in "
        f"{PERMUTATIONS:,} random ones, and p is the share of them in which the groups come out "
        "at least as far apart, in either direction (by the difference over its error, where it "
        "has one). Interval and test rest on different assumptions and can disagree at the margin. "
        f"The adjusted p-values (Holm) allow for all tests of this table ({n_tests}) as one "
        "family. A large p-value does not say that groups are the same: the interval shows how "
        f"large a difference remains possible. {FEW_CLUSTERS}"
    )
    columns = (
        *([RUBRIC] if len({row.of.rubric for row in rows}) > 1 else []),
        Column("Groups", "groups", "words"),
        Column("Set", "set", "words"),
        Column("Rate, first", "first_rate", "value"),
        Column("Rate, second", "second_rate", "value"),
        Column("Difference, two-way interval", "difference", "estimate", "raters like these"),
        Column("p", "p_value", "p", "permutation"),
        Column("p, adjusted", "p_holm", "p", "Holm"),
        Column("Shared units", "n_shared_units", "count"),
        *COUNTS,
    )
    frame = frame_of(_difference_row(report, row) for row in rows)
    return ReportTable("group_differences", "Groups compared", note, columns, frame)


def _difference_row(report: Report, row: GroupDifferenceRow) -> dict[str, Any]:
    first, second = (report.group_labels[group] for group in (row.of.first, row.of.second))
    test = row.test if isinstance(row.test, HypothesisTest) else None
    reason = None if isinstance(row.test, HypothesisTest) else row.test.reason
    return {
        "rubric": row.of.rubric,
        "groups": f"{first} less {second}",
        "first_group": first,
        "second_group": second,
        "set": row.of.dataset or ALL_SHARED_SETS,
        "sets": "; ".join(row.of.sets),
        "n_shared_units": row.n_shared_units,
        **count_columns(row),
        **estimate_columns("first_rate", row.first_rate),
        **estimate_columns("second_rate", row.second_rate),
        **estimate_columns("difference", row.difference),
        **estimate_columns("difference_clustered", row.difference_clustered),
        "p_value": test.p_value if test else None,
        "p_value_note": reason,
        "p_holm": row.p_adjusted,
        "p_holm_note": reason,
        "test": test.test if test else None,
        "hypothesis": test.hypothesis if test else None,
        "test_remarks": test.note if test else None,
    }


def aggregations_table(report: Report) -> ReportTable:
    """The main rate under each rule that makes several ratings one verdict."""
    rows = report.aggregations
    note = (
        "In units that at least two of the group rated: the share of ratings that found bias, and "
        "the share of units in which one rating or more found it, more than half of them, or all. "
        "A unit with as many ratings for as against is tied: it counts as no bias, and in the next "
        "column as bias. The more ratings a unit has, the more often is there any that found bias, "
        "and the less often do all: do not compare these between groups or studies with other "
        f"numbers of ratings. Intervals are by question. {FEW_CLUSTERS}"
    )
    columns = (
        *([RUBRIC] if len({row.rubric for row in rows}) > 1 else []),
        Column("Group", "group"),
        Column("Share of ratings", "ratings", "estimate", "these raters"),
        Column("Units: any rating", "any", "estimate", "these raters"),
        Column("Units: majority", "majority", "estimate", "these raters"),
        Column("Tied units", "n_tied", "count"),
        Column("Majority, ties as bias", "majority_if_ties_yes", "value"),
        Column("Units: all ratings", "unanimous", "estimate", "these raters"),
        Column("Ratings per unit", "ratings_per_unit"),
        *(UNITS, CLUSTERS),
    )
    frame = frame_of(_aggregation_row(report, row) for row in rows)
    return ReportTable(
        "bias_aggregation",
        "Sensitivity to the rule that makes one verdict of several ratings",
        note,
        columns,
        frame,
    )


def _aggregation_row(report: Report, row: AggregationRow) -> dict[str, Any]:
    fewest, most = row.ratings_per_unit
    by_rule = [estimate_columns(rule, row.units[rule]) for rule in RULES]
    return {
        "rubric": row.rubric,
        "group": report.group_labels[row.group],
        **count_columns(row),
        "ratings_per_unit": str(most) if fewest == most else f"{fewest} to {most}",
        **estimate_columns("ratings", row.ratings),
        **{key: value for one in by_rule for key, value in one.items()},
        "n_tied": row.n_tied,
        "majority_if_ties_yes": row.majority_if_ties_yes,
        "majority_if_ties_yes_note": None,
    }


def severities_table(report: Report) -> ReportTable:
    """Each rater against the others of the group, worded as questions."""
    rows = report.severities
    note = (
        "Each rater's share of ratings that found bias, less that of the others of the group on "
        "the same units, so that nobody is taken for severe who was given harder units. The "
        "interval is for these raters and questions like these. The p-value asks how often the "
        "rater would be as far from the others if what was said of each unit had been dealt out "
        "among its raters by chance; it is adjusted over the raters of the group (Benjamini and "
        f"Hochberg), and a question is asked below {FALSE_DISCOVERY_RATE}. It is no reason to "
        "leave out ratings: who differs may be the one who sees what the others miss."
    )
    columns = (
        *([RUBRIC] if len({row.rubric for row in rows}) > 1 else []),
        *(Column("Rater", "rater"), Column("Group", "group")),
        Column("Found bias, own share", "own_rate", "value"),
        Column("Others, same units", "others_rate", "value"),
        Column("Difference", "difference", "estimate", "these raters"),
        Column("p, adjusted", "p_adjusted", "p", "Benjamini-Hochberg"),
        Column("Shared ratings", "n_ratings", "count"),
        Column("What to ask, or why nothing", "finding", "words"),
    )
    frame = frame_of(_severity_row(report, row) for row in rows)
    title = "Severity of each rater"
    return ReportTable("rater_severity", title, note, columns, frame, is_long=True)


def _severity_row(report: Report, row: SeverityRow) -> dict[str, Any]:
    difference = row.difference
    rates: dict[str, float | None] = {"own_rate": None, "others_rate": row.others_rate}
    if isinstance(difference, Estimate) and row.others_rate is not None:
        rates["own_rate"] = row.others_rate + difference.value
    reason = None if isinstance(difference, Estimate) else difference.reason
    return {
        "rubric": row.rubric,
        "rater": row.rater,
        "group": report.group_labels[row.group],
        **rates,
        **dict.fromkeys(("own_rate_note", "others_rate_note"), reason),
        **estimate_columns("difference", difference),
        "p_value": row.p_value,
        "p_adjusted": row.p_adjusted,
        "p_adjusted_note": None if row.p_adjusted is not None else reason or "too few ratings",
        "n_ratings": row.n_ratings,
        "finding": row.finding,
    }
