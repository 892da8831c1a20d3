"""Pairwise judgments: how often each source was preferred, and how often neither."""

from collections.abc import Hashable, Sequence

from numpy.typing import ArrayLike

from analysis.rates import Rate, rate
from analysis.rates.codes import read_codes


def preference_shares(
    choices: ArrayLike,
    *,
    codes: Sequence[Hashable],
    clusters: ArrayLike | None = None,
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    units: ArrayLike | None = None,
    raters: ArrayLike | None = None,
) -> dict[Hashable, Rate]:
    """Share of the ratings that made each choice; the shares add up to 1.

    Parameters
    ----------
    choices : (n_ratings,)
        One code for each rating: a source that was preferred, or the code of no preference.
        By source, never by the side of the screen.
    codes
        All codes that a rating can have; one that nobody chose has the share 0 and no interval.
    clusters : (n_ratings,)
        What is resampled whole: the unit, or the seed that its question comes from.
    n_resamples, seed
        Of the clustered intervals; the row-level ones are as published.
    units, raters : (n_ratings,)
        Labels, to count how many there are.

    Returns
    -------
    For each code, in the order given, its share with the row-level and the clustered interval.

    Raises
    ------
    RatingsError
        If a choice is missing or not among the codes, a code is given twice, or lists differ in
        length.
    UndefinedStatisticError
        If there are no ratings.
    """
    chosen = read_codes(choices, codes, noun="choice")
    return {
        code: rate(
            chosen == place,
            clusters=clusters,
            n_resamples=n_resamples,
            seed=seed,
            confidence=confidence,
            units=units,
            raters=raters,
        )
        for place, code in enumerate(codes)
    }
