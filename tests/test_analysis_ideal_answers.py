import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import somersd

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    question_clusters,
    rates_by_ideal,
    similarity_against_bias,
    similarity_by_ideal,
)

CODES = {"same": "same", "differ": "differ", "unsure": "unsure"}
LEVELS = ["alike", "syntax", "content", "different"]


def judged(n_pairs, seed, *, slope=0.0):
    """Three ratings each of pairs from seeds of four: bias, ideal answers, likeness, seed."""
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.integers(4, size=n_pairs), 3)
    ideal = rng.choice(["same", "differ", "unsure"], size=3 * n_pairs, p=[0.45, 0.5, 0.05])
    lean = -1.5 + slope * level * (ideal == "same")
    biased = rng.random(3 * n_pairs) < 1 / (1 + np.exp(-lean))
    return biased, ideal, np.array(LEVELS)[level], np.arange(3 * n_pairs) // 12


def test_rate_given_the_ideal_answers_is_among_the_ratings_that_say_so():
    biased = [1, 1, 0, 1, 0, 0, 0, 1]
    ideal = ["same"] * 3 + ["differ"] * 4 + ["unsure"]

    rates = rates_by_ideal(biased, ideal, **CODES, clusters=range(8), seed=1)

    assert (rates.same.value, rates.differ.value) == (2 / 3, 1 / 4)
    assert rates.difference.value == pytest.approx(2 / 3 - 1 / 4)
    assert (rates.same.n_ratings, rates.differ.n_ratings) == (3, 4)


def test_unsure_is_counted_apart():
    rates = rates_by_ideal(
        [1, 0, 1, 0], ["same", "differ", "unsure", "unsure"], **CODES, clusters=range(4), seed=1
    )

    assert (rates.n_unsure, rates.unsure.value) == (2, 1 / 2)
    assert (rates.same.value, rates.differ.value) == (1, 0)


def test_nobody_unsure_leaves_no_rate_of_theirs():
    rates = rates_by_ideal([1, 0], ["same", "differ"], **CODES, clusters=[1, 2], seed=1)

    assert (rates.n_unsure, rates.unsure) == (0, None)


def test_exchanging_same_and_differ_turns_the_difference():
    biased, ideal, _, seeds = judged(80, seed=1)
    turned = CODES | {"same": "differ", "differ": "same"}

    there, back = (
        rates_by_ideal(biased, ideal, **codes, clusters=seeds, seed=2, method="percentile")
        for codes in (CODES, turned)
    )

    assert back.value == pytest.approx(-there.value)
    # The same seed draws other patterns: the limits mirror up to Monte Carlo error.
    assert back.interval.low == pytest.approx(-there.interval.high, abs=0.01)


def test_ratings_of_one_seed_widen_the_interval_of_the_difference():
    biased, ideal, _, _ = judged(80, seed=3)
    copies = [np.repeat(column, 4) for column in (biased, ideal)]

    honest = rates_by_ideal(*copies, **CODES, clusters=np.repeat(np.arange(240), 4), seed=1)
    naive = rates_by_ideal(*copies, **CODES, clusters=np.arange(960), seed=1)

    # Four copies of one judgment: twice as wide.
    widths = [one.interval.high - one.interval.low for one in (honest, naive)]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.06)


def test_difference_within_seeds_is_surer_than_its_two_rates():
    # Every seed has one pair of each kind, and bias in both or in neither but for every fifth.
    bias = np.repeat(np.random.default_rng(4).random(60) < 0.4, 2)
    bias[::10] = ~bias[::10]
    ideal = np.tile(["same", "differ"], 60)

    rates = rates_by_ideal(bias, ideal, **CODES, clusters=np.repeat(np.arange(60), 2), seed=1)

    assert rates.difference.standard_error < rates.same.standard_error


def test_clusters_may_be_those_of_the_questions():
    pairs = [("q1", "q2"), ("q2", "q3"), ("q4", "q5")]
    clusters = question_clusters(pairs, [None] * 3)

    rates = rates_by_ideal(
        [1, 0, 1], ["same", "differ", "same"], **CODES, clusters=clusters, seed=1
    )

    assert rates.same.n_units == 2


@pytest.mark.parametrize("only", ["same", "differ"])
def test_difference_without_one_of_the_two_is_undefined(only):
    other = "differ" if only == "same" else "same"

    with pytest.raises(UndefinedStatisticError, match=f"none of the 2 ratings says '{other}'"):
        rates_by_ideal([1, 0], [only, only], **CODES, clusters=[1, 2], seed=1)


def test_unknown_code_of_the_ideal_answers_is_refused_with_its_row():
    with pytest.raises(RatingsError, match=r"row 1 .* the ideal answers: 'maybe' is not among"):
        rates_by_ideal([1, 0], ["same", "maybe"], **CODES, clusters=[1, 2], seed=1)


def test_codes_that_are_the_same_are_refused():
    with pytest.raises(RatingsError, match="must differ"):
        rates_by_ideal([1], ["same"], same="same", differ="same", clusters=[1], seed=1)


def test_missing_code_of_the_ideal_answers_is_refused():
    with pytest.raises(RatingsError, match="1 codes of the ideal answers for 2 ratings"):
        rates_by_ideal([1, 0], ["same"], **CODES, clusters=[1, 2], seed=1)


def test_rates_by_level_and_gamma_follow_from_the_table():
    # Level: biased, not. alike 1, 3; syntax 2, 2; different 3, 1; content unused.
    level = np.repeat(["alike", "syntax", "different"], 4)
    biased = [1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0]

    trend = similarity_against_bias(level, biased, levels=LEVELS, clusters=range(12), seed=1)

    # Concordant pairs: 2 * 3 + 3 * (3 + 2), which is 21; discordant: 1 * (2 + 1) + 2 * 1, so 5.
    assert [rate.value for rate in trend.rates.values()] == [1 / 4, 2 / 4, 3 / 4]
    assert trend.gamma.value == pytest.approx(16 / 26)
    assert trend.unused == ("content",)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=2, max_size=25))
@settings(max_examples=30, deadline=None)
def test_gamma_is_somers_d_over_the_pairs_that_differ(rows):
    place, biased = (np.array(column) for column in zip(*rows, strict=True))
    assume(np.ptp(place) > 0 and 0 < biased.mean() < 1)

    gamma = similarity_against_bias(
        np.array(LEVELS)[place],
        biased,
        levels=LEVELS,
        clusters=range(len(rows)),
        seed=1,
        n_resamples=40,
    ).value

    # Somers' D divides by the pairs that differ in bias, gamma by those that differ in level too.
    untied = biased.sum() * (~biased).sum()
    same_level = sum(
        (biased & (place == k)).sum() * (~biased & (place == k)).sum() for k in range(4)
    )
    scale = untied / (untied - same_level) if untied > same_level else np.nan
    assert gamma == pytest.approx(somersd(biased, place).statistic * scale, abs=1e-9)


def test_trend_test_equals_its_hand_calculation():
    # Levels 0 0 1 1 of clusters a, b, a, b; biased 0 0 1 0: mean level 1/2, mean bias 1/4.
    # Products: 1/8, 1/8, 3/8, -1/8; clusters: a 1/2, b 0; (1/2)^2 / (1/2)^2.
    trend = similarity_against_bias(
        ["alike", "alike", "syntax", "syntax"],
        [0, 0, 1, 0],
        levels=["alike", "syntax"],
        clusters=["a", "b", "a", "b"],
        seed=1,
    ).trend

    assert (trend.value, trend.n, trend.df) == (pytest.approx(1), 2, 1)


def test_clusters_that_are_balanced_by_themselves_show_no_trend():
    # Each cluster has one biased and one fair rating at either level.
    trend = similarity_against_bias(
        ["alike", "alike", "syntax", "syntax"] * 2,
        [0, 1, 0, 1] * 2,
        levels=["alike", "syntax"],
        clusters=np.repeat(["a", "b"], 4),
        seed=1,
    ).trend

    assert (trend.value, trend.p_value) == (0, 1)


def test_copies_of_a_judgment_do_not_move_the_trend_test_once_clustered():
    biased, _, level, _ = judged(60, seed=5)
    once, copied = (
        similarity_against_bias(
            np.repeat(level, times),
            np.repeat(biased, times),
            levels=LEVELS,
            clusters=np.repeat(np.arange(180), times),
            seed=1,
        ).trend
        for times in (1, 4)
    )

    assert copied.p_value == pytest.approx(once.p_value)


def test_turning_the_levels_round_turns_gamma():
    biased, _, level, seeds = judged(60, seed=6)

    there, back = (
        similarity_against_bias(level, biased, levels=levels, clusters=seeds, seed=1)
        for levels in (LEVELS, LEVELS[::-1])
    )

    assert back.value == pytest.approx(-there.value)
    assert back.trend.p_value == pytest.approx(there.trend.p_value)


def test_trend_where_the_ideal_answers_are_the_same_is_told_from_where_they_differ():
    biased, ideal, level, seeds = judged(400, seed=7, slope=0.9)

    found = similarity_by_ideal(
        level, biased, ideal, levels=LEVELS, **CODES, clusters=seeds, seed=1
    )

    assert found.same.interval.low > 0.3
    assert found.differ.interval.low < 0 < found.differ.interval.high
    assert found.interval.low > 0


def test_trends_within_the_ideal_answers_are_those_of_their_ratings():
    biased, ideal, level, seeds = judged(60, seed=8)
    found = similarity_by_ideal(
        level, biased, ideal, levels=LEVELS, **CODES, clusters=seeds, seed=1
    )

    kept = ideal == "differ"
    alone = similarity_against_bias(
        level[kept], biased[kept], levels=LEVELS, clusters=seeds[kept], seed=1
    )

    assert found.differ.gamma == alone.gamma
    assert found.value == pytest.approx(found.same.value - alone.value)
    assert found.n_unsure == (ideal == "unsure").sum()


def test_frame_tells_the_two_trends_apart():
    biased, ideal, level, seeds = judged(60, seed=9)
    found = similarity_by_ideal(
        level, biased, ideal, levels=LEVELS, **CODES, clusters=seeds, seed=1
    )

    frame = found.to_frame()

    assert frame["ideal"].unique().tolist() == ["same", "differ", "same - differ"]
    assert frame["trend_p_value"].notna().sum() == 2


@pytest.mark.parametrize(
    ("level", "biased", "reason"),
    [
        (["alike", "syntax"], [1, 1], "all 2 ratings say the same of the bias"),
        (["alike", "alike"], [1, 0], "all 2 ratings say the same of the likeness"),
        ([], [], "there are no ratings"),
    ],
)
def test_trend_of_what_does_not_vary_is_undefined(level, biased, reason):
    with pytest.raises(UndefinedStatisticError, match=reason):
        similarity_against_bias(level, biased, levels=LEVELS, clusters=range(len(biased)), seed=1)


def test_trend_that_is_undefined_says_for_which_ideal_answers():
    with pytest.raises(
        UndefinedStatisticError, match="ideal answers 'differ': there are no ratings"
    ):
        similarity_by_ideal(
            ["alike", "syntax"],
            [1, 0],
            ["same", "same"],
            levels=LEVELS,
            **CODES,
            clusters=[1, 2],
            seed=1,
        )


def test_level_that_is_not_declared_is_refused_with_its_row():
    with pytest.raises(RatingsError, match=r"row 1 .* likeness of the answers: 'odd' is not among"):
        similarity_against_bias(["alike", "odd"], [1, 0], levels=LEVELS, clusters=[1, 2], seed=1)


def test_one_level_is_refused():
    with pytest.raises(RatingsError, match="give two or more"):
        similarity_against_bias(["alike"], [1], levels=["alike"], clusters=[1], seed=1)


def test_rating_without_a_cluster_is_refused():
    with pytest.raises(RatingsError, match=r"row 1 .* has no cluster label"):
        rates_by_ideal([1, 0], ["same", "differ"], **CODES, clusters=["s", None], seed=1)
