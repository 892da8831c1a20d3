import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from analysis import RatingsError, UndefinedStatisticError, difference_of_rates, two_way_rate


def simulated(seed, *, n_units=30, first=5, second=4, shift=0.7, sd_rater=0.8):
    """Every rater of both groups on every unit."""
    rng = np.random.default_rng(seed)
    rater, unit = (one.ravel() for one in np.indices((first + second, n_units)))
    groups = np.where(rater < first, "expert", "physician")
    logit = -1 + shift * (groups == "expert") + rng.normal(0, 1.2, n_units)[unit]
    logit += rng.normal(0, sd_rater, first + second)[rater]
    x = (rng.random(len(rater)) < 1 / (1 + np.exp(-logit))) * 1
    return {"indicator": x, "groups": groups, "units": unit, "raters": rater, "seed": seed}


def limits(estimate):
    return [estimate.interval.low, estimate.interval.high]


def summed(influence, labels):
    return np.array([influence[labels == one].sum() for one in np.unique(labels)])


def test_two_way_interval_equals_the_formula_written_out():
    ratings = simulated(1)
    x, unit, rater = (ratings[name] for name in ("indicator", "units", "raters"))
    is_first = ratings["groups"] == "expert"
    influence = np.zeros(len(x))
    raters, cells, welch = 0.0, 0.0, 0.0
    for mask, side, number in ((is_first, 1, 5), (~is_first, -1, 4)):
        influence[mask] = side * (x[mask] - x[mask].mean()) / mask.sum()
        own = (summed(influence[mask], rater[mask]) ** 2).sum() * number / (number - 1)
        raters, welch = raters + own, welch + own**2 / (number - 1)
        cells += (influence[mask] ** 2).sum() * mask.sum() / (mask.sum() - 1)
    units = (summed(influence, unit) ** 2).sum() * 30 / 29
    variance = max(units + raters - cells, units, raters)
    df = variance**2 / (units**2 / 29 + welch)
    value = x[is_first].mean() - x[~is_first].mean()
    reach = student.ppf(0.975, df) * np.sqrt(variance)

    result = difference_of_rates(**ratings)

    assert result.groups == ("expert", "physician")
    assert result.value == pytest.approx(value)
    assert limits(result) == pytest.approx([value - reach, value + reach])


def test_each_group_has_its_own_two_way_rate():
    ratings = simulated(2)
    physicians = ratings["groups"] == "physician"

    result = difference_of_rates(**ratings)

    own = {name: ratings[name][physicians] for name in ("indicator", "units", "raters")}
    assert result.second == two_way_rate(**own)


def test_paired_interval_has_the_law_of_a_loop_over_units():
    ratings = simulated(3)
    table = ratings["indicator"].reshape(9, 30)
    draws = np.random.default_rng(3).integers(0, 30, (20_000, 30))
    yes = [table[:5].sum(axis=0)[draws].sum(axis=1), table[5:].sum(axis=0)[draws].sum(axis=1)]
    loop = yes[0] / 150 - yes[1] / 120

    paired = difference_of_rates(**ratings, n_resamples=20_000).paired

    # BCa moves the limits of this nearly symmetric statistic by less than .01.
    assert limits(paired) == pytest.approx(np.quantile(loop, [0.025, 0.975]), abs=0.01)
    assert paired.interval.method == "these raters, units like these: BCa, units resampled"


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_difference_changes_sign_with_the_order_of_the_groups(seed):
    ratings = simulated(seed)

    forth = difference_of_rates(**ratings, n_resamples=100)
    back = difference_of_rates(**ratings, compared=("physician", "expert"), n_resamples=100)

    assert limits(forth) == pytest.approx([-back.interval.high, -back.interval.low])


def test_a_third_group_does_not_matter_when_two_are_compared():
    ratings = simulated(4)
    more = {name: np.concatenate([ratings[name], ratings[name]]) for name in list(ratings)[:4]}
    more["groups"][270:] = "consumer"
    more["raters"][270:] += 100

    result = difference_of_rates(**more, seed=4, compared=("expert", "physician"))

    assert limits(result) == pytest.approx(limits(difference_of_rates(**ratings)))


def test_groups_may_rate_different_units():
    ratings = simulated(5)
    own = ratings["units"] + 100 * (ratings["groups"] == "expert")

    shared, separate = (
        difference_of_rates(**{**ratings, "units": units}) for units in (ratings["units"], own)
    )

    assert (shared.n_shared_units, separate.n_shared_units) == (30, 0)
    assert separate.two_way.standard_error != shared.two_way.standard_error


def test_groups_that_judge_units_alike_differ_less_uncertainly_when_units_are_shared():
    ratings = simulated(6, sd_rater=0, shift=0)
    own = ratings["units"] + 100 * (ratings["groups"] == "expert")

    shared = difference_of_rates(**ratings).paired
    separate = difference_of_rates(**{**ratings, "units": own}).paired

    assert np.ptp(limits(separate)) > 1.5 * np.ptp(limits(shared))


def test_a_group_without_a_yes_has_no_interval_but_a_reason():
    ratings = simulated(7)
    ratings["indicator"][ratings["groups"] == "expert"] = 0

    result = difference_of_rates(**ratings)

    assert result.value < 0
    assert result.interval is None
    assert result.two_way.refusal.startswith("group 'expert': all 150 ratings say no: nothing sho")
    assert result.paired.refusal == "group 'expert': all 150 ratings say no"


def test_two_raters_in_a_group_are_too_few_for_raters_like_these():
    result = difference_of_rates(**simulated(8, second=2))

    assert result.two_way.refusal.startswith("group 'physician': 2 raters: how much they differ")
    assert result.paired.interval is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"raters": [1, 2, 1, 3]}, r"rater of row 0 .* is in both groups: give each rater one"),
        ({"groups": ["a", "b", "c", "c"]}, r"groups are \['a', 'b', 'c'\]: name two of them"),
        ({"groups": ["a", "a", "b", None]}, "row 3 .* has no group label"),
        ({"groups": ["a", "a", 1, 1]}, r"groups \['a', 1\] have no order: say in `compared`"),
        ({"compared": ("a", "z")}, "groups are .*: name two of them in `compared`"),
    ],
)
def test_unclear_groups_are_refused(change, message):
    sound = {
        "indicator": [1, 0, 1, 0],
        "groups": ["a", "a", "b", "b"],
        "units": [1, 2, 1, 2],
        "raters": [1, 2, 3, 4],
    }

    with pytest.raises(RatingsError, match=message):
        difference_of_rates(**{**sound, **change}, seed=1)


def test_difference_of_no_ratings_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="there are no ratings"):
        difference_of_rates([], groups=[], units=[], raters=[], seed=1)
