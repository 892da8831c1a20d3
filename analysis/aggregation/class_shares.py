"""How sure the label shares of a model are, by resampling units and fitting again."""

import numpy as np

from analysis.aggregation.climbing import P, Stop, maximise
from analysis.aggregation.latent_classes import LatentLabels
from analysis.estimates import Estimate
from analysis.intervals.patterns import Part, Patterns
from analysis.intervals.resampling import Plan, resampled_interval
from analysis.progress import Progress, silent
from analysis.ratings import FloatArray

REFIT = Stop(tolerance=1e-5, max_iterations=1000)
"""From the fit to all units, so that labels keep their names."""


def class_share_intervals(
    model: LatentLabels[P],
    *,
    n_resamples: int = 200,
    seed: int,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> tuple[Estimate, ...]:
    """Estimate the share of each label among the units, with intervals that resample units.

    Each resample is fitted anew, so that error rates vary as they do. The interval speaks of these
    raters on units like these, and believes the model.

    Parameters
    ----------
    model
        From `dawid_skene` or `mace`.

    Returns
    -------
    One estimate for each category, in their order.

    Raises
    ------
    RatingsError
        If a number cannot be what was meant.
    """
    plan = Plan(n_resamples, seed, "percentile", confidence, drawn="units")
    observations = model.observations
    n_units = len(observations.units)
    rng = np.random.default_rng(seed)
    shares = np.empty((n_resamples, observations.n_categories))
    for one in range(n_resamples):
        drawn = rng.multinomial(n_units, np.full(n_units, 1 / n_units))
        members = np.flatnonzero(drawn)
        times = drawn[members].astype(float)
        fit = maximise(
            observations.table[members],
            model.errors,
            model.fit.parameters,
            model.posterior[members],
            REFIT,
            times,
        )
        shares[one] = times @ fit.posterior / n_units
        progress(one + 1, n_resamples)

    patterns = Patterns(model.posterior / n_units, np.ones(n_units, dtype=np.int64))
    return tuple(
        resampled_interval(shares[:, column], patterns, _share(column), plan).estimate(
            f"share[{category}]",
            float(model.class_shares[column]),
            n_units=n_units,
            n_raters=len(observations.raters),
            n_ratings=int(observations.per_rater().sum()),
        )
        for column, category in enumerate(observations.categories)
    )


def _share(column: int) -> Part:
    def value(sums: FloatArray) -> FloatArray:
        share: FloatArray = sums[..., 0]
        return share

    return Part(slice(column, column + 1), value)
