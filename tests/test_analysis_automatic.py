from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, ttest_1samp

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    alt_test,
)
from tests.rating_models import people_and_model

NAN = float("nan")

CLOSENESS = {
    "accuracy": lambda code, rest: np.mean([code == other for other in rest]),
    "negative_rmse": lambda code, rest: -np.sqrt(np.mean([(code - x) ** 2 for x in rest])),
    "negative_distance": lambda code, rest: -np.mean([abs(code - x) for x in rest]),
}


def leads_unit_by_unit(people, model, rater, closeness):
    """The procedure as the paper words it: both indicators, one unit after the other."""
    pairs = []
    for row, own in zip(people, model, strict=True):
        rest = [x for j, x in enumerate(row) if j != rater and not np.isnan(x)]
        if np.isnan(row[rater]) or np.isnan(own) or not rest:
            continue
        human, automatic = closeness(row[rater], rest), closeness(own, rest)
        pairs.append((human >= automatic - 1e-9, automatic >= human - 1e-9))
    return np.array(pairs, dtype=float)


@pytest.mark.parametrize("alignment", CLOSENESS)
def test_alt_test_follows_the_published_procedure(alignment):
    people, model = people_and_model()
    model[5] = NAN

    found = alt_test(people, model, epsilon=0.15, alignment=alignment, min_units=10)

    p_values = []
    for rater, human in enumerate(found.humans):
        pairs = leads_unit_by_unit(people, model, rater, CLOSENESS[alignment])
        lead = pairs[:, 0] - pairs[:, 1]
        p_values.append(ttest_1samp(lead, 0.15, alternative="less").pvalue)
        assert (human.human_advantage, human.automatic_advantage) == pytest.approx(
            tuple(pairs.mean(axis=0))
        )
    assert [human.p_value for human in found.humans] == pytest.approx(p_values)
    # Benjamini-Yekutieli by its definition, for four people.
    order, harmonic = np.argsort(p_values), 1 + 1 / 2 + 1 / 3 + 1 / 4
    holds = np.sort(p_values) <= np.arange(1, 5) / 4 * 0.05 / harmonic
    n_wins = 0 if not holds.any() else int(np.flatnonzero(holds).max()) + 1
    assert found.winning_rate == n_wins / 4
    assert {human.rater for human in found.humans if human.wins} == set(order[:n_wins].tolist())


def test_alt_test_by_hand():
    # Leaving out the first: rest (1, 0), both half right: a tie. The second alike. The third: rest
    # (1, 1), who said 0 has none right, the model all.
    people, model = np.tile([1, 1, 0], (30, 1)), np.ones(30)

    found = alt_test(people, model, epsilon=0.1, alignment="accuracy")

    assert [one.automatic_advantage for one in found.humans] == [1, 1, 1]
    assert [one.human_advantage for one in found.humans] == [1, 1, 0]
    assert (found.winning_rate, found.passed) == (1.0, True)
    # Without any spread there is no t: all 30 signs the same way.
    assert found.humans[0].p_value == pytest.approx(0.5**30)


def test_advantage_has_the_error_of_a_mean_over_units_and_people():
    people, model = people_and_model(60, 3, missing=0)

    found = alt_test(people, model, epsilon=0.2, alignment="accuracy").advantage

    # Everybody rated all units, so each unit has one number: the mean over the people left out.
    as_good = np.mean(
        [leads_unit_by_unit(people, model, j, CLOSENESS["accuracy"])[:, 1] for j in range(3)],
        axis=0,
    )
    assert found.value == pytest.approx(as_good.mean())
    assert found.standard_error == pytest.approx(as_good.std(ddof=1) / np.sqrt(60))


def test_model_that_guesses_does_not_pass():
    people, model = people_and_model(100, errors=0.05, model_errors=1.0)

    found = alt_test(people, model, epsilon=0.1, alignment="accuracy")

    assert (found.winning_rate, found.passed) == (0.0, False)
    assert found.advantage.value < 0.6


def test_signed_rank_test_of_few_units_equals_all_signs():
    people, model = people_and_model(12, 3, seed=8, missing=0)
    pairs = leads_unit_by_unit(people, model, 0, CLOSENESS["accuracy"])
    differences = pairs[:, 0] - pairs[:, 1] - 0.2
    ranks = rankdata(np.abs(differences).round(12))
    observed = ranks[differences > 0].sum()
    tossed = [np.dot(signs, ranks) for signs in product((0, 1), repeat=len(ranks))]

    found = alt_test(people, model, epsilon=0.2, alignment="accuracy").humans[0]

    assert found.test == "Wilcoxon signed rank, exact"
    assert found.p_value == pytest.approx(np.mean(np.array(tossed) <= observed + 1e-9))


def test_few_units_in_clusters_are_ranked_by_cluster():
    people, model = people_and_model(20, 3, seed=8, missing=0)
    clusters = np.arange(20) // 4
    pairs = leads_unit_by_unit(people, model, 0, CLOSENESS["accuracy"])
    sums = np.bincount(clusters, pairs[:, 0] - pairs[:, 1] - 0.2)
    ranks = rankdata(np.abs(sums).round(12))
    tossed = [np.dot(signs, ranks) for signs in product((0, 1), repeat=5)]

    found = alt_test(people, model, epsilon=0.2, alignment="accuracy", clusters=clusters)

    assert found.humans[0].test == "Wilcoxon signed rank, exact, over clusters"
    expected = np.mean(np.array(tossed) <= ranks[sums > 0].sum() + 1e-9)
    assert found.humans[0].p_value == pytest.approx(expected)


def test_units_of_one_cluster_prove_nothing():
    people, model = np.tile([1, 1, 0], (40, 1)), np.ones(40)

    found = alt_test(people, model, epsilon=0.1, alignment="accuracy", clusters=["x"] * 40)

    # One coin: heads or tails.
    assert [one.p_value for one in found.humans] == [0.5, 0.5, 0.5]
    assert not found.passed


def test_a_model_like_everybody_on_many_units_is_compared_at_once():
    found = alt_test(np.ones((5000, 3)), np.ones(5000), epsilon=0.2, alignment="accuracy")

    # Every unit is a tie, .2 in favour of the model: 5000 coins on one side.
    assert [one.p_value for one in found.humans] == [0.5**5000] * 3


def test_ties_are_ties_on_a_scale_of_millions():
    # To a rest of .1, .7 and .9 million, a person with .3 million and the model are alike.
    people = np.tile([0.1e6, 0.3e6, 0.7e6, 0.9e6], (30, 1))

    found = alt_test(people, np.full(30, 0.3e6), epsilon=0.2, alignment="negative_rmse")

    assert (found.humans[1].human_advantage, found.humans[1].automatic_advantage) == (1, 1)


def test_similarity_of_sets_is_averaged_over_the_rest():
    def jaccard(one, other):
        return len(one & other) / len(one | other)

    a, b, both = frozenset("a"), frozenset("b"), frozenset("ab")
    people = np.empty((2, 3), dtype=object)
    people[:] = [[a, both, a], [a, both, b]]
    model = np.empty(2, dtype=object)
    model[:] = [a, both]

    found = alt_test(people, model, epsilon=0.1, alignment=jaccard)

    # Second person: {a, b} is 1/2 like a, a; the model's a is 1. Then {a, b} both times: a tie.
    assert found.humans[1].automatic_advantage == 1
    assert found.humans[1].human_advantage == 0.5


@given(st.permutations(range(4)))
@settings(max_examples=20, deadline=None)
def test_alt_test_does_not_depend_on_the_order_of_people(order):
    people, model = people_and_model()
    options = {"epsilon": 0.2, "alignment": "accuracy"}
    before, after = alt_test(people, model, **options), alt_test(people[:, order], model, **options)

    assert after.winning_rate == before.winning_rate
    assert after.advantage.value == pytest.approx(before.advantage.value)
    assert [one.p_value for one in after.humans] == pytest.approx(
        [before.humans[old].p_value for old in order]
    )


def test_copies_of_units_in_one_cluster_say_nothing_new():
    people, model = people_and_model()
    copies = np.repeat(range(60), 3)
    options = {"epsilon": 0.2, "alignment": "accuracy"}

    once = alt_test(people, model, clusters=range(60), **options)
    thrice = alt_test(people[copies], model[copies], clusters=copies, **options)

    assert [one.p_value for one in thrice.humans] == pytest.approx(
        [one.p_value for one in once.humans]
    )
    assert thrice.advantage.interval.low == pytest.approx(once.advantage.interval.low)


def test_units_without_a_partner_or_without_the_model_are_counted():
    people, model = people_and_model(50, missing=0)
    people[0, 1:] = NAN
    model[1] = NAN

    found = alt_test(people, model, epsilon=0.2, alignment="accuracy")

    assert (found.n_units, found.n_left_out) == (48, 2)


def test_person_alone_is_named_and_two_people_are_too_few_for_a_consensus():
    people, model = people_and_model(40, 3, missing=0)
    people[:, 2] = NAN

    found = alt_test(people, model, epsilon=0.2, alignment="accuracy", raters=["ann", "ben", "eve"])

    assert found.raters_left_out == ("eve",)
    assert "have three or more" in found.note


def test_alt_test_with_one_person_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="0 people share units with others"):
        alt_test([[1], [0]], [1, 0], epsilon=0.1, alignment="accuracy")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epsilon": 20}, "epsilon is 20"),
        ({"alignment": "f1"}, "alignment 'f1' is not among"),
        ({"automatic": [1, 0, 1]}, "one for each"),
        ({"min_units": 5000}, "min_units is 5000: a number from 0 to 1000"),
        ({"raters": ["ann", "ann"]}, "2 rater labels for 2 columns: give each its own"),
        # As text, missing would become the code "nan", and 1.0 another code than "1".
        ({"human": np.array([[1, NAN], [0, 0]]), "automatic": np.array(["1", "0"])}, "mix labels"),
        (
            {"human": pd.DataFrame([[1, 0], [0, 0]]), "automatic": pd.Series([1, 0], index=[1, 0])},
            "different indexes",
        ),
        (
            {"automatic": [1, 7], "categories": [0, 1]},
            r"row 1, column 2 .*automatic rater is column 2",
        ),
        ({"human": [["no", "yes"], ["no", "no"]], "automatic": ["no", "yes"]}, "in rank order"),
    ],
)
def test_alt_test_refuses_what_cannot_be_meant(change, message):
    options = {"epsilon": 0.1, "alignment": "negative_rmse"}
    given_ = {"human": [[1, 0], [0, 0]], "automatic": [1, 0], **options, **change}
    with pytest.raises(RatingsError, match=message):
        alt_test(given_.pop("human"), given_.pop("automatic"), **given_)
