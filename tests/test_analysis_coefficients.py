import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from analysis import (
    UndefinedStatisticError,
    brennan_prediger,
    category_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
    specific_agreement,
)

NAN = float("nan")
LEVELS = ["nominal", "ordinal", "interval", "ratio"]
FOUR = [1, 2, 3, 4]
COEFFICIENTS = [gwet_ac, brennan_prediger, fleiss_kappa, conger_kappa, percent_agreement]
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


@given(tables(), st.sampled_from(LEVELS))
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


@given(tables(), st.sampled_from(LEVELS))
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


@pytest.mark.parametrize("level", LEVELS)
def test_unused_declared_category_leaves_alpha(level):
    without = krippendorff_alpha(MIXED, level=level).value

    with_more = krippendorff_alpha(MIXED, level=level, categories=[0, 1, 2, 3, 4]).value
    assert with_more == pytest.approx(without, abs=1e-12)


@given(tables(), st.sampled_from(LEVELS))
@settings(max_examples=30, deadline=None)
def test_alpha_stays_when_a_unit_and_a_rater_without_ratings_join(ratings, level):
    padded = np.pad(ratings, ((0, 1), (1, 0)), constant_values=NAN)

    assert alpha_or_none(padded, level) == alpha_or_none(ratings, level)


@given(tables(), st.sampled_from(["ordinal", "interval", "ratio"]), st.integers(2, 50))
@settings(max_examples=30, deadline=None)
def test_alpha_of_numbers_stays_when_their_unit_of_measurement_changes(ratings, level, scale):
    scaled = alpha_or_none(scale * ratings, level)

    assert scaled == pytest.approx(alpha_or_none(ratings, level), abs=1e-12)


@given(tables())
@settings(max_examples=30, deadline=None)
def test_interval_alpha_stays_when_the_zero_point_moves(ratings):
    assert alpha_or_none(ratings - 7, "interval") == pytest.approx(
        alpha_or_none(ratings, "interval"), abs=1e-12
    )


@given(tables())
@settings(max_examples=30, deadline=None)
def test_ordinal_alpha_knows_ranks_only(ratings):
    stretched = alpha_or_none(np.exp(ratings) - 3, "ordinal")

    assert stretched == pytest.approx(alpha_or_none(ratings, "ordinal"), abs=1e-12)


@given(tables())
@settings(max_examples=30, deadline=None)
def test_alpha_of_two_codes_is_the_same_at_every_level_without_a_zero_point(ratings):
    two = np.where(ratings > 2, 5.0, np.where(np.isnan(ratings), NAN, 1.0))

    values = [alpha_or_none(two, level) for level in ("ordinal", "interval")]

    assert values == pytest.approx([alpha_or_none(two, "nominal")] * 2, abs=1e-12)


def value_or_none(coefficient, ratings):
    try:
        return coefficient(ratings, categories=FOUR).value
    except UndefinedStatisticError:
        return None


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@given(ratings=tables(), random=st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_coefficient_stays_when_units_raters_and_names_of_codes_change(
    coefficient, ratings, random
):
    rows, columns = (random.sample(range(n), n) for n in ratings.shape)
    renamed = np.choose(np.nan_to_num(ratings).astype(int), [NAN, 3.0, 1.0, 4.0, 2.0])

    moved = np.pad(renamed[rows][:, columns], ((0, 1), (0, 1)), constant_values=NAN)

    assert value_or_none(coefficient, moved) == pytest.approx(
        value_or_none(coefficient, ratings), abs=1e-12
    )


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@given(ratings=tables())
@settings(max_examples=20, deadline=None)
def test_coefficient_stays_when_every_unit_comes_twice(coefficient, ratings):
    twice = value_or_none(coefficient, np.vstack([ratings, ratings]))

    assert twice == pytest.approx(value_or_none(coefficient, ratings), abs=1e-12)


@given(tables(missing=False))
@settings(max_examples=30, deadline=None)
def test_fleiss_kappa_is_alpha_without_its_small_sample_term(ratings):
    alpha = alpha_or_none(ratings, "nominal")
    assume(alpha is not None)

    # With as many ratings on each unit, N in all: 1 - alpha = (1 - kappa) (N - 1) / N.
    fleiss = fleiss_kappa(ratings, categories=FOUR)

    assert 1 - alpha == pytest.approx((1 - fleiss.value) * (1 - 1 / ratings.size), abs=1e-12)


def test_estimate_shows_the_two_agreements_that_it_is_made_of():
    kappa = fleiss_kappa(MIXED, categories=[1, 2, 3])

    # Agreement 1/3, 1, 1/3 and 1; shares 5/12, 3/12 and 4/12 of the units.
    assert kappa.observed_agreement == pytest.approx(2 / 3)
    assert kappa.chance_agreement == pytest.approx((25 + 9 + 16) / 144)
    assert kappa.value == pytest.approx((2 / 3 - 50 / 144) / (1 - 50 / 144))


@given(tables(), st.sampled_from(FOUR))
@settings(max_examples=30, deadline=None)
def test_category_kappa_is_fleiss_kappa_of_one_code_against_the_rest(ratings, category):
    against_rest = np.where(np.isnan(ratings), NAN, ratings == category)
    try:
        expected = fleiss_kappa(against_rest, categories=[0, 1]).value
    except UndefinedStatisticError:
        assume(False)

    found = category_kappa(ratings, category=category, categories=FOUR)

    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.statistic == f"category_kappa[{category}]"


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        ([[1, 1], [1, 1]], "all 4 ratings are 1, or none is"),
        ([[2, 3], [3, 3]], "all 4 ratings are 1, or none is"),
        ([[1, NAN], [NAN, 2]], "none of the 2 units has two ratings"),
    ],
)
def test_category_kappa_of_ratings_alike_is_undefined(ratings, message):
    with pytest.raises(UndefinedStatisticError, match=message):
        category_kappa(ratings, category=1, categories=[1, 2, 3])


@given(tables(missing=False))
@settings(max_examples=20, deadline=None)
def test_fleiss_kappa_is_the_weighted_mean_of_its_categories(ratings):
    assume(len(np.unique(ratings)) > 1)
    used = np.unique(ratings).tolist()
    shares = np.array([np.mean(ratings == code) for code in used])
    kappas = [category_kappa(ratings, category=code).value for code in used]

    # Fleiss (1971): the weights are p (1 - p).
    mean = np.average(kappas, weights=shares * (1 - shares))

    assert mean == pytest.approx(fleiss_kappa(ratings).value, abs=1e-9)


@given(tables(), st.sampled_from(FOUR))
@settings(max_examples=20, deadline=None)
def test_specific_agreement_counts_pairs(ratings, category):
    agreeing = starting = 0
    for unit in ratings:
        codes = unit[~np.isnan(unit)]
        n, others = np.sum(codes == category), len(codes) - 1
        agreeing, starting = agreeing + n * (n - 1), starting + n * max(others, 0)
    assume(starting)

    found = specific_agreement(ratings, category=category, categories=FOUR)

    assert found.value == pytest.approx(agreeing / starting)
