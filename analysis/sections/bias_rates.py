"""How often raters found bias: per set, group and source, and per dimension."""

from dataclasses import dataclass

import pandas as pd

from analysis.rates import Rate, rate
from analysis.sections.cells import Counts, Resampling, Share, share
from analysis.sections.ratings import Slice, counts, slices
from analysis.summaries.ratings import Measure, MeasureKind, Ratings, bias_measures


@dataclass(frozen=True)
class RateRow(Counts):
    """The share of ratings for which a measure is true."""

    rubric: str
    of: Slice
    measure: str
    label: str
    kind: MeasureKind
    share: Share


def bias_rates(ratings: Ratings, groups: list[str], resampling: Resampling) -> tuple[RateRow, ...]:
    """One row per measure, set, group and source, with totals over sets and over sources."""
    cuts = list(slices(ratings.about, groups))
    return tuple(
        _row(ratings, measure, of, rows & measure.yes.notna(), resampling)
        for measure in bias_measures(ratings)
        for of, rows in cuts
    )


def _row(
    ratings: Ratings, measure: Measure, of: Slice, rows: "pd.Series[bool]", resampling: Resampling
) -> RateRow:
    about = ratings.about[rows]
    return RateRow(
        **vars(counts(about)),
        rubric=ratings.rubric.id,
        of=of,
        measure=measure.name,
        label=measure.label,
        kind=measure.kind,
        share=share(lambda: rate_of(about, measure.yes[rows], resampling)),
    )


def rate_of(about: pd.DataFrame, yes: "pd.Series[float]", resampling: Resampling) -> Rate:
    """The share of ones among ratings, with all intervals that these ratings allow.

    Parameters
    ----------
    about : (n_ratings, ...)
        What was rated, with its `cluster`, and by whom, if each is by one rater.
    yes : (n_ratings,)
        0 or 1.
    """
    return rate(
        yes.to_numpy(),
        clusters=about["cluster"].to_numpy(),
        n_resamples=resampling.n_resamples,
        seed=resampling.seed,
        units=about["unit_id"].to_numpy(),
        raters=about["rater_id"].to_numpy() if "rater_id" in about else None,
    )
