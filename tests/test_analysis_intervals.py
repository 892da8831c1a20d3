import numpy as np
import pytest

import analysis
from analysis import UndefinedStatisticError, bootstrap
from tests.interval_ratings import ALL, canonical, simulated

NAN = float("nan")


@pytest.mark.parametrize("statistic", ALL)
def test_bootstrap_gives_the_value_of_the_function(statistic):
    options = {"level": "ordinal"} if statistic == "krippendorff_alpha" else {}

    result = bootstrap(
        canonical(),
        [statistic],
        level="ordinal",
        categories=[1, 2, 3, 4, 5],
        n_resamples=40,
        seed=1,
    )

    alone = getattr(analysis, statistic)(canonical(), categories=[1, 2, 3, 4, 5], **options)
    assert result[statistic].value == pytest.approx(alone.value, abs=1e-12)
    assert result[statistic].n_ratings == alone.n_ratings


def test_seed_reproduces_the_interval():
    ratings = simulated(50)

    one, other = (bootstrap(ratings, ["percent_agreement"], seed=7) for _ in range(2))

    assert one["percent_agreement"] == other["percent_agreement"]


def test_another_seed_gives_other_limits():
    ratings = simulated(50)

    one, other = (
        bootstrap(ratings, ["krippendorff_alpha"], level="nominal", seed=seed) for seed in (7, 8)
    )

    assert one["krippendorff_alpha"].interval != other["krippendorff_alpha"].interval


def test_order_of_units_does_not_move_the_interval():
    ratings = simulated(50)

    there, back = (
        bootstrap(table, ["krippendorff_alpha"], level="nominal", seed=7)
        for table in (ratings, ratings[::-1])
    )

    forth = there["krippendorff_alpha"].interval
    assert back["krippendorff_alpha"].interval.low == pytest.approx(forth.low, abs=1e-12)


def test_interval_stays_when_more_statistics_are_asked_for():
    ratings, categories = simulated(50), [1, 2, 3]

    alone, among_others = (
        bootstrap(ratings, names, level="nominal", categories=categories, seed=9)
        for names in (["gwet_ac"], ["krippendorff_alpha", "gwet_ac", "specific_agreement"])
    )

    # All share one set of resamples.
    assert width(among_others, "gwet_ac") == pytest.approx(width(alone, "gwet_ac"), abs=1e-12)


def width(result, statistic="krippendorff_alpha"):
    interval = result[statistic].interval
    return interval.high - interval.low


def test_units_copied_within_their_cluster_leave_the_cluster_interval():
    ratings = simulated(100)
    once = bootstrap(ratings, ["krippendorff_alpha"], level="nominal", seed=10)

    twice = bootstrap(
        np.repeat(ratings, 2, axis=0),
        ["krippendorff_alpha"],
        level="nominal",
        seed=10,
        clusters=np.repeat(np.arange(100), 2),
    )

    # Alpha itself moves by its small-sample term (N - 1) / N.
    assert width(twice) == pytest.approx(width(once), rel=0.02)


def test_copied_units_taken_as_independent_give_too_narrow_an_interval():
    doubled = np.repeat(simulated(100), 2, axis=0)
    clusters = np.repeat(np.arange(100), 2)

    as_units = bootstrap(doubled, ["krippendorff_alpha"], level="nominal", seed=11)
    as_clusters = bootstrap(
        doubled, ["krippendorff_alpha"], level="nominal", seed=11, clusters=clusters
    )

    # Twice the independent units: narrower by the square root of 2.
    assert width(as_clusters) / width(as_units) == pytest.approx(np.sqrt(2), rel=0.05)


def test_clusters_of_one_unit_are_units():
    ratings = simulated(60)

    units, clusters = (
        bootstrap(ratings, ["krippendorff_alpha"], level="ordinal", seed=12, clusters=labels)
        for labels in (None, [f"unit {row}" for row in range(60)])
    )

    assert width(clusters) == pytest.approx(width(units), rel=0.03)
    assert clusters["krippendorff_alpha"].interval.method == "BCa, clusters resampled"


def test_rarely_varied_ratings_get_no_interval_but_a_reason():
    ratings = np.zeros((30, 3))
    ratings[0, 0] = 1  # missing from a resample with probability (29/30)^30 = .36

    alpha = bootstrap(ratings, ["krippendorff_alpha"], level="nominal", seed=13)[
        "krippendorff_alpha"
    ]

    assert alpha.interval is None
    assert alpha.undefined_share == pytest.approx(0.3617, abs=0.02)
    assert "of the resamples have no value, more than 5%" in alpha.refusal


def test_undefined_statistic_raises_its_reason_and_leaves_the_others():
    result = bootstrap(
        np.ones((20, 3)),
        ["krippendorff_alpha", "gwet_ac"],
        level="nominal",
        categories=[1, 2],
        seed=1,
    )

    with pytest.raises(UndefinedStatisticError, match="all 60 ratings fall in one category"):
        result["krippendorff_alpha"]
    assert result["gwet_ac"].value == 1
    assert list(result) == ["gwet_ac"]


def test_resamples_that_never_differ_give_no_interval_but_a_reason():
    result = bootstrap(np.ones((20, 3)), ["percent_agreement"], seed=1)

    assert result["percent_agreement"].interval is None
    assert (
        "every resample of the 20 units gives the same value" in result["percent_agreement"].refusal
    )


def test_one_cluster_gives_no_interval_but_a_reason():
    result = bootstrap(simulated(20), ["percent_agreement"], seed=1, clusters=["seed"] * 20)

    assert "nothing to resample" in result["percent_agreement"].refusal


def test_unrated_units_change_nothing():
    ratings = simulated(40)
    with_unrated = np.vstack([ratings, np.full((25, 3), NAN)])

    rated, padded = (
        bootstrap(table, ["gwet_ac"], categories=[1, 2, 3], seed=14)
        for table in (ratings, with_unrated)
    )

    assert padded["gwet_ac"] == rated["gwet_ac"]


def test_no_rating_at_all_is_undefined():
    result = bootstrap([[NAN, NAN]], ["gwet_ac"], categories=[1, 2], seed=1)

    with pytest.raises(UndefinedStatisticError, match="none of the 1 units has two ratings"):
        result["gwet_ac"]


@pytest.mark.parametrize(("n_clusters", "is_given"), [(4, False), (5, True)])
def test_fewer_than_five_clusters_make_no_interval(n_clusters, is_given):
    clusters = np.arange(60) % n_clusters

    agreement = bootstrap(simulated(60), "percent_agreement", clusters=clusters, seed=4)[
        "percent_agreement"
    ]

    assert (agreement.interval is not None) == is_given
    assert is_given or agreement.refusal.startswith("there are only 4 clusters")
