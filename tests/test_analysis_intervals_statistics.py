from dataclasses import replace

import krippendorff
import numpy as np
import pytest

import analysis
from analysis import RatingsError, bootstrap, ratio_of_sums, xrr
from analysis.agreement import cross_replication, cross_units, set_coefficient, set_units
from analysis.agreement.coefficients import coefficient
from analysis.ratings import read_units
from tests.interval_ratings import ALL, canonical, simulated

NAN = float("nan")


def test_specific_agreement_gives_an_estimate_for_each_category():
    result = bootstrap(simulated(80), ["specific_agreement"], categories=[1, 2, 3], seed=16)

    assert list(result) == [f"specific_agreement[{code}]" for code in (1, 2, 3)]


def test_frame_has_a_row_for_each_statistic_with_the_reason_where_undefined():
    frame = bootstrap(
        np.ones((20, 3)),
        ["krippendorff_alpha", "gwet_ac"],
        level="nominal",
        categories=[1, 2],
        seed=1,
    ).to_frame()

    refusals = frame.set_index("statistic")["refusal"]
    assert refusals["krippendorff_alpha"] == "all 60 ratings fall in one category"
    assert refusals["gwet_ac"] == "every resample of the 20 units gives the same value"


def test_a_single_name_needs_no_list():
    ratings = simulated(50)

    one, listed = (
        bootstrap(ratings, names, level="nominal", seed=7)["krippendorff_alpha"]
        for names in ("krippendorff_alpha", ["krippendorff_alpha"])
    )

    assert one == listed


def test_kappas_that_do_not_count_categories_do_without_them():
    names = ["fleiss_kappa", "conger_kappa", "specific_agreement"]

    without, given = (
        bootstrap(simulated(50), names, categories=categories, weights="linear", seed=7)
        for categories in (None, [1, 2, 3])
    )

    assert list(without.values()) == list(given.values())


def test_a_result_that_was_not_asked_for_names_those_that_were():
    result = bootstrap(
        np.ones((9, 2)), ["percent_agreement", "krippendorff_alpha"], level="nominal", seed=1
    )

    with pytest.raises(
        KeyError, match=r"'alpha' was not.*'percent_agreement', 'krippendorff_alpha"
    ):
        result["alpha"]


def test_all_ratings_missing_leave_every_statistic_undefined():
    result = bootstrap(np.full((3, 3), NAN), ["conger_kappa", "percent_agreement"], seed=1)

    assert set(result.undefined.values()) == {"none of the 3 units has two ratings"}


def test_standard_error_of_the_canonical_data_is_that_of_a_loop_over_units():
    ratings = canonical()
    draws = np.random.default_rng(3).integers(0, 12, (3000, 12))
    loop = [
        krippendorff.alpha(
            reliability_data=ratings[draw].T,
            level_of_measurement="nominal",
            value_domain=[1, 2, 3, 4, 5],
        )
        for draw in draws
    ]

    alpha = bootstrap(ratings, "krippendorff_alpha", level="nominal", seed=17)["krippendorff_alpha"]

    # Monte Carlo error of a standard deviation from 3,000: 1.3 %. Krippendorff's own algorithm
    # (2011), which draws pairs and not units, gives less than half.
    assert alpha.standard_error == pytest.approx(np.std(loop), rel=0.05)
    assert alpha.refusal == (
        "only 9 units have a rating other than 2: no interval is valid below 10"
    )


def test_share_is_one_sum_over_another_with_single_ratings_in_it():
    ratings = np.full((60, 3), NAN)
    ratings[:20] = 1
    ratings[:15, 0] = 2
    ratings[20:, 1] = [1, 2] * 20  # rated once
    flat = ratings[~np.isnan(ratings)]

    share = bootstrap(ratings, "share", categories=[1, 2], seed=18)["share[2]"]

    alone = ratio_of_sums(flat == 2, np.ones(100), np.nonzero(~np.isnan(ratings))[0], seed=19)
    assert (share.value, share.n_units, share.n_ratings) == (0.35, 60, 100)
    assert share.standard_error == pytest.approx(alone.standard_error, rel=0.04)


def test_a_coefficient_of_ones_own_shares_the_resamples():
    ratings, categories = simulated(50), [1, 2, 3]
    own = replace(
        coefficient("krippendorff_alpha", read_units(ratings, categories), level="ordinal"),
        name="alpha of my own",
    )

    result = bootstrap(ratings, ["krippendorff_alpha", own], level="ordinal", seed=20)

    named, mine = result.values()
    assert mine.interval == named.interval
    assert bootstrap(ratings, own, seed=20)["alpha of my own"].interval == mine.interval


def test_alpha_of_sets_has_an_interval_from_the_same_engine():
    # Two options: the second only where the first is. With equal sets or nested ones, distances
    # "nominal" of sets are those of the codes 1, 2, 3.
    ratings = simulated(60)
    chosen = np.stack([ratings >= 2, ratings >= 3], axis=2)
    units = set_units(chosen)

    of_sets = bootstrap(units, set_coefficient(units, "nominal"), seed=24)

    of_codes = bootstrap(ratings, "krippendorff_alpha", level="nominal", seed=24)
    assert of_sets["set_alpha[nominal]"].interval == of_codes["krippendorff_alpha"].interval


def test_xrr_has_the_law_of_a_loop_over_units():
    ratings = simulated(80, 5)
    units = cross_units(ratings[:, :2], ratings[:, 2:], categories=[1, 2, 3])
    draws = np.random.default_rng(3).integers(0, 80, (1000, 80))
    loop = [xrr(ratings[draw, :2], ratings[draw, 2:], level="nominal").value for draw in draws]

    result = bootstrap(units, cross_replication(units, "nominal"), seed=25)["xrr"]

    # Monte Carlo error of a standard deviation from 1,000: 2.2 %.
    assert result.standard_error == pytest.approx(np.std(loop), rel=0.08)
    assert result.interval.low < result.value < result.interval.high


def test_xrr_needs_variation_beyond_that_between_groups():
    ratings = np.zeros((60, 4))
    ratings[:6, 1:3] = 1
    units = cross_units(ratings[:, :2], ratings[:, 2:], categories=[0, 1])

    result = bootstrap(units, cross_replication(units, "nominal"), seed=26)["xrr"]

    assert (
        result.refusal == "only 6 units have a rating other than 0: no interval is valid below 10"
    )


@pytest.mark.parametrize(("n_varied", "is_given"), [(9, False), (10, True)])
def test_coefficients_with_chance_from_the_ratings_need_ten_varied_units(n_varied, is_given):
    ratings = np.zeros((60, 3))
    ratings[:n_varied, :2] = 1
    ratings[0] = 1  # else every varied unit would agree alike

    result = bootstrap(
        ratings, [*ALL, "specific_agreement", "share"], level="nominal", categories=[0, 1], seed=21
    )

    refused = {name for name, estimate in result.items() if estimate.interval is None}
    need_variation = {"krippendorff_alpha", "fleiss_kappa", "conger_kappa"}
    assert refused == (set() if is_given else need_variation)
    assert all(estimate.standard_error > 0 for estimate in result.values())


def test_varied_units_of_one_cluster_count_once():
    ratings = np.zeros((60, 3))
    ratings[:12, 0] = 1

    alpha = bootstrap(
        ratings,
        "krippendorff_alpha",
        level="nominal",
        categories={0: "no bias", 1: "bias"},
        seed=22,
        clusters=np.arange(60) // 2,
    )["krippendorff_alpha"]

    assert alpha.refusal == (
        "only 6 clusters have a rating other than “no bias”: no interval is valid below 10"
    )


def test_kappa_of_a_rare_category_is_refused_where_that_of_all_is_not():
    ratings = simulated(60)
    ratings[ratings == 3] = 2
    ratings[:4, 0] = 3

    result = bootstrap(ratings, ["fleiss_kappa", "category_kappa"], categories=[1, 2, 3], seed=23)

    assert result["fleiss_kappa"].interval is not None
    assert "only 4 units have a rating other than 'not 3'" in result["category_kappa[3]"].refusal


def test_progress_ends_with_all_resamples_done():
    seen = []

    bootstrap(
        simulated(30),
        "percent_agreement",
        seed=1,
        progress=lambda done, total: seen.append((done, total)),
    )

    assert seen[-1] == (10_000, 10_000)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"statistics": ["kappa", "gwet_ac"]}, r"statistics \['kappa'\] are not among"),
        ({"statistics": []}, "no statistic was asked for"),
        ({"statistics": 3}, "statistics 3: give one name or a list from"),
        ({"statistics": [analysis.gwet_ac]}, "statistics .*function gwet_ac.* are not among"),
        ({"statistics": ["gwet_ac"]}, "gwet_ac needs `categories`.*rubric"),
        ({"statistics": "fleiss_kappa", "weights": "linear", "ratings": [[1, 3]]}, "count ranks"),
        ({"statistics": ["krippendorff_alpha"]}, "needs `level`"),
        ({"ratings": read_units([[1, 2]], None), "categories": [1, 2]}, "read already"),
        ({"clusters": ["a"]}, "1 cluster labels for 2 rows"),
        ({"clusters": ["a", None]}, r"row 1 .* has no cluster label"),
        ({"n_resamples": 39}, "n_resamples is 39: a 95% interval needs at least 40"),
        ({"n_resamples": 1e3}, r"n_resamples is 1000\.0: give a whole number"),
        ({"seed": None}, "seed is None: give a whole number"),
        ({"confidence": 95}, "confidence is 95"),
        ({"method": "bias"}, "method 'bias' is not among"),
    ],
)
def test_bad_request_is_refused_with_its_remedy(options, message):
    request = {"ratings": [[1, 2], [1, 1]], "statistics": ["percent_agreement"], "seed": 1}

    with pytest.raises(RatingsError, match=message):
        bootstrap(**(request | options))
