import numpy as np
import pytest

from analysis import RatingsError, UndefinedStatisticError, bradley_terry, davidson
from tests.comparisons import baseball, fitted

MODELS = pytest.mark.parametrize("model", [bradley_terry, davidson])


@MODELS
def test_a_source_that_always_won_has_no_ability(model):
    rows = [("a", "b", 5, 3, 0), ("b", "c", 2, 4, 0), ("d", "a", 6, 0, 0), ("c", "d", 0, 2, 0)]

    with pytest.raises(UndefinedStatisticError, match="'d' never lost to, or tied with, any other"):
        fitted(model, rows)


def test_a_source_that_never_won_has_no_ability():
    with pytest.raises(UndefinedStatisticError, match="'c' never beat, or tied with, any other"):
        fitted(davidson, [("a", "b", 5, 3, 0), ("b", "c", 2, 0, 0)])


def test_groups_of_sources_that_never_met_cannot_be_compared():
    rows = [("a", "b", 5, 3, 0), ("b", "c", 2, 4, 0), ("d", "e", 6, 1, 0)]

    with pytest.raises(UndefinedStatisticError, match="'d', 'e' never met any other source"):
        fitted(bradley_terry, rows)


def test_a_declared_source_without_comparisons_cannot_be_placed():
    with pytest.raises(UndefinedStatisticError, match="'z' never met any other source"):
        fitted(bradley_terry, [("a", "b", 5, 3, 0)], sources=["a", "b", "z"])


def test_a_tie_connects_both_ways():
    rows = [("a", "b", 5, 3, 1), ("b", "c", 2, 0, 1)]

    assert np.isfinite(fitted(bradley_terry, rows).coefficients).all()
    assert np.isfinite(fitted(davidson, rows).coefficients).all()


def test_wins_and_ties_without_a_loss_have_no_finite_davidson_fit():
    # P(loss) can be made as small as one likes at a constant ratio of wins to ties.
    with pytest.raises(UndefinedStatisticError, match=r"no single, finite value .* nu"):
        fitted(davidson, [("a", "b", 5, 0, 3)])


def test_order_that_never_changes_cannot_be_told_from_the_sources():
    with pytest.raises(UndefinedStatisticError, match="the order effect"):
        fitted(bradley_terry, [("a", "b", 5, 3, 0)], shown_first=["first"] * 3)


def test_order_that_decides_everything_has_no_finite_effect():
    with pytest.raises(UndefinedStatisticError, match="the order effect"):
        bradley_terry(
            ["first", "second"],
            first=["a", "a"],
            second=["b", "b"],
            shown_first=["first", "second"],
        )


def test_only_ties_leave_nu_without_a_value():
    with pytest.raises(UndefinedStatisticError, match="all 7 comparisons are ties"):
        fitted(davidson, [("a", "b", 0, 0, 7)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": ["first", "draw"]}, r"row 1 .* outcome: 'draw' is not among"),
        ({"outcome": ["first", None]}, r"row 1 .* outcome: None is not among"),
        ({"second": ["b", "a"]}, r"row 1 .* compares 'a' with itself"),
        ({"first": ["a"]}, "1 entries of source for 2 rows"),
        ({"shown_first": ["first", "a"]}, r"row 1 .* shown_first: 'a' is not among"),
        ({"counts": [1, -1]}, r"row 1 .* -1.0 comparisons; give whole numbers"),
        ({"counts": [1, 0.5]}, r"row 1 .* 0.5 comparisons; give whole numbers"),
        ({"counts": [1]}, "1 counts for 2 outcomes"),
        ({"clusters": [1]}, "1 cluster labels for 2 rows"),
        ({"sources": "ab"}, "codes 'ab': give a list"),
        ({"first": [["a"], ["a"]]}, "the sources are no labels"),
        ({"sources": ["a", "c"]}, r"row 0 .* source: 'b' is not among"),
        ({"sources": ["a", "b", "b"]}, "must differ: give each once"),
        ({"confidence": 95}, "confidence is 95"),
        ({"n_resamples": 100, "seed": 1}, "give `clusters`"),
        ({"n_resamples": 100, "clusters": [1, 2]}, "give a `seed`"),
        ({"raters": ["r", "s"]}, "give `clusters` too"),
    ],
)
def test_bad_input_is_refused_with_its_place(change, message):
    rows = {"outcome": ["first", "second"], "first": ["a", "a"], "second": ["b", "b"]}

    with pytest.raises(RatingsError, match=message):
        bradley_terry(**(rows | change))


def test_no_comparisons_are_undefined():
    with pytest.raises(UndefinedStatisticError, match="there are no comparisons"):
        bradley_terry([], first=[], second=[])


def test_too_few_clusters_are_refused():
    with pytest.raises(UndefinedStatisticError, match=r"1 clusters tell nothing of how far 1"):
        fitted(bradley_terry, [("a", "b", 5, 3, 0)], clusters=["u"] * 3)


def test_unknown_source_is_refused():
    with pytest.raises(RatingsError, match="source 'z' is not among"):
        baseball().log_ability("z")


def test_a_source_has_no_difference_from_itself():
    with pytest.raises(RatingsError, match="'Boston' cannot be compared with itself"):
        baseball().difference("Boston", "Boston")


@MODELS
def test_counts_too_far_apart_for_a_fit_are_undefined_and_not_nan(model):
    with pytest.raises(UndefinedStatisticError, match="the fit did not settle in 40 steps"):
        fitted(model, [("a", "b", 1e12, 1, 1)])


def test_rows_that_stand_for_no_comparison_bring_no_cluster():
    rows = [("a", "b", 5, 3, 0), ("b", "a", 2, 4, 0), ("a", "b", 1, 2, 0)]
    clusters = ["u", "v", "w"] * 3

    padded = fitted(bradley_terry, [*rows, ("a", "b", 0, 0, 0)], clusters=["u", "v", "w", "x"] * 3)

    estimate = padded.difference("a", "b")
    expected = fitted(bradley_terry, rows, clusters=clusters).difference("a", "b")
    assert (estimate.n_units, estimate.interval) == (3, expected.interval)
