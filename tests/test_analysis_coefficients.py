import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from analysis import UndefinedStatisticError, brennan_prediger, gwet_ac, krippendorff_alpha

NAN = float("nan")
MIXED = [[1, 2, 1], [3, 3, NAN], [2, 2, 3], [1, 1, 1]]


def tables(max_value=4, missing=True):
    code = st.integers(1, max_value).map(float)
    element = st.one_of(st.just(NAN), code) if missing else code
    return nps.arrays(float, st.tuples(st.integers(2, 12), st.integers(2, 5)), elements=element)


def alpha_or_none(ratings, level, categories=None):
    try:
        return krippendorff_alpha(ratings, level=level, categories=categories).value
    except UndefinedStatisticError:
        return None


@given(tables(), st.sampled_from(["nominal", "ordinal", "interval", "ratio"]))
@settings(max_examples=200, deadline=None)
def test_alpha_equals_the_krippendorff_package(ratings, level):
    alpha = alpha_or_none(ratings, level)
    assume(alpha is not None)

    expected = krippendorff.alpha(reliability_data=ratings.T, level_of_measurement=level)

    assert alpha == pytest.approx(expected, abs=1e-12)


@given(tables(), st.sampled_from(["nominal", "ordinal", "interval"]), st.randoms())
@settings(max_examples=50, deadline=None)
def test_alpha_stays_when_units_and_raters_change_places(ratings, level, random):
    rows, columns = (random.sample(range(n), n) for n in ratings.shape)

    moved = alpha_or_none(ratings[rows][:, columns], level)

    assert moved == pytest.approx(alpha_or_none(ratings, level), abs=1e-12)


@given(tables())
@settings(max_examples=50, deadline=None)
def test_nominal_alpha_stays_when_codes_are_renamed(ratings):
    renamed = np.choose(np.nan_to_num(ratings).astype(int), [NAN, 7.0, -2.0, 0.5, 3.0])

    assert alpha_or_none(renamed, "nominal") == pytest.approx(
        alpha_or_none(ratings, "nominal"), abs=1e-12
    )


@given(tables(), st.sampled_from(["nominal", "ordinal", "interval", "ratio"]))
@settings(max_examples=50, deadline=None)
def test_alpha_stays_when_a_unit_with_one_rating_joins(ratings, level):
    single = np.full((1, ratings.shape[1]), NAN)
    single[0, 0] = 4.0

    joined = alpha_or_none(np.vstack([ratings, single]), level)

    assert joined == pytest.approx(alpha_or_none(ratings, level), abs=1e-12)


@pytest.mark.parametrize("coefficient", [gwet_ac, brennan_prediger])
def test_unused_declared_category_moves_coefficients_that_count_categories(coefficient):
    without = coefficient(MIXED, categories=[1, 2, 3]).value

    assert coefficient(MIXED, categories=[1, 2, 3, 4]).value > without


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_unused_declared_category_leaves_alpha(level):
    without = krippendorff_alpha(MIXED, level=level).value

    with_more = krippendorff_alpha(MIXED, level=level, categories=[0, 1, 2, 3, 4]).value
    assert with_more == pytest.approx(without, abs=1e-12)
