from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import fisher_exact

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    drift,
    straight_lining,
    too_fast,
)
from analysis.raters.runs import run_probability


def drawn_ratings(n_units, n_raters=6, per_unit=3):
    """Yes or no by some raters on each unit: values, units, raters."""
    rng = np.random.default_rng(3)
    raters = np.concatenate([rng.choice(n_raters, per_unit, False) for _ in range(n_units)])
    return rng.integers(2, size=len(raters)), np.repeat(range(n_units), per_unit), raters


def test_drift_has_the_slope_and_error_of_robust_least_squares():
    values, unit, rater = drawn_ratings(80)
    order = np.random.default_rng(5).permutation(len(values))
    own = np.flatnonzero(rater == 1)
    own = own[np.argsort(order[own])]
    others = [values[(unit == unit[row]) & (rater != 1)].mean() for row in own]
    x = sm.add_constant(np.arange(len(own)) / 10)
    model = sm.OLS(values[own] - others, x).fit(cov_type="HC1", use_t=True)

    found = drift(values, units=unit, raters=rater, order=order)[1]

    assert found.value == pytest.approx(model.params[1])
    assert found.p_value == pytest.approx(model.pvalues[1])
    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(model.conf_int()[1]))


def test_drift_finds_a_rater_whose_agreement_fades():
    # b follows a for the first 30 units, then always says the opposite.
    first = np.random.default_rng(2).integers(2, size=60)
    second = np.where(np.arange(60) < 30, first, 1 - first)
    values = np.column_stack([first, second]).ravel()
    about = {"units": np.repeat(range(60), 2), "raters": ["a", "b"] * 60}

    found = drift(values, **about, order=np.repeat(range(60), 2), outcome="agreement")["b"]

    # Least squares through 30 ones and 30 zeros at places 1 to 60: slope -3 n / (2 (n^2 - 1)).
    assert found.value == pytest.approx(-10 * 3 * 60 / (2 * (60**2 - 1)))
    assert found.p_value < 1e-6


def test_drift_accepts_times_and_asks_for_none_missing():
    times = np.array(["2026-01-01", "2026-01-02", "NaT", "2026-01-04"], dtype="datetime64[D]")

    with pytest.raises(RatingsError, match=r"row 2 .*no place in the order"):
        drift([1, 0, 1, 0], units=[1, 1, 2, 2], raters=list("abab"), order=times)


def test_order_in_text_is_refused_as_ten_would_come_before_nine():
    with pytest.raises(RatingsError, match="'10' comes before '9'"):
        drift([1, 0, 1, 0], units=[1, 1, 2, 2], raters=list("abab"), order=["9", "9", "10", "10"])


def test_drift_of_judgments_at_one_time_has_a_reason():
    found = drift([1, 0] * 3, units=[1, 1, 2, 2, 3, 3], raters=list("ab") * 3, order=[1] * 6)

    with pytest.raises(UndefinedStatisticError, match="all 3 shared units have the same place"):
        found["a"]


def test_drift_over_two_units_has_a_reason():
    found = drift([1, 0, 1, 0], units=[1, 1, 2, 2], raters=list("abab"), order=[1, 1, 2, 2])

    with pytest.raises(UndefinedStatisticError, match=r"2 shared units .*a slope needs three"):
        found["a"]


@pytest.mark.parametrize(("n_code", "n_other"), [(5, 3), (4, 4), (7, 1), (3, 0), (2, 6)])
def test_run_probability_equals_the_share_of_all_orders(n_code, n_other):
    n = n_code + n_other
    orders = [set(places) for places in combinations(range(n), n_code)]
    longest = np.array(
        [
            max(len(run) for run in "".join("x" if i in one else " " for i in range(n)).split())
            for one in orders
        ]
    )

    found = [run_probability(length, n_code, n_other) for length in range(1, n_code + 2)]

    assert found == pytest.approx([(longest >= length).mean() for length in range(1, n_code + 2)])


def test_twenty_times_no_bias_in_a_row_is_nothing_at_seven_percent():
    # 7 of 100: after 20, 35, 50, 60, 70, 80 and 93 codes of no bias.
    codes = np.full(100, "no_bias", dtype=object)
    codes[[20, 36, 52, 63, 74, 85, 99]] = "bias"

    found = straight_lining(codes, raters=["r"] * 100, order=range(100))["r"]

    assert found.value == 20
    assert found.p_value > 0.5
    assert found.entropy == pytest.approx(-0.07 * np.log2(0.07) - 0.93 * np.log2(0.93))


def test_fifty_of_each_code_one_after_the_other_is_no_chance():
    found = straight_lining([0] * 50 + [1] * 50, raters=["r"] * 100, order=range(100))["r"]

    assert (found.value, found.share_of_commonest) == (50, 0.5)
    # Two codes may have the run: 2 * 51 orders of comb(100, 50), seen from either code.
    assert found.p_value < 1e-20


def test_one_code_only_is_no_matter_of_order():
    found = straight_lining(["no"] * 30, raters=["r"] * 30, order=range(30))["r"]

    assert (found.value, found.p_value, found.entropy, found.n_codes) == (30, 1.0, 0.0, 1)


def test_run_follows_the_order_and_not_the_rows():
    found = straight_lining([0, 1, 0, 1], raters=["r"] * 4, order=[1, 3, 2, 4])["r"]

    assert (found.value, found.longest_run_of) == (2, 0)


def test_no_ratings_have_no_runs():
    with pytest.raises(UndefinedStatisticError, match="there are no ratings"):
        straight_lining([], raters=[], order=[])


def test_missing_code_is_refused_with_the_row():
    with pytest.raises(RatingsError, match=r"row 1 .*has no code"):
        straight_lining([0, None], raters=["r", "r"], order=[1, 2])


def test_floor_lies_robust_deviations_below_the_median_of_log_times():
    # Logs of 2: median that of 40, median absolute deviation log 2, so the floor is
    # 40 / 2^1.4826 = 14.3 with one deviation: 10 is below it.
    found = too_fast([10, 20, 40, 80, 160], raters=list("aabbb"), spread=1)

    assert [one.n_fast for one in found] == [1, 0]
    assert found["a"].median_seconds == 15


def test_too_fast_p_value_is_fishers():
    rng = np.random.default_rng(4)
    seconds = rng.lognormal(4, 0.5, 200)
    raters = np.repeat(["a", "b"], 100)
    seconds[:8] = 2.0

    found = too_fast(seconds, raters=raters)

    a, b = found["a"], found["b"]
    table = [[a.n_fast, 100 - a.n_fast], [b.n_fast, 100 - b.n_fast]]
    assert a.n_fast >= 8
    assert a.p_value == pytest.approx(fisher_exact(table, "greater").pvalue)


def test_words_give_each_judgment_a_floor_of_its_own():
    # At 600 words a minute, 300 words take 30 seconds and 100 take 10.
    found = too_fast([20, 20], raters=["a", "b"], words=[300, 100])

    assert [one.n_fast for one in found] == [1, 0]


def test_kinds_of_units_have_floors_of_their_own():
    short, double = [8, 9, 10, 11, 12], [80, 90, 100, 110, 120]
    kinds = ["single"] * 5 + ["pair"] * 5

    together = too_fast(short + double, raters=["a"] * 5 + ["b"] * 5, kinds=kinds)

    assert [one.n_fast for one in together] == [0, 0]


def test_times_that_do_not_vary_have_no_floor():
    with pytest.raises(UndefinedStatisticError, match="half or more of the 4 times"):
        too_fast([5, 5, 5, 9], raters=list("aabb"))


def test_kind_without_a_floor_is_named():
    seconds, kinds = [10, 20, 40, 80, 160, 33], ["single"] * 5 + ["pair"]

    with pytest.raises(UndefinedStatisticError, match="half or more of the 1 times of kind 'pair'"):
        too_fast(seconds, raters=list("aabbbb"), kinds=kinds)


def test_floor_above_the_median_is_refused():
    with pytest.raises(RatingsError, match="spread is -3"):
        too_fast([10, 20, 30, 55], raters=["a"] * 4, spread=-3)


def test_question_of_haste_says_what_the_floor_is():
    by_words = too_fast([20, 20], raters=["a", "b"], words=[300, 100])["a"]
    by_times = too_fast([10, 20, 40, 80, 160], raters=list("aabbb"), spread=1)["a"]

    assert "faster than 600 words a minute" in by_words.question
    assert "in far less time than is usual for their kind" in by_times.question


def test_time_of_nothing_is_refused():
    with pytest.raises(RatingsError, match=r"row 1 .*0.0 seconds, must be above 0"):
        too_fast([5, 0], raters=["a", "b"])
