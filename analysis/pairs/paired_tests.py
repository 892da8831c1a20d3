"""Tests of two judgments of the same things: of yes or no (McNemar), and of numbers (Wilcoxon).

They take the rows as independent. Several ratings of one unit, or units from one seed, are not, and
p-values come out too small: `cluster_sign_test` is the honest test then, for yes or no as well as
for numbers.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom, binomtest, chi2, rankdata

from analysis.estimates import HypothesisTest, RatingsError
from analysis.pairs.differences import (
    INDEPENDENT,
    named,
    read_differences,
    signs_note,
)
from analysis.pairs.sign_flips import (
    Alternative,
    exact_p_value,
    is_exact_in_reach,
    normal_p_value,
)
from analysis.rates.indicators import yes_or_no
from analysis.rates.proportions import is_whole
from analysis.rates.t_intervals import check_choice
from analysis.ratings import FloatArray, IntArray, check_same_index

McNemarMethod = Literal["exact", "midp", "chi2", "chi2_corrected"]
Zeros = Literal["wilcox", "pratt", "zsplit"]
RankMethod = Literal["auto", "exact", "normal", "normal_corrected"]


@dataclass(frozen=True, kw_only=True)
class McNemarTest(HypothesisTest):
    """A test of two shares of yes, from the same pairs."""

    b: int
    """Pairs with yes first and no second."""

    c: int
    """Pairs with no first and yes second."""

    difference: float | None
    """First share less second, (b - c) / pairs; None where the number of pairs was not given."""


@dataclass(frozen=True, kw_only=True)
class SignedRankTest(HypothesisTest):
    """Wilcoxon's test; `value` is V, the sum of the ranks of the differences above 0."""

    n_zero: int
    n_tied: int
    """Differences other than 0 whose size occurs more than once; they share a mean rank."""


def mcnemar(first: ArrayLike, second: ArrayLike, *, method: McNemarMethod = "midp") -> McNemarTest:
    """Test whether two judgments of the same things say yes equally often.

    Parameters
    ----------
    first, second : (n_pairs,)
        Yes or no: booleans, or 1 and 0.
    method
        See `mcnemar_counts`.

    Raises
    ------
    RatingsError
        If a value is neither yes nor no, or the lists differ in length, or in index.
    UndefinedStatisticError
        If there are no pairs.
    """
    check_same_index(first, second)
    yes_1, yes_2 = yes_or_no(first) == 1, yes_or_no(second) == 1
    if len(yes_1) != len(yes_2):
        raise RatingsError(f"{len(yes_1)} first and {len(yes_2)} second judgments: give pairs")
    b, c = int((yes_1 & ~yes_2).sum()), int((yes_2 & ~yes_1).sum())
    return mcnemar_counts(b=b, c=c, n_pairs=len(yes_1), method=method)


def mcnemar_counts(
    *, b: int, c: int, n_pairs: int | None = None, method: McNemarMethod = "midp"
) -> McNemarTest:
    """Test whether b and c, the two kinds of pairs that disagree, are equally frequent.

    Parameters
    ----------
    b, c
        Pairs with yes and no, and with no and yes.
    n_pairs
        All pairs, those that agree included; only the difference needs them.
    method
        `exact` is the binomial test, conservative; `midp` counts half of what was seen, and its
        error rate lies nearest to the nominal one; `chi2` and `chi2_corrected` are for b + c of
        25 or more. `value` is b for the first two, chi-squared for the others.

    Returns
    -------
    p is 1, with a note, if no pair disagrees.

    Raises
    ------
    RatingsError
        If a count is no whole number from 0 on, or there are fewer pairs than b + c.

    References
    ----------
    McNemar (1947), Psychometrika 12, 153-157; Edwards (1948), Psychometrika 13, 185-187, for the
    correction; Fagerland, Lydersen and Laake (2013), BMC Medical Research Methodology 13, 91, for
    the mid-p.
    """
    check_choice("method", method, get_args(McNemarMethod))
    given = [b, c, 0 if n_pairs is None else n_pairs]
    if not all(is_whole(count) for count in given) or min(given) < 0:
        raise RatingsError(f"b {b!r}, c {c!r}, pairs {n_pairs!r}: counts are whole numbers from 0")
    if n_pairs is not None and n_pairs < b + c:
        raise RatingsError(f"b {b}, c {c} of {n_pairs} pairs: b + c is at most the pairs")

    b, c = int(b), int(c)
    value, p_value = _mcnemar(b, c, method)
    none = "" if b + c else "no pair disagrees, so nothing speaks against the hypothesis; "
    return McNemarTest(
        test=f"McNemar, {method}",
        hypothesis="both say yes equally often",
        value=value,
        p_value=p_value,
        n=b + c,
        df=1.0 if method.startswith("chi2") else None,
        note=none + INDEPENDENT,
        b=b,
        c=c,
        difference=float((b - c) / n_pairs) if n_pairs else None,
    )


def _mcnemar(b: int, c: int, method: McNemarMethod) -> tuple[float, float]:
    """The statistic and its p-value."""
    if method.startswith("chi2"):
        apart = max(abs(b - c) - 1, 0) if method == "chi2_corrected" else abs(b - c)
        statistic = apart**2 / (b + c) if b + c else 0.0
        return statistic, float(chi2.sf(statistic, 1))
    if b + c == 0:
        return 0.0, 1.0
    p_value = float(binomtest(b, b + c).pvalue)
    if method == "midp":
        # Of two equal counts, the exact p is 1 and not twice a tail: half of what was seen is off.
        p_value = 2 * float(binom.cdf(min(b, c), b + c, 0.5) - binom.pmf(b, b + c, 0.5) / 2)
    return float(b), p_value


def wilcoxon_signed_rank(
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    zeros: Zeros = "wilcox",
    method: RankMethod = "auto",
    alternative: Alternative = "two-sided",
) -> SignedRankTest:
    """Test whether paired differences lie symmetrically around 0, by their ranks.

    The exact p-value counts all ways in which the signs can fall on the ranks as they are, ties
    and zeros included. R and SciPy fall back to the normal approximation at the first tie, and so
    differ there; `normal_corrected` is theirs (SciPy: with `correction=True`).

    Parameters
    ----------
    x, y : (n_pairs,)
        Finite numbers; without `y`, `x` holds the differences. Their sizes must be comparable, as
        for scores with equal steps.
    zeros
        `wilcox` drops pairs without a difference before ranking, `pratt` ranks them and then drops
        them, `zsplit` adds half their ranks to V, which moves V but not p.
    method
        `auto` is exact where that takes no more than some tenths of a second (some 500 pairs), else
        `normal_corrected`, which moves V by one half towards its expectation.
    alternative
        `greater`: `x` tends to lie above `y`.

    Returns
    -------
    p is 1, with a note, if there is no difference in any pair.

    Raises
    ------
    RatingsError
        If a number is missing or infinite, the lists differ in length, or an option is unknown.
    UndefinedStatisticError
        If there are no pairs.

    References
    ----------
    Wilcoxon (1945), Biometrics Bulletin 1, 80-83; Pratt (1959), Journal of the American Statistical
    Association 54, 655-667; Hollander and Wolfe (1973), Nonparametric Statistical Methods, 27-33.
    """
    check_choice("zeros", zeros, get_args(Zeros))
    check_choice("method", method, get_args(RankMethod))
    check_choice("alternative", alternative, get_args(Alternative))
    differences = read_differences(x, y)
    sizes = np.abs(differences)
    is_zero = sizes == 0
    doubled = _doubled_ranks(sizes, is_zero, zeros)
    weights, positive = doubled[~is_zero], int(doubled[differences > 0].sum())
    how, p_value = _ranks_p_value(weights, positive, method, alternative)
    split = int(doubled[is_zero].sum()) / 2 if zeros == "zsplit" else 0.0
    n_zero = int(is_zero.sum())
    _, times = np.unique(sizes[~is_zero], return_counts=True)
    return SignedRankTest(
        test=named(f"Wilcoxon signed rank, {how}, zeros {zeros}", alternative),
        hypothesis="the differences lie symmetrically around 0",
        value=(positive + split) / 2,
        p_value=p_value,
        n=len(weights),
        note=signs_note(len(differences), n_zero, INDEPENDENT),
        n_zero=n_zero,
        n_tied=int(times[times > 1].sum()),
    )


def _doubled_ranks(sizes: FloatArray, is_zero: NDArray[np.bool_], zeros: Zeros) -> IntArray:
    """Twice the mean ranks, so that they are whole numbers; 0 for pairs left out of the ranking."""
    ranked = ~is_zero if zeros == "wilcox" else np.full(len(sizes), True)
    doubled = np.zeros(len(sizes), dtype=np.int64)
    doubled[ranked] = np.rint(2 * rankdata(sizes[ranked]))
    return doubled


def _ranks_p_value(
    weights: IntArray, positive: int, method: RankMethod, alternative: Alternative
) -> tuple[str, float]:
    """How the p-value was found, and the p-value, from doubled ranks."""
    if not len(weights):
        return "no differences", 1.0
    is_small = is_exact_in_reach(weights)
    if method == "exact" and not is_small:
        raise RatingsError(
            f"the exact law of {len(weights)} differences takes too long: use 'auto'"
        )
    if method == "exact" or (method == "auto" and is_small):
        return "exact", exact_p_value(weights, positive, alternative)
    correction = 0.0 if method == "normal" else 0.5
    _, p_value = normal_p_value(weights / 2, positive / 2, alternative, correction=correction)
    return "normal with correction" if correction else "normal", p_value
