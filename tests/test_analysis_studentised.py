import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import bootstrap, krippendorff_alpha
from analysis.estimates import UndefinedStatisticError

ASKED = {"level": "nominal", "categories": [0, 1], "seed": 7, "method": "studentised"}


def rare(n_units=120, seed=3):
    """Three ratings a unit, a tenth of them yes, those of a unit a little alike."""
    rng = np.random.default_rng(seed)
    own = rng.beta(0.4, 3.6, (n_units, 1))
    return (rng.random((n_units, 3)) < own).astype(float)


def alpha_of(units):
    return krippendorff_alpha(units, level="nominal", categories=[0, 1]).value


def tukey(units):
    """Delete-one standard error, one unit after the other."""
    left_out = np.array([alpha_of(np.delete(units, i, axis=0)) for i in range(len(units))])
    n = len(units)
    return np.sqrt((n - 1) / n * np.square(left_out - left_out.mean()).sum())


def test_limits_are_those_of_a_loop_over_resamples_and_their_units():
    ratings = rare(40)
    units, counts = np.unique(-np.sort(-ratings, axis=1), axis=0, return_counts=True)
    # Patterns are drawn in ascending order of their counts: those with fewest of the first code.
    units, counts = units[::-1], counts[::-1]

    alpha = bootstrap(ratings, "krippendorff_alpha", n_resamples=200, **ASKED)

    centre, spread = np.arctanh(alpha_of(ratings)), tukey(ratings) / (1 - alpha_of(ratings) ** 2)
    distances = []
    for drawn in np.random.default_rng(7).multinomial(40, counts / 40, size=200):
        resample = np.repeat(units, drawn, axis=0)
        value = alpha_of(resample)
        distances.append((np.arctanh(value) - centre) * (1 - value**2) / tukey(resample))
    low, high = np.tanh(centre - np.quantile(distances, [0.975, 0.025]) * spread)
    interval = alpha["krippendorff_alpha"].interval
    assert (interval.low, interval.high) == (
        pytest.approx(low, abs=1e-9),
        pytest.approx(high, abs=1e-9),
    )


def test_interval_says_how_it_was_made():
    alpha = bootstrap(rare(), "krippendorff_alpha", n_resamples=500, **ASKED)

    method = alpha["krippendorff_alpha"].interval.method
    assert method == "studentised on Fisher's z, units resampled"


def test_low_alpha_of_a_rare_code_reaches_further_up_than_bca():
    ratings = rare()

    studentised, bca = (
        bootstrap(ratings, "krippendorff_alpha", n_resamples=4000, **{**ASKED, "method": method})
        for method in ("studentised", "bca")
    )

    one, other = (found["krippendorff_alpha"].interval for found in (studentised, bca))
    assert one.high > other.high


@given(order=st.permutations(range(60)))
@settings(max_examples=10, deadline=None)
def test_limits_do_not_depend_on_the_order_of_units(order):
    ratings = rare(60, seed=1)

    straight, shuffled = (
        bootstrap(table, "krippendorff_alpha", n_resamples=300, **ASKED)["krippendorff_alpha"]
        for table in (ratings, ratings[order])
    )

    assert shuffled.interval == straight.interval


def test_shares_stay_between_0_and_1():
    share = bootstrap(rare(), "share", n_resamples=500, **ASKED)["share[1]"]

    assert 0 < share.interval.low < share.value < share.interval.high < 1


def test_resamples_without_an_error_of_their_own_are_no_ground_for_an_interval():
    # Of 20 units one alone says yes twice: without it, a third of the resamples agree fully.
    ratings = np.vstack([np.zeros((19, 3)), [[1, 1, 0]]])

    found = bootstrap(ratings, "percent_agreement", n_resamples=500, **ASKED)

    agreement = found["percent_agreement"]
    assert agreement.interval is None
    assert "no standard error of their own" in agreement.refusal


def test_ratings_in_one_code_have_no_alpha():
    found = bootstrap(np.zeros((30, 3)), "krippendorff_alpha", n_resamples=500, **ASKED)

    with pytest.raises(UndefinedStatisticError, match="fall in one category"):
        found["krippendorff_alpha"]


def test_clusters_are_resampled_whole():
    ratings = np.repeat(rare(40), 2, axis=0)

    by_cluster = bootstrap(
        ratings, "percent_agreement", n_resamples=1000, clusters=np.repeat(range(40), 2), **ASKED
    )["percent_agreement"].interval
    by_unit = bootstrap(ratings, "percent_agreement", n_resamples=1000, **ASKED)[
        "percent_agreement"
    ].interval

    assert by_cluster.high - by_cluster.low > by_unit.high - by_unit.low
