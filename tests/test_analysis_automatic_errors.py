import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import t

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    newcombe_difference,
    newcombe_paired_difference,
    rogan_gladen,
    sensitivity_specificity,
    wilson,
)


def drawn_units(n, *, seed, rate=0.3):
    """What people and a model said of n units; the model errs in one of eight."""
    rng = np.random.default_rng(seed)
    human = (rng.random(n) < rate).astype(float)
    return human, np.where(rng.random(n) < 1 / 8, 1 - human, human)


def test_rogan_gladen_takes_off_the_false_and_adds_the_missed():
    found = rogan_gladen((130, 1000), sensitivity=(45, 50), specificity=(180, 200))

    # Of .13 found, .03 are more than the false .1 of all; the rater finds .8 more of the biased.
    assert found.value == pytest.approx(0.0375)
    assert found.note is None


def test_rogan_gladen_of_a_perfect_rater_has_the_interval_of_agresti_and_coull():
    found = rogan_gladen((130, 1000), sensitivity=(10**9, 10**9), specificity=(10**9, 10**9))

    share = (130 + 1.95996**2 / 2) / (1000 + 1.95996**2)
    reach = 1.95996 * np.sqrt(share * (1 - share) / (1000 + 1.95996**2))
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (share - reach, share + reach), abs=1e-5
    )


def test_rogan_gladen_has_the_limits_of_lang_and_reiczigel():
    # At confidence 0.9545 z is 2: 30 of 96 become 32 of 100; 48 of 58 and 49 of 58, with one added
    # to either side, 49 and 50 of 60.
    q, se, sp = 0.32, 49 / 60, 50 / 60
    p = (q + sp - 1) / (se + sp - 1)
    spread = [x * (1 - x) / n for x, n in ((q, 100), (se, 60), (sp, 60))]
    error = np.sqrt(spread[0] + spread[1] * p**2 + spread[2] * (1 - p) ** 2) / (se + sp - 1)
    middle = p + 2 * 4 * (p * spread[1] - (1 - p) * spread[2])

    interval = rogan_gladen(
        (30, 96), sensitivity=(48, 58), specificity=(49, 58), confidence=0.954499736
    ).interval

    assert (interval.low, interval.high) == pytest.approx((middle - 2 * error, middle + 2 * error))


def test_rogan_gladen_covers_with_a_small_validation():
    rng = np.random.default_rng(11)
    inside = []
    for _ in range(400):
        counts = rng.binomial([500, 60, 90], [0.2 * 0.85 + 0.8 * 0.1, 0.85, 0.9])
        positives, sensitivity, specificity = zip(counts.tolist(), (500, 60, 90), strict=True)
        interval = rogan_gladen(
            positives, sensitivity=sensitivity, specificity=specificity
        ).interval
        inside.append(interval.low <= 0.2 <= interval.high)

    assert np.mean(inside) == pytest.approx(0.95, abs=0.033)


def test_rate_below_what_errors_explain_is_cut_off_and_said_so():
    found = rogan_gladen((2, 100), sensitivity=(45, 50), specificity=(90, 100))

    assert (found.value, found.interval.low) == (0.0, 0.0)
    assert found.untruncated == pytest.approx(-0.1)
    assert "the formula gives -0.100, outside 0 to 1" in found.note


def test_rater_like_chance_is_nothing_to_correct_by():
    with pytest.raises(UndefinedStatisticError, match="cannot be told from chance"):
        rogan_gladen((30, 100), sensitivity=(12, 20), specificity=(12, 20))


def test_sensitivity_and_specificity_are_shares_with_wilson_intervals():
    human = [1] * 20 + [0] * 80
    model = [1] * 16 + [0] * 4 + [1] * 8 + [0] * 72

    found = sensitivity_specificity(human, model)

    assert found.of("sensitivity").interval == wilson(16, 20).interval
    assert found.of("specificity").value == 0.9
    assert found.of("excess").value == pytest.approx(0.04)
    assert (found.sensitivity_counts, found.specificity_counts) == ((16, 20), (72, 80))


def test_excess_has_the_interval_of_paired_rates():
    human = [1] * 20 + [0] * 80
    model = [1] * 16 + [0] * 4 + [1] * 8 + [0] * 72

    interval = sensitivity_specificity(human, model).of("excess").interval

    assert interval == newcombe_paired_difference(16, 8, 4, 72).interval


def test_model_that_never_differs_from_people_may_yet_have_an_excess():
    interval = sensitivity_specificity([1] * 3 + [0] * 7, [1] * 3 + [0] * 7).of("excess").interval

    assert -1 < interval.low < 0 < interval.high < 1


def test_subgroup_is_held_against_all_other_units():
    human, model = drawn_units(300, seed=8, rate=0.4)
    groups = np.where(np.arange(300) < 100, "women", "men")
    model[:100] = np.where(human[:100] == 1, np.arange(100) % 2, model[:100])

    found = sensitivity_specificity(human, model, groups=groups).of("sensitivity", "women")

    counts = [
        int(number)
        for rows in (groups == "women", groups == "men")
        for number in (model[rows][human[rows] == 1].sum(), human[rows].sum())
    ]
    expected = newcombe_difference(*counts).interval
    assert (found.difference_low, found.difference_high) == (expected.low, expected.high)
    assert found.difference_high < 0


def test_clustered_sensitivity_ignores_copies():
    human, model = drawn_units(100, seed=9, rate=0.5)
    copies = np.repeat(range(100), 2)

    once = sensitivity_specificity(human, model, clusters=range(100)).of("sensitivity")
    twice = sensitivity_specificity(human[copies], model[copies], clusters=copies).of("sensitivity")

    assert twice.interval.low == pytest.approx(once.interval.low)
    hits = model[human == 1]
    error = hits.std(ddof=1) / np.sqrt(len(hits)) / (hits.mean() * (1 - hits.mean()))
    reach = t.ppf(0.975, len(hits) - 1) * error
    assert once.interval.low == pytest.approx(expit(logit(hits.mean()) - reach))


def test_cluster_on_both_sides_takes_off_what_it_shares():
    # Each cluster has one unit of either group, both judged alike: their difference is certain.
    human, model = np.zeros(8), np.repeat([0, 1, 0, 0], 2)
    options = {"groups": list("ab") * 4}

    apart = sensitivity_specificity(human, model, clusters=range(8), **options)
    shared = sensitivity_specificity(human, model, clusters=np.repeat(range(4), 2), **options)

    assert apart.of("specificity", "a").difference_high > 0
    assert shared.of("specificity", "a").difference == 0
    assert shared.of("specificity", "a").difference_high is None


def test_group_without_a_marked_unit_has_a_reason_and_a_specificity():
    found = sensitivity_specificity([1, 0, 0], [1, 0, 1], groups=["a", "b", "b"])

    assert found.of("specificity", "b").value == 0.5
    with pytest.raises(UndefinedStatisticError, match="people marked no unit of group 'b'"):
        found.of("sensitivity", "b")


def test_judgment_that_is_neither_yes_nor_no_is_refused():
    with pytest.raises(RatingsError, match=r"row 1 .* is 2.0: neither yes"):
        sensitivity_specificity([1, 2], [1, 0])
