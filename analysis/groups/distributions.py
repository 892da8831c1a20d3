"""How far apart two groups' distributions of codes lie, by three distances.

A distance is never below 0, so that of two samples from one distribution is above it. Hold every
value against `null`, what the distance is if labels have nothing to do with codes.
"""

from collections.abc import Hashable, Set

from numpy.typing import ArrayLike

from analysis.estimates import RatingsError
from analysis.groups.code_distributions import (
    DistributionComparison,
    compared_distributions,
    read_coded,
)
from analysis.groups.distances import jensen_shannon_of, total_variation_of, wasserstein_of
from analysis.intervals.resampling import Plan
from analysis.progress import Progress, silent
from analysis.ratings import Categories


def total_variation(
    codes: ArrayLike,
    *,
    groups: ArrayLike,
    units: ArrayLike,
    raters: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    categories: Categories,
    compared: tuple[Hashable, Hashable] | None = None,
    n_permutations: int = 10_000,
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> DistributionComparison:
    """Largest difference in how often two groups use any set of codes, 0 to 1.

    Parameters
    ----------
    codes : (n_ratings,)
        No missing values.
    groups, units, raters : (n_ratings,)
        Without raters, labels change places among the ratings of each unit, as if each came from
        a rater of its own: raters who lean one way then look like a difference of groups.
    strata : (n_ratings,)
        Set or block of the unit, as in `rate_difference_test`; with raters only.
    categories
        All codes that the rubric offers.
    compared
        First and second group, where there are more than two.

    Returns
    -------
    The distance with a percentile interval that resamples units, and its one-sided test by
    relabelling raters (or ratings within units). Near 0 the interval is too high, and cannot reach
    0: take the test, and hold the value against `null.median`.

    Raises
    ------
    RatingsError
        If codes or labels cannot be what was meant.
    UndefinedStatisticError
        If labels are not exchangeable: the groups rated different units.

    References
    ----------
    Lin (1991), IEEE Transactions on Information Theory 37(1), 145-151, for the bounds between the
    distances.
    """
    ratings = read_coded(codes, groups, units, raters, strata, categories, compared)
    plan = Plan(n_resamples, seed, "percentile", confidence, drawn="units")
    return compared_distributions(
        "total variation", total_variation_of, ratings, plan, n_permutations, progress
    )


def jensen_shannon(
    codes: ArrayLike,
    *,
    groups: ArrayLike,
    units: ArrayLike,
    raters: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    categories: Categories,
    compared: tuple[Hashable, Hashable] | None = None,
    n_permutations: int = 10_000,
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> DistributionComparison:
    """Jensen-Shannon divergence of two groups' codes, in bits: 0 the same, 1 no code in common.

    SciPy's `jensenshannon` is the square root of this, and in nats unless told otherwise.

    Parameters, returns and errors are those of `total_variation`.

    References
    ----------
    Lin (1991), IEEE Transactions on Information Theory 37(1), 145-151.
    """
    ratings = read_coded(codes, groups, units, raters, strata, categories, compared)
    plan = Plan(n_resamples, seed, "percentile", confidence, drawn="units")
    return compared_distributions(
        "Jensen-Shannon divergence", jensen_shannon_of, ratings, plan, n_permutations, progress
    )


def wasserstein(
    codes: ArrayLike,
    *,
    groups: ArrayLike,
    units: ArrayLike,
    raters: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    categories: Categories,
    compared: tuple[Hashable, Hashable] | None = None,
    n_permutations: int = 10_000,
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> DistributionComparison:
    """Earth mover's distance of two groups' codes: by how many steps ratings must move on average.

    Neighbouring codes lie one step apart, whatever numbers they carry; `categories` gives their
    order. Other parameters, returns and errors are those of `total_variation`.

    References
    ----------
    Vallender (1974), Theory of Probability and Its Applications 18(4), 784-786.
    """
    if isinstance(categories, Set):
        raise RatingsError("a distance in steps counts ranks: give `categories` as a list in order")
    ratings = read_coded(codes, groups, units, raters, strata, categories, compared)
    plan = Plan(n_resamples, seed, "percentile", confidence, drawn="units")
    return compared_distributions(
        "Wasserstein distance", wasserstein_of, ratings, plan, n_permutations, progress
    )
