from math import log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    clopper_pearson,
    jeffreys,
    newcombe_difference,
    newcombe_paired_difference,
    risk_ratio,
    rule_of_three,
    wilson,
)


def limits(estimate):
    return [estimate.interval.low, estimate.interval.high]


# Wilson, Clopper-Pearson and Newcombe as published: test_published_values.py.


@pytest.mark.parametrize(("k", "n"), [(1, 29), (15, 148), (28, 29)])
def test_jeffreys_equals_statsmodels_between_the_ends(k, n):
    expected = proportion_confint(k, n, method="jeffreys")

    assert limits(jeffreys(k, n)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson, jeffreys])
def test_limits_at_the_ends_are_exactly_0_and_1(interval):
    assert interval(0, 37).interval.low == 0
    assert interval(37, 37).interval.high == 1


@pytest.mark.parametrize("interval", [wilson, clopper_pearson, jeffreys])
@given(st.integers(1, 500), st.data())
@settings(max_examples=25, deadline=None)
def test_share_of_no_mirrors_share_of_yes(interval, n, data):
    k = data.draw(st.integers(0, n))

    mirrored = [1 - limit for limit in reversed(limits(interval(n - k, n)))]

    assert limits(interval(k, n)) == pytest.approx(mirrored, abs=1e-9)


def test_rule_of_three_is_three_over_n():
    # -ln(.05) = 2.995732; of 100: .02995732.
    assert limits(rule_of_three(100)) == pytest.approx([0, 0.02995732], abs=1e-8)


def test_rule_of_three_is_near_the_exact_one_sided_limit():
    # 0 of n has probability .05 at 1 - .05^(1/n); the two-sided 90 % limit has the same tail.
    exact = clopper_pearson(0, 200, confidence=0.90).interval.high

    assert rule_of_three(200).interval.high == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(
    ("cells", "phi"),
    [
        # 1 * 12 - 1 * 7 = 5, less than n / 2 = 10.5: no correlation is taken to be shown.
        ((1, 1, 7, 12), 0),
        # (20 * 16 - 12 * 2 - 25) / sqrt(32 * 18 * 22 * 28) = 271 / 595.6643
        ((20, 12, 2, 16), 271 / sqrt(354816)),
        # 36 * 0 - 12 * 2 = -24, left as it is; / sqrt(48 * 2 * 38 * 12)
        ((36, 12, 2, 0), -24 / sqrt(43776)),
        # All say yes to the first: an empty margin has no correlation.
        ((10, 5, 0, 0), 0),
    ],
)
def test_paired_difference_equals_newcombes_formula(cells, phi):
    n, first, second = sum(cells), cells[0] + cells[1], cells[0] + cells[2]
    low1, high1 = proportion_confint(first, n, method="wilson")
    low2, high2 = proportion_confint(second, n, method="wilson")
    a, b, c, d = first / n - low1, high2 - second / n, high1 - first / n, second / n - low2
    low = (first - second) / n - sqrt(a * a - 2 * phi * a * b + b * b)
    high = (first - second) / n + sqrt(c * c - 2 * phi * c * d + d * d)

    estimate = newcombe_paired_difference(*cells)

    assert estimate.value == pytest.approx((first - second) / n)
    assert limits(estimate) == pytest.approx([low, high], abs=1e-9)


@given(*[st.integers(0, 40)] * 4)
@settings(max_examples=25, deadline=None)
def test_paired_difference_changes_sign_with_the_order(both, first_only, second_only, neither):
    if both + first_only + second_only + neither == 0:
        return
    forth = newcombe_paired_difference(both, first_only, second_only, neither)
    back = newcombe_paired_difference(both, second_only, first_only, neither)

    assert limits(forth) == pytest.approx([-limit for limit in reversed(limits(back))], abs=1e-12)


@pytest.mark.parametrize("counts", [(5, 56, 3, 29), (56, 70, 48, 80), (1, 5000, 3000, 5000)])
def test_risk_ratio_equals_statsmodels(counts):
    expected = confint_proportions_2indep(
        *counts, compare="ratio", method="score", correction=False
    )

    assert limits(risk_ratio(*counts)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("counts", [(10, 10, 10, 10), (7, 9, 5, 5), (1, 9, 5, 5), (3, 8, 2, 9)])
def test_risk_ratio_turned_round_is_its_inverse(counts):
    k1, n1, k2, n2 = counts

    inverse = [1 / limit for limit in reversed(limits(risk_ratio(k2, n2, k1, n1)))]

    assert limits(risk_ratio(*counts)) == pytest.approx(inverse, rel=1e-8)


def test_risk_ratio_without_a_first_yes_reaches_from_0():
    estimate = risk_ratio(0, 10, 3, 20)

    assert estimate.value == estimate.interval.low == 0
    # The score test of no yes in 10 at ratio u: the upper limit is where chi-squared is 1.96^2.
    assert 1 < estimate.interval.high < 4


def test_risk_ratio_over_nothing_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="second rate is 0 of 20: there is nothing"):
        risk_ratio(3, 10, 0, 20)


def test_opposite_results_of_few_ratings_stay_within_the_range_of_a_difference():
    interval = newcombe_difference(3, 3, 0, 3).interval

    assert 0 < interval.low < interval.high == 1


@pytest.mark.parametrize("interval", [wilson, clopper_pearson, jeffreys])
@pytest.mark.parametrize(
    ("k", "n", "confidence", "message"),
    [
        (3, 2, 0.95, "3 of 2: a count lies from 0"),
        (1.5, 2, 0.95, "1.5 of 2: counts are whole numbers"),
        (1, float("nan"), 0.95, "1 of nan: counts are whole numbers"),
        (1, float("inf"), 0.95, "1 of inf: counts are whole numbers"),
        ([1], 2, 0.95, r"\[1\] of 2: counts are whole numbers"),
        (1, 2, 95, "confidence is 95: between 0 and 1"),
    ],
)
def test_counts_that_no_ratings_give_are_refused(interval, k, n, confidence, message):
    with pytest.raises(RatingsError, match=message):
        interval(k, n, confidence=confidence)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson, jeffreys])
def test_share_of_no_ratings_is_undefined(interval):
    with pytest.raises(UndefinedStatisticError, match="there are no ratings"):
        interval(0, 0)


def test_cells_that_are_no_counts_are_refused():
    with pytest.raises(RatingsError, match=r"cells \('1', 2, 3, 4\): counts are whole numbers"):
        newcombe_paired_difference("1", 2, 3, 4)


def test_wider_confidence_scales_the_rule_of_three():
    # The limit leaves a chance of .01, and ln(100) = -ln(.01).
    assert rule_of_three(50, confidence=0.99).interval.high == pytest.approx(log(100) / 50)
