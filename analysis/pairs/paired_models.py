"""How good is each source? Bradley-Terry and Davidson models of comparisons two at a time."""

from collections.abc import Hashable, Sequence

from numpy.typing import ArrayLike

from analysis.pairs.abilities import Abilities
from analysis.pairs.comparisons import read_comparisons
from analysis.pairs.fitting import fit
from analysis.progress import Progress, silent


def bradley_terry(
    outcome: ArrayLike,
    *,
    first: ArrayLike,
    second: ArrayLike,
    shown_first: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    raters: ArrayLike | None = None,
    sources: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    n_resamples: int = 0,
    seed: int | None = None,
    progress: Progress = silent,
) -> Abilities:
    """Fit the Bradley-Terry model: log odds of a preference are a difference of abilities.

    A tie counts as half a win of either source, which keeps the abilities sensible but takes the
    tie as two half certain judgments; `davidson` models it instead.

    Parameters
    ----------
    outcome : (n_rows,)
        `first`, `second` or `tie`: which of the two sources was preferred.
    first, second : (n_rows,)
        The two sources compared, in any order.
    shown_first : (n_rows,)
        `first` or `second`: which of the two was shown first (or played at home). Adds an order
        effect to the model. Without it, who was shown first is taken as without influence.
    counts : (n_rows,)
        How many comparisons each row stands for; without it, one.
    clusters : (n_rows,)
        What was drawn independently: the unit, or the seed that its question comes from. With
        them, standard errors are cluster-robust (sandwich, t with clusters - 1 df) and speak of
        these raters; without, every comparison is taken as independent, which is too sure where
        a unit has several ratings.
    raters : (n_rows,)
        Who compared. Together with clusters, standard errors are two-way cluster-robust, and speak
        of raters like these.
    sources
        All sources, the reference first; without it, those that occur, in ascending order.
    n_resamples, seed
        With more than 0 resamples, which need a seed, intervals are percentiles over resampled
        clusters instead.

    Raises
    ------
    RatingsError
        If a row, an option or a number cannot be what was meant.
    UndefinedStatisticError
        If there are no comparisons; if a source never won, never lost or never met the others, so
        that its ability is not finite; if the order effect cannot be told from the sources; or if
        there are no more clusters than coefficients.

    References
    ----------
    Bradley and Terry (1952), Biometrika 39, 324-345; order effect: Agresti (2002), Categorical Data
    Analysis; sandwich: Liang and Zeger (1986), Biometrika 73, 13-22.
    """
    comparisons = read_comparisons(
        outcome,
        first=first,
        second=second,
        shown_first=shown_first,
        counts=counts,
        clusters=clusters,
        raters=raters,
        sources=sources,
    )
    return fit("Bradley-Terry", comparisons, confidence, n_resamples, seed, progress)


def davidson(
    outcome: ArrayLike,
    *,
    first: ArrayLike,
    second: ArrayLike,
    shown_first: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    raters: ArrayLike | None = None,
    sources: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    n_resamples: int = 0,
    seed: int | None = None,
    progress: Progress = silent,
) -> Abilities:
    """Fit Davidson's model, in which ties have a probability of their own.

    With worths p, i is preferred to j with probability p_i / (p_i + p_j + nu sqrt(p_i p_j)), and
    they tie with nu sqrt(p_i p_j) over the same sum: the more alike, the more often. An order
    effect g multiplies the odds of the source shown first by exp(g); ties of equals stay
    nu / (exp(g / 2) + exp(-g / 2) + nu). The likelihood is then that of Davidson and Beaver (1977),
    but for the scale of nu.

    Parameters
    ----------
    outcome, first, second, shown_first, counts, clusters, raters, sources
        As for `bradley_terry`.
    n_resamples, seed
        As for `bradley_terry`.

    Returns
    -------
    Without any tie, nu is 0 and has no interval; the abilities are those of Bradley and Terry.

    Raises
    ------
    RatingsError
        If a row, an option or a number cannot be what was meant.
    UndefinedStatisticError
        As for `bradley_terry`; or if all comparisons are ties.

    References
    ----------
    Davidson (1970), Journal of the American Statistical Association 65, 317-328; Davidson and
    Beaver (1977), Biometrics 33, 693-702.
    """
    comparisons = read_comparisons(
        outcome,
        first=first,
        second=second,
        shown_first=shown_first,
        counts=counts,
        clusters=clusters,
        raters=raters,
        sources=sources,
    )
    return fit("Davidson", comparisons, confidence, n_resamples, seed, progress)
