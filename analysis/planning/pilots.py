"""Assumptions read off a pilot study's judgment table."""

from analysis.estimates import RatingsError
from analysis.planning.assumptions import Assumptions, pilot_assumptions
from analysis.summaries.ratings import Measure, bias_measures
from analysis.summaries.slicing import used_ratings
from analysis.table import JudgmentTable


def table_assumptions(
    table: JudgmentTable, *, rubric: str, group: str | None = None, measure: str | None = None
) -> Assumptions:
    """Read off how often a group of raters said yes, and how alike its ratings were.

    Parameters
    ----------
    table
        Of the pilot.
    rubric
        Id of the rubric.
    group
        Of raters; needed where there are several.
    measure
        What is counted: an item as in the judgment table, such as `dimensions.other_bias`. Without
        it, whether any bias was found.

    Raises
    ------
    TableError
        If nobody judged by the rubric.
    RatingsError
        If the rubric has no such measure, nobody of the group judged by it, or it is not clear
        which group is meant.
    UndefinedStatisticError
        If the ratings do not tell, see `pilot_assumptions`.
    """
    ratings = next(used_ratings(table, rubric, ()))
    known = sorted(ratings.about["rater_group"].unique())
    if group not in known and not (group is None and len(known) == 1):
        raise RatingsError(f"group is {group!r}: by {rubric!r} judged {known}; name one of these")
    chosen = _measure(bias_measures(ratings), measure)
    about = ratings.about.assign(yes=chosen.yes).dropna(subset="yes")
    rows = about[about["rater_group"] == (group or known[0])]
    return pilot_assumptions(rows["yes"], units=rows["unit_id"], raters=rows["rater_id"])


def _measure(measures: list[Measure], name: str | None) -> Measure:
    if not measures:
        raise RatingsError("the rubric has no item about bias: plan with an assumed rate instead")
    for measure in measures:
        if name in (None, measure.name):
            return measure
    raise RatingsError(f"measure {name!r} is not among {[one.name for one in measures]}")
