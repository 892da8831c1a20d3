import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    bootstrap,
    bootstrap_groups,
    percent_agreement,
)

NAN = float("nan")
GROUPS = ["physician"] * 3 + ["equity expert"] * 3


def simulated(n_units, *, seed=0):
    """Ratings 0, 1: three physicians who mostly agree, three experts who see more bias."""
    rng = np.random.default_rng(seed)
    own = rng.random((n_units, 1)) < 0.4
    chance = rng.random((n_units, 6)) < [0.4] * 3 + [0.6] * 3
    keeps = rng.random((n_units, 6)) < [0.8] * 3 + [0.5] * 3
    return np.where(keeps, own, chance).astype(float)


def asked(ratings, statistics="percent_agreement", **options):
    return bootstrap_groups(
        ratings,
        statistics,
        **({"rater_groups": GROUPS, "level": "nominal", "categories": [0, 1], "seed": 1} | options),
    )


def test_each_group_has_the_value_of_its_own_ratings():
    ratings = simulated(60)

    found = asked(ratings)

    assert list(found) == ["physician", "equity expert"]
    for group, columns in (("physician", slice(0, 3)), ("equity expert", slice(3, 6))):
        alone = percent_agreement(ratings[:, columns], categories=[0, 1])
        assert found[group]["percent_agreement"].value == pytest.approx(alone.value, abs=1e-12)
        assert found[group]["percent_agreement"].n_raters == 3


def test_one_group_of_all_is_the_bootstrap():
    ratings, names = simulated(60), ["krippendorff_alpha", "gwet_ac", "share"]

    everybody = asked(ratings, names, rater_groups=["all"] * 6)["all"]

    whole = bootstrap(ratings, names, level="nominal", categories=[0, 1], seed=1)
    assert dict(everybody) == dict(whole)


def agreement_surplus(ratings):
    """How much more the physicians agree on each unit than the experts."""
    pairs = [(0, 1), (0, 2), (1, 2)]
    first, second = (
        np.mean([ratings[:, i + start] == ratings[:, j + start] for i, j in pairs], axis=0)
        for start in (0, 3)
    )
    return first - second


def test_difference_knows_that_groups_rated_the_same_units():
    surplus = agreement_surplus(simulated(300))

    difference = asked(simulated(300)).difference("percent_agreement", "physician", "equity expert")

    assert difference.value == pytest.approx(surplus.mean(), abs=1e-12)
    assert difference.standard_error == pytest.approx(surplus.std() / np.sqrt(300), rel=0.03)
    assert (difference.n_units, difference.n_raters, difference.n_ratings) == (300, 6, 1800)


def test_bca_of_a_difference_equals_scipy_where_it_is_a_mean():
    surplus = agreement_surplus(simulated(150))
    expected = stats.bootstrap((surplus,), np.mean, n_resamples=50_000, rng=5)

    difference = asked(simulated(150), n_resamples=50_000).difference(
        "percent_agreement", "physician", "equity expert"
    )

    # Means move in steps of 2/3 in 150 units, .0044: the two seeds may differ by one step.
    interval = difference.interval
    assert [interval.low, interval.high] == pytest.approx(
        list(expected.confidence_interval), abs=0.0045
    )


@pytest.mark.parametrize("statistic", ["krippendorff_alpha", "share[1]"])
def test_difference_has_the_law_of_a_loop_over_units(statistic):
    ratings = simulated(80)
    found = asked(ratings, ["krippendorff_alpha", "share"], method="percentile")

    difference = found.difference(statistic, "physician", "equity expert")

    loop = []
    for draw in np.random.default_rng(3).integers(0, 80, (1000, 80)):
        sides = [
            bootstrap(
                ratings[draw][:, columns],
                ["krippendorff_alpha", "share"],
                level="nominal",
                categories=[0, 1],
                n_resamples=40,
                seed=1,
            )[statistic].value
            for columns in (slice(0, 3), slice(3, 6))
        ]
        loop.append(sides[0] - sides[1])
    # Monte Carlo error of a 2.5 % quantile of 1,000: about .008 and .005.
    assert [difference.interval.low, difference.interval.high] == pytest.approx(
        np.quantile(loop, [0.025, 0.975]), abs=0.025
    )


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_difference_turns_its_sign_with_its_groups(seed):
    found = asked(simulated(40, seed=seed), n_resamples=200, method="percentile")

    there = found.difference("percent_agreement", "physician", "equity expert")
    back = found.difference("percent_agreement", "equity expert", "physician")

    assert back.value == -there.value
    assert back.interval.low == pytest.approx(-there.interval.high, abs=1e-12)


def test_groups_of_equal_ratings_do_not_differ_and_get_no_interval():
    ratings = np.tile(simulated(50)[:, :3], 2)

    difference = asked(ratings).difference("percent_agreement", "physician", "equity expert")

    assert (difference.value, difference.interval) == (0, None)
    assert difference.refusal == "every resample of the 50 units gives the same value"


def test_units_that_one_group_alone_rated_count_for_that_group():
    ratings = simulated(50)
    ratings[:20, 3:] = NAN

    found = asked(ratings, ["percent_agreement", "share"])

    assert found["physician"]["percent_agreement"].n_units == 50
    assert found["equity expert"]["percent_agreement"].n_units == 30
    assert found.difference("share[1]", "physician", "equity expert").n_units == 50


def test_clusters_are_resampled_whole_in_every_group():
    doubled, clusters = np.repeat(simulated(100), 2, axis=0), np.repeat(np.arange(100), 2)

    of_units, of_clusters = (
        asked(doubled, clusters=labels).difference("percent_agreement", *asked(doubled))
        for labels in (None, clusters)
    )

    # Twice the independent units: narrower by the square root of 2.
    ratio = of_clusters.standard_error / of_units.standard_error
    assert ratio == pytest.approx(np.sqrt(2), rel=0.05)


def test_difference_from_a_group_without_value_raises_the_reason():
    ratings = simulated(50)
    ratings[:, 3:] = 0

    found = asked(ratings, "krippendorff_alpha")

    with pytest.raises(UndefinedStatisticError, match="all 150 ratings fall in one category"):
        found.difference("krippendorff_alpha", "physician", "equity expert")


def test_difference_is_refused_where_one_group_varies_too_little():
    ratings = simulated(50)
    ratings[:, 3:] = 0
    ratings[:6, 3] = 1

    found = asked(ratings, "krippendorff_alpha")

    difference = found.difference("krippendorff_alpha", "physician", "equity expert")
    assert difference.interval is None
    assert difference.refusal == (
        "equity expert: only 6 units have a rating other than 0: no interval is valid below 10"
    )
    assert difference.standard_error > 0


def test_no_rating_at_all_is_undefined_in_every_group():
    found = asked(np.full((3, 6), NAN))

    assert {reason for one in found.values() for reason in one.undefined.values()} == {
        "none of the 3 units has two ratings"
    }


def test_frame_names_the_group_of_each_row():
    frame = asked(simulated(50), ["gwet_ac", "share"]).to_frame()

    assert frame["group"].tolist() == ["physician"] * 3 + ["equity expert"] * 3
    assert frame["statistic"].tolist() == ["gwet_ac", "share[0]", "share[1]"] * 2


def test_a_group_that_is_not_there_names_those_that_are():
    with pytest.raises(KeyError, match=r"'consumer' is not among .*'equity expert'"):
        asked(simulated(50)).difference("percent_agreement", "physician", "consumer")


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["a", "b"], "2 groups for 6 raters: give one for each column"),
        (["a"] * 5 + [None], r"the rater in column 5 \(counted from 0\) has no group"),
    ],
)
def test_groups_that_do_not_fit_the_columns_are_refused(groups, message):
    with pytest.raises(RatingsError, match=message):
        asked(simulated(50), rater_groups=groups)
