"""From comparisons to abilities: the design, the checks, the maximum, and how sure it is."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.estimates import RatingsError, UndefinedStatisticError
from analysis.intervals.patterns import patterns_of
from analysis.intervals.resampling import CHUNK_NUMBERS, Plan, check_confidence
from analysis.pairs.abilities import Abilities
from analysis.pairs.comparisons import Comparisons, check_connected
from analysis.pairs.likelihood import (
    centred,
    inverse_information,
    log_likelihood,
    maximise,
    maximum,
    unbounded,
)
from analysis.pairs.sandwich import Covariance, Rows, model_based, one_way, two_way
from analysis.progress import Progress
from analysis.ratings import FloatArray, IntArray

Model = Literal["Bradley-Terry", "Davidson"]

HALF_TIES = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
TIES_APART = np.eye(3)


@dataclass(frozen=True, eq=False)
class _Design:
    """What the outcomes of each meeting depend on."""

    features: FloatArray
    """(n_meetings, n_outcomes, n_parameters) of the free parameters."""

    ties: FloatArray
    """(3, n_outcomes) to which modelled outcome each recorded one counts."""


def fit(
    model: Model,
    comparisons: Comparisons,
    confidence: float,
    n_resamples: int,
    seed: int | None,
    progress: Progress,
) -> Abilities:
    """Fit one of the models; arguments and errors as for `bradley_terry`."""
    check_confidence(confidence)
    n_ties, n_comparisons = comparisons.counts[:, 2].sum(), comparisons.weights.sum()
    if model == "Davidson" and n_ties == n_comparisons:
        raise UndefinedStatisticError(f"all {n_ties:g} comparisons are ties: nu is not finite")
    check_connected(comparisons)
    design = _design(comparisons, has_nu=model == "Davidson" and n_ties > 0)
    counts = comparisons.counts @ design.ties
    _check_finite(comparisons, design, counts)

    theta = maximum(design.features, counts)
    resampled = None
    if n_resamples:
        if seed is None:
            raise RatingsError("give a `seed`, so that the resamples can be drawn again")
        plan = Plan(n_resamples, seed, "percentile", confidence, drawn="clusters")
        resampled = _with_reference(_resample(comparisons, design, plan, progress))
    return Abilities(
        model=model,
        sources=comparisons.sources,
        coefficients=_with_reference(theta),
        uncertainty=_covariance(comparisons, design, theta).with_reference(),
        log_likelihood=log_likelihood(design.features, counts, theta),
        has_order=comparisons.has_order,
        has_nu=len(design.features[0]) == 3,
        n_comparisons=float(n_comparisons),
        n_ties=float(n_ties),
        n_clusters=_n_labels(comparisons.clusters),
        n_raters=_n_labels(comparisons.raters),
        confidence=confidence,
        resampled=resampled,
    )


def _design(comparisons: Comparisons, *, has_nu: bool) -> _Design:
    """Half the difference of abilities for either side, log nu for a tie."""
    first, second, order = comparisons.meetings.T
    abilities = np.eye(len(comparisons.sources))[:, 1:]
    lead = abilities[first] - abilities[second]
    if comparisons.has_order:
        lead = np.column_stack([lead, order])
    sides = np.stack([lead, -lead], axis=1) / 2
    if not has_nu:
        return _Design(sides, HALF_TIES)
    features = np.pad(sides, ((0, 0), (0, 1), (0, 1)))
    features[:, 2, -1] = 1.0
    return _Design(features, TIES_APART)


def _check_finite(comparisons: Comparisons, design: _Design, counts: FloatArray) -> None:
    """Refuse an order effect or a nu without a finite estimate; sources are connected by now."""
    direction = unbounded(design.features, counts)
    if not direction.any():
        return

    names = [f"the ability of {source!r}" for source in comparisons.sources[1:]]
    names += ["the order effect"] * comparisons.has_order
    names += ["nu"] * (len(direction) - len(names))
    involved = [name for name, share in zip(names, direction, strict=True) if share]
    raise UndefinedStatisticError(
        f"these comparisons give no single, finite value to {', '.join(involved)}: some outcomes "
        "never occur, or each pair was shown in one order only; add comparisons, leave the order "
        "out, or count ties as half wins (bradley_terry)"
    )


def _covariance(comparisons: Comparisons, design: _Design, theta: FloatArray) -> Covariance:
    bread = inverse_information(design.features, comparisons.counts.sum(axis=1), theta)
    clusters, raters = comparisons.clusters, comparisons.raters
    if clusters is None:
        return model_based(bread)

    _check_many("clusters", clusters, len(theta))
    scores = (design.ties @ centred(design.features, theta)).reshape(-1, len(theta))
    rows = Rows(comparisons.cells, comparisons.weights)
    if raters is None:
        return one_way(bread, scores, rows, clusters)
    _check_many("raters", raters, 1)
    return two_way(bread, scores, rows, clusters, raters)


def _check_many(noun: str, labels: IntArray, n_coefficients: int) -> None:
    number = _n_labels(labels)
    if number <= n_coefficients:
        raise UndefinedStatisticError(
            f"{number} {noun} tell nothing of how far {n_coefficients} coefficient(s) would move "
            f"with other {noun}: leave them out and say so, or add comparisons"
        )


def _resample(
    comparisons: Comparisons, design: _Design, plan: Plan, progress: Progress
) -> FloatArray:
    """Fit the model to resampled clusters, (n_resamples, n_parameters)."""
    if comparisons.clusters is None or comparisons.raters is not None:
        raise RatingsError("resamples are of clusters: give `clusters` and no `raters`")
    patterns = patterns_of(_cluster_counts(comparisons, comparisons.clusters))
    shares = patterns.frequency / patterns.frequency.sum()
    rng = np.random.default_rng(plan.seed)
    chunk = max(1, CHUNK_NUMBERS // max(patterns.sums.shape))
    fitted = []
    for start in range(0, plan.n_resamples, chunk):
        size = min(chunk, plan.n_resamples - start)
        drawn = rng.multinomial(patterns.frequency.sum(), shares, size=size)
        tables = (drawn @ patterns.sums).reshape(size, -1, 3)
        fitted.append(maximise(design.features, tables @ design.ties))
        progress(start + size, plan.n_resamples)
    return np.concatenate(fitted)


def _cluster_counts(comparisons: Comparisons, clusters: IntArray) -> FloatArray:
    """Comparisons of each cluster by meeting and outcome, (n_clusters, 3 * n_meetings)."""
    n_cells = 3 * len(comparisons.meetings)
    shape = _n_labels(clusters), n_cells
    flat = np.bincount(
        clusters * n_cells + comparisons.cells, comparisons.weights, minlength=shape[0] * n_cells
    )
    return flat.astype(float).reshape(shape)


def _n_labels(labels: IntArray | None) -> int:
    return 0 if labels is None else int(labels.max()) + 1


def _with_reference(theta: FloatArray) -> FloatArray:
    """Put the reference's log ability, 0, before the free parameters."""
    return np.pad(theta, [(0, 0)] * (theta.ndim - 1) + [(1, 0)])
