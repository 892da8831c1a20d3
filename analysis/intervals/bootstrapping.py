"""Bootstrap intervals of agreement coefficients, all from one set of resamples."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.agreement.coefficients import Coefficient, Statistic, coefficient
from analysis.agreement.weights import Level, Weights
from analysis.estimates import Estimate, RatingsError, UndefinedStatisticError
from analysis.intervals.resampling import (
    Method,
    Part,
    Patterns,
    Plan,
    cluster_numbers,
    cluster_sums,
    distinct_rows,
    patterns_of,
    replicates,
    resampled_interval,
)
from analysis.ratings import Categories, IntArray, Units, read_units


@dataclass(frozen=True, eq=False)
class BootstrapResult(Mapping[str, Estimate]):
    """Estimates by name. Asking for one without a value raises `UndefinedStatisticError`.

    Only estimates with a value are counted, listed and contained.
    """

    estimates: Mapping[str, Estimate]
    undefined: Mapping[str, str]
    """Why a statistic that was asked for has no value."""

    def __getitem__(self, statistic: str) -> Estimate:
        if statistic in self.undefined:
            raise UndefinedStatisticError(self.undefined[statistic])
        if statistic not in self.estimates:
            known = [*self.estimates, *self.undefined]
            raise KeyError(f"{statistic!r} was not asked for; there are {known}")
        return self.estimates[statistic]

    def __contains__(self, statistic: object) -> bool:
        return statistic in self.estimates

    def __iter__(self) -> Iterator[str]:
        return iter(self.estimates)

    def __len__(self) -> int:
        return len(self.estimates)

    def to_frame(self) -> pd.DataFrame:
        """One row for each statistic asked for; where undefined, the reason under `refusal`."""
        rows = [estimate.to_frame() for estimate in self.estimates.values()]
        rows += [
            pd.DataFrame([{"statistic": name, "value": np.nan, "refusal": reason}])
            for name, reason in self.undefined.items()
        ]
        return pd.concat(rows, ignore_index=True)


def bootstrap(
    ratings: ArrayLike,
    statistics: str | Sequence[str],
    *,
    seed: int,
    level: Level | None = None,
    categories: Categories | None = None,
    weights: Weights = "identity",
    n_resamples: int = 10_000,
    clusters: ArrayLike | None = None,
    method: Method = "bca",
    confidence: float = 0.95,
) -> BootstrapResult:
    """Estimate agreement with intervals, by resampling units with all their ratings.

    The interval speaks of these raters on units like these. Units with a single rating are
    resampled too; units without any are not.

    Parameters
    ----------
    ratings : (n_units, n_raters)
        Numbers, NaN for missing; or labels, None for missing.
    statistics
        One name or several: `krippendorff_alpha`, `gwet_ac`, `fleiss_kappa`, `brennan_prediger`,
        `conger_kappa`, `percent_agreement`, or `specific_agreement`, which gives one estimate for
        each category, named `specific_agreement[CODE]`.
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
        `bca` corrects the percentile interval for bias and skewness.

    Returns
    -------
    Estimates by name. One without a value raises `UndefinedStatisticError` when asked for. One
    has no interval but a `refusal` if there is a single unit or cluster, if resamples lack a value
    too often (above 5 %) or never differ, or if they are too skewed for BCa.

    Raises
    ------
    RatingsError
        If table, codes, clusters, names or numbers cannot be what was meant.

    References
    ----------
    Efron (1987), Journal of the American Statistical Association 82, 171-185; for clusters Davison
    and Hinkley (1997), Bootstrap Methods and their Application, section 3.8.
    """
    drawn = "units" if clusters is None else "clusters"
    names = _checked_names(statistics)
    plan = Plan(n_resamples, seed, method, confidence, drawn)
    units = read_units(ratings, categories)
    numbers = None if clusters is None else cluster_numbers(clusters, len(units))
    chosen = _choose(names, units, level, weights)
    if not len(units.pairable()):
        return BootstrapResult({}, {name: one.reason(units) for name, one in chosen.items()})
    patterns, parts = _patterns(units, chosen, numbers)
    return _estimates(units, chosen, patterns, parts, plan)


def _checked_names(statistics: str | Sequence[str]) -> list[str]:
    allowed = list(get_args(Statistic))
    if not isinstance(statistics, Iterable):
        raise RatingsError(f"statistics {statistics!r}: give one name or a list from {allowed}")
    names = [statistics] if isinstance(statistics, str) else list(statistics)
    if strange := [name for name in names if name not in allowed]:
        raise RatingsError(f"statistics {strange} are not among {allowed}")
    if not names:
        raise RatingsError(f"no statistic was asked for: give one name or a list from {allowed}")
    return names


def _choose(
    statistics: Sequence[str], units: Units, level: Level | None, weights: Weights
) -> dict[str, Coefficient]:
    chosen = []
    for statistic in statistics:
        categories = units.categories if statistic == "specific_agreement" else (None,)
        chosen += [
            coefficient(statistic, units, level=level, weights=weights, category=category)
            for category in categories
        ]
    return {one.name: one for one in chosen}


def _patterns(
    units: Units, chosen: Mapping[str, Coefficient], clusters: IntArray | None
) -> tuple[Patterns, dict[str, Part]]:
    """Gather the rated units (or their clusters) that contribute the same to every coefficient."""
    rated = units.per_unit >= 1
    units = units.take(rated)
    needs_raters = any(one.needs_raters for one in chosen.values())
    first, pattern, frequency = distinct_rows(units.codes if needs_raters else units.counts)
    blocks = [one.per_unit(units.take(first)) for one in chosen.values()]
    ends = np.cumsum([block.shape[1] for block in blocks])
    parts = {
        name: Part(slice(end - block.shape[1], end), one.value)
        for (name, one), block, end in zip(chosen.items(), blocks, ends, strict=True)
    }
    sums = np.hstack(blocks)
    if clusters is None:
        return Patterns(sums, frequency), parts
    return patterns_of(cluster_sums(sums, pattern, clusters[rated])), parts


def _estimates(
    units: Units,
    chosen: Mapping[str, Coefficient],
    patterns: Patterns,
    parts: Mapping[str, Part],
    plan: Plan,
) -> BootstrapResult:
    values = {name: float(part.of(patterns.total())) for name, part in parts.items()}
    undefined = {name: chosen[name].reason(units) for name in parts if np.isnan(values[name])}
    defined = {name: part for name, part in parts.items() if name not in undefined}
    if not defined:
        return BootstrapResult({}, undefined)

    pairable = units.pairable()
    n_units, n_raters = len(pairable), pairable.n_raters()
    n_ratings = int(pairable.per_unit.sum())
    estimates = {}
    drawn = replicates(patterns, list(defined.values()), plan)
    for replicated, (name, part) in zip(drawn, defined.items(), strict=True):
        resampled = resampled_interval(replicated, patterns, part, plan)
        estimates[name] = Estimate(
            statistic=name,
            value=values[name],
            interval=resampled.interval,
            n_units=n_units,
            n_raters=n_raters,
            n_ratings=n_ratings,
            n_resamples=plan.n_resamples,
            undefined_share=resampled.undefined_share,
            refusal=resampled.refusal,
        )
    return BootstrapResult(estimates, undefined)
