"""Which of two sources is preferred: the one whose answer was found to have less bias.

Everything is by source. Which answer of a unit is A, and which was shown first, changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pandas as pd

from analysis.estimates import UndefinedStatisticError
from analysis.pairs import preference_shares
from analysis.sections.cells import Counts, LeftOut, Resampling, Share, share
from analysis.sections.ratings import Slice, counts, slices
from analysis.summaries.ratings import Ratings, dimension_measures, item_with_role

NO_PREFERENCE = ""
OVERALL = "Overall"


@dataclass(frozen=True)
class PreferenceRow(Counts):
    """Two sources compared by one group, overall or on one dimension."""

    of: Slice
    """Its source is None: a comparison has two."""

    source_x: str
    source_y: str
    measure: str
    label: str
    is_dimension: bool
    x_preferred: Share
    no_preference: Share
    y_preferred: Share


def preferences(
    ratings: Ratings, groups: list[str], resampling: Resampling
) -> tuple[tuple[PreferenceRow, ...], list[LeftOut]]:
    """One row per pair of sources, measure, set and group; and what could not be compared.

    A dimension counts for the preferred source where it was ticked, else as no preference, as in
    the published analysis.
    """
    preferred = preferred_source(ratings)
    comparable = preferred.notna() & ratings.about["source_a"].ne(ratings.about["source_b"])
    left_out = LeftOut(
        section=ratings.rubric.title,
        n=int((~comparable).sum()),
        what="ratings",
        why="both answers came from one source, or no preference was recorded",
    )
    kept = ratings.where(comparable)
    rows = tuple(_rows(kept, preferred[comparable], groups, resampling))
    return rows, [left_out] if left_out.n else []


def preferred_source(ratings: Ratings) -> pd.Series:
    """The source with less bias; empty text for no preference; NaN where nothing was recorded."""
    item = item_with_role(ratings.rubric, "preference")
    if item is None:
        return pd.Series(pd.NA, index=ratings.about.index, dtype="object")
    more_bias = ratings.codes[item.id]
    # The answer with more bias loses, so the other one's source is preferred.
    preferred = pd.Series(pd.NA, index=ratings.about.index, dtype="object")
    preferred = preferred.mask(more_bias.eq("A"), ratings.about["source_b"])
    preferred = preferred.mask(more_bias.eq("B"), ratings.about["source_a"])
    return preferred.mask(more_bias.eq("neither"), NO_PREFERENCE)


def _rows(
    ratings: Ratings, preferred: pd.Series, groups: list[str], resampling: Resampling
) -> Iterator[PreferenceRow]:
    for x, y in _source_pairs(ratings.about):
        compared = ratings.about[["source_a", "source_b"]].isin([x, y]).all(axis=1)
        about = ratings.about[compared]
        cuts = list(slices(about, groups, by_source=False))
        for measure, label, winner in _winners(ratings, preferred):
            for of, rows in cuts:
                chosen = about[rows & winner[compared].notna()]
                first, neither, second = _shares(chosen, winner[chosen.index], (x, y), resampling)
                yield PreferenceRow(
                    **vars(counts(chosen)),
                    of=of,
                    source_x=x,
                    source_y=y,
                    measure=measure,
                    label=label,
                    is_dimension=label != OVERALL,
                    x_preferred=first,
                    no_preference=neither,
                    y_preferred=second,
                )


def _source_pairs(about: pd.DataFrame) -> list[tuple[str, str]]:
    """Each two sources that were compared, in the order of their names."""
    both = zip(about["source_a"], about["source_b"], strict=True)
    return sorted({(min(pair), max(pair)) for pair in both})


def _winners(ratings: Ratings, preferred: pd.Series) -> Iterator[tuple[str, str, pd.Series]]:
    item = item_with_role(ratings.rubric, "preference")
    if item is not None:
        yield item.id, OVERALL, preferred
    for measure in dimension_measures(ratings):
        ticked = preferred.mask(measure.yes.eq(0), NO_PREFERENCE).mask(measure.yes.isna())
        yield measure.name, measure.label, ticked


def _shares(
    about: pd.DataFrame, winner: pd.Series, sources: tuple[str, str], resampling: Resampling
) -> tuple[Share, Share, Share]:
    """Of the first source, of no preference, and of the second source."""
    x, y = sources
    try:
        rates = preference_shares(
            winner.to_numpy(dtype=object),
            codes=[x, NO_PREFERENCE, y],
            clusters=about["cluster"].to_numpy(),
            n_resamples=resampling.n_resamples,
            seed=resampling.seed,
            units=about["unit_id"].to_numpy(),
            raters=about["rater_id"].to_numpy(),
        )
    except UndefinedStatisticError as error:
        nothing = Share.undefined(str(error))
        return nothing, nothing, nothing
    first, neither, second = (share(partial(rates.__getitem__, code)) for code in rates)
    return first, neither, second
