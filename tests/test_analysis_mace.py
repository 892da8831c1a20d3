from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import RatingsError, UndefinedStatisticError, class_share_intervals, mace
from tests.rating_models import simulated

# Four units, three raters, and a second rating by the last one.
CODES = [0, 0, 2, 1, 1, 1, 2, 2, 0, 1, 1, 0, 1]
UNITS = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]
RATERS = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 2]


def small(**settings):
    return mace(CODES, units=UNITS, raters=RATERS, **{"n_starts": 3, "seed": 1} | settings)


def knowing_or_guessing(competences, habit):
    """Error rates of raters who know the label, or else answer out of one habit."""
    q = len(habit)
    return np.array([one * np.eye(q) + (1 - one) * np.array(habit) for one in competences])


@pytest.mark.parametrize("fitting", ["em", "variational"])
def test_log_likelihood_equals_the_sum_over_all_labels_and_all_guesses(fitting):
    fit = small(fitting=fitting)
    theta, xi = fit.competence, fit.habit

    # P(ratings of a unit) = sum over its label T (uniform) and over who guessed, S = 1.
    log_likelihood = 0.0
    for unit in range(4):
        ratings = [(c, r) for c, u, r in zip(CODES, UNITS, RATERS, strict=True) if u == unit]
        log_likelihood += np.log(
            sum(
                np.prod(
                    [
                        (1 - theta[r]) * xi[r, c] if s else theta[r] * (c == label)
                        for (c, r), s in zip(ratings, guesses, strict=True)
                    ]
                )
                / 3
                for label in range(3)
                for guesses in product([0, 1], repeat=len(ratings))
            )
        )
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-9)
    assert fit.competence.max() > 0.5


def test_maximum_is_no_lower_than_anything_near_it():
    fit = small()
    rng = np.random.default_rng(0)

    def log_likelihood(theta, xi):
        rates = theta[:, None, None] * np.eye(3) + (1 - theta[:, None, None]) * xi[:, None, :]
        per_unit = np.ones((4, 3))
        for code, unit, rater in zip(CODES, UNITS, RATERS, strict=True):
            per_unit[unit] *= rates[rater, :, code]
        return np.log(per_unit.mean(axis=1)).sum()

    assert log_likelihood(fit.competence, fit.habit) == pytest.approx(fit.log_likelihood)
    for _ in range(200):
        theta = np.clip(fit.competence + 0.02 * rng.normal(size=3), 0, 1)
        xi = np.clip(fit.habit + 0.02 * rng.normal(size=(3, 3)), 1e-12, None)
        near = log_likelihood(theta, xi / xi.sum(axis=1, keepdims=True))
        assert near <= fit.log_likelihood + 1e-6


@given(st.integers(0, 10_000), st.integers(2, 4), st.sampled_from(["em", "variational"]))
@settings(max_examples=25, deadline=None)
def test_objective_never_falls(seed, q, fitting):
    rng = np.random.default_rng(seed)
    codes, units = rng.integers(0, q, 60), np.repeat(np.arange(20), 3)

    fit = mace(
        codes,
        units=units,
        raters=rng.integers(0, 6, 60),
        categories=range(q),
        fitting=fitting,
        n_starts=2,
        seed=seed,
        max_iterations=200,
    )

    assert np.diff(fit.fit.objectives).min(initial=0) >= -1e-9


@pytest.mark.parametrize("fitting", ["em", "variational"])
def test_simulated_labels_and_competences_are_recovered(fitting):
    competences = [0.9, 0.8, 0.7, 0.6, 0.3, 0.0]
    codes, units, raters, truth = simulated(
        knowing_or_guessing(competences, [0.7, 0.2, 0.1]),
        shares=[1 / 3] * 3,
        n_units=2000,
        per_unit=5,
        seed=1,
    )

    fit = mace(codes, units=units, raters=raters, fitting=fitting, n_starts=2, seed=0)

    order = np.argsort(fit.observations.raters)
    assert fit.competence[order] == pytest.approx(competences, abs=0.06)
    assert fit.habit[order[-1]] == pytest.approx([0.7, 0.2, 0.1], abs=0.05)
    assert np.mean(fit.posterior.argmax(axis=1) == truth) > 0.9


def test_rare_labels_are_overestimated_as_all_are_taken_as_equally_common():
    codes, units, raters, truth = simulated(
        knowing_or_guessing([0.8] * 8, [1 / 3] * 3),
        shares=[0.8, 0.15, 0.05],
        n_units=1500,
        per_unit=4,
        seed=2,
    )

    fit = mace(codes, units=units, raters=raters, n_starts=2, seed=0)

    assert fit.class_shares[2] > np.mean(truth == 2) + 0.01


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_ratings_does_not_matter(seed):
    order = np.random.default_rng(seed).permutation(len(CODES))
    codes, units, raters = (np.array(column)[order] for column in (CODES, UNITS, RATERS))

    shuffled = mace(codes, units=units, raters=raters, n_starts=1, seed=0)

    before = small(n_starts=1).to_frame().set_index("unit")["p[1]"]
    after = shuffled.to_frame().set_index("unit")["p[1]"]
    assert after[before.index].to_numpy() == pytest.approx(before.to_numpy(), abs=1e-3)


def test_random_starts_do_not_depend_on_the_order_of_ratings():
    order = np.random.default_rng(1).permutation(len(CODES))
    codes, units, raters = (np.array(column)[order] for column in (CODES, UNITS, RATERS))

    shuffled = mace(codes, units=units, raters=raters, n_starts=6, seed=4)

    before = [start.objective for start in small(n_starts=6, seed=4).starts]
    assert [start.objective for start in shuffled.starts] == pytest.approx(before, abs=1e-6)


def test_priors_keep_competence_between_zero_and_one():
    codes, units, raters = [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1], [0, 1, 2] * 2

    likely = mace(codes, units=units, raters=raters, seed=0)
    cautious = mace(codes, units=units, raters=raters, fitting="variational", seed=0)

    assert likely.competence == pytest.approx([1] * 3, abs=1e-4)
    # Beta(1/2 + at most 2, 1/2): the mean is at most 2.5 / 3.
    assert (cautious.competence < 2.5 / 3).all()


def test_two_ratings_a_unit_are_noted():
    fit = mace([0, 1, 1, 1], units=[0, 0, 1, 1], raters=[0, 1, 0, 1], seed=0)
    assert "no unit has three ratings" in fit.notes[0]


def test_intervals_of_label_shares_surround_the_estimate():
    rates = knowing_or_guessing([0.8] * 5, [1 / 3] * 3)
    codes, units, raters, _ = simulated(rates, shares=[1 / 3] * 3, n_units=150, per_unit=4, seed=3)
    fit = mace(codes, units=units, raters=raters, n_starts=1, seed=0)

    first, *_ = class_share_intervals(fit, n_resamples=60, seed=0)

    assert first.interval.low < first.value < first.interval.high


def test_frame_has_one_row_for_each_rater():
    frame = small().competence_frame()

    assert frame["n_ratings"].tolist() == [4, 4, 5]
    assert frame[[f"habit[{code}]" for code in range(3)]].sum(axis=1).tolist() == pytest.approx(
        [1] * 3
    )


def test_single_ratings_are_undefined():
    with pytest.raises(UndefinedStatisticError, match="nothing tells who knows"):
        mace([0, 1], units=[0, 1], raters=[0, 1], seed=0)


def test_unknown_fitting_is_refused():
    with pytest.raises(RatingsError, match="'gibbs' is not among"):
        small(fitting="gibbs")
