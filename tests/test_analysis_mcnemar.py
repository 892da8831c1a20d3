from pathlib import Path

import pandas as pd
import pytest

from analysis import RatingsError, mcnemar, mcnemar_counts

PUBLISHED = Path(__file__).parent / "published"


def approval():
    """Both judgments of each of 1,600 people, 1 for approval."""
    table = pd.read_csv(PUBLISHED / "agresti_approval.csv", comment="#")
    people = table.loc[table.index.repeat(table["n_people"])]
    return (people["first"] == "approve"), (people["second"] == "approve")


# Agresti, Categorical Data Analysis; R mcnemar.test and binom.test.
@pytest.mark.parametrize(
    ("method", "p_value"),
    [("exact", 3.715936139571442e-05), ("midp", 2.89338951761549e-05)],
)
def test_mcnemar_p_value_equals_published_value(method, p_value):
    assert mcnemar(*approval(), method=method).p_value == pytest.approx(p_value, abs=1e-12)


@pytest.mark.parametrize(
    ("method", "chi2"), [("chi2", 17.35593220338983), ("chi2_corrected", 16.81779661016949)]
)
def test_mcnemar_chi_squared_equals_published_value(method, chi2):
    test = mcnemar(*approval(), method=method)

    assert (test.value, test.df) == (pytest.approx(chi2, abs=1e-9), 1)


def test_mcnemar_gives_both_kinds_of_disagreement_and_the_paired_difference():
    test = mcnemar(*approval())

    # 944 of 1,600 less 880 of 1,600.
    assert (test.b, test.c) == (150, 86)
    assert test.difference == pytest.approx(0.04, abs=1e-12)


def test_midp_is_the_exact_p_less_the_chance_of_what_was_seen():
    # b = 1, c = 5: exact p is 2 (1 + 6) / 64 = 14/64; the mid-p takes off 6/64.
    assert mcnemar_counts(b=1, c=5, method="exact").p_value == pytest.approx(14 / 64)
    assert mcnemar_counts(b=1, c=5, method="midp").p_value == pytest.approx(8 / 64)


@pytest.mark.parametrize("method", ["exact", "midp", "chi2", "chi2_corrected"])
def test_equal_disagreement_has_p_one(method):
    assert mcnemar_counts(b=4, c=4, method=method).p_value == pytest.approx(1)


@pytest.mark.parametrize("method", ["exact", "midp", "chi2", "chi2_corrected"])
def test_no_disagreement_has_p_one_and_says_so(method):
    test = mcnemar([1, 0, 1], [1, 0, 1], method=method)

    assert test.p_value == 1
    assert test.note.startswith("no pair disagrees")


def test_difference_is_unknown_without_the_number_of_pairs():
    assert mcnemar_counts(b=3, c=1).difference is None


def test_mcnemar_refuses_more_disagreements_than_pairs():
    with pytest.raises(RatingsError, match="b 3, c 4 of 5 pairs"):
        mcnemar_counts(b=3, c=4, n_pairs=5)


@pytest.mark.parametrize("b", [1.5, float("nan"), "1", -1])
def test_mcnemar_refuses_what_is_no_count(b):
    with pytest.raises(RatingsError, match="counts are whole numbers from 0"):
        mcnemar_counts(b=b, c=2)


def test_mcnemar_refuses_lists_of_different_length():
    with pytest.raises(RatingsError, match="2 first and 1 second judgments"):
        mcnemar([1, 0], [1])


def test_mcnemar_refuses_what_is_neither_yes_nor_no():
    with pytest.raises(RatingsError, match=r"row 1 .* is 2.0: neither yes"):
        mcnemar([1, 2], [1, 0])


def test_unknown_method_is_refused():
    with pytest.raises(RatingsError, match="method 'fisher' is not among"):
        mcnemar_counts(b=1, c=1, method="fisher")
