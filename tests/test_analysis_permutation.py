from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    difference_of_rates,
    rate_difference_test,
)


def crossed(answers):
    """Long form of (n_units, n_raters): yes or no, unit and rater of each rating."""
    table = np.asarray(answers)
    units, raters = np.indices(table.shape)
    return {"indicator": table.ravel(), "units": units.ravel(), "raters": raters.ravel()}


def two_against_two(**more):
    """Raters 0 and 1, group a, say yes to both units; raters 2 and 3, group b, to none."""
    rated = crossed([[1, 1, 0, 0], [1, 1, 0, 0]])
    groups = np.where(rated["raters"] < 2, "a", "b")
    return rate_difference_test(**rated, groups=groups, seed=1, **more)


def test_difference_and_exact_p_value_equal_those_counted_by_hand():
    found = two_against_two()

    # Of the 6 ways to label two of four raters, the actual one and its mirror differ by 1.
    assert (found.first.value, found.second.value, found.value) == (1, 0, 1)
    assert found.null.is_exact
    assert found.null.n_relabellings == 6
    assert found.test.p_value == pytest.approx(2 / 6)


def test_exact_p_value_equals_a_loop_of_welchs_t_over_all_relabellings():
    # All rate all units: the error between raters of a group is that of a mean of their rates.
    rng = np.random.default_rng(3)
    rated = crossed(rng.random((29, 8)) < np.linspace(0.1, 0.7, 8))
    means = rated["indicator"].reshape(29, 8).mean(axis=0)
    each = [(means[list(one)], np.delete(means, one)) for one in combinations(range(8), 3)]
    differences = [first.mean() - second.mean() for first, second in each]
    t = [ttest_ind(first, second, equal_var=False).statistic for first, second in each]

    found = rate_difference_test(**rated, groups=np.where(rated["raters"] < 3, "a", "b"), seed=1)

    by_t, by_difference = (np.mean(np.abs(x) >= abs(x[0]) - 1e-9) for x in (t, differences))
    assert by_t != by_difference  # else nothing below could tell them apart
    assert found.value == pytest.approx(differences[0])
    assert found.test.value == pytest.approx(t[0])
    assert found.test.p_value == pytest.approx(by_t)


def test_within_strata_the_exact_p_value_equals_a_loop_over_all_relabellings():
    # Twelve raters, six for each of two blocks of four units; labels stay within blocks.
    rng = np.random.default_rng(9)
    raters = np.repeat(np.arange(12), 4)
    block = raters // 6
    units = np.tile(np.arange(4), 12) + 4 * block
    yes = (rng.random(48) < 0.2 + 0.05 * raters).astype(float)

    def t(labels):
        difference = variance = 0
        n = np.array(
            [[((labels == g)[6 * s : 6 * s + 6]).sum() * 4 for s in (0, 1)] for g in (0, 1)]
        )
        weights = n[0] * n[1] / n.sum(axis=0)
        for group, sign in ((0, 1), (1, -1)):
            own = np.zeros(12)
            for stratum in (0, 1):
                here = (labels[raters] == group) & (block == stratum)
                share = weights[stratum] / weights.sum()
                difference += sign * share * yes[here].mean()
                own += np.bincount(raters, here * (yes - yes[here].mean()) * share / here.sum(), 12)
            members = (labels == group).sum()
            variance += (own**2).sum() * members / (members - 1)
        return difference / np.sqrt(variance)

    labels = np.array([0, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1])
    every = []
    for one, other in product(combinations(range(6), 3), combinations(range(6, 12), 2)):
        dealt = np.ones(12, dtype=int)
        dealt[[*one, *other]] = 0
        every.append(t(dealt))

    found = rate_difference_test(
        yes, raters=raters, groups=labels[raters], units=units, strata=block, seed=1
    )

    assert found.null.n_relabellings == 300
    assert found.test.value == pytest.approx(t(labels))
    assert found.test.p_value == pytest.approx(np.mean(np.abs(every) >= abs(t(labels)) - 1e-9))


def test_p_value_of_random_relabellings_is_never_zero():
    rated = crossed(np.repeat([[1] * 12 + [0] * 12], 3, axis=0))

    found = rate_difference_test(
        **rated, groups=rated["raters"] < 12, n_permutations=99, seed=1, compared=(True, False)
    )

    assert not found.null.is_exact
    assert found.test.p_value == pytest.approx(1 / 100)


def test_random_relabellings_approach_the_exact_p_value():
    rated = crossed(np.random.default_rng(4).integers(0, 2, (9, 12)))
    groups = rated["raters"] < 5

    exact = rate_difference_test(**rated, groups=groups, n_permutations=comb(12, 5), seed=1)
    random = rate_difference_test(**rated, groups=groups, n_permutations=700, seed=1)

    # Four standard errors of a share from 700 draws are .076 at most.
    assert (exact.null.is_exact, random.null.is_exact) == (True, False)
    assert random.test.p_value == pytest.approx(exact.test.p_value, abs=0.076)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_names_and_order_do_not_matter_and_swapping_the_groups_changes_the_sign(seed):
    rng = np.random.default_rng(seed)
    rated = crossed(rng.integers(0, 2, (4, 6)))
    groups = np.where(rated["raters"] < 2, "a", "b")
    order = rng.permutation(24)
    renamed = {name: column[order] for name, column in rated.items()}
    renamed["raters"] = [f"rater {9 - rater}" for rater in renamed["raters"]]

    found = rate_difference_test(**rated, groups=groups, seed=1)
    mirrored = rate_difference_test(**renamed, groups=groups[order], compared=("b", "a"), seed=2)

    assert mirrored.value == pytest.approx(-found.value)
    assert mirrored.test.p_value == pytest.approx(found.test.p_value)


def test_interval_equals_the_two_way_interval_of_the_rates_package():
    rated = crossed(np.random.default_rng(5).integers(0, 2, (30, 9)))
    groups = np.where(rated["raters"] < 4, "a", "b")

    found = rate_difference_test(**rated, groups=groups, seed=1)
    expected = difference_of_rates(**rated, groups=groups, seed=1).two_way

    assert found.difference.standard_error == pytest.approx(expected.standard_error)
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (expected.interval.low, expected.interval.high)
    )


def test_two_raters_in_a_group_give_a_test_but_no_interval():
    found = two_against_two()

    assert found.interval is None
    assert "fewer than 3 raters in a group" in found.difference.refusal


def test_rates_are_compared_within_strata_with_mantel_haenszel_weights():
    # Stratum x: a says yes 3 of 4 times, b 1 of 2; weight 4 * 2 / 6 = 4 / 3, difference 1 / 4.
    # Stratum y: a 1 of 2, b 0 of 4; weight 4 / 3, difference 1 / 2. Together 3 / 8.
    found = rate_difference_test(
        [1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0],
        raters=[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
        groups=list("aaaabbaabbbb"),
        strata=list("xxxxxxyyyyyy"),
        seed=1,
    )

    assert found.value == pytest.approx(3 / 8)
    # Three ways to choose b among three raters of x, three to choose a among those of y.
    assert found.null.n_relabellings == 9


def test_a_stratum_of_one_group_is_left_out_and_counted():
    found = rate_difference_test(
        [1, 0, 1, 0, 1, 1],
        raters=[0, 1, 2, 3, 4, 4],
        groups=list("aabbaa"),
        strata=list("xxxxyy"),
        seed=1,
    )

    assert found.first.n_ratings == 2
    assert "2 ratings left out" in found.test.note


def test_a_third_group_is_left_out_and_counted():
    rated = crossed([[1, 1, 0, 0, 1, 1]] * 2)
    groups = np.array(list("aabbcc"))[rated["raters"]]

    found = rate_difference_test(**rated, groups=groups, compared=("a", "b"), seed=1)

    assert found.value == 1
    assert "4 ratings left out" in found.test.note


def test_groups_without_a_common_unit_are_refused():
    with pytest.raises(UndefinedStatisticError, match="the groups have no unit in common"):
        rate_difference_test(
            [1, 0, 1, 0], raters=[0, 1, 2, 3], groups=list("aabb"), units=[0, 0, 1, 1], seed=1
        )


def test_groups_that_lean_to_different_sets_of_units_are_refused():
    # Twenty raters, three units each; group a has one in common with b, the others its own.
    raters = np.repeat(np.arange(20), 3)
    units = np.tile([0, 1, 2], 20) + np.where((raters < 10) & (np.tile([0, 1, 2], 20) > 0), 9, 0)

    with pytest.raises(UndefinedStatisticError, match="33% of their ratings fall alike, and for"):
        rate_difference_test(
            np.arange(60) % 2, raters=raters, groups=raters < 10, units=units, seed=1
        )


def test_few_raters_with_hardly_a_unit_in_common_are_refused_too():
    # Three raters rate units 0 to 4, three others 4 to 8. Of 75 pairs of ratings by two of one
    # group 15 are of one unit, of 225 by two of different groups 9: .04 against .2.
    units = np.concatenate([np.tile(np.arange(5), 3), np.tile(np.arange(4, 9), 3)])
    raters = np.repeat(np.arange(6), 5)

    with pytest.raises(UndefinedStatisticError, match=r"two of different groups meet 0\.20"):
        rate_difference_test(units % 2, raters=raters, groups=raters < 3, units=units, seed=1)


def test_consumers_with_three_units_each_dealt_at_random_are_not_refused():
    rng = np.random.default_rng(6)
    raters = np.repeat(np.arange(262), 3)
    units = np.concatenate([rng.choice(240, 3, replace=False) for _ in range(262)])

    found = rate_difference_test(
        rng.integers(0, 2, 786), raters=raters, groups=raters < 100, units=units, seed=1
    )

    assert 0 < found.test.p_value <= 1
    assert "of the groups' ratings fall alike" in found.test.note


def physicians_of_all_sets_and_consumers_of_one(rng):
    """As published: physicians rate the answers of one set three times, all others once."""
    dealt = [rng.permutation(11)[: 3 if unit < 240 else 1] for unit in range(1140)]
    units = np.repeat(np.arange(1140), [len(one) for one in dealt])
    consumers = np.repeat(np.arange(11, 91), 3)
    answers = np.concatenate([rng.permutation(240)[:3] for _ in range(80)])
    return np.concatenate([units, answers]), np.concatenate([*dealt, consumers])


def test_consumers_of_one_set_and_physicians_of_all_are_refused_without_strata():
    units, raters = physicians_of_all_sets_and_consumers_of_one(np.random.default_rng(8))

    with pytest.raises(UndefinedStatisticError, match="give the sets or blocks"):
        rate_difference_test(units % 2, raters=raters, groups=raters < 11, units=units, seed=1)


def test_many_raters_with_few_ratings_are_told_from_few_raters_with_many():
    rng = np.random.default_rng(9)
    units, raters = physicians_of_all_sets_and_consumers_of_one(rng)
    yes = rng.random(len(units)) < np.where(raters < 11, 0.25, 0.5)

    found = rate_difference_test(
        yes, raters=raters, groups=raters < 11, units=units, strata=units < 240, seed=1
    )

    # Eleven of these raters at random have some 60 ratings and not 720: their rate spreads so
    # widely that the difference by itself has a p-value of .1.
    assert found.test.p_value < 0.01
    assert "900 ratings left out" in found.test.note


def test_few_ratings_of_few_raters_among_many_are_no_reason_to_refuse():
    # Eight raters rate all 100 units, three others five each, dealt at random.
    rng = np.random.default_rng(10)
    units = np.concatenate([np.tile(np.arange(100), 8), *(rng.permutation(100)[:5] for _ in "abc")])
    raters = np.repeat(np.arange(11), [100] * 8 + [5] * 3)

    found = rate_difference_test(units % 2, raters=raters, groups=raters < 8, units=units, seed=1)

    assert "of the groups' ratings fall alike" in found.test.note


def test_strata_of_one_group_each_are_refused():
    with pytest.raises(UndefinedStatisticError, match="no stratum has ratings of both groups"):
        rate_difference_test([1, 0], raters=[0, 1], groups=["a", "b"], strata=["x", "y"], seed=1)


def test_raters_of_different_strata_are_not_exchanged():
    # Rater 0 worked in both strata, the others in one: nobody may take another's label.
    with pytest.raises(UndefinedStatisticError, match="relabelling changes nothing"):
        rate_difference_test(
            [1, 0, 1, 0],
            raters=[0, 0, 1, 2],
            groups=list("aabb"),
            strata=list("xyxy"),
            seed=1,
        )


def test_a_rater_in_two_groups_is_refused():
    with pytest.raises(RatingsError, match=r"row 1 .*rater 'ann' is in two groups"):
        rate_difference_test(
            [1, 0, 1], raters=["ann", "ann", "bob"], groups=["a", "b", "b"], seed=1
        )


def test_three_groups_need_a_choice():
    with pytest.raises(RatingsError, match="3 group"):
        rate_difference_test([1, 0, 1], raters=[0, 1, 2], groups=list("abc"), seed=1)


def test_what_is_neither_yes_nor_no_is_refused():
    with pytest.raises(RatingsError, match=r"row 1 \(counted from 0\) is 2\.0"):
        rate_difference_test([1, 2], raters=[0, 1], groups=list("ab"), seed=1)


def test_a_rater_without_a_label_is_refused():
    with pytest.raises(RatingsError, match=r"row 1 \(counted from 0\) has no rater"):
        rate_difference_test([1, 0], raters=["ann", None], groups=list("ab"), seed=1)


def test_no_permutations_are_refused():
    with pytest.raises(RatingsError, match="n_permutations is 0"):
        two_against_two(n_permutations=0)


def test_progress_is_told_to_the_end():
    told = []

    two_against_two(progress=lambda done, total: told.append((done, total)))

    assert told[-1] == (6, 6)


def test_frame_has_rates_difference_test_and_null_in_one_row():
    frame = two_against_two().to_frame()

    assert len(frame) == 1
    assert frame.loc[0, "difference_value"] == 1
    assert frame.loc[0, "test_p_value"] == pytest.approx(1 / 3)
    assert frame.loc[0, "null_n_relabellings"] == 6


def test_raters_with_few_ratings_are_found_different_as_often_as_promised():
    rng = np.random.default_rng(11)
    found = 0
    for seed in range(150):
        # Three raters rate 20 of 100 units, eight rate all.
        dealt = np.column_stack([rng.random((100, 3)).argsort(axis=0) < 20, np.ones((100, 8))])
        units, raters = np.nonzero(dealt)
        yes = rng.random(len(units)) < rng.beta(1, 3, 100)[units]
        found += (
            rate_difference_test(yes, raters=raters, groups=raters < 3, seed=seed).test.p_value
            <= 0.05
        )

    # Binomial(150, .05): at most 17 with probability .999. The difference by itself, not over its
    # error, is found in a third of these studies.
    assert found <= 17


def test_raters_who_differ_but_not_by_group_are_found_different_as_often_as_promised():
    rng = np.random.default_rng(7)
    found = 0
    for seed in range(200):
        severity = rng.normal(0, 1.5, 10)
        answers = rng.random((40, 10)) < 1 / (1 + np.exp(1 - severity))
        rated = {**crossed(answers), "units": None}
        found += (
            rate_difference_test(
                **rated, groups=rated["raters"] < 4, n_permutations=210, seed=seed
            ).test.p_value
            <= 0.05
        )

    # Binomial(200, .05): 2 to 21 with probability .9994. Taking ratings as independent finds
    # more than half of these studies significant.
    assert 2 <= found <= 21
