from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    icc,
    k_rater_reliability,
    raters_needed,
    resampled_k_rater_reliability,
)

PUBLISHED = Path(__file__).parent / "published"


def ratings(*, n_units=200, n_raters=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_units, 1)) + rng.normal(size=(n_units, n_raters))


@pytest.mark.parametrize("form", ["ICC1", "ICC2", "ICC3"])
def test_reliability_of_as_many_raters_as_there_are_is_the_published_form(form):
    table = ratings()

    mean, published = k_rater_reliability(table, 6, form=form), icc(table, form=f"{form}k")

    assert mean.value == pytest.approx(published.value)
    assert mean.interval.low == pytest.approx(published.interval.low)


def test_one_rater_has_the_reliability_of_single_ratings():
    assert k_rater_reliability(ratings(), 1).value == pytest.approx(
        icc(ratings(), form="ICC1").value
    )


def test_resampled_reliability_has_the_excess_that_few_ratings_bring():
    # Variances 1 and 1, six ratings a unit, k = 3. Drawn from the six, a mean of three varies by
    # their own mean's 1 + 1/6 between units and by (1 - 1/6) / 3 within: .8077 and not .75.
    found = resampled_k_rater_reliability(ratings(n_units=2000), 3, seed=1, n_resamples=200)

    expected = (1 + 1 / 6) / (1 + 1 / 6 + (1 - 1 / 6) / 3)
    assert found.value == pytest.approx(expected, abs=0.015)
    assert found.interval.low < found.value < found.interval.high


def test_resampled_reliability_is_the_same_for_the_same_seed():
    first, second = (
        resampled_k_rater_reliability(ratings(), 2, seed=4, n_resamples=100) for _ in range(2)
    )
    assert first == second


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
@settings(max_examples=30, deadline=None)
def test_raters_needed_reach_the_target_and_one_less_does_not(reliability, target):
    k = raters_needed(reliability, target)

    def of_mean(k):
        return k * reliability / (1 + (k - 1) * reliability)

    assert of_mean(k) >= target - 1e-6
    assert k == 1 or of_mean(k - 1) < target


def test_three_raters_of_one_half_reach_exactly_three_quarters():
    # 3 * .5 / (1 + 2 * .5) = .75
    assert raters_needed(0.5, 0.75) == 3


def test_no_number_of_unreliable_raters_will_do():
    with pytest.raises(UndefinedStatisticError, match="no number of raters"):
        raters_needed(0, 0.8)


def test_ratings_that_never_differ_cannot_be_resampled():
    with pytest.raises(UndefinedStatisticError, match="no two ratings that differ"):
        resampled_k_rater_reliability(np.ones((4, 3)), 2, seed=0)


def test_a_limit_too_low_for_the_mean_of_many_is_minus_infinity_and_never_above_the_value():
    anxiety = pd.read_csv(PUBLISHED / "irr_anxiety.csv", comment="#", index_col="unit").to_numpy()

    # R irr: ICC1 is .175 with limits from -.077, which lies below -1 / 29.
    mean = k_rater_reliability(anxiety, 30)

    assert mean.interval.low == -np.inf
    assert mean.value < mean.interval.high < 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: k_rater_reliability(ratings(), 0), "k is 0"),
        (lambda: k_rater_reliability(ratings(), 2, form="ICC1k"), "that of single ratings"),
        (lambda: raters_needed(0.5, 1), "between 0 and 1"),
        (lambda: resampled_k_rater_reliability(ratings(), 2, seed=-1), "seed is -1"),
        (
            lambda: resampled_k_rater_reliability(
                [[1, 2], [np.nan, np.nan], [1, np.nan]], 2, seed=0
            ),
            "row 2 .* single rating",
        ),
        (
            lambda: resampled_k_rater_reliability(ratings(), 2, seed=0, n_resamples=3),
            "n_resamples is 3",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(RatingsError, match=message):
        call()
