import numpy as np
import pytest

from analysis import (
    RatingsError,
    UndefinedStatisticError,
    preference_shares,
    rate,
    win_rate,
)

CODES = ["source_a", "neither", "source_b"]


def choices(a, neither, b):
    return np.repeat(CODES, [a, neither, b])


def test_shares_are_counts_over_all_ratings():
    shares = preference_shares(choices(5, 12, 3), codes=CODES, seed=1)

    assert [shares[code].row_level.value for code in CODES] == [5 / 20, 12 / 20, 3 / 20]


def test_share_has_the_row_level_interval_of_its_indicator():
    chosen = choices(50, 120, 30)

    share = preference_shares(chosen, codes=CODES, seed=1)["source_b"]

    assert share.row_level.interval == rate(chosen == "source_b", seed=1).row_level.interval


def test_same_choice_within_each_unit_widens_the_clustered_interval():
    chosen, units = np.repeat(choices(50, 120, 30), 4), np.repeat(np.arange(200), 4)

    share = preference_shares(chosen, codes=CODES, clusters=units, seed=1)["source_a"]

    row_level, clustered = share.row_level.interval, share.clustered.interval
    # Four copies of one judgment: twice as wide.
    ratio = (clustered.high - clustered.low) / (row_level.high - row_level.low)
    assert ratio == pytest.approx(2, rel=0.06)


def test_renaming_the_sources_moves_no_number():
    names = {"source_a": "x", "neither": "none", "source_b": "y"}
    chosen = choices(5, 12, 3)

    renamed = preference_shares([names[c] for c in chosen], codes=list(names.values()), seed=1)

    original = preference_shares(chosen, codes=CODES, seed=1)
    assert [renamed[names[code]] for code in CODES] == [original[code] for code in CODES]


def test_code_that_nobody_chose_has_share_zero_and_a_reason_for_no_interval():
    share = preference_shares(choices(5, 12, 0), codes=CODES, seed=1)["source_b"].row_level

    assert (share.value, share.interval) == (0, None)
    assert share.refusal == "every resample of the 17 ratings gives the same value"


@pytest.mark.parametrize("strange", ["left", None])
def test_choice_that_is_no_code_is_refused_with_its_row(strange):
    with pytest.raises(RatingsError, match=rf"row 1 .* choice: {strange!r} is not among"):
        preference_shares(["neither", strange], codes=CODES, seed=1)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([1, np.nan], r"codes \[1, nan\]: missing is not a code"),
        ([1, 2, 1], "must differ"),
        ("12", "give a list of numbers or labels"),
    ],
)
def test_shares_of_codes_that_would_not_add_up_to_one_are_refused(codes, message):
    with pytest.raises(RatingsError, match=message):
        preference_shares([1, np.nan], codes=codes, seed=1)


@pytest.mark.parametrize("choices", [[["neither"]], np.array([["neither"]]), "neither"])
def test_choices_that_are_no_list_are_refused(choices):
    with pytest.raises(RatingsError, match=r"choice: give"):
        preference_shares(choices, codes=CODES, seed=1)


def test_a_code_may_be_a_tuple():
    shares = preference_shares([("a", 1), ("b", 1)], codes=[("a", 1), ("b", 1)], seed=1)

    assert shares["b", 1].value == 0.5


def test_shares_of_no_ratings_are_undefined():
    with pytest.raises(UndefinedStatisticError, match="there are no ratings"):
        preference_shares([], codes=CODES, seed=1)


WIN = {"win": "source_a", "tie": "neither", "loss": "source_b"}


def test_win_rate_counts_a_tie_as_half_and_not_at_all():
    found = win_rate(choices(5, 12, 3), **WIN, clusters=range(20), seed=1)

    assert found.half_ties.value == (5 + 6) / 20
    assert found.without_ties.value == 5 / 8
    assert (found.n_wins, found.n_ties, found.n_losses) == (5, 12, 3)


def test_win_rate_without_ties_counts_the_decided_ratings_only():
    found = win_rate(choices(5, 12, 3), **WIN, clusters=range(20), raters=[1] * 20, seed=1)

    assert (found.without_ties.n_ratings, found.half_ties.n_ratings) == (8, 20)


def test_win_rates_of_both_sources_add_up_to_one():
    units = np.repeat(np.arange(40), 5)
    chosen = np.random.default_rng(1).permutation(choices(80, 70, 50))
    turned = WIN | {"win": "source_b", "loss": "source_a"}

    ours = win_rate(chosen, **WIN, clusters=units, seed=1, method="percentile").half_ties
    theirs = win_rate(chosen, **turned, clusters=units, seed=1, method="percentile").half_ties

    assert ours.value + theirs.value == pytest.approx(1)
    # Their resamples are drawn anew: the limits mirror up to Monte Carlo error.
    assert ours.interval.low + theirs.interval.high == pytest.approx(1, abs=0.006)


def test_same_choice_within_each_unit_doubles_the_interval_of_the_win_rate():
    chosen = np.random.default_rng(2).permutation(choices(70, 70, 60))
    copies, units = np.repeat(chosen, 4), np.repeat(np.arange(200), 4)

    honest = win_rate(copies, **WIN, clusters=units, seed=1).interval
    naive = win_rate(copies, **WIN, clusters=range(800), seed=1).interval

    ratio = (honest.high - honest.low) / (naive.high - naive.low)
    assert ratio == pytest.approx(2, rel=0.06)


def test_ties_alone_have_a_win_rate_of_one_half_and_none_without_ties():
    found = win_rate(choices(0, 6, 0), **WIN, clusters=range(6), seed=1)

    assert (found.value, found.interval, found.without_ties) == (0.5, None, None)
    assert len(found.to_frame()) == 1


def test_win_rate_of_no_ratings_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="nothing to divide by"):
        win_rate([], **WIN, clusters=[], seed=1)


@pytest.mark.parametrize("strange", ["left", None])
def test_choice_that_is_neither_win_nor_loss_nor_tie_is_refused_with_its_row(strange):
    with pytest.raises(RatingsError, match=rf"row 1 .* choice: {strange!r} is not among"):
        win_rate(["neither", strange], **WIN, clusters=[1, 2], seed=1)


def test_win_and_tie_of_one_code_are_refused():
    with pytest.raises(RatingsError, match="must differ: give each once"):
        win_rate(["neither"], win="neither", loss="b", tie="neither", clusters=[1], seed=1)
