from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare, spearmanr

from analysis import RatingsError, UndefinedStatisticError, kendall_w

PUBLISHED = Path(__file__).parent / "published"


def test_w_corrected_for_ties_equals_published_value():
    ratings = pd.read_csv(PUBLISHED / "irr_anxiety.csv", comment="#", index_col="unit").to_numpy()

    concordance = kendall_w(ratings)

    # R irr::kendall(anxiety, correct = TRUE)
    assert concordance.value == pytest.approx(0.53965687595437, abs=1e-9)
    assert concordance.test.p_value == pytest.approx(0.0428834731269479, abs=1e-9)


def test_chi_square_is_friedmans_of_raters_as_blocks():
    ratings = np.random.default_rng(1).integers(1, 6, size=(9, 4))

    concordance = kendall_w(ratings)

    friedman = friedmanchisquare(*ratings)
    assert concordance.test.value == pytest.approx(friedman.statistic)
    assert concordance.test.p_value == pytest.approx(friedman.pvalue)


def test_without_ties_mean_rank_correlation_is_that_of_the_pairs():
    ratings = np.random.default_rng(2).normal(size=(10, 4))

    pairs = [spearmanr(ratings[:, i], ratings[:, j])[0] for i, j in combinations(range(4), 2)]
    assert kendall_w(ratings).mean_rank_correlation == pytest.approx(np.mean(pairs))


@given(st.integers(0, 1000), st.floats(-5, 5), st.floats(0.1, 9))
@settings(max_examples=25, deadline=None)
def test_w_ignores_how_a_rater_spreads_the_values(seed, shift, scale):
    ratings = np.random.default_rng(seed).integers(1, 6, size=(8, 3)).astype(float)
    stretched = ratings.copy()
    stretched[:, 1] = shift + scale * stretched[:, 1] ** 3

    assert kendall_w(stretched).value == pytest.approx(kendall_w(ratings).value)


def test_opposite_orders_have_no_concordance():
    # Rank sums are all 5: S = 0.
    assert kendall_w([[1, 4], [2, 3], [3, 2], [4, 1]]).value == 0


def test_one_order_is_full_concordance_whatever_the_severity():
    assert kendall_w([[1, 11], [2, 12], [3, 13]]).value == pytest.approx(1)


def test_no_order_at_all_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="no order at all"):
        kendall_w([[1, 2], [1, 2], [1, 2]])


@pytest.mark.parametrize(
    ("ratings", "place"),
    [
        ([[1, 2], [np.nan, 3], [2, 4]], "row 1, column 0"),
        ([[1, 2], [np.nan, np.nan], [2, np.nan]], "row 1, column 0"),
    ],
)
def test_a_missing_rating_is_refused_with_its_place_in_the_table(ratings, place):
    with pytest.raises(RatingsError, match=rf"{place} .* krippendorff_alpha"):
        kendall_w(ratings)


def test_w_equals_its_definition_with_ties():
    ratings = np.random.default_rng(4).integers(1, 4, size=(7, 3))
    n, m = ratings.shape
    # Midranks: one more than the lower ones, and half of the equal ones.
    ranks = [
        [(column < x).sum() + ((column == x).sum() + 1) / 2 for x in column] for column in ratings.T
    ]
    totals = np.sum(ranks, axis=0)
    ties = sum(
        (column == x).sum() ** 3 - (column == x).sum() for column in ratings.T for x in set(column)
    )

    largest = (m**2 * (n**3 - n) - m * ties) / 12
    expected = np.square(totals - totals.mean()).sum() / largest
    assert kendall_w(ratings).value == pytest.approx(expected)
