from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import analysis
from analysis import (
    RatingsError,
    UndefinedStatisticError,
    bootstrap,
    jackknife,
    two_way_variance,
)

PUBLISHED = Path(__file__).parent / "published"
NAN = float("nan")
CODES = [1, 2, 3]
OPTIONS = {
    "krippendorff_alpha": {"level": "ordinal"},
    "gwet_ac": {},
    "fleiss_kappa": {},
    "conger_kappa": {},
    "percent_agreement": {},
}


def canonical():
    path = PUBLISHED / "krippendorff_2011_four_observers.csv"
    return pd.read_csv(path, comment="#", index_col="unit").to_numpy()


def simulated(n_units, n_raters=4, *, seed=0, missing=0.0):
    """Ratings 1, 2, 3: half of them the unit's own code, else one by chance."""
    rng = np.random.default_rng(seed)
    own = rng.choice([1.0, 2.0, 3.0], (n_units, 1), p=(0.6, 0.3, 0.1))
    chance = rng.choice([1.0, 2.0, 3.0], (n_units, n_raters), p=(0.6, 0.3, 0.1))
    ratings = np.where(rng.random((n_units, n_raters)) < 0.5, own, chance)
    return np.where(rng.random(ratings.shape) < missing, NAN, ratings)


def variance_by_deletion(statistic, ratings, deleted):
    """Tukey's variance with every deletion computed from scratch; NaN if one is undefined."""
    function = getattr(analysis, statistic)
    try:
        values = [
            function(np.where(gone, NAN, ratings), categories=CODES, **OPTIONS[statistic]).value
            for gone in deleted
        ]
    except UndefinedStatisticError:
        return NAN
    return (len(values) - 1) / len(values) * np.square(values - np.mean(values)).sum()


def masks(labels, present):
    """Where the ratings of each label are, for labels that have any."""
    return [labels == label for label in np.unique(labels[present])]


def deletions(ratings, clusters):
    """Masks of the ratings that go, by unit (or cluster), by rater, and by both at once."""
    present = ~np.isnan(ratings)
    unit = np.broadcast_to(np.asarray(clusters)[:, None], ratings.shape)
    rater = np.broadcast_to(np.arange(ratings.shape[1]), ratings.shape)
    both = unit * ratings.shape[1] + rater
    return [masks(labels, present) for labels in (unit, rater, both)]


@pytest.mark.parametrize("statistic", OPTIONS)
@given(n_units=st.integers(4, 9), n_raters=st.integers(3, 5), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_every_way_equals_deletion_one_by_one(statistic, n_units, n_raters, seed):
    ratings = simulated(n_units, n_raters, seed=seed, missing=0.3)
    clusters = np.arange(n_units) // 2
    request = {"statistics": statistic, "level": "ordinal", "categories": CODES}
    units, raters, cells = deletions(ratings, np.arange(n_units))
    by_cluster, _, by_cluster_and_rater = deletions(ratings, clusters)
    assume(min(len(by_cluster), len(raters)) >= 3)
    v = {
        name: variance_by_deletion(statistic, ratings, deleted)
        for name, deleted in (
            ("units", units),
            ("raters", raters),
            ("cells", cells),
            ("clusters", by_cluster),
            ("cluster cells", by_cluster_and_rater),
        )
    }
    assume(not np.isnan(list(v.values())).any())
    assume(min(v["units"], v["raters"], v["clusters"]) > 1e-20)  # else there is no error to give

    found = [
        jackknife(ratings, **request, **ways)[statistic].standard_error
        for ways in (
            {"leave_out": "units"},
            {"leave_out": "clusters", "clusters": clusters},
            {"leave_out": "raters"},
            {"leave_out": "two_way"},
            {"leave_out": "two_way", "clusters": clusters},
        )
    ]

    two_way = max(v["units"] + v["raters"] - v["cells"], v["units"], v["raters"])
    clustered = v["clusters"] + v["raters"] - v["cluster cells"]
    clustered = max(clustered, v["clusters"], v["raters"])
    expected = [v["units"], v["clusters"], v["raters"], two_way, clustered]
    assert found == pytest.approx(np.sqrt(expected).tolist(), rel=1e-7, abs=1e-9)


def test_standard_error_of_the_canonical_data_is_given_where_the_interval_is_refused():
    alpha = jackknife(canonical(), "krippendorff_alpha", level="nominal")["krippendorff_alpha"]

    # Tukey's formula over 12 units, each left out in turn: .14694.
    assert alpha.standard_error == pytest.approx(0.147, abs=5e-4)
    assert alpha.interval is None
    assert alpha.refusal == "only 9 units have a rating other than 2: no interval is valid below 10"


def test_interval_of_a_share_is_that_of_the_hand_calculation():
    ratings = [[1, 1], [1, 1], [1, 1], [1, 2]]

    agreement = jackknife(ratings, "percent_agreement")["percent_agreement"]

    # A mean of 1, 1, 1, 0: the variance is .75 * .25 / 3, the error .25. logit(.75) = 1.0986; the
    # slope is 1 / (.75 * .25) = 5.3333; t with 3 df at .975 is 3.1824; the reach is 4.2433.
    assert agreement.standard_error == pytest.approx(0.25)
    assert agreement.interval.low == pytest.approx(0.0413, abs=1e-4)
    assert agreement.interval.high == pytest.approx(0.9952, abs=1e-4)
    assert agreement.interval.method == "jackknife by units, t on logit"


def test_interval_of_a_coefficient_is_symmetric_on_fishers_z():
    kappa = jackknife(simulated(80), "fleiss_kappa", leave_out="two_way")["fleiss_kappa"]

    # t with min(80, 4) - 1 = 3 df at .975: 3.1824.
    reach = 3.1824 * kappa.standard_error / (1 - kappa.value**2)
    limits = np.arctanh([kappa.interval.low, kappa.interval.high])
    assert limits - np.arctanh(kappa.value) == pytest.approx([-reach, reach], rel=1e-4)
    assert kappa.interval.method == "jackknife by units and raters, t on Fisher's z"


def test_share_of_a_code_in_a_full_table_has_the_two_way_variance_of_a_mean():
    ratings = simulated(30)
    unit, rater = np.indices(ratings.shape).reshape(2, -1)
    found_code_2 = (ratings == 2).ravel()

    share = jackknife(ratings, "share", leave_out="two_way")["share[2]"]

    influence = (found_code_2 - found_code_2.mean()) / ratings.size
    assert share.value == pytest.approx(found_code_2.mean())
    assert share.standard_error == pytest.approx(
        two_way_variance(influence, unit, rater).standard_error, rel=1e-9
    )


def test_jackknife_and_bootstrap_agree_on_the_error_of_many_units():
    ratings = simulated(400, missing=0.2)
    names = ["krippendorff_alpha", "gwet_ac", "specific_agreement"]
    request = {"level": "ordinal", "categories": CODES}

    left_out = jackknife(ratings, names, **request)
    resampled = bootstrap(ratings, names, seed=1, **request)

    # 10,000 resamples: a standard deviation within 2 % (three Monte Carlo errors).
    for name in left_out:
        assert left_out[name].standard_error == pytest.approx(
            resampled[name].standard_error, rel=0.04
        )


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_order_of_units_and_raters_does_not_matter(seed):
    ratings = simulated(25, seed=3, missing=0.2)
    rng = np.random.default_rng(seed)
    shuffled = ratings[rng.permutation(25)][:, rng.permutation(4)]

    one, other = (
        jackknife(table, "conger_kappa", leave_out="two_way", categories=CODES)["conger_kappa"]
        for table in (ratings, shuffled)
    )

    assert other.standard_error == pytest.approx(one.standard_error, rel=1e-9)


def test_copied_units_left_out_by_cluster_leave_the_error():
    ratings = simulated(40)

    once = jackknife(ratings, "percent_agreement")["percent_agreement"]
    twice = jackknife(
        np.repeat(ratings, 2, axis=0),
        "percent_agreement",
        leave_out="clusters",
        clusters=np.repeat(np.arange(40), 2),
    )["percent_agreement"]

    assert twice.standard_error == pytest.approx(once.standard_error, rel=1e-12)
    assert twice.interval.low == pytest.approx(once.interval.low, rel=1e-12)


def test_unrated_units_and_empty_columns_change_nothing():
    ratings = simulated(40)
    padded = np.full((60, 6), NAN)
    padded[10:50, 1:5] = ratings

    one, other = (
        jackknife(table, "fleiss_kappa", leave_out="two_way", categories=CODES)["fleiss_kappa"]
        for table in (ratings, padded)
    )

    assert other == one


def test_raters_who_differ_widen_the_interval_for_raters_like_these():
    ratings = np.random.default_rng(1).random((300, 6)) < [0.05, 0.1, 0.2, 0.3, 0.4, 0.5]

    units, both = (
        jackknife(ratings, "share", leave_out=ways)["share[1]"] for ways in ("units", "two_way")
    )

    # Shares from .05 to .5, sd .17: the mean of six such raters has an error of about .07.
    assert units.standard_error < 0.012
    assert both.standard_error == pytest.approx(0.07, abs=0.01)


@pytest.mark.parametrize("leave_out", ["raters", "two_way"])
def test_two_raters_are_too_few_to_leave_one_out(leave_out):
    kappa = jackknife(simulated(80, 2), "fleiss_kappa", leave_out=leave_out)["fleiss_kappa"]

    assert (kappa.interval, kappa.standard_error) == (None, None)
    assert "there are 2 raters: leaving out one takes 3 at least" in kappa.refusal


def test_a_rater_on_whom_everything_depends_is_named():
    ratings = np.full((40, 4), NAN)
    ratings[:, 2] = simulated(40, 1)[:, 0]
    for rater in (0, 1, 3):
        ratings[rater::4, rater] = simulated(40, 1, seed=5)[rater::4, 0]

    kappa = jackknife(ratings, "fleiss_kappa", leave_out="raters")["fleiss_kappa"]

    assert kappa.refusal == "without the rater in column 2 (counted from 0) there is no value"


def test_a_unit_on_which_everything_depends_refuses_the_interval():
    ratings = np.ones((30, 3))
    ratings[4, 1] = 2

    alpha = jackknife(ratings, "krippendorff_alpha", level="nominal")["krippendorff_alpha"]

    assert alpha.standard_error is None
    assert alpha.refusal == (
        "without one of the units there is no value; "
        "only 1 unit has a rating other than 1: no interval is valid below 10"
    )


def test_full_agreement_has_no_interval_but_a_reason():
    ratings = np.tile([[1.0], [2.0]], (20, 3))

    agreement = jackknife(ratings, ["percent_agreement", "fleiss_kappa"])

    assert agreement["percent_agreement"].refusal == (
        "leaving out units changes nothing; "
        "the value is 1, and logit has no place for it outside 0 to 1"
    )
    assert "Fisher's z has no place for it outside -1 to 1" in agreement["fleiss_kappa"].refusal


def test_undefined_statistic_raises_its_reason_and_leaves_the_others():
    result = jackknife(
        np.ones((20, 3)), ["krippendorff_alpha", "share"], level="nominal", categories=[1, 2]
    )

    with pytest.raises(UndefinedStatisticError, match="all 60 ratings fall in one category"):
        result["krippendorff_alpha"]
    assert result["share[1]"].value == 1


def test_no_rating_at_all_is_undefined():
    result = jackknife(np.full((4, 3), NAN), ["conger_kappa", "percent_agreement"])

    with pytest.raises(UndefinedStatisticError, match="none of the 4 units has two ratings"):
        result["conger_kappa"]


def test_ratings_without_a_partner_still_have_a_share():
    ratings = np.full((30, 3), NAN)
    ratings[np.arange(30), np.arange(30) % 3] = [1.0, 2.0, 2.0, 1.0, 1.0] * 6

    result = jackknife(ratings, ["share", "percent_agreement"])

    # 12 of 30; a mean of 30 independent ratings has the error sqrt(.4 * .6 / 29).
    assert result["share[2]"].n_ratings == 30
    assert result["share[2]"].standard_error == pytest.approx(np.sqrt(0.24 / 29))
    assert "percent_agreement" in result.undefined


def test_progress_ends_with_all_steps_done():
    seen = []

    jackknife(
        simulated(20),
        "fleiss_kappa",
        leave_out="two_way",
        progress=lambda done, total: seen.append((done, total)),
    )

    assert seen[-1] == (3, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"leave_out": "rater"}, "leave_out 'rater' is not among"),
        ({"leave_out": "clusters"}, "needs `clusters`: one label for each unit"),
        ({"clusters": ["a"]}, "1 cluster labels for 3 rows"),
        ({"confidence": 95}, "confidence is 95"),
        ({"statistics": "kappa"}, r"statistics \['kappa'\] are not among"),
    ],
)
def test_bad_request_is_refused_with_its_remedy(options, message):
    request = {"ratings": [[1, 2], [1, 1], [2, 2]], "statistics": "percent_agreement"}

    with pytest.raises(RatingsError, match=message):
        jackknife(**(request | options))
