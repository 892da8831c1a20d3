"""One call from the judgment table to the checks of every rater, group by group."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.raters import (
    RaterCheck,
    RaterFinding,
    RaterFlags,
    drift,
    position_preference,
    rater_flags,
    severity,
    straight_lining,
    too_fast,
)
from analysis.summaries.ratings import Ratings, bias_measures, item_with_role
from analysis.summaries.slicing import used_ratings
from analysis.table import JudgmentTable

Check = Callable[[], RaterCheck[RaterFinding]]


@dataclass(frozen=True)
class RaterCell:
    """The checks of one group of raters under one rubric."""

    rubric: str
    group: str
    flags: RaterFlags | None
    """None where no check of the group has a value."""

    not_checked: tuple[str, ...]
    """Why a check of the whole group has no value."""

    def to_frame(self) -> pd.DataFrame:
        """One row for each rater and check."""
        frame = self.flags.to_frame() if self.flags else pd.DataFrame()
        frame.insert(0, "rubric", self.rubric)
        frame.insert(1, "rater_group", self.group)
        return frame


@dataclass(frozen=True)
class RaterTable:
    """The checks of all raters. What they find are questions to ask, and no reason to leave out."""

    cells: tuple[RaterCell, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row for each rubric, group, rater and check."""
        frames = [cell.to_frame() for cell in self.cells if cell.flags]
        return pd.concat(frames, ignore_index=True)


def rater_table(table: JudgmentTable, *, rubric: str | None = None, q: float = 0.05) -> RaterTable:
    """Check how each rater works, beside others of the same group on the same units.

    Severity and its drift (of the finding of bias), straight-lining on the main item, haste by
    active time, and under pairwise rubrics the preference for the answer shown first. Groups are
    never held against one another: that they differ is what a study may be about.

    Parameters
    ----------
    table
    rubric
        Id of one rubric; all without it.
    q
        False discovery rate within each check, see `rater_flags`.

    Raises
    ------
    TableError
        If the table has no judgment by the rubric.
    RatingsError
        If no check can be made of anybody.
    """
    cells = tuple(
        _cell(ratings.where(ratings.about["rater_group"].eq(group)), group, q)
        for ratings in used_ratings(table, rubric, ())
        for group in sorted(ratings.about["rater_group"].unique())
    )
    if all(cell.flags is None for cell in cells):
        reasons = [reason for cell in cells for reason in cell.not_checked]
        nothing = "no rubric has an item about bias or preference, or a timed judgment"
        raise RatingsError("; ".join(dict.fromkeys(reasons)) or nothing)
    return RaterTable(cells)


def _cell(ratings: Ratings, group: str, q: float) -> RaterCell:
    found, reasons = [], []
    for name, check in _checks(ratings).items():
        try:
            found.append(check())
        except UndefinedStatisticError as error:
            reasons.append(f"{name}: {error}")
    flags = rater_flags(*found, q=q) if found else None
    return RaterCell(ratings.rubric.id, group, flags, tuple(reasons))


def _checks(ratings: Ratings) -> dict[str, Check]:
    checks: dict[str, Check] = {}
    about = ratings.about
    preference = item_with_role(ratings.rubric, "preference")
    if preference is not None:
        codes = ratings.codes_of(preference.id)
        rows = codes.notna() & about["shown_first"].notna()
        checks["position preference"] = partial(
            position_preference,
            about["shown_first"][rows],
            codes[rows],
            raters=_raters(about, rows),
        )
    if item_with_role(ratings.rubric, "bias") is not None:
        checks |= _checks_of_bias(ratings)
    timed = about["active_seconds"].gt(0)
    if timed.any():
        seconds = about["active_seconds"][timed]
        checks["haste"] = partial(too_fast, seconds, raters=_raters(about, timed))
    return checks


def _checks_of_bias(ratings: Ratings) -> dict[str, Check]:
    measure, about = bias_measures(ratings)[0], ratings.about
    rows = measure.yes.notna()
    codes = ratings.codes_of(measure.name)
    checks: dict[str, Check] = {
        "severity": partial(
            severity,
            measure.yes[rows],
            units=about["unit_id"][rows],
            raters=_raters(about, rows),
            clusters=about["cluster"][rows],
            finds="found bias",
        )
    }
    dated = rows & about["submitted_at"].notna()
    if dated.any():
        raters, order = _raters(about, dated), about["submitted_at"][dated]
        checks["drift"] = partial(
            drift,
            measure.yes[dated],
            units=about["unit_id"][dated],
            raters=raters,
            order=order,
            clusters=about["cluster"][dated],
        )
        checks["straight-lining"] = partial(
            straight_lining, codes[dated], raters=raters, order=order
        )
    return checks


def _raters(about: pd.DataFrame, rows: "pd.Series[bool]") -> "pd.Series[str]":
    return about["rater_id"][rows]
