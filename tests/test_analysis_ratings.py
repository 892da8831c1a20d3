import numpy as np
import pandas as pd
import pytest

from analysis import RatingsError, brennan_prediger, krippendorff_alpha, percent_agreement

NAN = float("nan")


def test_labels_in_rank_order_give_the_same_as_their_ranks():
    labels = [["none", "minor"], ["severe", "severe"], ["minor", None], ["minor", "severe"]]
    ranks = [[0, 1], [2, 2], [1, NAN], [1, 2]]

    by_label = krippendorff_alpha(labels, level="ordinal", categories=["none", "minor", "severe"])

    assert by_label.value == krippendorff_alpha(ranks, level="ordinal").value


def test_labels_need_no_categories_where_no_rank_counts():
    labels = [["no", "no"], ["yes", "no"], ["yes", "yes"], [None, "yes"]]

    # Of three units with two ratings, two agree. Alpha: of 3 + 3 ratings, D_o = 2/6 and
    # D_e = 2 * 3 * 3 / (6 * 5) = 3/5.
    assert percent_agreement(labels).value == pytest.approx(2 / 3)
    assert krippendorff_alpha(labels, level="nominal").value == pytest.approx(1 - (2 / 6) / (3 / 5))


@pytest.mark.parametrize(
    "ratings",
    [
        [[1, 2], [2, None], [1, 1]],
        [[True, 2.0], [2, NAN], [1, 1]],
        pd.DataFrame({"ann": [1, 2, 1], "bob": [2, None, 1]}),
        pd.DataFrame({"ann": [1, 2, 1], "bob": [2, None, 1]}, dtype="Int64"),
    ],
    ids=["none", "mixed", "float frame", "nullable frame"],
)
def test_numbers_are_read_from_what_people_have(ratings):
    # Of two units with two ratings, one agrees.
    assert percent_agreement(ratings).value == 0.5


@pytest.mark.parametrize("categories", [[False, True], [0, 1]])
def test_yes_and_no_may_be_declared_as_such_or_as_numbers(categories):
    ratings = np.array([[True, True], [False, True], [False, False]])

    assert brennan_prediger(ratings, categories=categories).value == pytest.approx(1 / 3)


def test_codes_too_large_for_whole_numbers_stay_apart():
    # Of three units, two agree.
    assert percent_agreement([[1e300, 1e300], [1e300, 2e300], [3.0, 3.0]]).value == 2 / 3


def test_a_scale_of_many_codes_needs_no_more_memory_for_more_units(monkeypatch):
    ratings = np.random.default_rng(1).integers(0, 30, (60, 3))
    whole = krippendorff_alpha(ratings, level="ordinal").value
    monkeypatch.setattr("analysis.agreement.estimating.CHUNK_NUMBERS", 5000)

    assert krippendorff_alpha(ratings, level="ordinal").value == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize(
    ("ratings", "options", "message"),
    [
        (np.ma.masked_equal([[1, 2], [9, 1]], 9), {}, r"lose its mask: give `ratings.filled"),
        (np.arange(24_000).reshape(-1, 2), {}, "24000 different codes on 12000 units: .*`icc`"),
        ([[1, 2]], {"categories": [[1], [2]]}, "give numbers or labels"),
        ([[1, 2], [3, 7]], {"categories": [1, 2, 3]}, "row 1, column 1 .*7.0 is not among"),
        ([["a", "b"]], {"level": "ordinal"}, "'ordinal' count ranks: give `categories`"),
        ([[1, 2]], {"level": "ordinal", "categories": {1, 2}}, "'ordinal' count ranks"),
        ([["a", 1]], {}, "mix labels of several types: give `categories`"),
        ([["a", "b"]], {"categories": "ab"}, "categories 'ab': give a list of all codes"),
        ([[1, 2]], {"categories": 2}, "categories 2: give a list of all codes"),
        ([["a", "b"], ["a", "x"]], {"categories": ["a", "b"]}, "row 1, column 1 .*'x'"),
        ([[1, 2], [np.inf, 1]], {}, "row 1, column 0 .*inf is no rating"),
        ([1, 2, 3], {}, "1 dimension.*units in rows"),
        ([[1, 2], [1]], {}, "differ in length"),
        ([[1, 2]], {"categories": [1, 2, 2]}, "declare each code once"),
        ([[1, 2]], {"level": "cardinal"}, "level 'cardinal' is not among"),
        ([["a", "b"]], {"categories": ["a", "b"], "level": "interval"}, "needs numbers"),
        ([[-1, 2]], {"level": "ratio"}, "needs a zero point"),
    ],
)
def test_bad_input_is_refused_with_its_place_and_remedy(ratings, options, message):
    with pytest.raises(RatingsError, match=message):
        krippendorff_alpha(ratings, **({"level": "nominal"} | options))
