"""Bootstrap intervals of agreement coefficients and shares, all from one set of resamples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.agreement.weights import Level, Weights
from analysis.estimates import Estimate
from analysis.intervals.asked import Statistics
from analysis.intervals.blocks import (
    Block,
    LabelledCategories,
    Ratings,
    gathered,
    rated_units,
    read_block,
    values_of,
)
from analysis.intervals.estimate_sets import EstimateSet
from analysis.intervals.patterns import Part, Patterns
from analysis.intervals.resampling import (
    Method,
    Plan,
    replicate_errors,
    replicates,
    resampled_interval,
)
from analysis.intervals.scales import scale_of
from analysis.progress import Progress, silent
from analysis.ratings import FloatArray

NOTHING = Patterns(np.empty((0, 0)), np.empty(0, dtype=np.int64))


def bootstrap(
    ratings: Ratings,
    statistics: Statistics,
    *,
    seed: int,
    level: Level | None = None,
    categories: LabelledCategories | None = None,
    weights: Weights = "identity",
    n_resamples: int = 10_000,
    clusters: ArrayLike | None = None,
    method: Method = "bca",
    confidence: float = 0.95,
    progress: Progress = silent,
) -> EstimateSet:
    """Estimate agreement with intervals, by resampling units with all their ratings.

    The interval speaks of these raters on units like these; for raters like these see `jackknife`.
    Units with a single rating are resampled too; units without any are not.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing; or labels, None for missing. Also what `set_units` and
        `cross_units` give, with coefficients of their own.
    statistics
        One or several: `krippendorff_alpha`, `gwet_ac`, `fleiss_kappa`, `brennan_prediger`,
        `conger_kappa`, `percent_agreement`; `specific_agreement` and `share` (of all ratings), with
        an estimate for each category named `share[CODE]`; or a `Coefficient`.
    level
        Level of measurement; `krippendorff_alpha` needs it.
    categories
        All codes that the rubric offers, in rank order. `gwet_ac` and `brennan_prediger` need
        them, as do ordinal labels and weights that count ranks.
    weights
        Credit for partial agreement in `gwet_ac`, `fleiss_kappa`, `brennan_prediger` and
        `conger_kappa`.
    clusters : (n_units,)
        Labels of what is resampled instead of units, such as the seed that questions come from.
    method
        `bca` corrects the percentile interval for bias and skewness. `studentised` measures
        resamples in standard errors of their own: slower, and right where few ratings of a rare
        code agree, as in most studies of bias, where the others are too narrow.

    Returns
    -------
    Estimates by name, each with its standard error. One without a value raises
    `UndefinedStatisticError` when asked for. One has no interval but a `refusal` if there is a
    single unit or cluster, if resamples lack a value too often (above 5 %) or never differ, if they
    are too skewed for BCa, or if fewer than 10 units vary, see `intervals.variation`.

    Raises
    ------
    RatingsError
        If table, codes, clusters, names or numbers cannot be what was meant.

    References
    ----------
    Efron (1987), Journal of the American Statistical Association 82, 171-185; for clusters Davison
    and Hinkley (1997), Bootstrap Methods and their Application, section 3.8.
    """
    block = read_block(
        ratings,
        statistics,
        level=level,
        categories=categories,
        weights=weights,
        clusters=clusters,
    )
    plan = Plan(n_resamples, seed, method, confidence, block.drawn)
    return resampled_blocks([block], plan, progress).estimates(0)


@dataclass(frozen=True, eq=False)
class ResampledBlocks:
    """Every statistic of every block on the same resamples."""

    blocks: Sequence[Block]
    plan: Plan
    patterns: Patterns
    parts: Sequence[Mapping[str, Part]]
    """By block, then by statistic."""

    values: Sequence[Mapping[str, float]]
    """NaN where there is none."""

    replicated: Sequence[Mapping[str, FloatArray]]
    """(n_resamples,), of the statistics with a value."""

    errors: Sequence[Mapping[str, FloatArray]]
    """The same for the resamples' own standard errors; empty where intervals need none."""

    def estimates(self, block: int) -> EstimateSet:
        """Give the estimates of one block."""
        estimates = {name: self._estimate(block, name) for name in self.replicated[block]}
        return EstimateSet(estimates, self.blocks[block].undefined(self.values[block]))

    def _estimate(self, block: int, name: str) -> Estimate:
        ours, value = self.blocks[block], self.values[block][name]
        resampled = resampled_interval(
            self.replicated[block][name],
            self.patterns,
            self.parts[block][name],
            self.plan,
            scale=scale_of(name),
            errors=self.errors[block].get(name),
        )
        return resampled.estimate(
            name, value, refusal=ours.little_variation(name), **ours.counts(name)
        )


def resampled_blocks(
    blocks: Sequence[Block], plan: Plan, progress: Progress = silent
) -> ResampledBlocks:
    """Resample units once, with what each adds to the statistics of every block."""
    nothing: list[dict[str, FloatArray]] = [{} for _ in blocks]
    if not len(rated_units(blocks)):
        values = [dict.fromkeys(block.chosen, np.nan) for block in blocks]
        return ResampledBlocks(blocks, plan, NOTHING, [], values, nothing, nothing)

    patterns, parts = gathered(blocks)
    values = [values_of(patterns.total(), ours) for ours in parts]
    wanted = [
        {name: part for name, part in ours.items() if not np.isnan(found[name])}
        for ours, found in zip(parts, values, strict=True)
    ]
    every = [part for ours in wanted for part in ours.values()]
    if not every:
        return ResampledBlocks(blocks, plan, patterns, parts, values, nothing, nothing)
    replicated = _by_block(wanted, replicates(patterns, every, plan, progress))
    is_studentised = plan.method == "studentised"
    errors = (
        _by_block(wanted, replicate_errors(patterns, every, plan)) if is_studentised else nothing
    )
    return ResampledBlocks(blocks, plan, patterns, parts, values, replicated, errors)


def _by_block(
    wanted: Sequence[Mapping[str, Part]], rows: FloatArray
) -> list[dict[str, FloatArray]]:
    """Sort rows, one for each part of each block in order, by block and statistic."""
    left = iter(rows)
    return [{name: next(left) for name in ours} for ours in wanted]
