"""Agreement across two groups of raters: xRR, the cross-replication reliability.

Alpha asks whether raters of one group agree with each other; xRR asks whether a rating of one
group agrees with a rating of the other, beyond what their habits give by chance. With one rater in
each group it is Cohen's kappa.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.agreement.alpha import Alpha, mean_ranks
from analysis.agreement.estimating import estimate_of
from analysis.agreement.weights import Level, alpha_distance
from analysis.estimates import Estimate, RatingsError
from analysis.ratings import (
    MISSING,
    Categories,
    FloatArray,
    Units,
    check_same_index,
    read_units,
)

LEAST_RELIABILITY = 0.1
"""Below this geometric mean of the groups' alphas, dividing by it multiplies noise by ten or more.
The limit is ours: the authors warn of small denominators without giving one."""


def xrr(
    x: ArrayLike, y: ArrayLike, *, level: Level, categories: Categories | None = None
) -> Estimate:
    """Agreement of two groups of raters on the units that both rated, beyond chance.

    Parameters
    ----------
    x, y : (n_units, n_raters of the group)
        The same units in the same rows, NaN or None for missing; the groups may differ in size.
    level
        What a difference means, as in `krippendorff_alpha`. The ordinal metric is made from the
        ratings of both groups together.
    categories
        Declared codes in rank order: only ordinal labels need them.

    Returns
    -------
    dimensionless, at most 1
        Observed over expected disagreement of a rating in `x` with one in `y`, taken from 1. Two
        groups that agree no better within than across have an xRR like their alphas.

    Raises
    ------
    RatingsError
        If the tables have different rows, or codes or level cannot be what was meant.
    UndefinedStatisticError
        If no unit was rated by both groups, or both gave all of them one code.

    References
    ----------
    Wong, Paritosh and Aroyo (2021), Proceedings of ACL-IJCNLP, 7053-7065.
    """
    units = cross_units(x, y, categories=categories)
    return estimate_of(cross_replication(units, level), units)


def normalised_xrr(
    x: ArrayLike, y: ArrayLike, *, level: Level, categories: Categories | None = None
) -> Estimate:
    """The xRR over the geometric mean of the two groups' alphas, on the same units.

    About 1 if the groups agree with each other as well as reliably rated units allow. Arguments
    are those of `xrr`.

    Raises
    ------
    UndefinedStatisticError
        Also if an alpha is not above 0, or their geometric mean is below 0.1: the quotient of two
        numbers close to 0 says nothing. Compare xRR with the alphas themselves instead.

    References
    ----------
    Wong, Paritosh and Aroyo (2021), Proceedings of ACL-IJCNLP, 7053-7065.
    """
    units = cross_units(x, y, categories=categories)
    return estimate_of(normalised_cross_replication(units, level), units)


def cross_units(x: ArrayLike, y: ArrayLike, *, categories: Categories | None) -> Units:
    """Read both groups side by side: each code twice, as given by `x` and as given by `y`.

    Units that one group did not rate are blank. Counts then hold all that xRR depends on, and
    units with equal counts form one pattern for the bootstrap.
    """
    first, second = _same_rows(x, y)
    both = read_units(np.hstack([first, second]), categories)
    n_x, n_categories = first.shape[1], len(both.categories)
    rated = both.codes != MISSING
    shared = rated[:, :n_x].any(axis=1) & rated[:, n_x:].any(axis=1)
    shift = np.repeat([0, n_categories], [n_x, second.shape[1]])
    codes = np.where(rated & shared[:, None], both.codes + shift, MISSING)

    doubled = read_units(np.where(codes == MISSING, np.nan, codes), range(2 * n_categories))
    labels = tuple((group, code) for group in ("x", "y") for code in both.categories)
    return replace(
        doubled, categories=labels, is_declared=both.is_declared, is_ranked=both.is_ranked
    )


@dataclass(frozen=True, eq=False)
class CrossReplication:
    """xRR as a function of sums over units of `cross_units`."""

    n_categories: int
    """Of each group."""

    distance: FloatArray | None
    """Squared distances of the categories; None for the ordinal metric."""

    name: str = "xrr"
    needs_raters: bool = False

    def per_unit(self, units: Units) -> FloatArray:
        """Disagreement across the groups, times the unit's ratings; then the counts of both."""
        x, y = self._groups(units.counts.astype(float))
        n_x, n_y = x.sum(axis=1, keepdims=True), y.sum(axis=1, keepdims=True)
        weight = (n_x + n_y) / np.maximum(n_x * n_y, 1)
        if self.distance is None:
            lower, upper = np.triu_indices(self.n_categories, k=1)
            across = x[:, lower] * y[:, upper] + x[:, upper] * y[:, lower]
        else:
            across = (x @ self.distance * y).sum(axis=1, keepdims=True)
        return np.hstack([across * weight, x, y])

    def value(self, sums: FloatArray) -> FloatArray:
        """One minus observed over expected disagreement."""
        across, counts = np.split(sums, [sums.shape[-1] - 2 * self.n_categories], axis=-1)
        x, y = self._groups(counts)
        n_x, n_y = x.sum(axis=-1), y.sum(axis=-1)
        observed, expected = self._disagreements(across, x, y)
        varied = (np.count_nonzero(x + y, axis=-1) >= 2) & (n_x > 0) & (n_y > 0)
        ratio: FloatArray = np.full(varied.shape, np.nan)
        np.divide(n_x * n_y * observed, (n_x + n_y) * expected, out=ratio, where=varied)
        return 1 - ratio

    def _disagreements(
        self, across: FloatArray, x: FloatArray, y: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Summed over the units; and over all pairs of a rating in `x` and one in `y`."""
        if self.distance is not None:
            return across[..., 0], (x @ self.distance * y).sum(axis=-1)

        rank = mean_ranks(x + y)
        lower, upper = np.triu_indices(self.n_categories, k=1)
        squared = np.square(rank[..., lower] - rank[..., upper])
        pairs = x[..., lower] * y[..., upper] + x[..., upper] * y[..., lower]
        return (across * squared).sum(axis=-1), (pairs * squared).sum(axis=-1)

    def _groups(self, both: FloatArray) -> tuple[FloatArray, FloatArray]:
        return both[..., : self.n_categories], both[..., self.n_categories :]

    def reason(self, units: Units) -> str:
        """Say that the groups never met, or that nothing varies."""
        n_shared = len(units.pairable())
        if not n_shared:
            return f"none of the {len(units)} units was rated by both groups"
        return f"both groups gave all {n_shared} units the same code"


@dataclass(frozen=True, eq=False)
class NormalisedCrossReplication:
    """xRR over the geometric mean of the groups' alphas, as a function of sums over units."""

    across: CrossReplication
    within: Alpha
    name: str = "normalised_xrr"
    needs_raters: bool = False

    def per_unit(self, units: Units) -> FloatArray:
        """What the unit adds to xRR, to the alpha of `x` and to that of `y`."""
        alphas = [self.within.per_unit(group) for group in _one_by_one(units)]
        return np.hstack([self.across.per_unit(units), *alphas])

    def value(self, sums: FloatArray) -> FloatArray:
        """Divide, unless by too little."""
        across, alphas = self._split(sums)
        mean = np.sqrt(np.prod([np.maximum(alpha, 0) for alpha in alphas], axis=0))
        normalised: FloatArray = np.full(mean.shape, np.nan)
        np.divide(across, mean, out=normalised, where=mean >= LEAST_RELIABILITY)
        return normalised

    def _split(self, sums: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        n_categories = self.within.n_categories
        n_within = (sums.shape[-1] - 4 * n_categories) // 3
        ends = np.cumsum([n_within + 2 * n_categories, n_within + n_categories])
        across, x, y = np.split(sums, ends, axis=-1)
        return self.across.value(across), [self.within.value(x), self.within.value(y)]

    def reason(self, units: Units) -> str:
        """Say that xRR or an alpha is undefined, or that the alphas are too small."""
        across, alphas = self._split(self.per_unit(units).sum(axis=0))
        if np.isnan(across):
            return self.across.reason(units)
        for name, alpha, group in zip("xy", alphas, _one_by_one(units), strict=True):
            if np.isnan(alpha):
                return f"alpha of group {name} is undefined: {self.within.reason(group)}"
        return (
            f"the groups' alphas are {alphas[0]:.3g} and {alphas[1]:.3g}: to divide by their "
            f"geometric mean, both must be above 0 and it at least {LEAST_RELIABILITY}"
        )


def cross_replication(units: Units, level: Level) -> CrossReplication:
    """Give xRR for `cross_units`, for resampling too."""
    x, _ = _one_by_one(units)
    return CrossReplication(len(x.categories), alpha_distance(level, x))


def normalised_cross_replication(units: Units, level: Level) -> NormalisedCrossReplication:
    """Give the normalised xRR for `cross_units`, for resampling too."""
    across = cross_replication(units, level)
    return NormalisedCrossReplication(across, Alpha(across.n_categories, across.distance))


def _one_by_one(units: Units) -> list[Units]:
    """Part `cross_units` into the two groups, each with the categories as declared."""
    n_categories = len(units.categories) // 2
    pairs = cast(tuple[tuple[str, Hashable], ...], units.categories)
    categories = tuple(code for _, code in pairs[:n_categories])
    is_y = units.codes >= n_categories
    codes = np.where(is_y, units.codes - n_categories, units.codes)
    return [
        replace(
            units,
            codes=np.where(is_in, codes, MISSING),
            counts=units.counts[:, columns],
            categories=categories,
        )
        for is_in, columns in (
            (~is_y, slice(None, n_categories)),
            (is_y, slice(n_categories, None)),
        )
    ]


def _same_rows(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Check that row by row both tables speak of the same unit."""
    check_same_index(x, y)
    first, second = np.asarray(x, dtype=object), np.asarray(y, dtype=object)
    if first.ndim != 2 or second.ndim != 2 or len(first) != len(second):
        raise RatingsError(
            f"shapes {first.shape} and {second.shape}: give the same units in the rows of both"
        )
    return first, second
