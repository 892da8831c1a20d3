import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import t

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    ppi_rate,
)

HUMAN, PREDICTED, UNLABELLED = [1, 0, 1, 0], [1, 0, 1, 1], [1, 0, 0, 1, 0]


def drawn_units(n, *, seed, rate=0.3):
    """What people and a model said of n units; the model errs in one of eight."""
    rng = np.random.default_rng(seed)
    human = (rng.random(n) < rate).astype(float)
    return human, np.where(rng.random(n) < 1 / 8, 1 - human, human)


def by_kind(found):
    return {row.kind: row for row in found.rows}


def test_prediction_powered_rate_by_hand():
    rows = by_kind(ppi_rate(HUMAN, PREDICTED, UNLABELLED))

    # 1/2 + 2/5 - 3/4. The differences 0, 0, 0, -1 have the variance 1/4, over 4 units; the model's
    # other judgments .3, over 5: .0625 + .06 = .35^2.
    assert rows["PPI"].estimate.value == pytest.approx(0.15)
    assert rows["PPI"].estimate.standard_error == pytest.approx(0.35)
    assert rows["classical"].estimate.value == 0.5
    # The covariance 1/6, over 4, against .25 / 4 + .06.
    assert rows["PPI++"].lam == pytest.approx((1 / 24) / 0.1225)


def test_interval_of_a_rate_is_t_on_the_logit_scale():
    interval = by_kind(ppi_rate(HUMAN, PREDICTED, UNLABELLED))["classical"].estimate.interval

    # The variance 1/3 of people's judgments, over 4; three degrees of freedom.
    reach = t.ppf(0.975, 3) * np.sqrt(1 / 12) / 0.25
    assert (interval.low, interval.high) == pytest.approx((expit(-reach), expit(reach)))


def test_interval_of_other_numbers_is_symmetric():
    found = by_kind(ppi_rate([1, 5, 2, 4], PREDICTED, UNLABELLED))["classical"].estimate

    assert found.interval.high - 3 == pytest.approx(3 - found.interval.low)
    assert found.interval.high - 3 == pytest.approx(t.ppf(0.975, 3) * np.sqrt(10 / 3 / 4))


def test_weight_of_nothing_is_classical():
    found = ppi_rate(HUMAN, PREDICTED, UNLABELLED, lam=0)

    classical = by_kind(found)["classical"].estimate
    assert (found.value, found.interval) == (classical.value, classical.interval)


def test_perfect_model_leaves_the_error_of_the_many_units_only():
    human, _ = drawn_units(40, seed=1)
    many, _ = drawn_units(1000, seed=2)

    found = by_kind(ppi_rate(human, human, many))["PPI"].estimate

    assert found.value == pytest.approx(many.mean())
    assert found.standard_error == pytest.approx(many.std(ddof=1) / np.sqrt(1000))


def test_useless_model_is_given_no_weight():
    # The model says yes to as many of people's yes as of their no.
    found = ppi_rate([1, 1, 0, 0], [1, 0, 1, 0], UNLABELLED)

    assert (found.lam, found.value) == pytest.approx((0.0, 0.5))


def test_weight_is_kept_below_one():
    # People's numbers move ten times as far as the model's.
    found = ppi_rate([10, 0, 10, 0], [1, 0, 1, 0], UNLABELLED)

    assert found.lam == 1.0


def test_fitted_weight_has_the_least_variance():
    human, predicted = drawn_units(100, seed=3)
    _, many = drawn_units(300, seed=4)

    def error(lam):
        return ppi_rate(human, predicted, many, lam=lam).chosen.estimate.standard_error

    best = ppi_rate(human, predicted, many).lam

    assert 0 < best < 1
    assert error(best) < min(error(best - 0.01), error(best + 0.01))


def test_fitted_weight_costs_a_degree_of_freedom():
    human, predicted = drawn_units(20, seed=3)
    _, many = drawn_units(300, seed=4)
    fitted = ppi_rate(human, predicted, many)

    given_ = ppi_rate(human, predicted, many, lam=fitted.lam)

    assert fitted.chosen.estimate.standard_error > given_.chosen.estimate.standard_error
    assert fitted.value == given_.value


@given(st.integers(2, 4))
@settings(max_examples=5, deadline=None)
def test_copies_in_one_cluster_say_nothing_new(times):
    human, predicted = drawn_units(30, seed=5)
    _, many = drawn_units(80, seed=6)
    own, other = np.repeat(range(30), times), np.repeat(range(80), times)

    once = ppi_rate(human, predicted, many).chosen
    copied = ppi_rate(
        human[own],
        predicted[own],
        many[other],
        clusters=own,
        clusters_unlabelled=other + 1000,
    ).chosen

    assert copied.lam == pytest.approx(once.lam)
    assert copied.estimate.interval.low == pytest.approx(once.estimate.interval.low)
    assert copied.effective_n == pytest.approx(times * once.effective_n)


def test_clusters_in_both_parts_share_their_error():
    # With the model right everywhere, weight 1 leaves its other judgments: by cluster.
    # With weight 1/2, errors of people and of the model in one cluster add up before squaring.
    human, many = np.array([1, 0, 1, 0]), np.array([1, 0, 1, 0])

    apart = ppi_rate(
        human, human, many, lam=0.5, clusters=list("abcd"), clusters_unlabelled=list("efgh")
    )
    shared = ppi_rate(
        human, human, many, lam=0.5, clusters=list("abcd"), clusters_unlabelled=list("abcd")
    )

    # Each part has the variance (1/2)^2 (1/3) / 4 = 1/48: in sum 1/24; shared, (1/2 + 1/2)^2 / 12.
    assert apart.chosen.estimate.standard_error == pytest.approx(np.sqrt(1 / 24))
    assert shared.chosen.estimate.standard_error == pytest.approx(np.sqrt(1 / 12))


def test_interval_covers_when_clusters_are_few():
    rng = np.random.default_rng(7)
    inside = []
    for _ in range(300):
        severity = rng.normal(0, 1.2, 440)
        chance = expit(np.repeat(severity, 3))
        human = (rng.random(1320) < chance).astype(float)
        model = np.where(rng.random(1320) < 0.15, 1 - human, human)
        cluster = np.repeat(range(440), 3)
        interval = ppi_rate(
            human[:120],
            model[:120],
            model[120:],
            clusters=cluster[:120],
            clusters_unlabelled=cluster[120:],
        ).interval
        inside.append(interval.low <= 0.5 <= interval.high)

    # 95 % of 300, within three standard errors.
    assert np.mean(inside) == pytest.approx(0.95, abs=0.038)


def test_people_who_all_say_the_same_leave_no_interval():
    found = by_kind(ppi_rate([0, 0, 0], [0, 0, 0], UNLABELLED))

    assert found["classical"].estimate.interval is None
    assert "all units or clusters give the same value" in found["classical"].estimate.refusal


def test_one_cluster_leaves_no_interval():
    found = ppi_rate(
        HUMAN, PREDICTED, UNLABELLED, clusters=["a"] * 4, clusters_unlabelled=list("bcdef")
    )

    assert "too few units or clusters" in found.chosen.estimate.refusal


def test_no_unlabelled_unit_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="4 units judged by people, 0 by the model"):
        ppi_rate(HUMAN, PREDICTED, [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lam": 2}, "lam is 2: a weight from 0 to 1"),
        ({"clusters": list("abcd")}, "both or neither"),
        ({"clusters": list("abc"), "clusters_unlabelled": list("abcde")}, "3 cluster labels for 4"),
    ],
)
def test_ppi_refuses_what_cannot_be_meant(change, message):
    with pytest.raises(RatingsError, match=message):
        ppi_rate(HUMAN, PREDICTED, UNLABELLED, **change)


def test_ppi_asks_for_the_same_units_on_both_sides():
    with pytest.raises(RatingsError, match="4 judgments by people, 3 of the same units"):
        ppi_rate(HUMAN, PREDICTED[:3], UNLABELLED)
