"""GRASP: are raters who share an attribute more of one mind with each other than with the rest?

Prabhakaran et al. (2024), GRASP: A Disagreement Analysis Framework to Assess Group Associations in
Perspectives, Proceedings of NAACL, 3473-3492.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.agreement.alpha import Alpha
from analysis.agreement.weights import Level, alpha_distance
from analysis.estimates import RatingsError, frame_of
from analysis.groups.comparisons import NULL_QUANTILES
from analysis.groups.exchangeability import exchangeability, presence_of, unequal_work
from analysis.groups.multiplicity import adjusted
from analysis.groups.quantities import Axes, Quantities, Quantity, read_axes
from analysis.groups.reading import has_rated, of_raters, rater_strata
from analysis.groups.relabelling import Null, Relabelling, permuted
from analysis.groups.subsets import subsets_of
from analysis.progress import Progress, silent
from analysis.ratings import MISSING, Categories, FloatArray, IntArray, Units, read_units

SMOOTHING = 0.5
SMALLEST_ACROSS = 0.02
"""A ratio to a cohesion below this is noise over noise."""


@dataclass(frozen=True)
class GraspCell:
    """One quantity of one group (or, for `dsi`, of one axis), held against shuffled raters."""

    axis: str
    group: Hashable
    """None for `dsi`, which is the largest `gai` of the axis."""

    measure: str
    """`reliability` (alpha and xRR), `negentropy` or `plurality`."""

    quantity: Quantity
    """`within` C_I, `across` C_X, `gai` C_I / C_X, `difference` C_I - C_X, `dsi` max GAI."""

    value: float
    """NaN where there is none; `refusal` says why."""

    null_low: float
    null_median: float
    """Of the shuffled raters; what to hold `value` against, as a GAI of 1 is not what small groups
    have by chance."""

    null_high: float
    p_value: float
    """Two-sided, the smaller tail doubled; of `dsi` the upper tail. NaN where refused."""

    p_adjusted: float
    """Benjamini-Hochberg over all groups, axes and measures with this quantity."""

    n_raters: int
    n_units: int
    """Units with ratings of the group and of the others; of `dsi`, all units."""

    undefined_share: float
    """Share of shuffles in which the quantity has no value, 0 to 1; each counts as extreme."""

    refusal: str | None = None


@dataclass(frozen=True, eq=False)
class GraspResult:
    """All quantities of all groups."""

    cells: tuple[GraspCell, ...]
    n_raters_left_out: int
    """Raters without a rating."""

    n_relabellings: int
    is_exact: bool
    smoothing: float
    """Added to each code's count of the others, in `across` of `negentropy`."""

    def cell(
        self, axis: str, group: Hashable, measure: str, quantity: Quantity = "gai"
    ) -> GraspCell:
        """Find one quantity."""
        wanted = (axis, group, measure, quantity)
        for one in self.cells:
            if (one.axis, one.group, one.measure, one.quantity) == wanted:
                return one
        raise KeyError(f"{wanted!r} is not among the cells")

    def to_frame(self) -> pd.DataFrame:
        """One row for each quantity; nothing is rounded."""
        return frame_of(self.cells)


def grasp(
    ratings: ArrayLike,
    *,
    axes: Mapping[str, ArrayLike] | pd.DataFrame,
    categories: Categories,
    level: Level = "nominal",
    strata: ArrayLike | None = None,
    n_permutations: int = 1_000,
    smoothing: float = SMOOTHING,
    smallest_across: float = SMALLEST_ACROSS,
    seed: int,
    progress: Progress = silent,
) -> GraspResult:
    """Compare cohesion within each group of raters with that between it and all others.

    Three pairs of measures (see `analysis.groups.cohesion` for the formulas): `reliability`,
    Krippendorff's alpha and xRR; `negentropy`, ln K - H(p) and ln K - H(p, q) in nats, averaged
    over units; `plurality`, the mean share of the commonest code, and alpha between the commonest
    codes of the two sides. The group association index GAI is within over across, the diversity
    sensitivity index DSI of an axis its largest GAI. C_I - C_X stands beside GAI, as a ratio is
    unstable near a denominator of 0.

    For the p-values whole rater profiles (all attributes together) are shuffled. The published
    p-value counts one tail, chosen after seeing the data, and can be 0; here it is
    (b + 1) / (B + 1), doubled.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing.
    axes : (n_raters,) each
        Attributes of the raters by axis, in the order of the columns of `ratings`; None where not
        known: such raters are in no group of the axis, nor among the others.
    categories
        All codes that the rubric offers, in rank order.
    level
        Level of measurement, for `reliability` and for alpha between votes.
    strata : (n_units,)
        Set or block of each unit, where raters were given different ones: profiles change places
        only among raters who worked in the same.
    smoothing
        Above 0: added to each code's count of the others in the cross-negentropy, which is infinite
        without.
    smallest_across
        GAI is refused where C_X lies below.

    Raises
    ------
    RatingsError
        If table, codes or attributes cannot be what was meant.
    UndefinedStatisticError
        If all raters have the same attributes.

    References
    ----------
    Prabhakaran et al. (2024), Proceedings of NAACL, 3473-3492; Benjamini and Hochberg (1995),
    Journal of the Royal Statistical Society B 57, 289-300.
    """
    if smoothing <= 0 or smallest_across <= 0:
        raise RatingsError(
            f"smoothing is {smoothing}, smallest_across {smallest_across}: both above 0, or an "
            "entropy is infinite and a ratio has no sign"
        )
    units = read_units(ratings, categories)
    kept = has_rated(units)
    axes_of = read_axes(axes, kept)
    strata_of = rater_strata(units, strata)[kept]
    units = of_raters(units, kept)
    alpha = Alpha(len(units.categories), alpha_distance(level, units))
    ask = Quantities(axes_of, subsets_of(units), alpha, smoothing, smallest_across)
    relabelling = Relabelling(axes_of.profiles, strata_of)
    null = permuted(
        relabelling,
        ask.of,
        n_permutations=n_permutations,
        seed=seed,
        numbers_each=ask.numbers_each,
        progress=progress,
    )
    refusals = _refusals(units, axes_of, strata_of, seed)
    cells = _cells(ask, ask.of(axes_of.profiles[None])[0], null, refusals)
    return GraspResult(
        cells=_with_adjusted(cells),
        n_raters_left_out=int((~kept).sum()),
        n_relabellings=len(null),
        is_exact=null.is_exact,
        smoothing=smoothing,
    )


def _refusals(
    units: Units, axes: Axes, strata: IntArray, seed: int
) -> dict[tuple[str, int], str | None]:
    """Ask of each group whether it rated the same kind of units as the others on its axis."""
    presence = presence_of(units)
    found = {}
    for axis, group in axes.groups():
        of_rater = axes.attributes[axis][axes.profiles]
        side = np.select([of_rater == group, of_rater == MISSING], [0, 2], default=1)
        relabelling = Relabelling(side, strata)
        refusal = exchangeability(presence, relabelling, seed=seed).refusal
        found[axis, group] = refusal or unequal_work(presence, relabelling, seed=seed)
    return found


def _cells(
    ask: Quantities,
    observed: FloatArray,
    null: Null,
    refusals: Mapping[tuple[str, int], str | None],
) -> list[GraspCell]:
    cells = []
    for column, (axis, group, measure, quantity) in enumerate(ask.columns()):
        one = Null(null.values[:, column], null.is_exact)
        value = float(observed[column])
        groups = [pair for pair in refusals if pair[0] == axis and group in (None, pair[1])]
        unfair = next((refusals[pair] for pair in groups if refusals[pair]), None)
        undefined = ask.reason(quantity) if np.isnan(value) else None
        refusal = undefined or unfair
        upper_only = quantity == "dsi"
        p_value = one.p_upper(value) if upper_only else one.p_doubled(value)
        low, median, high = (float(one.quantile(share)) for share in NULL_QUANTILES)
        cells.append(
            GraspCell(
                axis=axis,
                group=None if group is None else ask.axes.labels[axis].names[group],
                measure=measure,
                quantity=quantity,
                value=value,
                null_low=low,
                null_median=median,
                null_high=high,
                p_value=np.nan if refusal else float(p_value),
                p_adjusted=np.nan,
                n_raters=ask.axes.n_raters(axis, group),
                n_units=ask.n_units(axis, group),
                undefined_share=float(one.undefined_share),
                refusal=refusal,
            )
        )
    return cells


def _with_adjusted(cells: list[GraspCell]) -> tuple[GraspCell, ...]:
    p_values = adjusted(
        [one.p_value for one in cells], method="bh", family=[one.quantity for one in cells]
    )
    return tuple(
        replace(one, p_adjusted=float(p)) for one, p in zip(cells, p_values.adjusted, strict=True)
    )
