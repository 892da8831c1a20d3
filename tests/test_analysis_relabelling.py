import numpy as np
import pytest

from analysis.groups.relabelling import Null, Relabelling, over_error


@pytest.mark.parametrize(
    ("labels", "strata", "expected"),
    [
        ([0, 0, 1, 1], [0, 0, 0, 0], 6),
        ([0, 1, 2], [0, 0, 0], 6),
        ([0, 1, 0, 1], [0, 0, 1, 1], 4),
        ([0, 0, 1, 2, 2], [0] * 5, 30),  # 5! / (2! 1! 2!)
    ],
)
def test_every_distinct_relabelling_is_visited_once(labels, strata, expected):
    relabelling = Relabelling(np.array(labels), np.array(strata))

    visited = np.concatenate(list(relabelling.draws(1000, seed=1, chunk=4)))

    assert relabelling.n_distinct() == expected == len(visited) == len(np.unique(visited, axis=0))
    assert (np.sort(visited, axis=1) == np.sort(labels)).all()


def test_random_relabellings_stay_within_strata():
    relabelling = Relabelling(np.repeat([0, 1, 2, 3], 10), np.repeat([0, 0, 1, 1], 10))

    drawn = next(relabelling.draws(50, seed=1, chunk=50))

    assert (drawn[:, :20] <= 1).all()
    assert (np.sort(drawn[:, :20], axis=1) == np.repeat([0, 1], 10)).all()
    assert len(np.unique(drawn, axis=0)) == 50


def test_a_relabelling_without_a_value_counts_as_extreme_on_either_side():
    # Of three random relabellings one has no value, none reaches 2: (1 + 1) / (3 + 1).
    null = Null(np.array([0.0, np.nan, -1.0]), is_exact=False)

    assert null.p_absolute(2.0) == pytest.approx(1 / 2)
    assert null.p_upper(2.0) == pytest.approx(1 / 2)
    # Both tails hold it: the smaller, 1/2, doubled.
    assert null.p_doubled(2.0) == pytest.approx(1)
    assert null.undefined_share == pytest.approx(1 / 3)


def test_a_difference_without_an_error_is_endless_and_none_is_zero():
    found = over_error(np.array([3.0, -1.0, 0.0, np.nan]), np.array([4.0, 0.0, 0.0, 1.0]))

    assert found == pytest.approx([1.5, -np.inf, 0, np.nan], nan_ok=True)


def test_quantiles_pass_over_relabellings_without_a_value_and_stand_endless_ones():
    null = Null(np.array([np.nan, -np.inf, 1.0, 2.0, 3.0]), is_exact=False)

    assert null.quantile(0.5) == 1
    assert null.quantile(0.01) == -np.inf


def test_a_tie_counts_as_extreme_in_spite_of_rounding():
    null = Null(np.array([0.1 + 0.2, 0.0, 0.0, 0.0]), is_exact=True)

    # 0.1 + 0.2 is not 0.3 to the last bit, but the same statistic.
    assert null.p_upper(0.3) == pytest.approx(1 / 4)
    assert Null(-null.values, is_exact=True).p_absolute(0.1 + 0.2) == pytest.approx(1 / 4)
