from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    aggregated_rate,
    expected_any,
    expected_at_least,
    wilson,
)

FIVE_UNITS = {"a": [1, 0, 0], "b": [1, 1, 0], "c": [1, 1], "d": [1, 0], "e": [0]}


def long(units):
    return {
        "indicator": [x for ratings in units.values() for x in ratings],
        "units": [unit for unit, ratings in units.items() for _ in ratings],
        "seed": 1,
    }


def hundred(n_ratings, share=0.3):
    rng = np.random.default_rng(4)
    of_unit = rng.beta(1, (1 - share) / share, 100)
    return {unit: list((rng.random(n_ratings) < of_unit[unit]) * 1) for unit in range(100)}


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("any", 4 / 5),  # a b c d
        ("majority", 2 / 5),  # b c; d is tied
        ("unanimous", 1 / 5),  # c
        (1, 4 / 5),
        (2, 2 / 4),  # b c of a b c d: e cannot have two
    ],
)
def test_rules_turn_ratings_into_verdicts(rule, value):
    assert aggregated_rate(**long(FIVE_UNITS), rule=rule).value == value


@pytest.mark.parametrize(("ties", "value"), [("no", 2 / 5), ("half", 2.5 / 5), ("yes", 3 / 5)])
def test_tied_units_are_named_and_both_readings_given(ties, value):
    result = aggregated_rate(**long(FIVE_UNITS), rule="majority", ties=ties)

    assert result.value == value
    assert result.tied == ("d",)
    assert (result.value_if_ties_no, result.value_if_ties_yes) == (2 / 5, 3 / 5)


def test_other_rules_have_no_ties():
    result = aggregated_rate(**long(FIVE_UNITS), rule="any")

    assert result.tied == ()
    assert result.value_if_ties_no == result.value_if_ties_yes == result.value


def test_units_with_too_few_ratings_for_the_rule_are_left_out_and_counted():
    result = aggregated_rate(**long(FIVE_UNITS), rule=3)

    assert result.n_left_out == 3
    assert (result.estimate.n_units, result.estimate.n_ratings) == (2, 6)


def test_unequal_numbers_of_ratings_are_pointed_out():
    unequal = aggregated_rate(**long(FIVE_UNITS), rule="any")
    equal = aggregated_rate(**long(hundred(3)), rule="any")

    assert unequal.note.startswith("units have 1 to 3 ratings, and 'any' depends on how many")
    assert equal.note is None


def test_interval_of_units_is_near_wilson_where_units_are_independent():
    result = aggregated_rate(**long(hundred(3)), rule="any")

    expected = wilson(round(result.value * 100), 100).interval
    assert result.interval.low == pytest.approx(expected.low, abs=0.02)
    assert result.interval.high == pytest.approx(expected.high, abs=0.02)
    assert result.interval.method == "these raters, units like these: BCa, units resampled"


def test_copied_units_of_one_cluster_widen_the_interval_by_the_root_of_copies():
    ratings = hundred(3)
    copies = {(unit, copy): x for unit, x in ratings.items() for copy in range(4)}
    copied = long({4 * unit + copy: x for (unit, copy), x in copies.items()})
    clusters = np.array(copied["units"]) // 4

    alone = aggregated_rate(**copied, rule="any").interval
    together = aggregated_rate(**copied, rule="any", clusters=clusters).interval

    ratio = (together.high - together.low) / (alone.high - alone.low)
    assert ratio == pytest.approx(2, rel=0.06)


def test_no_positive_unit_has_no_interval_but_a_reason():
    result = aggregated_rate(**long({"a": [0, 0], "b": [0, 0]}), rule="any")

    assert result.value == 0
    assert result.interval is None
    assert result.estimate.refusal == "every resample of the 2 units gives the same value"


def test_aggregated_rate_is_one_row():
    row = aggregated_rate(**long(FIVE_UNITS), rule="majority").to_frame().loc[0]

    assert row["estimate_value"] == 2 / 5
    assert row["tied"] == ("d",)


def test_expected_any_equals_a_hand_calculation():
    result = expected_any(**long(FIVE_UNITS), m=2)

    # a: 1 - C(2,2)/C(3,2) = 2/3; b, c and d: 1, for they have fewer than two no; e has one rating.
    assert result.value == pytest.approx((2 / 3 + 3) / 4)
    assert result.n_left_out == 1


@pytest.mark.parametrize(("k", "m"), [(1, 1), (1, 3), (2, 3), (3, 3), (2, 4), (4, 5)])
def test_expected_share_equals_the_mean_over_all_choices_of_m_ratings(k, m):
    units = hundred(6)
    by_hand = [
        np.mean([sum(chosen) >= k for chosen in combinations(ratings, m)])
        for ratings in units.values()
    ]

    assert expected_at_least(**long(units), k=k, m=m).value == pytest.approx(np.mean(by_hand))


def test_any_rises_with_the_number_of_ratings_but_not_when_standardised():
    many = hundred(9)
    few = {unit: ratings[:3] for unit, ratings in many.items()}

    plain = [aggregated_rate(**long(one), rule="any").value for one in (many, few)]
    standardised = [expected_any(**long(one), m=3).value for one in (many, few)]

    assert plain[0] - plain[1] > 0.15
    assert standardised[0] - standardised[1] == pytest.approx(0, abs=0.06)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_order_and_names_of_ratings_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    x, units = rng.integers(0, 2, 60), rng.integers(0, 12, 60)
    order = rng.permutation(60)

    first = expected_any(x, units=units, m=2, seed=3)
    again = expected_any(x[order], units=[f"u{900 - one}" for one in units[order]], m=2, seed=3)

    assert again.value == pytest.approx(first.value)
    assert again.interval.low == pytest.approx(first.interval.low)


def test_any_of_one_is_the_rate_of_equally_often_rated_units():
    ratings = long(hundred(4))

    assert expected_any(**ratings, m=1).value == pytest.approx(np.mean(ratings["indicator"]))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("most", "rule 'most': give 'any', 'majority', 'unanimous', or how many must say yes"),
        (0, "rule 0: give 'any'"),
        (True, "rule True: give 'any'"),
        (1.5, r"rule 1.5: give 'any'"),
    ],
)
def test_unknown_rules_are_refused(rule, message):
    with pytest.raises(RatingsError, match=message):
        aggregated_rate(**long(FIVE_UNITS), rule=rule)


def test_a_unit_in_two_clusters_is_refused():
    with pytest.raises(RatingsError, match=r"row 1 .*: unit 'a' has two cluster labels"):
        aggregated_rate([1, 0, 1], units=list("aab"), clusters=[1, 2, 2], rule="any", seed=1)


def test_unknown_reading_of_ties_is_refused():
    with pytest.raises(RatingsError, match="ties 'toss' is not among"):
        aggregated_rate(**long(FIVE_UNITS), rule="majority", ties="toss")


@pytest.mark.parametrize(("k", "m"), [(0, 2), (3, 2), (1, 1.5), ("1", 2)])
def test_impossible_k_of_m_is_refused(k, m):
    with pytest.raises(RatingsError, match=f"{k!r} of {m}: give whole numbers, k from 1 to m"):
        expected_at_least(**long(FIVE_UNITS), k=k, m=m)


def test_no_unit_with_enough_ratings_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="none of the 5 units has 4 ratings"):
        expected_any(**long(FIVE_UNITS), m=4)
    with pytest.raises(UndefinedStatisticError, match="none of the 5 units has 4 ratings: the ru"):
        aggregated_rate(**long(FIVE_UNITS), rule=4)
