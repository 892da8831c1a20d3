"""Assumptions read off a pilot study's judgment table."""

from analysis.clusters import unit_clusters
from analysis.estimates import RatingsError
from analysis.planning.assumptions import Assumptions, pilot_assumptions
from analysis.summaries.ratings import Measure, bias_measures, ratings_of
from analysis.table import JudgmentTable


def table_assumptions(
    table: JudgmentTable, *, rubric: str, measure: str | None = None
) -> dict[str, Assumptions]:
    """Read off how often each group of raters said yes, and how alike their ratings were.

    Parameters
    ----------
    table
        Of the pilot.
    rubric
        Id of the rubric.
    measure
        What is counted: an item as in the judgment table, such as `dimensions.other_bias`. Without
        it, whether any bias was found.

    Returns
    -------
    By group of raters.

    Raises
    ------
    RatingsError
        If the table has no such rubric, or the rubric no such measure.
    UndefinedStatisticError
        If a group's ratings do not tell, see `pilot_assumptions`.
    """
    rubrics = {one.id: one for one in table.rubrics}
    if rubric not in rubrics:
        raise RatingsError(f"rubric {rubric!r} is not among the table's {sorted(rubrics)}")
    ratings = ratings_of(table, rubrics[rubric], unit_clusters(table.frame))
    chosen = _measure(bias_measures(ratings), measure)
    about = ratings.about.assign(yes=chosen.yes).dropna(subset="yes")
    return {
        str(group): pilot_assumptions(rows["yes"], units=rows["unit_id"], raters=rows["rater_id"])
        for group, rows in about.groupby("rater_group")
    }


def _measure(measures: list[Measure], name: str | None) -> Measure:
    if not measures:
        raise RatingsError("the rubric has no item about bias: plan with an assumed rate instead")
    for measure in measures:
        if name in (None, measure.name):
            return measure
    raise RatingsError(f"measure {name!r} is not among {[one.name for one in measures]}")
