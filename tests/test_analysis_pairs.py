import numpy as np
import pytest

from analysis import RatingsError, UndefinedStatisticError, preference_shares, rate

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
    with pytest.raises(RatingsError, match=r"row 1 .* is not among the codes"):
        preference_shares(["neither", strange], codes=CODES, seed=1)


def test_shares_of_no_ratings_are_undefined():
    with pytest.raises(UndefinedStatisticError, match="there are no ratings"):
        preference_shares([], codes=CODES, seed=1)
