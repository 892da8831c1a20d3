"""Which way do pairs point? Tests of preferences that count directions only.

`cluster_sign_test` is the one for several ratings of a unit. The others take the rows as
independent, and would make p-values of clustered ratings too small.
"""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest

from analysis.estimates import HypothesisTest, RatingsError
from analysis.intervals.patterns import cluster_numbers
from analysis.pairs.differences import (
    INDEPENDENT,
    named,
    read_differences,
    signs_note,
)
from analysis.pairs.sign_flips import (
    Alternative,
    drawn_p_value,
    exact_p_value,
    is_exact_in_reach,
)
from analysis.progress import Progress, silent
from analysis.rates.proportions import check_counts
from analysis.rates.t_intervals import check_choice
from analysis.ratings import FloatArray


@dataclass(frozen=True, kw_only=True)
class SignTest(HypothesisTest):
    """A test that looks only at which way each pair points."""

    n_positive: int
    n_negative: int
    n_zero: int
    """Pairs without a difference; they say nothing, and are left out."""


def binomial_test(
    k: int, n: int, *, share: float = 0.5, alternative: Alternative = "two-sided"
) -> HypothesisTest:
    """Test exactly whether k of n independent ratings fit a share; `value` is k.

    Two-sided, every count that is no more likely than k counts as extreme, as in R.

    Raises
    ------
    RatingsError
        If k does not lie from 0 to n, or the share from 0 to 1.
    UndefinedStatisticError
        If n is 0.
    """
    check_choice("alternative", alternative, get_args(Alternative))
    check_counts(k, n)
    if not 0 <= share <= 1:
        raise RatingsError(f"share is {share}: it lies from 0 to 1")

    p_value = float(binomtest(int(k), int(n), share, alternative).pvalue)
    return HypothesisTest(
        test=named("binomial, exact", alternative),
        hypothesis=f"the share is {share}",
        value=float(k),
        p_value=p_value,
        n=int(n),
        note=INDEPENDENT,
    )


def sign_test(
    x: ArrayLike, y: ArrayLike | None = None, *, alternative: Alternative = "two-sided"
) -> SignTest:
    """Test exactly whether pairs point either way equally often; `value` is how many are above 0.

    Parameters
    ----------
    x, y : (n_pairs,)
        Finite numbers; without `y`, `x` holds the differences. For a preference: 1 for one source,
        -1 for the other, 0 for neither.
    alternative
        `greater`: `x` tends to lie above `y`.

    Returns
    -------
    p is 1, with a note, if there is no difference in any pair.

    Raises
    ------
    RatingsError
        If a number is missing or infinite, or the lists differ in length.
    UndefinedStatisticError
        If there are no pairs.
    """
    check_choice("alternative", alternative, get_args(Alternative))
    differences = read_differences(x, y)
    above, below, zero = _signs(differences)
    decided = above + below
    p_value = float(binomtest(above, decided, 0.5, alternative).pvalue) if decided else 1.0
    return SignTest(
        test=named("sign, exact", alternative),
        hypothesis="a pair with a difference points either way equally often",
        value=float(above),
        p_value=p_value,
        n=decided,
        note=signs_note(len(differences), zero, INDEPENDENT),
        n_positive=above,
        n_negative=below,
        n_zero=zero,
    )


def cluster_sign_test(
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    clusters: ArrayLike,
    seed: int,
    n_permutations: int = 10_000,
    alternative: Alternative = "two-sided",
    progress: Progress = silent,
) -> SignTest:
    """Test whether pairs point either way equally often, when pairs come in clusters.

    Each cluster is one observation: positive less negative signs in it. If neither side is better,
    a cluster might as well have leaned as far the other way, so all its signs are exchanged
    together. All ways to do so are counted where that takes no more than some tenths of a second
    (some thousand clusters of usual size); else B ways are drawn, and p is (b + 1) / (B + 1).
    `value` is the positive less the negative signs of all pairs, `n` the clusters that lean.

    Parameters
    ----------
    x, y : (n_ratings,)
        As for `sign_test`.
    clusters : (n_ratings,)
        Label of the unit, or of the seed that its question comes from.
    n_permutations, seed
        Used where not all ways can be counted.

    Raises
    ------
    RatingsError
        If a number is missing or infinite, the lists differ in length, or the number of
        permutations or the seed is no such number.
    UndefinedStatisticError
        If there are no pairs.

    References
    ----------
    Pesarin and Salmaso (2010), Permutation Tests for Complex Data; the p-value of drawn ways:
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9(1), 39.
    """
    check_choice("alternative", alternative, get_args(Alternative))
    for name, number, least in (("n_permutations", n_permutations, 1), ("seed", seed, 0)):
        if not isinstance(number, int | np.integer) or number < least:
            raise RatingsError(f"{name} is {number!r}: give a whole number, not below {least}")
    differences = read_differences(x, y)
    labels = cluster_numbers(clusters, len(differences))
    leaning = np.rint(np.bincount(labels, np.sign(differences))).astype(np.int64)
    weights, positive = np.abs(leaning[leaning != 0]), int(leaning[leaning > 0].sum())
    how, p_value = "no cluster leans", 1.0
    if len(weights) and is_exact_in_reach(weights):
        how, p_value = "exact", exact_p_value(weights, positive, alternative)
    elif len(weights):
        how = f"{n_permutations} draws"
        p_value = drawn_p_value(
            weights,
            positive,
            alternative,
            n_permutations=n_permutations,
            seed=seed,
            progress=progress,
        )
    above, below, zero = _signs(differences)
    return SignTest(
        test=named(f"sign flips of clusters, {how}", alternative),
        hypothesis="a cluster leans either way equally often, and equally far",
        value=float(above - below),
        p_value=p_value,
        n=len(weights),
        note=signs_note(
            len(differences), zero, f"{len(leaning) - len(weights)} clusters lean neither way"
        ),
        n_positive=above,
        n_negative=below,
        n_zero=zero,
    )


def _signs(differences: FloatArray) -> tuple[int, int, int]:
    above, below = int((differences > 0).sum()), int((differences < 0).sum())
    return above, below, len(differences) - above - below
