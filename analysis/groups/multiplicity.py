"""Many tests at once: p-values adjusted within declared families."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import RatingsError
from analysis.groups.reading import read_labels
from analysis.groups.relabelling import ROUNDING
from analysis.ratings import FloatArray

Adjustment = Literal["holm", "hochberg", "bh", "by", "bonferroni"]

WHOLE_FAMILY = "all tests"


@dataclass(frozen=True, eq=False)
class AdjustedPValues:
    """P-values as they came, and adjusted for the number of tests in their family."""

    p_values: FloatArray
    """(n_tests,), NaN where a test could not be made."""

    adjusted: FloatArray
    """(n_tests,), NaN where the p-value is."""

    family: tuple[Hashable, ...]
    """(n_tests,)"""

    method: str

    @property
    def n_tests(self) -> int:
        """Tests that were made: those with a p-value."""
        return int(np.isfinite(self.adjusted).sum())

    def rejected(self, level: float = 0.05) -> NDArray[np.bool_]:
        """Say which hypotheses fall at this level, (n_tests,); none without a p-value does."""
        if not 0 < level < 1:
            raise RatingsError(f"level {level}: between 0 and 1, such as 0.05")
        fallen: NDArray[np.bool_] = self.adjusted <= level
        return fallen

    def n_rejected(self, level: float = 0.05) -> int:
        """Count the hypotheses that fall at this level."""
        return int(self.rejected(level).sum())

    def to_frame(self) -> pd.DataFrame:
        """One row for each test, in the order given; nothing is rounded."""
        return pd.DataFrame(
            {
                "family": list(self.family),
                "p_value": self.p_values,
                "p_adjusted": self.adjusted,
                "adjustment": self.method,
            }
        )


def adjusted(
    p_values: ArrayLike, *, method: Adjustment = "holm", family: Sequence[Hashable] | None = None
) -> AdjustedPValues:
    """Adjust p-values for the number of tests, family by family.

    A hypothesis falls at a level if its adjusted p-value is at most that level. A family is what
    one claim rests on; declare it before the p-values are seen.

    Parameters
    ----------
    p_values : (n_tests,)
        From 0 to 1; NaN for a test that could not be made, which stays NaN and does not count.
    method
        `holm`, `hochberg` and `bonferroni` bound the chance of any false rejection; `bh` and `by`
        the expected share of false ones among all rejections. `holm`, `bonferroni` and `by` hold
        under any dependence; `hochberg` and `bh` for independent or positively dependent tests.
    family : (n_tests,)
        Label of the family of each test; without it, all are one.

    Raises
    ------
    RatingsError
        If a p-value lies outside 0 to 1, the method is unknown, or lists differ in length.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70; Hochberg (1988), Biometrika 75,
    800-802; Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300;
    Benjamini and Yekutieli (2001), Annals of Statistics 29, 1165-1188.
    """
    if method not in get_args(Adjustment):
        raise RatingsError(f"method {method!r} is not among {list(get_args(Adjustment))}")
    values = _checked(p_values)
    labels = [WHOLE_FAMILY] * len(values) if family is None else list(family)
    families = read_labels(labels, len(values), "family")
    out = np.full(len(values), np.nan)
    for number in range(len(families.names)):
        made = (families.codes == number) & np.isfinite(values)
        out[made] = _step(values[made], _FACTORS[method], steps_up=method in STEPS_UP)
    return AdjustedPValues(values, out, tuple(labels), method)


def _checked(p_values: ArrayLike) -> FloatArray:
    values = np.asarray(p_values, dtype=float)
    if values.ndim != 1:
        raise RatingsError(f"p-values have {values.ndim} dimension(s): give one list")
    strange = ~(np.isnan(values) | ((values >= 0) & (values <= 1)))
    if strange.any():
        row = int(strange.argmax())
        raise RatingsError(f"row {row} (counted from 0) is {values[row]}: no p-value, 0 to 1")
    return values


def _harmonic(n: int) -> float:
    return float((1 / np.arange(1, n + 1)).sum())


STEPS_UP = {"hochberg", "bh", "by"}

_FACTORS: dict[str, Callable[[NDArray[np.int64], int], FloatArray]] = {
    "bonferroni": lambda rank, n: np.full(n, float(n)),
    "holm": lambda rank, n: (n - rank + 1).astype(float),
    "hochberg": lambda rank, n: (n - rank + 1).astype(float),
    "bh": lambda rank, n: n / rank,
    "by": lambda rank, n: n / rank * _harmonic(n),
}
"""What the p-value of each rank, 1 for the smallest, is multiplied by."""


def _step(
    values: FloatArray,
    factor: Callable[[NDArray[np.int64], int], FloatArray],
    *,
    steps_up: bool,
) -> FloatArray:
    """Multiply in order of rank, and keep the order: from the largest down, or the smallest up."""
    order = np.argsort(values, kind="stable")
    scaled = values[order] * factor(np.arange(1, len(values) + 1), len(values))
    if steps_up:
        scaled = np.minimum.accumulate(scaled[::-1])[::-1]
    else:
        scaled = np.maximum.accumulate(scaled)
    out = np.empty_like(values)
    out[order] = np.minimum(scaled, 1)
    return out


def max_t(observed: ArrayLike, permuted: ArrayLike, *, is_exact: bool = False) -> FloatArray:
    """Adjust dependent tests by the largest statistic of each relabelling, stepping down.

    What tests have in common, such as the same raters, costs nothing here: Holm's bound would count
    ten copies of one test as ten. Statistics must be on one scale, such as t values or differences
    over their null standard deviation, and large in absolute value where they contradict the null.

    Parameters
    ----------
    observed : (n_tests,)
        NaN for a test that could not be made.
    permuted : (n_permutations, n_tests)
        The same statistics under each relabelling; NaN, where there is none, counts against
        rejection.
    is_exact
        Whether `permuted` holds every relabelling, the actual labels among them. Else the actual
        labels are counted as one more.

    Returns
    -------
    adjusted p-values, (n_tests,), NaN where `observed` is

    Raises
    ------
    RatingsError
        If the shapes do not fit.

    References
    ----------
    Westfall and Young (1993), Resampling-Based Multiple Testing.
    """
    values, null = np.abs(np.asarray(observed, float)), np.abs(np.asarray(permuted, float))
    if values.ndim != 1 or null.ndim != 2 or null.shape[1] != len(values) or not len(null):
        raise RatingsError(
            f"permuted statistics of shape {null.shape} for {values.shape} observed: give "
            "(n_permutations, n_tests) for (n_tests,)"
        )
    made = np.flatnonzero(~np.isnan(values))
    order = made[np.argsort(-values[made], kind="stable")]
    known = np.where(np.isnan(null[:, order]), np.inf, null[:, order])
    # Each test is held against the largest of itself and all that are less extreme than it.
    largest = np.maximum.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    reached = (largest >= values[order] - ROUNDING).sum(axis=0)
    counted = reached / len(null) if is_exact else (reached + 1) / (len(null) + 1)
    out = np.full(len(values), np.nan)
    out[order] = np.maximum.accumulate(counted)
    return out
