import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

from analysis import RatingsError, UndefinedStatisticError, two_way_variance
from analysis.intervals.two_way import one_way_variance, one_way_variances


def crossed(seed, n_units=12, n_raters=5):
    """Some ratings of some units, with severe raters and hard units."""
    rng = np.random.default_rng(seed)
    unit, rater = np.nonzero(rng.random((n_units, n_raters)) < 0.7)
    values = rng.normal(size=n_units)[unit] + rng.normal(size=n_raters)[rater]
    return values + rng.normal(size=len(values)), unit, rater


def test_variance_is_that_of_the_hand_calculation():
    # Unit sums 3 and -3: 18 * 2/1 = 36. Rater sums 4 and -4: 32 * 2/1 = 64.
    # Cells: (1 + 4 + 9 + 36) * 4/3 = 66.67. 36 + 64 - 66.67 = 33.33, below 64, which stands.
    found = two_way_variance([1, 2, 3, -6], ["a", "a", "b", "b"], ["x", "y", "x", "y"])

    assert (found.units, found.raters) == (36, 64)
    assert found.cells == pytest.approx(200 / 3)
    assert found.total == 64
    assert (found.n_units, found.n_raters, found.df) == (2, 2, 1)


def test_variance_of_a_mean_is_that_of_statsmodels():
    values, unit, rater = crossed(seed=1)
    fitted = sm.OLS(values, np.ones(len(values))).fit()
    both, by_unit, by_rater = cov_cluster_2groups(fitted, unit, rater)

    found = two_way_variance((values - values.mean()) / len(values), unit, rater)

    assert found.units == pytest.approx(by_unit.item(), rel=1e-12)
    assert found.raters == pytest.approx(by_rater.item(), rel=1e-12)
    assert found.units + found.raters - found.cells == pytest.approx(both.item(), rel=1e-12)
    assert found.standard_error == pytest.approx(np.sqrt(both.item()), rel=1e-12)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_order_and_names_of_units_and_raters_do_not_matter(seed):
    values, unit, rater = crossed(seed)
    order = np.random.default_rng(seed).permutation(len(values))

    one = two_way_variance(values, unit, rater)
    other = two_way_variance(
        values[order], [f"unit {i}" for i in unit[order]], 100 - rater[order].astype(float)
    )

    assert other.total == pytest.approx(one.total, rel=1e-12)
    assert (other.n_units, other.n_raters) == (one.n_units, one.n_raters)


def test_two_ratings_of_one_unit_by_one_rater_are_one_cell():
    twice = two_way_variance([1, 1, -1, -1, 2], [0, 0, 0, 1, 1], [0, 0, 1, 0, 1])
    once = two_way_variance([2, -1, -1, 2], [0, 0, 1, 1], [0, 1, 0, 1])

    assert twice == once


def test_a_single_rater_says_nothing_of_raters_like_him():
    with pytest.raises(UndefinedStatisticError, match=r"2 unit\(s\) and 1 rater\(s\)"):
        two_way_variance([1, -1], ["a", "b"], ["x", "x"])


@pytest.mark.parametrize(
    ("units", "raters", "message"),
    [
        (["a"], ["x", "y"], "1 unit labels for 2 rows"),
        (["a", "b"], ["x", None], "row 1 .* has no rater label"),
        ([["a"], ["b"]], ["x", "y"], "2-dimensional table of unit labels"),
    ],
)
def test_labels_that_do_not_fit_are_refused(units, raters, message):
    with pytest.raises(RatingsError, match=message):
        two_way_variance([1, -1], units, raters)


def test_frame_has_one_row_with_all_parts():
    frame = two_way_variance([1, 2, 3, -6], [0, 0, 1, 1], [0, 1, 0, 1]).to_frame()

    assert list(frame.columns) == ["total", "units", "raters", "cells", "n_units", "n_raters"]
    assert len(frame) == 1


def test_one_way_variance_is_the_part_of_the_two_way_one():
    values, unit, rater = crossed(seed=2)
    units = np.unique(unit, return_inverse=True)[1]

    found = one_way_variance(values, units)

    assert found == pytest.approx(two_way_variance(values, unit, rater).units, rel=1e-12)


def test_one_way_variances_of_several_sums_are_those_of_each_alone():
    values, unit, rater = crossed(seed=3)

    n_clusters, variances = one_way_variances(values, unit // 3, rater, n_sums=6)

    for one in range(5):
        clusters = np.unique(unit[rater == one] // 3, return_inverse=True)[1]
        assert n_clusters[one] == clusters.max() + 1
        assert variances[one] == pytest.approx(one_way_variance(values[rater == one], clusters))
    # Nobody is number 5.
    assert (n_clusters[5], np.isnan(variances[5])) == (0, True)


def test_one_cluster_shows_nothing():
    assert np.isnan(one_way_variance(np.array([1.0, -1.0]), np.array([0, 0])))
