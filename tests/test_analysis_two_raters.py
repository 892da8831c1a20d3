from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from statsmodels.stats.inter_rater import cohens_kappa

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    cohen_kappa,
    cohen_kappa_test,
    fleiss_kappa,
    light_kappa,
    scott_pi,
    weights_from_disagreement,
)

PUBLISHED = Path(__file__).parent / "published"
NAN = float("nan")
COHEN_1968 = weights_from_disagreement([[0, 1, 3], [1, 0, 6], [3, 6, 0]])


def two_raters(name):
    """Both raters' codes, one entry a unit, from a table of counts."""
    table = pd.read_csv(PUBLISHED / f"{name}.csv", comment="#")
    units = table.loc[table.index.repeat(table["n_units"])]
    return units["first"].to_numpy(), units["second"].to_numpy()


def units_of(table):
    first, second = np.indices(table.shape)
    return first.ravel().repeat(table.ravel()), second.ravel().repeat(table.ravel())


# Values and both standard errors as published: test_published_values.py.


@given(nps.arrays(int, (3, 3), elements=st.integers(0, 9)), st.sampled_from(["linear", None]))
@settings(max_examples=30, deadline=None)
def test_kappa_equals_statsmodels(table, weights):
    a, b = units_of(table)
    options = {"categories": range(3), "weights": weights or "identity"}
    # Chance has a spread wherever both raters use the first and the last code.
    assume(table[[0, 2]].sum(axis=1).all() and table[:, [0, 2]].sum(axis=0).all())

    kappa, test = cohen_kappa(a, b, **options), cohen_kappa_test(a, b, **options)

    expected = cohens_kappa(table, wt=weights)
    assert kappa.value == pytest.approx(expected.kappa, abs=1e-10)
    assert test.value == pytest.approx(expected.z_value, abs=1e-9)
    assert test.p_value == pytest.approx(expected.pvalue_two_sided, abs=1e-10)
    if kappa.interval is not None:
        assert kappa.standard_error == pytest.approx(expected.std_kappa, abs=1e-10)
        assert kappa.interval.low == pytest.approx(expected.kappa_low, abs=1e-10)
        assert kappa.interval.high == pytest.approx(min(expected.kappa_upp, 1), abs=1e-10)


def test_interval_of_kappa_does_not_use_the_standard_error_of_its_test():
    a, b = two_raters("cohen_1968")

    kappa = cohen_kappa(a, b, categories=[1, 2, 3], weights=COHEN_1968)

    # .3478 +- 1.96 x .0755; R psych gives -.34 to 1 here, from weights that it did not turn round.
    assert (kappa.interval.low, kappa.interval.high) == pytest.approx((0.1998, 0.4958), abs=1e-4)


def test_kappa_stays_when_raters_swap_and_codes_are_renamed():
    a, b = two_raters("fleiss_cohen_everitt_1969")
    names = np.array(["", "psychosis", "neurosis", "other"])

    swapped = cohen_kappa(names[b], names[a])

    expected = cohen_kappa(a, b)
    assert swapped.value == pytest.approx(expected.value, abs=1e-12)
    assert swapped.standard_error == pytest.approx(expected.standard_error, abs=1e-12)


def test_raters_who_always_differ_have_kappa_below_zero():
    # p_o = 0, p_e = 1/2.
    assert cohen_kappa([1, 2, 1, 2], [2, 1, 2, 1]).value == pytest.approx(-1)


@pytest.mark.parametrize(
    ("a", "b"), [([1, 2, 1], [1, 2, 1]), ([1, 1, 1], [1, 2, 1])], ids=["always", "constant"]
)
def test_kappa_without_spread_has_no_interval(a, b):
    kappa = cohen_kappa(a, b)

    assert kappa.interval is None
    assert "standard error is 0" in kappa.refusal


@pytest.mark.parametrize(("n_split", "is_given"), [(8, True), (7, False)])
def test_kappa_of_a_rare_code_has_no_interval(n_split, is_given):
    # Both say yes on two units, and one of them on some: ten of fifty units, or nine.
    a, b = units_of(np.array([[48 - n_split, n_split], [0, 2]]))

    kappa = cohen_kappa(a, b)

    assert (kappa.interval is not None) == is_given
    assert kappa.standard_error > 0
    assert is_given or kappa.refusal.startswith("only 9 units have a rating other than 0")


def test_kappa_test_is_undefined_where_one_rater_never_varies():
    with pytest.raises(UndefinedStatisticError, match="kappa is 0 whatever the raters do"):
        cohen_kappa_test([1, 1, 1], [1, 2, 1])


def test_kappa_test_says_how_many_units_were_left_out():
    test = cohen_kappa_test([1, 2, 1, 2, NAN], [1, 2, 2, 2, 1])

    assert test.n == 4
    assert test.note == "1 of 5 units were coded by one rater only"


@pytest.mark.parametrize("statistic", [cohen_kappa, cohen_kappa_test, scott_pi])
def test_series_with_different_indexes_are_not_paired_by_position(statistic):
    a = pd.Series([1, 2, 1, 2], index=list("wxyz"))
    b = pd.Series([1, 2, 2, 2], index=list("zyxw"))

    with pytest.raises(RatingsError, match=r"different indexes: .*a\.align\(b, axis=0\)"):
        statistic(a, b)


def test_aligned_series_are_paired_by_unit():
    a = pd.Series([1, 2, 1, 2], index=list("wxyz"))
    b = pd.Series([1, 2, 2, 2, 1], index=list("zyxwv"))

    kappa = cohen_kappa(*a.align(b, axis=0))

    assert kappa.value == cohen_kappa([1, 2, 1, 2], [2, 2, 2, 1]).value
    assert kappa.n_units == 4


def test_two_series_of_one_index_are_read_as_lists():
    a, b = two_raters("cohen_1968")

    assert cohen_kappa(pd.Series(a), pd.Series(b)).value == cohen_kappa(a, b).value


def test_scott_pi_equals_published_value():
    pi = scott_pi(*two_raters("fleiss_cohen_everitt_1969"))

    assert pi.value == pytest.approx(0.4272076372315035, abs=1e-10)


def test_scott_pi_is_fleiss_kappa_of_the_units_that_both_rated():
    a, b = [1, 2, 3, 1, NAN], [1, 2, 2, 1, 3]

    pi = scott_pi(a, b, categories=[1, 2, 3], weights="linear")

    both = np.column_stack([a, b])[:4]
    fleiss = fleiss_kappa(both, categories=[1, 2, 3], weights="linear")
    assert pi.value == fleiss.value
    assert pi.statistic == "scott_pi"


def test_scott_pi_of_raters_who_never_met_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="none of the 2 units has two ratings"):
        scott_pi([1, NAN], [NAN, 1])


def test_light_kappa_equals_published_value():
    ratings = pd.read_csv(PUBLISHED / "fleiss_1971_diagnoses.csv", comment="#", index_col="unit")

    light = light_kappa(ratings.to_numpy())

    # R irr::kappam.light.
    assert light.value == pytest.approx(0.4594121444, abs=1e-9)
    assert (light.n_units, light.n_raters, light.n_ratings) == (30, 6, 180)


def test_light_kappa_of_two_raters_is_cohens():
    a, b = two_raters("cohen_1968")

    light = light_kappa(np.column_stack([b, a]), categories=[1, 2, 3], weights="linear")

    cohens = cohen_kappa(a, b, categories=[1, 2, 3], weights="linear")
    assert light.value == pytest.approx(cohens.value, abs=1e-12)


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        ([[1, 2, NAN], [2, 2, NAN], [NAN, 1, 1], [NAN, 2, 1]], "columns 0 and 2 .* share none"),
        ([[1, 2, 1], [1, 1, 1], [1, 2, 1]], "columns 0 and 2 .* one and the same code"),
        ([[1, NAN], [NAN, 1]], "none of the 2 units has two ratings"),
    ],
)
def test_light_kappa_names_the_pair_that_has_no_kappa(ratings, message):
    with pytest.raises(UndefinedStatisticError, match=message):
        light_kappa(ratings)
