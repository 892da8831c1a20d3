from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from scipy.stats import chi2
from statsmodels.stats.contingency_tables import SquareTable

from analysis import RatingsError, UndefinedStatisticError, bhapkar, bowker, stuart_maxwell

PUBLISHED = Path(__file__).parent / "published"
NAN = float("nan")
TESTS = [stuart_maxwell, bhapkar, bowker]


def units_of(table):
    first, second = np.indices(np.shape(table))
    return first.ravel().repeat(np.ravel(table)), second.ravel().repeat(np.ravel(table))


@pytest.mark.parametrize(
    ("test", "case"),
    [
        (stuart_maxwell, "stuart_maxwell_chi2"),
        (bhapkar, "bhapkar_chi2"),
        (bowker, "bowker_symmetry_chi2"),
    ],
)
def test_equals_published_value_on_the_vision_of_7477_women(test, case):
    table = pd.read_csv(PUBLISHED / "stuart_1955_vision.csv", comment="#")
    women = table.loc[table.index.repeat(table["n_units"])]
    values = pd.read_csv(PUBLISHED / "values" / "stuart_1955_vision.csv", comment="#")
    expected = values[values["statistic"] == case].set_index("quantity")["value"].to_dict()

    found = test(women["first"], women["second"])

    assert {"chi2": found.value, "df": found.df, "p": found.p_value} == pytest.approx(
        expected, abs=1e-8
    )
    assert found.n == 7477
    assert found.note is None


@given(nps.arrays(int, (4, 4), elements=st.integers(1, 20)))
@settings(max_examples=20, deadline=None)
def test_equals_statsmodels(table):
    a, b = units_of(table)

    found = [test(a, b) for test in TESTS]

    square = SquareTable(table, shift_zeros=False)
    expected = [
        square.homogeneity(method="stuart_maxwell"),
        square.homogeneity(method="bhapkar"),
        square.symmetry(method="bowker"),
    ]
    assert [one.value for one in found] == pytest.approx([one.statistic for one in expected])
    assert [one.p_value for one in found] == pytest.approx([one.pvalue for one in expected])


@pytest.mark.parametrize("test", [stuart_maxwell, bowker])
def test_two_codes_give_mcnemars_test(test):
    found = test(*units_of([[30, 12], [5, 40]]))

    # (12 - 5)^2 / (12 + 5), without continuity correction.
    assert found.value == pytest.approx(49 / 17)
    assert found.p_value == pytest.approx(chi2.sf(49 / 17, 1))


@pytest.mark.parametrize("test", TESTS)
def test_swapping_raters_or_renaming_codes_changes_nothing(test):
    a, b = units_of([[30, 12, 3], [5, 40, 9], [1, 2, 8]])
    names = np.array(["no", "some", "much"])

    found = test(names[b], names[a])

    assert found.value == pytest.approx(test(a, b).value)
    assert found.df == test(a, b).df


@pytest.mark.parametrize("test", TESTS)
def test_category_without_a_split_is_left_out_and_counted(test):
    without = test(*units_of([[30, 12, 3], [5, 40, 9], [1, 2, 8]]))
    # The last code is one on which both always agree; the third nobody chose.
    table = [[30, 12, 0, 3, 0], [5, 40, 0, 9, 0], [0] * 5, [1, 2, 0, 8, 0], [0, 0, 0, 0, 0]]

    found = test(*units_of(table), categories=range(5))

    assert found.value == pytest.approx(without.value)
    assert found.df == without.df
    assert found.note == "the raters never differ on the categories [2, 4], which are left out"


def test_separate_pairs_of_categories_add_up():
    # 0 is confused with 1 alone, 2 with 3 alone: two McNemar tests, and a singular covariance.
    a, b = units_of([[9, 6, 0, 0], [2, 9, 0, 0], [0, 0, 9, 1], [0, 0, 4, 9]])

    found = stuart_maxwell(a, b)

    assert found.value == pytest.approx(16 / 8 + 9 / 5)
    assert found.df == 2


def test_bowker_finds_a_circle_that_the_margins_hide():
    # Every code is chosen 30 times by both, but the disagreements go round: 0 to 1 to 2 to 0.
    a, b = units_of([[20, 10, 0], [0, 20, 10], [10, 0, 20]])

    assert stuart_maxwell(a, b).value == pytest.approx(0, abs=1e-12)
    assert bowker(a, b).value == pytest.approx(30)


def test_units_of_one_rater_are_counted_in_the_note():
    found = bowker([1, 2, 1, NAN], [2, 1, 2, 1])

    assert (found.n, found.note) == (3, "1 of 4 units were coded by one rater only")


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1, 2, 1], [1, 2, 1], "the raters agree on all 3 units"),
        ([1, NAN], [NAN, 2], "none of the 2 units has two ratings"),
    ],
)
def test_raters_who_never_differ_or_never_met_show_nothing(test, a, b, message):
    with pytest.raises(UndefinedStatisticError, match=message):
        test(a, b)


def test_bhapkar_is_undefined_where_all_units_are_split_one_way():
    with pytest.raises(UndefinedStatisticError, match="the 3 units are all split in one direction"):
        bhapkar([1, 1, 1], [2, 2, 2])


@pytest.mark.parametrize("test", TESTS)
def test_series_of_different_units_are_refused(test):
    with pytest.raises(RatingsError, match="different indexes"):
        test(pd.Series([1, 2]), pd.Series([1, 2], index=[1, 2]))
