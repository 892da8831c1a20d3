import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    class_share_intervals,
    dawid_skene,
)
from tests.rating_models import simulated, skilled

CASE = (
    Path(__file__).parents[2] / "shared" / "reference_cases" / "dawid_skene_1979_anaesthetists.json"
)
# Six units, three raters and a second rating by the first one.
CODES = [0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 1]
UNITS = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 3]
RATERS = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0]


@pytest.fixture(scope="module")
def anaesthetists():
    if not CASE.exists():
        pytest.skip("Dawid and Skene's table 1 may not be redistributed: no ../shared here")
    return json.loads(CASE.read_text())


@pytest.fixture(scope="module")
def published_fit(anaesthetists):
    units, raters, codes = np.array(anaesthetists["data"]["observations"]).T
    return dawid_skene(
        codes, units=units, raters=raters, categories=[1, 2, 3, 4], n_starts=1, seed=0
    )


def expected(case, statistic):
    return next(one for one in case["expected"] if one["statistic"] == statistic)["value"]


def test_class_shares_of_the_anaesthetists_equal_published_ones(anaesthetists, published_fit):
    published = expected(anaesthetists, "em_class_marginals")
    assert published_fit.class_shares == pytest.approx(published, abs=1e-5)


def test_error_rates_of_the_anaesthetists_equal_published_ones(anaesthetists, published_fit):
    published = np.array(expected(anaesthetists, "em_error_rates_all"))
    assert published_fit.error_rates == pytest.approx(published, abs=1e-4)


def test_log_likelihood_of_the_anaesthetists_equals_published_one(anaesthetists, published_fit):
    published = expected(anaesthetists, "em_loglik_observed")
    assert published_fit.log_likelihood == pytest.approx(published, abs=1e-5)


def test_label_probabilities_of_the_anaesthetists_equal_published_ones(
    anaesthetists, published_fit
):
    published = np.array(expected(anaesthetists, "em_posterior"))
    assert published_fit.posterior == pytest.approx(published, abs=1e-4)


def test_labels_of_the_anaesthetists_equal_published_ones(anaesthetists, published_fit):
    published = expected(anaesthetists, "em_hard_labels")
    assert published_fit.labels == tuple((label,) for label in published)


def test_random_starts_beat_the_published_optimum_and_the_notes_say_so(
    anaesthetists, published_fit
):
    units, raters, codes = np.array(anaesthetists["data"]["observations"]).T

    best = dawid_skene(codes, units=units, raters=raters, n_starts=10, seed=1)

    assert best.log_likelihood > published_fit.log_likelihood + 1
    assert any("a random start fits better" in note for note in best.notes)


def small(**settings):
    return dawid_skene(CODES, units=UNITS, raters=RATERS, **{"n_starts": 3, "seed": 1} | settings)


def test_log_likelihood_equals_the_sum_over_all_true_labels():
    fit = small()
    shares, rates = np.exp(fit.fit.parameters.log_shares), fit.error_rates

    # P(ratings) = sum over 2^6 label vectors of P(labels) P(ratings | labels).
    total = sum(
        np.prod(shares[list(labels)])
        * np.prod([rates[r, labels[u], c] for c, u, r in zip(CODES, UNITS, RATERS, strict=True)])
        for labels in product([0, 1], repeat=6)
    )

    assert fit.log_likelihood == pytest.approx(np.log(total), abs=1e-9)


def test_simulated_labels_shares_and_error_rates_are_recovered():
    rates = skilled([0.9, 0.85, 0.8, 0.75, 0.9, 0.7], q=3)
    codes, units, raters, truth = simulated(
        rates, shares=[0.5, 0.3, 0.2], n_units=1500, per_unit=5, seed=2
    )

    fit = dawid_skene(codes, units=units, raters=raters, n_starts=2, seed=0)

    order = np.argsort(fit.observations.raters)
    assert fit.error_rates[order] == pytest.approx(rates, abs=0.07)
    assert fit.class_shares == pytest.approx([0.5, 0.3, 0.2], abs=0.04)
    assert np.mean(fit.posterior.argmax(axis=1) == truth) > 0.93
    assert fit.notes == ()


def test_a_rater_who_reverses_the_codes_is_understood_and_outvotes_chance():
    rates = skilled([0.9, 0.9, 0.9, 0.05])
    codes, units, raters, _ = simulated(rates, shares=[0.5, 0.5], n_units=400, per_unit=4, seed=3)

    fit = dawid_skene(codes, units=units, raters=raters, n_starts=2, seed=0)

    reversed_rater = fit.observations.raters.index(3)
    assert fit.error_rates[reversed_rater, 1, 0] == pytest.approx(0.95, abs=0.05)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_ratings_does_not_matter(seed):
    order = np.random.default_rng(seed).permutation(len(CODES))
    codes, units, raters = (np.array(column)[order] for column in (CODES, UNITS, RATERS))

    shuffled = dawid_skene(codes, units=units, raters=raters, n_starts=1, seed=0)

    before = small(n_starts=1).to_frame().set_index("unit")["p[1]"]
    after = shuffled.to_frame().set_index("unit")["p[1]"]
    assert after[before.index].to_numpy() == pytest.approx(before.to_numpy(), abs=1e-4)


def test_random_starts_do_not_depend_on_the_order_of_ratings():
    order = np.random.default_rng(1).permutation(len(CODES))
    codes, units, raters = (np.array(column)[order] for column in (CODES, UNITS, RATERS))

    shuffled = dawid_skene(codes, units=units, raters=raters, n_starts=6, seed=4)

    before = [start.objective for start in small(n_starts=6, seed=4).starts]
    assert [start.objective for start in shuffled.starts] == pytest.approx(before, abs=1e-6)


def test_renaming_the_codes_renames_the_labels():
    names = np.array(["no", "yes"])[CODES]

    renamed = dawid_skene(
        names, units=UNITS, raters=RATERS, categories=["yes", "no"], n_starts=1, seed=0
    )

    assert renamed.posterior[:, ::-1] == pytest.approx(small(n_starts=1).posterior, abs=1e-4)


def test_random_starts_that_find_the_labels_reversed_get_their_names_back():
    codes, units, raters, truth = simulated(
        skilled([0.9] * 4), shares=[0.5, 0.5], n_units=200, per_unit=4, seed=4
    )

    fit = dawid_skene(codes, units=units, raters=raters, n_starts=8, seed=5)

    assert fit.n_best_starts == 8
    assert max(start.largest_difference for start in fit.starts) < 0.01
    assert np.mean(fit.posterior.argmax(axis=1) == truth) > 0.9


def test_two_ratings_a_unit_are_not_identified_and_the_notes_say_so():
    codes, units, raters, _ = simulated(
        skilled([0.9, 0.8]), shares=[0.5, 0.5], n_units=100, per_unit=2, seed=6
    )

    fit = dawid_skene(codes, units=units, raters=raters, n_starts=6, seed=0)

    assert fit.notes[0].startswith("not identified: no unit has three ratings")
    # Equally good, and yet different: what not identified means.
    best = [start for start in fit.starts if start.is_best]
    assert len(best) > 1
    assert max(start.largest_difference for start in best) > 0.05


def test_raters_with_few_ratings_and_units_that_share_no_rater_are_noted():
    units = [0, 0, 0, 1, 1, 1]
    fit = dawid_skene([0, 0, 1, 1, 1, 0], units=units, raters=list("abcdef"), n_starts=1, seed=0)

    assert any(note.startswith("2 sets of units share no rater") for note in fit.notes)
    assert any(note.startswith("6 of 6 raters have fewer than 10") for note in fit.notes)


def test_smoothing_keeps_error_rates_away_from_zero():
    assert small().error_rates.min() < 1e-6
    assert small(smoothing=0.5).error_rates.min() > 0.03


def test_a_label_that_no_unit_of_a_rater_has_leaves_no_rate():
    # Code 2 is declared and never given, so no unit has label 2.
    fit = small(categories=[0, 1, 2], n_starts=1)

    assert np.isnan(fit.error_rates[:, 2]).all()
    frame = fit.error_frame()
    assert (frame.loc[frame["label"] == 2, "n_expected"] == 0).all()


def test_all_ratings_alike_give_that_label_to_all():
    fit = dawid_skene(
        [1] * 6, units=[0, 0, 1, 1, 2, 2], raters=[0, 1] * 3, categories=[0, 1], seed=0, n_starts=1
    )
    assert fit.labels == ((1,), (1,), (1,))
    assert fit.class_shares.tolist() == [0, 1]


def test_symmetric_ratings_leave_a_tie():
    # Two raters who contradict each other on the one unit: either may be right.
    fit = dawid_skene([0, 1], units=[0, 0], raters=["a", "b"], n_starts=1, seed=0)
    assert fit.labels == ((0, 1),)


def test_too_few_iterations_are_reported():
    fit = small(n_starts=1, max_iterations=2)
    assert (fit.converged, fit.n_iterations) == (False, 2)


def test_progress_counts_the_starts():
    seen = []
    small(progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_intervals_of_class_shares_contain_the_truth_and_do_not_move_with_the_call():
    codes, units, raters, truth = simulated(
        skilled([0.9, 0.85, 0.8, 0.9]), shares=[0.7, 0.3], n_units=300, per_unit=4, seed=7
    )
    fit = dawid_skene(codes, units=units, raters=raters, n_starts=1, seed=0)

    first, second = (class_share_intervals(fit, n_resamples=60, seed=3) for _ in range(2))

    assert first == second
    assert [one.statistic for one in first] == ["share[0]", "share[1]"]
    assert first[1].interval.low < truth.mean() < first[1].interval.high
    # About binomial: the standard error of a share of .3 in 300 units is .026, a little more here.
    assert first[1].standard_error == pytest.approx(0.03, abs=0.01)


def test_frames_show_labels_error_rates_and_starts():
    fit = small()

    assert fit.to_frame().columns.tolist() == ["unit", "labels", "n_winners", "p[0]", "p[1]"]
    assert fit.error_frame()[["p[0]", "p[1]"]].sum(axis=1).tolist() == pytest.approx([1] * 6)
    assert fit.starts_frame()["kind"].tolist() == ["label shares", "random", "random"]


@pytest.mark.parametrize(
    ("codes", "units", "categories", "reason"),
    [
        ([], [], [0, 1], "there are no ratings"),
        ([0, 1], [0, 1], [0, 1], "none of the 2 units has two ratings"),
        ([1, 1], [0, 0], None, "1 is the only category"),
    ],
)
def test_ratings_that_cannot_carry_the_model_are_undefined(codes, units, categories, reason):
    with pytest.raises(UndefinedStatisticError, match=reason):
        dawid_skene(codes, units=units, raters=range(len(codes)), categories=categories, seed=0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"codes": [0, 1, None]}, "row 2 .* has no code: leave out"),
        ({"codes": [0, 1, 7]}, r"row 2 \(counted from 0\): 7.* is not among the categories"),
        ({"codes": [[0, 1, 1]]}, r"2 dimension.*one code for each rating"),
        ({"units": [0, 0]}, "2 unit labels for 3 rows"),
        ({"raters": [0, None, 2]}, "row 1 .* has no rater label"),
        ({"smoothing": 0}, "smoothing is 0"),
        ({"smoothing": np.inf}, "smoothing is inf"),
        ({"n_starts": 0}, "n_starts is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"tolerance": 0}, "tolerance 0"),
    ],
)
def test_bad_input_is_refused_with_its_place(changed, message):
    given = {"codes": [0, 1, 1], "units": [0, 0, 0], "raters": [0, 1, 2], "categories": [0, 1]}
    arguments = given | {"seed": 0} | changed

    with pytest.raises(RatingsError, match=message):
        dawid_skene(arguments.pop("codes"), **arguments)
