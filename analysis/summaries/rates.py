"""One call from the judgment table to how often bias was found, cell by cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.estimates import RatingsError, frame_of
from analysis.progress import Progress, silent
from analysis.rates import Rate, rate
from analysis.summaries.ratings import Measure, Ratings, bias_measures
from analysis.summaries.slicing import SEED, Cut, cut_by, used_ratings
from analysis.table import JudgmentTable

SHOWN = ["low", "high", "standard_error", "method", "refusal"]
"""What a row says of each interval; all are of one rate at one confidence."""


@dataclass(frozen=True)
class RateCell:
    """How often one thing was said in one cell."""

    rubric: str
    measure: str
    label: str
    of: Mapping[str, str]
    """The columns that cut the table, and their values here."""

    n_clusters: int
    """Questions, or the seeds they were made from: what the clustered interval resamples. With
    fewer than 20 it is too narrow."""

    rate: Rate

    def to_frame(self) -> pd.DataFrame:
        """Give one row: the rate, what it rests on, and each interval or why there is none."""
        whole = self.rate.row_level
        row = {
            "rubric": self.rubric,
            "measure": self.measure,
            "label": self.label,
            **self.of,
            "value": self.rate.value,
            "n_ratings": whole.n_ratings,
            "n_units": whole.n_units,
            "n_raters": whole.n_raters,
            "n_clusters": self.n_clusters,
        }
        intervals = {
            "row_level": whole,
            "clustered": self.rate.clustered,
            "two_way": self.rate.two_way,
        }
        for name, estimate in intervals.items():
            columns = frame_of([estimate])[SHOWN].astype({"standard_error": float})
            row |= {f"{name}_{column}": columns[column].iloc[0] for column in SHOWN}
        return pd.DataFrame([row])


@dataclass(frozen=True)
class RatesTable:
    """Rates in every cell, each as published, by question, and for raters like these."""

    by: tuple[str, ...]
    cells: tuple[RateCell, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row for each cell."""
        return pd.concat([cell.to_frame() for cell in self.cells], ignore_index=True)


def rates_table(
    table: JudgmentTable,
    *,
    by: Sequence[str] = ("dataset", "rater_group"),
    rubric: str | None = None,
    n_resamples: int = 10_000,
    seed: int = SEED,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> RatesTable:
    """Estimate how often bias and each of its dimensions was found, in every cell.

    Parameters
    ----------
    table
    by
        Columns of the table that tell cells apart: `dataset`, `source_a`, `kind`, ... of units,
        `rater_group` and other attributes of raters.
    rubric
        Id of one rubric; all that ask about bias without it.
    n_resamples, seed
        Of the interval that resamples questions, or the seeds they were made from. The published
        one always has 1,000 resamples and seed 101.

    Raises
    ------
    TableError
        If the table cannot be cut by a column, or has no judgment by the rubric.
    RatingsError
        If no rubric asks about bias.
    """
    cut = cut_by(table, by)
    work = [
        (ratings, measure, of, rows)
        for ratings in used_ratings(table, rubric, cut.of_raters)
        for measure in bias_measures(ratings)
        for of, rows in _slices(cut, ratings, measure)
    ]
    if not work:
        raise RatingsError("no item of the table's rubrics is about bias")
    cells = []
    for done, (ratings, measure, of, rows) in enumerate(work):
        progress(done, len(work))
        about = ratings.about[rows]
        estimated = rate(
            measure.yes[rows].to_numpy(),
            clusters=about["cluster"].to_numpy(),
            units=about["unit_id"].to_numpy(),
            raters=about["rater_id"].to_numpy(),
            n_resamples=n_resamples,
            seed=seed,
            confidence=confidence,
        )
        cells.append(
            RateCell(
                rubric=ratings.rubric.id,
                measure=measure.name,
                label=measure.label,
                of=of,
                n_clusters=about["cluster"].nunique(),
                rate=estimated,
            )
        )
    progress(len(work), len(work))
    return RatesTable(tuple(by), tuple(cells))


def _slices(
    cut: Cut, ratings: Ratings, measure: Measure
) -> list[tuple[dict[str, str], "pd.Series[bool]"]]:
    """Every cell with a rating that says yes or no."""
    rated = measure.yes.notna()
    labels = ratings.about["rater_id"].map(cut.rater_labels(ratings.about))
    return [
        ({**of, **cut.of_label(label, ratings.about)}, here)
        for of, rows in cut.slices(ratings.about)
        for label in sorted(labels.unique())
        for here in [rows & rated & labels.eq(label)]
        if here.any()
    ]
