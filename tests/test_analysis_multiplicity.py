from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis import RatingsError, adjusted, max_t

PUBLISHED = Path(__file__).parent / "published"
NAN = float("nan")
STATSMODELS = {
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "bh": "fdr_bh",
    "by": "fdr_by",
    "bonferroni": "bonferroni",
}


def thrombolysis():
    """Benjamini and Hochberg (1995), section 4.1."""
    return pd.read_csv(PUBLISHED / "benjamini_hochberg_1995.csv", comment="#")["p_value"]


def published(statistic):
    values = pd.read_csv(PUBLISHED / "values" / "benjamini_hochberg_1995.csv", comment="#")
    return values.loc[values["statistic"] == statistic, "value"].to_numpy()


@pytest.mark.parametrize("method", ["bh", "holm", "by"])
def test_adjusted_p_values_equal_published_ones(method):
    found = adjusted(thrombolysis(), method=method)

    assert found.adjusted == pytest.approx(published(f"{method}_adjusted"), abs=1e-12)


@pytest.mark.parametrize("method", ["bh", "holm", "bonferroni"])
def test_number_rejected_equals_the_published_one(method):
    found = adjusted(thrombolysis(), method=method)

    assert found.n_rejected(0.05) == published(f"n_rejected_{method}")[0]


@pytest.mark.parametrize("method", list(STATSMODELS))
@settings(max_examples=20, deadline=None)
@given(p_values=st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjustment_equals_statsmodels(method, p_values):
    _, expected, *_ = multipletests(p_values, method=STATSMODELS[method])

    assert adjusted(p_values, method=method).adjusted == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("method", list(STATSMODELS))
@settings(max_examples=20, deadline=None)
@given(p_values=st.lists(st.floats(0, 1), min_size=2, max_size=12), seed=st.integers(0, 99))
def test_order_of_the_tests_does_not_matter(method, p_values, seed):
    order = np.random.default_rng(seed).permutation(len(p_values))
    values = np.array(p_values)

    straight, shuffled = adjusted(values, method=method), adjusted(values[order], method=method)

    assert shuffled.adjusted == pytest.approx(straight.adjusted[order])


def test_a_test_that_was_not_made_stays_nan_and_does_not_count():
    found = adjusted([0.02, NAN, 0.01], method="bonferroni")

    # Two tests were made: twice each p-value.
    assert found.adjusted == pytest.approx([0.04, NAN, 0.02], nan_ok=True)
    assert found.n_tests == 2
    assert found.rejected(0.05).tolist() == [True, False, True]


def test_families_are_adjusted_apart():
    found = adjusted([0.01, 0.02, 0.03], method="bonferroni", family=["rates", "rates", "alpha"])

    assert found.adjusted == pytest.approx([0.02, 0.04, 0.03])


def test_frame_has_a_row_for_each_test_with_its_family():
    frame = adjusted([0.01, NAN], family=["rates", "alpha"]).to_frame()

    assert frame["family"].tolist() == ["rates", "alpha"]
    assert list(frame.columns) == ["family", "p_value", "p_adjusted", "adjustment"]


def test_what_is_no_p_value_is_refused_with_its_row():
    with pytest.raises(RatingsError, match=r"row 1 \(counted from 0\) is 1\.2"):
        adjusted([0.5, 1.2])


def test_an_unknown_method_is_refused():
    with pytest.raises(RatingsError, match="'fdr' is not among"):
        adjusted([0.5], method="fdr")


def test_a_family_for_each_test_is_asked_for():
    with pytest.raises(RatingsError, match=r"1 labels \(family\) for 2 rows"):
        adjusted([0.5, 0.1], family=["rates"])


def test_largest_statistic_adjusts_as_counted_by_hand():
    # Relabelling   A   B   largest of both
    # 1             3   0   3
    # 2             0   2.6 2.6
    # 3             1   0   1
    # Observed A = 2.5: the largest reaches it twice, A alone once. B = 1: B alone reaches it once,
    # but the less extreme test cannot have the smaller p-value.
    permuted = [[3, 0], [0, 2.6], [1, 0]]

    assert max_t([2.5, 1], permuted, is_exact=True) == pytest.approx([2 / 3, 2 / 3])
    assert max_t([2.5, 1], permuted) == pytest.approx([3 / 4, 3 / 4])
    assert max_t([0.5, 1], permuted, is_exact=True) == pytest.approx([1, 1])


def test_copies_of_one_test_cost_nothing():
    null = np.random.default_rng(1).normal(size=(99, 1))
    once, often = max_t([2.0], null), max_t([2.0] * 10, np.repeat(null, 10, axis=1))

    assert often == pytest.approx(np.repeat(once, 10))


def test_adjusted_p_values_rise_as_statistics_fall():
    null = np.random.default_rng(2).normal(size=(199, 5))
    observed = np.array([0.5, -3.0, 2.0, NAN, 1.0])

    found = max_t(observed, null)

    order = [1, 2, 4, 0]
    assert (np.diff(found[order]) >= 0).all()
    assert np.isnan(found[3])


def test_a_relabelling_without_a_value_counts_against_rejection():
    # 1 relabelling of 3 has no value: (1 + 1) / (3 + 1).
    assert max_t([5.0], [[0.0], [NAN], [1.0]]) == pytest.approx([0.5])


def test_statistics_of_another_number_of_tests_are_refused():
    with pytest.raises(RatingsError, match=r"shape \(2, 1\) for \(2,\) observed"):
        max_t([1.0, 2.0], [[1.0], [2.0]])
