from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    cohen_kappa,
    krippendorff_alpha,
    normalised_xrr,
    xrr,
)
from analysis.agreement.cross_replication import cross_replication, cross_units

NAN = float("nan")
LEVELS = ["nominal", "ordinal", "interval", "ratio"]


def two_groups(seed=1, n_units=40, own=0.6):
    """Four and three raters who often say the same, a third of the ratings missing."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 5, size=(n_units, 1))
    said = np.where(rng.random((n_units, 7)) < own, truth, rng.integers(1, 5, (n_units, 7)))
    ratings = np.where(rng.random(said.shape) < 0.3, NAN, said)
    return ratings[:, :4], ratings[:, 4:]


def squared_distance(level, ratings):
    """Krippendorff's metric as a function of two codes, from its definition."""

    def between(low, high):
        within = ratings[(ratings >= low) & (ratings <= high)]
        return len(within) - (np.sum(ratings == low) + np.sum(ratings == high)) / 2

    return {
        "nominal": lambda a, b: float(a != b),
        "interval": lambda a, b: (a - b) ** 2,
        "ratio": lambda a, b: ((a - b) / (a + b)) ** 2,
        "ordinal": lambda a, b: between(*sorted((a, b))) ** 2 if a != b else 0.0,
    }[level]


def one_by_one(x, y, level):
    """The definition of xRR, looped over all pairs."""
    pairs = [(a[~np.isnan(a)], b[~np.isnan(b)]) for a, b in zip(x, y, strict=True)]
    pairs = [(a, b) for a, b in pairs if len(a) and len(b)]
    xs, ys = (np.concatenate(group) for group in zip(*pairs, strict=True))
    distance = squared_distance(level, np.concatenate([xs, ys]))
    observed = sum(
        (len(a) + len(b)) * np.mean([distance(*pair) for pair in product(a, b)]) for a, b in pairs
    ) / (len(xs) + len(ys))
    expected = np.mean([distance(*pair) for pair in product(xs, ys)])
    return 1 - observed / expected


@pytest.mark.parametrize("level", LEVELS)
def test_xrr_equals_the_definition_looped_over_all_pairs(level):
    x, y = two_groups()

    assert xrr(x, y, level=level).value == pytest.approx(one_by_one(x, y, level), abs=1e-12)


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=3, max_size=12),
    st.sampled_from([("nominal", "identity"), ("interval", "quadratic")]),
)
@settings(max_examples=30, deadline=None)
def test_xrr_of_one_rater_a_group_is_cohens_kappa(codes, names):
    level, weights = names
    a, b = np.array(codes).T
    assume(len({*a, *b}) > 1)

    found = xrr(a[:, None], b[:, None], level=level).value

    expected = cohen_kappa(a, b, categories=range(1, 5), weights=weights).value
    assert found == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 1000), st.sampled_from(LEVELS), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_order_of_groups_raters_and_units_does_not_matter(seed, level, random):
    x, y = two_groups(seed)
    units = random.sample(range(len(x)), len(x))

    moved = xrr(y[units, ::-1], x[units], level=level)

    assert moved.value == pytest.approx(xrr(x, y, level=level).value, abs=1e-12)


def test_units_that_one_group_did_not_see_do_not_count():
    x, y = two_groups()
    more_x = np.vstack([x, np.full((5, 4), 3.0)])
    more_y = np.vstack([y, np.full((5, 3), NAN)])

    found = xrr(more_x, more_y, level="ordinal")

    expected = xrr(x, y, level="ordinal")
    assert found.value == pytest.approx(expected.value, abs=1e-12)
    assert (found.n_units, found.n_ratings) == (expected.n_units, expected.n_ratings)


def test_xrr_counts_units_raters_and_ratings_of_both_groups():
    found = xrr([[1, 2], [1, NAN], [2, 2]], [[1], [1], [NAN]], level="nominal")

    # The third unit is of one group only. d_o = (3 x 1/2 + 2 x 0) / 5, d_e = 1/3 of 3 x 2 pairs.
    assert found.value == pytest.approx(1 - (3 / 10) / (1 / 3))
    assert (found.n_units, found.n_raters, found.n_ratings) == (2, 3, 5)


def test_groups_that_are_of_one_mind_within_and_opposed_across_are_below_zero():
    x, y = [[1, 1], [2, 2]], [[2, 2], [1, 1]]

    # d_o = 1, d_e = 1/2.
    assert xrr(x, y, level="nominal").value == pytest.approx(-1)
    with pytest.raises(UndefinedStatisticError, match="alphas are -0"):
        normalised_xrr([[1, 2], [2, 1]], y, level="nominal")


@pytest.mark.parametrize("level", LEVELS)
def test_normalised_xrr_divides_by_the_alphas_on_shared_units(level):
    x, y = two_groups()
    shared = ~np.isnan(x).all(axis=1) & ~np.isnan(y).all(axis=1)

    found = normalised_xrr(x, y, level=level).value

    alphas = [krippendorff_alpha(group[shared], level=level).value for group in (x, y)]
    expected = xrr(x, y, level=level).value / np.sqrt(np.prod(alphas))
    assert found == pytest.approx(expected, abs=1e-12)


def test_normalised_xrr_of_one_population_is_about_1():
    x, y = two_groups(n_units=4000)

    assert normalised_xrr(x, y, level="nominal").value == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1, 2], [2, 1], [1, 1]], r"the groups' alphas are -0\.25 and 1"),
        ([[1, 1], [1, 1], [1, 1]], "alpha of group x is undefined: all 6 ratings fall in one"),
        ([[1, NAN], [2, NAN], [1, NAN]], "alpha of group x is undefined: none of the 3 units has"),
        ([[NAN, NAN]] * 3, "none of the 3 units was rated by both groups"),
    ],
)
def test_normalised_xrr_is_refused_where_it_would_divide_by_nothing(x, message):
    with pytest.raises(UndefinedStatisticError, match=message):
        normalised_xrr(x, [[1, 1], [2, 2], [1, 1]], level="nominal")


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[1, 1], [1, 1]], [[1], [1]], "both groups gave all 2 units the same code"),
        ([[1, NAN], [NAN, NAN]], [[NAN], [2]], "none of the 2 units was rated by both groups"),
    ],
)
def test_groups_that_never_met_or_never_vary_are_undefined(x, y, message):
    with pytest.raises(UndefinedStatisticError, match=message):
        xrr(x, y, level="nominal")


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[1], [2]], [[1]], "give the same units in the rows of both"),
        ([1, 2], [[1], [2]], "give the same units in the rows of both"),
        ([["a"], ["b"]], [["a"], ["b"]], "count ranks: give `categories`"),
        (pd.DataFrame([1, 2]), pd.DataFrame([1, 2], index=[1, 0]), "different indexes"),
    ],
)
def test_what_cannot_be_compared_is_refused(x, y, message):
    with pytest.raises(RatingsError, match=message):
        xrr(x, y, level="ordinal")


def test_many_ratings_do_not_overflow():
    x = np.tile([[1.0], [2.0]], (60_000, 1))

    # Totals of 120,000 by 120,000 are beyond 32 bits. Both groups agree on every unit.
    assert xrr(x, x, level="interval").value == 1


@pytest.mark.parametrize("level", LEVELS)
def test_sums_over_units_give_resamples(level):
    x, y = two_groups()
    units = cross_units(x, y, categories=None)
    coefficient = cross_replication(units, level)
    times = np.random.default_rng(0).multinomial(len(x), np.full(len(x), 1 / len(x)), size=3)

    replicated = coefficient.value(times.astype(float) @ coefficient.per_unit(units))

    rows = [np.repeat(np.arange(len(x)), n) for n in times]
    expected = [xrr(x[row], y[row], level=level).value for row in rows]
    assert replicated == pytest.approx(np.array(expected), abs=1e-12)
