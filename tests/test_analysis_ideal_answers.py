import numpy as np
import pytest

from analysis import RatingsError, UndefinedStatisticError, question_clusters, rates_by_ideal
from tests.counterfactual_ratings import CODES, judged


def test_rate_given_the_ideal_answers_is_among_the_ratings_that_say_so():
    biased = [1, 1, 0, 1, 0, 0, 0, 1]
    ideal = ["same"] * 3 + ["differ"] * 4 + ["unsure"]

    rates = rates_by_ideal(biased, ideal, **CODES, clusters=range(8), seed=1)

    assert (rates.same.value, rates.differ.value) == (2 / 3, 1 / 4)
    assert rates.difference.value == pytest.approx(2 / 3 - 1 / 4)
    assert (rates.same.n_ratings, rates.differ.n_ratings) == (3, 4)


def test_each_rate_counts_the_clusters_and_raters_that_carry_it():
    rates = rates_by_ideal(
        [1, 0, 1, 0, 1],
        ["same", "same", "differ", "differ", "unsure"],
        **CODES,
        clusters=["s", "s", "s", "t", "u"],
        raters=["ann", "bob", "ann", "ann", "cat"],
        seed=1,
    )

    counted = [rates.same, rates.differ, rates.difference, rates.unsure]
    assert [(one.n_units, one.n_raters, one.n_ratings) for one in counted] == [
        (1, 2, 2),
        (2, 1, 2),
        (2, 2, 4),
        (1, 1, 1),
    ]


def test_unsure_is_counted_apart():
    rates = rates_by_ideal(
        [1, 0, 1, 0], ["same", "differ", "unsure", "unsure"], **CODES, clusters=range(4), seed=1
    )

    assert (rates.n_unsure, rates.unsure.value) == (2, 1 / 2)
    assert (rates.same.value, rates.differ.value) == (1, 0)


def test_nobody_unsure_leaves_no_rate_of_theirs():
    rates = rates_by_ideal([1, 0], ["same", "differ"], **CODES, clusters=[1, 2], seed=1)

    assert (rates.n_unsure, rates.unsure) == (0, None)


def test_exchanging_same_and_differ_turns_the_difference():
    biased, ideal, _, seeds = judged(80, seed=1)
    turned = CODES | {"same": "differ", "differ": "same"}

    there, back = (
        rates_by_ideal(biased, ideal, **codes, clusters=seeds, seed=2, method="percentile")
        for codes in (CODES, turned)
    )

    assert back.value == pytest.approx(-there.value)
    # The same seed draws other patterns: the limits mirror up to Monte Carlo error.
    assert back.interval.low == pytest.approx(-there.interval.high, abs=0.01)


def test_ratings_of_one_seed_widen_the_interval_of_the_difference():
    biased, ideal, _, _ = judged(80, seed=3)
    copies = [np.repeat(column, 4) for column in (biased, ideal)]

    honest = rates_by_ideal(*copies, **CODES, clusters=np.repeat(np.arange(240), 4), seed=1)
    naive = rates_by_ideal(*copies, **CODES, clusters=np.arange(960), seed=1)

    # Four copies of one judgment: twice as wide.
    widths = [one.interval.high - one.interval.low for one in (honest, naive)]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.06)


def test_difference_within_seeds_is_surer_than_its_two_rates():
    # Every seed has one pair of each kind, and bias in both or in neither but for every fifth.
    bias = np.repeat(np.random.default_rng(4).random(60) < 0.4, 2)
    bias[::10] = ~bias[::10]
    ideal = np.tile(["same", "differ"], 60)

    rates = rates_by_ideal(bias, ideal, **CODES, clusters=np.repeat(np.arange(60), 2), seed=1)

    assert rates.difference.standard_error < rates.same.standard_error


def test_clusters_may_be_those_of_the_questions():
    pairs = [("q1", "q2"), ("q2", "q3"), ("q4", "q5")]
    clusters = question_clusters(pairs, [None] * 3)

    rates = rates_by_ideal(
        [1, 0, 1], ["same", "differ", "same"], **CODES, clusters=clusters, seed=1
    )

    assert rates.same.n_units == 2


@pytest.mark.parametrize("only", ["same", "differ"])
def test_difference_without_one_of_the_two_is_undefined(only):
    other = "differ" if only == "same" else "same"

    with pytest.raises(UndefinedStatisticError, match=f"none of the 2 ratings says '{other}'"):
        rates_by_ideal([1, 0], [only, only], **CODES, clusters=[1, 2], seed=1)


def test_unknown_code_of_the_ideal_answers_is_refused_with_its_row():
    with pytest.raises(RatingsError, match=r"row 1 .* the ideal answers: 'maybe' is not among"):
        rates_by_ideal([1, 0], ["same", "maybe"], **CODES, clusters=[1, 2], seed=1)


def test_codes_that_are_the_same_are_refused():
    with pytest.raises(RatingsError, match="must differ"):
        rates_by_ideal([1], ["same"], same="same", differ="same", clusters=[1], seed=1)


def test_missing_code_of_the_ideal_answers_is_refused():
    with pytest.raises(RatingsError, match="1 entries of the ideal answers for 2 rows"):
        rates_by_ideal([1, 0], ["same"], **CODES, clusters=[1, 2], seed=1)


def test_rating_without_a_cluster_is_refused():
    with pytest.raises(RatingsError, match=r"row 1 .* has no cluster label"):
        rates_by_ideal([1, 0], ["same", "differ"], **CODES, clusters=["s", None], seed=1)
