from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import dawid_skene
from analysis.aggregation.climbing import MonotonicityError, Stop, expectation, maximise
from analysis.aggregation.dawid_skene import FreeErrors
from tests.rating_models import simulated, skilled


@given(
    st.integers(0, 10_000), st.integers(2, 4), st.sampled_from([None, 0.01, 1.0]), st.integers(2, 5)
)
@settings(max_examples=25, deadline=None)
def test_objective_never_falls(seed, q, smoothing, per_unit):
    rng = np.random.default_rng(seed)
    codes, units = rng.integers(0, q, 20 * per_unit), np.repeat(np.arange(20), per_unit)
    raters = rng.integers(0, 6, len(codes))

    fit = dawid_skene(
        codes,
        units=units,
        raters=raters,
        categories=range(q),
        n_starts=2,
        seed=seed,
        smoothing=smoothing,
        max_iterations=200,
    )

    assert np.diff(fit.fit.objectives).min(initial=0) >= -1e-9


def test_a_falling_objective_is_an_error():
    fit = dawid_skene([0, 0, 1, 1, 1, 0], units=[0, 0, 0, 1, 1, 1], raters=[0, 1, 2] * 2, seed=0)
    penalties = count(start=0, step=-1)

    class Worse(FreeErrors):
        """Every step costs one more."""

        def parameters(self, counts):
            return replace(super().parameters(counts), penalty=next(penalties))

    model, before = Worse(3, 2, smoothing=0.0), fit.fit.parameters
    with pytest.raises(MonotonicityError, match="iteration 2 lowered the objective by 1"):
        maximise(fit.observations.table, model, before, fit.posterior, Stop(1e-8, 10))


def plain_em(fit, n_iterations):
    """Dawid and Skene's steps, one after the other and none ahead."""
    table, q = fit.observations.table, len(fit.categories)
    counts = fit.observations.counts()
    posterior = counts / counts.sum(axis=1, keepdims=True)
    for _ in range(n_iterations):
        expected = (table.T @ posterior).reshape(-1, q, q)
        parameters = fit.errors.parameters(
            np.concatenate([posterior.sum(axis=0), expected.ravel()])
        )
        posterior, log_evidence = expectation(table, parameters)
    return posterior, log_evidence.sum()


@pytest.mark.parametrize("seed", range(6))
def test_steps_ahead_end_where_plain_steps_end_and_sooner(seed):
    rates = skilled(np.random.default_rng(seed).uniform(0.55, 0.95, 12))
    codes, units, raters, _ = simulated(
        rates, shares=[0.85, 0.15], n_units=300, per_unit=4, seed=seed
    )

    fit = dawid_skene(codes, units=units, raters=raters, n_starts=1, seed=0)

    posterior, log_likelihood = plain_em(fit, 6000)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-5)
    assert fit.posterior == pytest.approx(posterior, abs=1e-2)
    assert fit.n_iterations < 400
