import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import t

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    conger_kappa,
    krippendorff_alpha,
    leave_one_out_agreement,
    leave_one_out_specific_agreement,
    specific_agreement,
)
from tests.rating_models import brute_force_p, drawn_ratings

NAN = float("nan")


def test_agreement_with_the_rest_is_the_mean_share_of_partners_with_the_same_code():
    ratings = np.array([[1, 1, 0], [0, 0, NAN], [1, 0, 0], [1, 1, 1]])

    found = leave_one_out_agreement(ratings, level="nominal")

    # Rater 0: 1/2, 1, 0, 1; rater 1: 1/2, 1, 1/2, 1; rater 2: 0, 1/2, 1.
    assert [one.value for one in found] == pytest.approx([2.5 / 4, 3 / 4, 1.5 / 3])
    # Units' own agreement 1/3, 1, 1/3, 1.
    assert found[0].expected == pytest.approx((1 / 3 + 1 + 1 / 3 + 1) / 4)


def test_agreement_p_value_equals_that_of_all_deals():
    table = drawn_ratings(8, 4, 3, levels=3)
    shares = np.array(
        [[np.nan if np.isnan(x) else ((row == x).sum() - 1) / 2 for x in row] for row in table]
    )

    found = leave_one_out_agreement(table, level="nominal")

    assert [one.p_value for one in found] == pytest.approx(
        [brute_force_p(shares, rater) for rater in range(4)]
    )


@pytest.mark.parametrize("statistic", ["krippendorff_alpha", "conger_kappa"])
def test_coefficient_without_a_rater_is_that_of_the_other_columns(statistic):
    table = drawn_ratings(levels=3)
    if statistic == "conger_kappa":
        expected = conger_kappa(np.delete(table, 2, axis=1)).value
    else:
        expected = krippendorff_alpha(np.delete(table, 2, axis=1), level="nominal").value

    found = leave_one_out_agreement(table, statistic=statistic, level="nominal")[2]

    assert found.without == pytest.approx(expected)


@pytest.mark.parametrize("cluster_size", [1, 4])
def test_difference_without_a_rater_has_the_interval_of_the_jackknife(cluster_size):
    table = drawn_ratings(levels=3)
    clusters = np.arange(40) // cluster_size

    def difference(rows):
        both = (table[rows], np.delete(table[rows], 2, axis=1))
        with_all, without = (krippendorff_alpha(one, level="ordinal").value for one in both)
        return with_all - without

    left_out = np.array([difference(clusters != one) for one in np.unique(clusters)])
    n = len(left_out)
    reach = t.ppf(0.975, n - 1) * np.sqrt((n - 1) / n * np.square(left_out - left_out.mean()).sum())

    found = leave_one_out_agreement(table, level="ordinal", clusters=clusters)[2]

    assert found.difference == pytest.approx(difference(clusters >= 0))
    assert found.difference_high - found.difference == pytest.approx(reach)


def test_coefficient_that_needs_the_rater_has_the_reason_in_the_row():
    found = leave_one_out_agreement([[1, 0, 0], [0, NAN, 0]], level="nominal")

    assert found[0].without is None
    assert "without this rater, all 2 ratings fall in one category" in found[0].difference_refusal


def test_leave_one_out_without_any_pair_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="none of the 2 units has two ratings"):
        leave_one_out_agreement([[1, NAN], [NAN, 0]], level="nominal")


def test_specific_agreement_of_two_raters_is_the_same_for_both_and_the_published_one():
    table = np.array([[1, 1]] * 4 + [[1, 0]] * 3 + [[0, 1]] * 2 + [[0, 0]] * 11)

    found = leave_one_out_specific_agreement(table, category=1)

    # They agree on 4 of the units, and one alone chose it on 3 and on 2: 8 / (8 + 3 + 2).
    assert [one.value for one in found] == pytest.approx([8 / 13, 8 / 13])
    assert found[0].expected == pytest.approx(float(specific_agreement(table, category=1)))


def test_specific_agreement_on_a_code_that_nobody_chose_has_no_value():
    found = leave_one_out_specific_agreement([[0, 0], [0, 0]], category=1, categories=[0, 1])

    with pytest.raises(UndefinedStatisticError, match="in none of the 2 shared units"):
        found[0]


def test_specific_agreement_has_the_linearised_error_of_a_ratio():
    table = np.array([[1, 1]] * 4 + [[1, 0]] * 3 + [[0, 1]] * 2 + [[0, 0]] * 11)
    # Of each unit 2 [both] - 8/13 (first + second), over the sum 13 of those who chose it.
    influence = (2 * table.prod(axis=1) - 8 / 13 * table.sum(axis=1)) / 13
    error = np.sqrt(20 / 19 * np.square(influence).sum()) / (8 / 13 * 5 / 13)

    interval = leave_one_out_specific_agreement(table, category=1)[0].interval

    assert logit(interval.high) - logit(8 / 13) == pytest.approx(t.ppf(0.975, 19) * error)


def test_many_raters_on_a_unit_leave_the_normal_p_value():
    table = np.random.default_rng(9).integers(2, size=(30, 50)).astype(float)
    table[np.tri(30, 50, -1, dtype=bool)] = NAN  # units with 21 to 50 ratings

    found = leave_one_out_agreement(table, level="nominal")

    assert all(0 < one.p_value <= 1 for one in found)


def test_progress_is_told_after_each_rater():
    told = []

    leave_one_out_agreement(
        drawn_ratings(), level="nominal", progress=lambda done, total: told.append((done, total))
    )

    assert told == [(number, 6) for number in range(1, 7)]


def test_two_columns_with_one_label_are_refused():
    with pytest.raises(RatingsError, match="2 rater labels for 2 columns: give each its own"):
        leave_one_out_agreement([[1, 0], [0, 0]], level="nominal", raters=["a", "a"])
