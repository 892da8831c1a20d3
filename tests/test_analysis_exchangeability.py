"""Whether labels of raters may change places: designs that are sound, and designs that are not."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.groups.exchangeability import Meetings, exchangeability, unequal_work
from analysis.groups.relabelling import Relabelling


def dealt(n_units, per_rater, rng):
    """Each rater's units at random, (n_units, n_raters)."""
    return np.column_stack(
        [np.isin(np.arange(n_units), rng.permutation(n_units)[:n]) for n in per_rater]
    )


def asked(table, labels, strata=None):
    strata = np.zeros(len(labels), dtype=int) if strata is None else np.asarray(strata)
    relabelling = Relabelling(np.asarray(labels), strata)
    return exchangeability(csr_array(np.asarray(table, dtype=float)), relabelling, seed=1)


def labels_of(n_first, n_second):
    return np.repeat([0, 1], [n_first, n_second])


def once_in_each_group(rng):
    """As published: every unit once by one of eleven raters, and once by one of nine."""
    first, second = (np.eye(n)[rng.permutation(440) % n] for n in (11, 9))
    return np.hstack([first, second]), labels_of(11, 9)


def three_a_unit_by_few_and_three_units_by_many(rng):
    """As published: 240 units, each by three of eleven raters; 60 others have three units each."""
    first = np.stack([np.isin(np.arange(11), rng.permutation(11)[:3]) for _ in range(240)])
    return np.hstack([first, dealt(240, [3] * 60, rng)]), labels_of(11, 60)


def blocks_at_random(rng):
    """Thirty raters have one of ten blocks each."""
    return np.repeat(np.eye(10)[:, rng.integers(0, 10, 30)], 20, axis=0), labels_of(12, 18)


def all_and_some(rng):
    """Five raters rate 15 units each, eleven all of them."""
    return dealt(100, [15] * 5 + [100] * 11, rng), labels_of(5, 11)


def three_of_ten(rng):
    """Every unit by three of ten raters."""
    return dealt(10, [3] * 50, rng).T, labels_of(4, 6)


@pytest.mark.parametrize(
    "design",
    [
        once_in_each_group,
        three_a_unit_by_few_and_three_units_by_many,
        blocks_at_random,
        all_and_some,
        three_of_ten,
    ],
)
def test_designs_that_deal_units_without_regard_to_the_group_pass(design):
    rng = np.random.default_rng(1)

    refused = sum(asked(*design(rng)).refusal is not None for _ in range(12))

    assert refused <= 1


def one_set_of_two(rng):
    """Four raters rate the first half of the units (and a tenth of the rest), five all."""
    table = np.ones((100, 9))
    table[55:, :4] = 0
    return table, labels_of(4, 5)


def few_units_of_all(rng):
    """Three raters rate the same 20 of 100 units, eight all."""
    table = np.ones((100, 11))
    table[20:, :3] = 0
    return table, labels_of(3, 8)


def three_times_as_often(rng):
    """Ten raters prefer one half of the units threefold, ten the other."""
    half = np.arange(200) < 100
    chances = [np.where(half == (rater < 10), 3.0, 1.0) for rater in range(20)]
    chosen = [rng.choice(200, 60, replace=False, p=one / one.sum()) for one in chances]
    return np.column_stack([np.isin(np.arange(200), one) for one in chosen]), labels_of(10, 10)


@pytest.mark.parametrize("design", [one_set_of_two, few_units_of_all, three_times_as_often])
def test_groups_with_units_of_their_own_are_refused(design):
    found = asked(*design(np.random.default_rng(2)))

    assert "the groups rated different units" in found.refusal


def test_blocks_of_one_group_are_sound_within_strata():
    # Two blocks; of the first five raters of a and two of b, of the second two and five.
    table = np.kron(np.eye(2), np.ones((20, 7)))
    labels = np.array([0] * 5 + [1] * 2 + [0] * 2 + [1] * 5)

    assert asked(table, labels, strata=np.repeat([0, 1], 7)).refusal is None


def test_share_is_one_minus_the_total_variation_distance():
    # Shares (1/2, 1/2, 0) and (0, 1/4, 3/4) of the three units: 1/4 in common.
    table = [[1, 1, 0, 0], [1, 1, 0, 1], [0, 0, 2, 1]]

    assert asked(table, [0, 0, 1, 1]).share == pytest.approx(1 / 4)


def test_meetings_are_those_counted_by_hand():
    # Group a: rater 0 has units 0 and 1, rater 1 units 1 and 2. Group b: raters 2 and 3 unit 1.
    table = csr_array(np.array([[1.0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 0]]))

    found = Meetings.of(table, np.array([[0, 0, 1, 1]]))

    assert found.within[:, 0].tolist() == [1, 1]
    assert found.within_pairs[:, 0].tolist() == [4, 1]
    assert (found.across[0], found.across_pairs[0]) == (4, 8)
    # a 1/4, b 1/1, across 4/8; over all 6 of 13: (1 - 1/2) / sqrt(6/13 (1 + 1/8)), 1/2 over 1.
    expected = (0.5 / np.sqrt(6 / 13 * 9 / 8), 0.5)
    assert tuple(found.compared()[0]) == pytest.approx(expected)


def test_raters_with_three_times_the_ratings_are_named():
    table = csr_array(dealt(90, [30] * 4 + [90] * 5, np.random.default_rng(3)).astype(float))
    relabelling = Relabelling(labels_of(4, 5), np.zeros(9, dtype=int))

    assert "gave 3.0 times as many ratings each" in unequal_work(table, relabelling, seed=1)


def test_work_that_varies_in_both_groups_alike_is_no_reason_to_refuse():
    # Some raters stay longer than others, whatever their group.
    table = csr_array(dealt(90, [5, 80, 10, 40, 90, 6, 30, 20], np.random.default_rng(4)) * 1.0)
    relabelling = Relabelling(np.array([0, 1, 0, 1, 0, 1, 0, 1]), np.zeros(8, dtype=int))

    assert unequal_work(table, relabelling, seed=1) is None
