"""Does one group of raters find more bias than another, units and raters being crossed?

Groups differ between raters, so the evidence is as large as the number of raters and not as that
of ratings: limits are those of Student's t with raters minus groups degrees of freedom.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

from analysis.estimates import (
    Estimate,
    HypothesisTest,
    Interval,
    RatingsError,
    UndefinedStatisticError,
    frame_of,
)
from analysis.models.design import design_matrix
from analysis.models.mixed import ordinal_mixed_model
from analysis.models.results import MixedModel, odds_ratio
from analysis.progress import Progress, silent
from analysis.ratings import Categories

FEWEST_RATERS = 2
"""In each group."""


@dataclass(frozen=True, eq=False)
class GroupOddsRatios:
    """Each group against the reference group."""

    reference: str
    odds_ratios: Mapping[str, Estimate]
    """By group: odds of a higher code, the same unit and equally severe raters given."""

    test: HypothesisTest
    """That no group differs from another."""

    raters_per_group: Mapping[str, int]
    model: MixedModel

    def to_frame(self) -> pd.DataFrame:
        """One row for each group but the reference; nothing is rounded."""
        frame = frame_of(self.odds_ratios.values())
        frame.insert(0, "group", list(self.odds_ratios))
        return frame.assign(reference=self.reference, p_value_all_groups=self.test.p_value)


def group_odds_ratios(
    codes: ArrayLike,
    *,
    groups: ArrayLike,
    units: ArrayLike,
    raters: ArrayLike,
    categories: Categories,
    reference: Hashable = None,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> GroupOddsRatios:
    """Compare groups of raters by codes ~ group + (1 | unit) + (1 | rater), cumulative logit.

    Parameters
    ----------
    codes : (n_ratings,)
        None missing; with two categories the model is logistic regression.
    groups, units, raters : (n_ratings,)
        Labels; each rater in one group.
    categories
        All codes in rank order.
    reference
        The group that others are compared with; without it, the first in alphabetical order.

    Raises
    ------
    RatingsError
        If labels are missing, a rater is in two groups, or the reference is no group.
    UndefinedStatisticError
        If there are fewer than two groups, or fewer than two raters in one; or as
        `ordinal_mixed_model`.

    References
    ----------
    Schluchter and Elashoff (1990), Journal of Statistical Computation and Simulation 37, 69-87: the
    degrees of freedom between clusters.
    """
    per_group = _raters_per_group(groups, raters)
    base = min(per_group) if reference is None else str(reference)
    if base not in per_group:
        raise RatingsError(f"reference {base!r} is not among the groups {sorted(per_group)}")
    labels = pd.DataFrame({"group": np.asarray(groups, dtype=object)}).astype(str)
    fixed = design_matrix(labels, reference={"group": base})
    model = ordinal_mixed_model(
        codes,
        fixed,
        categories=categories,
        random={"unit": units, "rater": raters},
        confidence=confidence,
        progress=progress,
    )
    df = sum(per_group.values()) - len(per_group)
    others = [name for name in sorted(per_group) if name != base]
    slopes = [model.coefficients[f"group{name}"] for name in others]
    return GroupOddsRatios(
        reference=base,
        odds_ratios={
            name: odds_ratio(_with_t_limits(slope, df, confidence))
            for name, slope in zip(others, slopes, strict=True)
        },
        test=_f_test(model.wald_test(*fixed.columns), df, sum(per_group.values())),
        raters_per_group=per_group,
        model=model,
    )


def _raters_per_group(groups: ArrayLike, raters: ArrayLike) -> dict[str, int]:
    group_labels, rater_labels = (np.asarray(x, dtype=object) for x in (groups, raters))
    if group_labels.shape != rater_labels.shape or group_labels.ndim != 1:
        raise RatingsError("give one group and one rater for each rating")
    pairs = pd.DataFrame({"group": group_labels, "rater": rater_labels})
    if pairs.isna().to_numpy().any():
        row = int(pairs.isna().any(axis=1).to_numpy().argmax())
        raise RatingsError(f"row {row} (counted from 0) has no group or no rater: give it one")
    pairs = pairs.astype({"group": str}).drop_duplicates()
    twice = pairs["rater"].duplicated()
    if twice.any():
        rater = pairs.loc[twice, "rater"].iloc[0]
        both = pairs.loc[pairs["rater"] == rater, "group"].tolist()
        raise RatingsError(f"rater {rater!r} is in the groups {both}: each rater in one group")
    counts = pairs["group"].value_counts().sort_index()
    if len(counts) < 2:
        raise UndefinedStatisticError(f"there is one group only, {list(counts.index)}")
    if counts.min() < FEWEST_RATERS:
        raise UndefinedStatisticError(
            f"group {counts.idxmin()!r} has one rater: what the group adds cannot be told from "
            "what the rater does"
        )
    return {str(name): int(count) for name, count in counts.items()}


def _with_t_limits(estimate: Estimate, df: int, confidence: float) -> Estimate:
    error = estimate.standard_error or 0.0
    reach = float(t_distribution.ppf((1 + confidence) / 2, df)) * error
    interval = Interval(
        estimate.value - reach,
        estimate.value + reach,
        confidence,
        method=f"Wald, t with {df} degrees of freedom between raters",
    )
    return replace(estimate, interval=interval)


def _f_test(wald: HypothesisTest, df: int, n_raters: int) -> HypothesisTest:
    groups = int(wald.df or 1)
    statistic = wald.value / groups
    return replace(
        wald,
        test="Wald F",
        hypothesis="raters of all groups are equally severe (n counts raters)",
        value=statistic,
        p_value=float(f_distribution.sf(statistic, groups, df)),
        n=n_raters,
        note=f"and {df} degrees of freedom between raters",
    )
