import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import somersd

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    similarity_against_bias,
    similarity_by_ideal,
)
from tests.counterfactual_ratings import CODES, LEVELS, judged


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


def test_rate_of_a_level_counts_the_clusters_that_carry_it():
    trend = similarity_against_bias(
        ["alike", "alike", "syntax"],
        [1, 0, 1],
        levels=LEVELS,
        clusters=["s", "t", "t"],
        raters=["ann", "bob", "bob"],
        seed=1,
    )

    counted = [trend.rates["alike"], trend.rates["syntax"], trend.gamma]
    assert [(one.n_units, one.n_raters) for one in counted] == [(2, 2), (1, 1), (2, 2)]


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
