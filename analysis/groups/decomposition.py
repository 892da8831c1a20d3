"""Where disagreement sits: between raters of one group, or between raters of different groups.

For shares of variance (unit, rater, group, unit by group), fit a mixed model or the variance
components of `analysis.agreement` instead: this splits pairs of ratings, at any level.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.agreement.weights import Level, alpha_distance
from analysis.estimates import (
    Estimate,
    HypothesisTest,
    RatingsError,
    UndefinedStatisticError,
    frame_of,
)
from analysis.groups.comparisons import NullQuantiles, null_quantiles, relabelling_test
from analysis.groups.exchangeability import exchangeability, presence_of, unequal_work
from analysis.groups.pair_sums import PairSums
from analysis.groups.reading import Labels, has_rated, of_raters, rater_strata, read_labels
from analysis.groups.relabelling import Relabelling, permuted
from analysis.groups.subsets import subsets_of
from analysis.intervals.patterns import Part, patterns_of
from analysis.intervals.resampling import Plan, replicates, resampled_interval
from analysis.progress import Progress, silent
from analysis.ratings import MISSING, Categories, FloatArray, Units, read_units


@dataclass(frozen=True)
class DisagreementPart:
    """The pairs of ratings of one unit with one rater in each of two groups, or both in one."""

    first: Hashable
    second: Hashable
    n_pairs: int
    pair_share: float
    """Share of all pairs, weighted as in alpha (a unit's pairs by 1 / (m - 1)), 0 to 1."""

    disagreement: float
    """Mean distance of these pairs over that expected by chance: 1 is chance, 0 none."""

    share: float
    """Share of all observed disagreement, 0 to 1; equal to `pair_share` if groups do not matter."""


@dataclass(frozen=True, eq=False)
class DisagreementShares:
    """Observed disagreement by pair of groups; the shares add up to 1."""

    parts: tuple[DisagreementPart, ...]
    alpha: float
    """Krippendorff's alpha of all raters: 1 less the mean disagreement of all pairs."""

    within_share: float
    """Share of the disagreement between raters of one group, 0 to 1."""

    between_share: float
    """Share of the disagreement between raters of different groups; with the other, 1."""

    excess: Estimate
    """Mean disagreement of pairs between groups less that within, over chance; the interval
    resamples units, for these raters."""

    test: HypothesisTest | None
    """Of the excess, by relabelling raters; None where `not_tested` says why."""

    null: NullQuantiles | None
    not_tested: str | None
    """Why labels must not be dealt out anew: raters of one group gave many more ratings."""

    n_raters_left_out: int
    """Raters of no group, or without ratings."""

    def to_frame(self) -> pd.DataFrame:
        """One row for each pair of groups; nothing is rounded."""
        return frame_of(self.parts)


def disagreement_shares(
    ratings: ArrayLike,
    *,
    rater_groups: ArrayLike,
    level: Level,
    categories: Categories | None = None,
    strata: ArrayLike | None = None,
    n_permutations: int = 10_000,
    n_resamples: int = 10_000,
    seed: int,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> DisagreementShares:
    """Split the observed disagreement of alpha into what lies within and between groups.

    D_o is the mean distance over pairs of ratings of one unit, a unit with m ratings having its
    m (m - 1) ordered pairs weighted by 1 / (m - 1). Each pair lies within a group or between two,
    so D_o splits without a rest. Groups that disagree because they are large have a large share of
    the pairs as well: compare `share` with `pair_share`.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        NaN or None for missing.
    rater_groups : (n_raters,)
        Two groups or more; None for raters of none, who are left out and counted.
    level
        What a difference means, as in `krippendorff_alpha`.
    categories
        Declared codes in rank order, where level needs them.
    strata : (n_units,)
        Set or block of each unit, where raters were given different ones: labels change places
        only among raters who worked in the same.

    Raises
    ------
    RatingsError
        If table, codes or groups cannot be what was meant.
    UndefinedStatisticError
        If there is no pair within groups or between them, no disagreement, or a group rated
        different units from the others.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, for D_o and D_e.
    """
    plan = Plan(n_resamples, seed, "bca", confidence, drawn="units")
    every = read_units(ratings, categories)
    groups = read_labels(rater_groups, every.codes.shape[1], "group", may_be_missing=True)
    kept = has_rated(every) & (groups.codes != MISSING)
    of_everyone, groups = of_raters(every, kept), groups.keep(kept)
    relabelling = Relabelling(groups.codes, rater_strata(every, strata)[kept])
    notes, not_tested = _design(of_everyone, relabelling, groups, seed)
    units = of_everyone.pairable()
    pairs = PairSums(subsets_of(units), len(groups), alpha_distance(level, units))
    sums = pairs.sums(groups.codes[None])[0] if len(units) else np.zeros(1)
    _check(pairs, sums, groups, units)
    null = None
    if not_tested is None:
        null = permuted(
            relabelling,
            lambda labels: pairs.excess(pairs.sums(labels)),
            n_permutations=n_permutations,
            seed=seed,
            numbers_each=4 * len(groups) * pairs.subsets.choices.shape[1],
            progress=progress,
        )
    within, between, overall = (float(mean) for mean in pairs.means(sums))
    parts = _parts(pairs, sums, groups)
    test = null_range = None
    if null is not None:
        null_range = null_quantiles(null)
        test = relabelling_test(
            "pairs of raters disagree as much within groups as between them",
            between - within,
            null,
            is_studentised=False,
            n_raters=len(groups.codes),
            notes=notes,
        )
    return DisagreementShares(
        parts=parts,
        alpha=1 - overall,
        within_share=sum(part.share for part in parts if part.first == part.second),
        between_share=sum(part.share for part in parts if part.first != part.second),
        excess=_excess(pairs, groups, units, plan),
        test=test,
        null=null_range,
        not_tested=not_tested,
        n_raters_left_out=int((~kept).sum()),
    )


def _design(
    units: Units, relabelling: Relabelling, groups: Labels, seed: int
) -> tuple[list[str], str | None]:
    """Ask of each group whether it rated the same kind of units as all others, and as many."""
    if len(groups) < 2:
        raise RatingsError(f"groups {list(groups.names)}: give two at least")
    presence = presence_of(units)
    shares, unequal = [], None
    for group, name in enumerate(groups.names):
        side = Relabelling((groups.codes != group).astype(np.int64), relabelling.strata)
        found = exchangeability(presence, side, seed=seed)
        if found.refusal:
            raise UndefinedStatisticError(f"group {name!r} and the others: {found.refusal}")
        shares.append(found.share)
        unequal = unequal or unequal_work(presence, side, seed=seed)
    alike = f"at least {min(shares):.0%} of each group's ratings fall on units as the others' do"
    return [alike], unequal


def _check(pairs: PairSums, sums: FloatArray, groups: Labels, units: Units) -> None:
    """Refuse what cannot be split, with the reason."""
    if not len(units):
        raise UndefinedStatisticError("no unit has two ratings")
    within, between, overall = pairs.means(sums)
    if np.count_nonzero(units.counts.sum(axis=0)) < 2:
        raise UndefinedStatisticError(f"all {units.per_unit.sum()} ratings fall in one category")
    if np.isnan(within):
        raise UndefinedStatisticError("no unit has two ratings of one group")
    if np.isnan(between):
        raise UndefinedStatisticError("no unit has ratings of two groups")
    if overall == 0:
        raise UndefinedStatisticError("raters never disagree: there is nothing to split")


def _parts(pairs: PairSums, sums: FloatArray, groups: Labels) -> tuple[DisagreementPart, ...]:
    counts = pairs.of_groups(groups.codes[None])[:, 0]
    times = pairs.subsets.frequency
    partners = counts.sum(axis=(0, 2)) - 1
    distances = pairs.distances(sums)
    _, _, overall = pairs.means(sums)
    total = float((times * (partners + 1)).sum())
    parts = []
    for one, other in combinations_with_replacement(range(len(groups)), 2):
        n_one, n_other = counts[one].sum(axis=1), counts[other].sum(axis=1)
        # Ordered pairs: between two groups each pair comes in both orders.
        ordered = n_one * (n_one - 1) if one == other else 2 * n_one * n_other
        apart = pairs.code_pairs(counts[one], counts[other]) @ distances
        apart = apart if one == other else 2 * apart
        weight, distance = (float((times * x / partners).sum()) for x in (ordered, apart))
        parts.append(
            DisagreementPart(
                first=groups.names[one],
                second=groups.names[other],
                n_pairs=int((times * ordered).sum() / 2),
                pair_share=weight / total,
                disagreement=distance / weight if weight else np.nan,
                share=distance / (float(overall) * total),
            )
        )
    return tuple(parts)


def _excess(pairs: PairSums, groups: Labels, units: Units, plan: Plan) -> Estimate:
    """Resample units, the ordinal metric and chance from those resampled."""
    of_unit = np.repeat(pairs.per_unit(groups.codes[None])[0], pairs.subsets.frequency, axis=0)
    patterns = patterns_of(of_unit)
    part = Part(slice(None), pairs.excess)
    (replicated,) = replicates(patterns, [part], plan)
    return resampled_interval(replicated, patterns, part, plan).estimate(
        "disagreement between groups minus within",
        float(part.of(patterns.total())),
        n_units=len(units),
        n_raters=len(groups.codes),
        n_ratings=int(units.per_unit.sum()),
    )
