"""Who rated what: units, answers, ratings and raters per set, group and rubric."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.summaries.ratings import ABOUT
from analysis.table import JudgmentTable


@dataclass(frozen=True)
class FlowRow:
    """One set as one group rated it with one rubric."""

    rubric: str
    dataset: str
    group: str
    n_questions: int
    n_answers: int
    n_units: int
    n_raters: int
    n_ratings: int
    ratings_per_unit: tuple[int, int]
    """Fewest and most."""

    n_units_rated_twice: int
    """Units with two ratings or more: what agreement can be computed from."""

    median_seconds: float
    """Active seconds per rating by a person; NaN where there are none: a program's are no times."""


@dataclass(frozen=True)
class RaterRow:
    """One group of raters."""

    group: str
    n_raters: int
    n_ratings: int
    ratings_per_rater: tuple[float, float, float]
    """Fewest, median and most."""

    median_seconds: float


def design_flow(table: JudgmentTable, groups: list[str]) -> tuple[FlowRow, ...]:
    """One row per rubric, set and group."""
    cells = _ratings(table).groupby(["rubric", "dataset", "rater_group"])
    rubrics = [rubric.id for rubric in table.rubrics]
    rows = [_flow_row(about) for _, about in cells]
    return tuple(
        sorted(rows, key=lambda r: (rubrics.index(r.rubric), r.dataset, groups.index(r.group)))
    )


def rater_rows(table: JudgmentTable, groups: list[str]) -> tuple[RaterRow, ...]:
    """One row per group."""
    ratings = _ratings(table)
    rows = []
    for group in groups:
        of_group = ratings[ratings["rater_group"] == group]
        each = of_group["rater_id"].value_counts()
        fewest, median, most = (float(x) for x in np.quantile(each, [0, 0.5, 1]))
        seconds = float(of_group["active_seconds"].median())
        rows.append(RaterRow(group, len(each), len(of_group), (fewest, median, most), seconds))
    return tuple(rows)


def _ratings(table: JudgmentTable) -> pd.DataFrame:
    keys = ["rubric", "unit_id", "rater_id"]
    ratings = table.frame.drop_duplicates(keys)
    seconds = ratings["active_seconds"].mask(ratings["synthetic"])
    return ratings[[*keys, *ABOUT]].assign(active_seconds=seconds)


def _flow_row(about: pd.DataFrame) -> FlowRow:
    rubric, dataset, group = about[["rubric", "dataset", "rater_group"]].iloc[0]
    each = about["unit_id"].value_counts()
    return FlowRow(
        rubric=rubric,
        dataset=dataset,
        group=group,
        n_units=len(each),
        n_raters=about["rater_id"].nunique(),
        n_ratings=len(about),
        n_questions=len(set(about["question_id"]) | set(about["question_2_id"].dropna())),
        n_answers=_n_answers(about),
        ratings_per_unit=(int(each.min()), int(each.max())),
        n_units_rated_twice=int((each >= 2).sum()),
        median_seconds=float(about["active_seconds"].median()),
    )


def _n_answers(about: pd.DataFrame) -> int:
    """Distinct answers, told by question and source."""
    second = about["question_2_id"].fillna(about["question_id"])
    answers = set(zip(about["question_id"], about["source_a"], strict=True))
    paired = about["source_b"].notna()
    answers |= set(zip(second[paired], about.loc[paired, "source_b"], strict=True))
    return len(answers)
