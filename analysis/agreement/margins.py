"""Does one rater (or group, or time) choose some categories more often than the other?

Two raters can agree by any coefficient and still differ in severity. These tests compare their
margins; they need both raters on the same units.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.csgraph import connected_components
from scipy.stats import chi2

from analysis.agreement.paired import left_out, read_pairs, table_of
from analysis.agreement.reasons import no_pair
from analysis.estimates import HypothesisTest, UndefinedStatisticError
from analysis.ratings import Categories, FloatArray

SAME_MARGINS = "over these units, both raters choose every category equally often"


def stuart_maxwell(
    a: ArrayLike, b: ArrayLike, *, categories: Categories | None = None
) -> HypothesisTest:
    """Test whether two raters use all categories equally often; for two codes McNemar's test.

    Parameters
    ----------
    a, b : (n_units,)
        Each rater's codes, NaN or None for missing. Two pandas Series need the same index.
    categories
        Declared codes, to catch others.

    Returns
    -------
    chi-squared, without continuity correction
        Categories on which the raters never differ say nothing on the hypothesis: they are left
        out, degrees of freedom with them, and the note counts them.

    Raises
    ------
    RatingsError
        If the lists differ in length or index, or hold codes not among the categories.
    UndefinedStatisticError
        If no unit was rated by both, or the raters agree on every one.

    References
    ----------
    Stuart (1955), Biometrika 42, 412-416; Maxwell (1970), British Journal of Psychiatry 116,
    651-655.
    """
    pairs = _read(a, b, categories)
    return _test("Stuart-Maxwell", SAME_MARGINS, _homogeneity(pairs.table), pairs)


def bhapkar(a: ArrayLike, b: ArrayLike, *, categories: Categories | None = None) -> HypothesisTest:
    """Test what `stuart_maxwell` tests, with the variance as found instead of under equality.

    Arguments are those of `stuart_maxwell`. The statistic is the larger one, and close to it
    unless the raters differ much.

    Raises
    ------
    UndefinedStatisticError
        Also if the differences have no variance: every unit is split, and in the same way.

    References
    ----------
    Bhapkar (1966), Journal of the American Statistical Association 61, 228-235.
    """
    pairs = _read(a, b, categories)
    statistic, df = _homogeneity(pairs.table)
    n_units = float(pairs.table.sum())
    if n_units - statistic <= 1e-9 * n_units:
        raise UndefinedStatisticError(
            f"the {n_units:.0f} units are all split in one direction: their difference has no "
            "variance to compare it with"
        )
    return _test("Bhapkar", SAME_MARGINS, (statistic / (1 - statistic / n_units), df), pairs)


def bowker(a: ArrayLike, b: ArrayLike, *, categories: Categories | None = None) -> HypothesisTest:
    """Test whether disagreement goes both ways alike for each pair of categories.

    Symmetry asks for more than equal margins. Arguments are those of `stuart_maxwell`. Pairs of
    categories that the raters never confuse carry no degree of freedom.

    References
    ----------
    Bowker (1948), Journal of the American Statistical Association 43, 572-574.
    """
    pairs = _read(a, b, categories)
    lower, upper = np.triu_indices(len(pairs.table), k=1)
    one_way, other_way = pairs.table[lower, upper], pairs.table[upper, lower]
    confused = one_way + other_way > 0
    difference = (one_way - other_way)[confused]
    statistic = float((np.square(difference) / (one_way + other_way)[confused]).sum())
    hypothesis = "over these units, each disagreement is as common as its reverse"
    return _test("Bowker", hypothesis, (statistic, int(confused.sum())), pairs)


class _Pairs(NamedTuple):
    table: FloatArray
    note: str | None


def _read(a: ArrayLike, b: ArrayLike, categories: Categories | None) -> _Pairs:
    units = read_pairs(a, b, categories)
    table = table_of(units)
    if not table.any():
        raise UndefinedStatisticError(no_pair(len(units)))
    split = table - np.diag(np.diagonal(table))
    if not split.any():
        raise UndefinedStatisticError(
            f"the raters agree on all {table.sum():.0f} units: nothing shows who is the severer"
        )
    n_split = (split + split.T).sum(axis=1).tolist()
    codes = [code for code, n in zip(units.categories, n_split, strict=True) if not n]
    never = f"the raters never differ on the categories {codes}, which are left out"
    notes = [left_out(units), never if codes else None]
    return _Pairs(table, "; ".join(note for note in notes if note) or None)


def _homogeneity(table: FloatArray) -> tuple[float, int]:
    """Stuart's statistic and its degrees of freedom.

    The covariance of the differences is the Laplacian of a graph whose edges are disagreements.
    Its rank is the categories less the connected parts, and the differences of each part sum to
    0; so the pseudo-inverse serves where an inverse would fail.
    """
    difference = table.sum(axis=1) - table.sum(axis=0)
    split = table + table.T
    np.fill_diagonal(split, 0)
    covariance = np.diag(split.sum(axis=1)) - split
    n_parts, _ = connected_components(split, directed=False)
    statistic = difference @ np.linalg.pinv(covariance, hermitian=True) @ difference
    return float(statistic), len(table) - int(n_parts)


def _test(
    name: str, hypothesis: str, statistic_and_df: tuple[float, int], pairs: _Pairs
) -> HypothesisTest:
    statistic, df = statistic_and_df
    return HypothesisTest(
        test=f"{name}, chi-squared",
        hypothesis=hypothesis,
        value=statistic,
        p_value=float(chi2.sf(statistic, df)),
        n=int(pairs.table.sum()),
        df=df,
        note=pairs.note,
    )
