from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import RatingsError, UndefinedStatisticError, two_by_two

PUBLISHED = Path(__file__).parent / "published"
NAN = float("nan")


def paradoxes():
    """Feinstein and Cicchetti's four tables, and the published quantities of each."""
    cells = pd.read_csv(PUBLISHED / "feinstein_cicchetti_1990.csv", comment="#", index_col="case")
    values = pd.read_csv(
        PUBLISHED / "values" / "feinstein_cicchetti_1990_paradoxes.csv", comment="#"
    )
    n_quantities = values["quantity"].nunique()
    for row, (_, counts) in enumerate(cells.iterrows()):
        of_case = values.iloc[row * n_quantities : (row + 1) * n_quantities]
        yield counts.to_numpy(), of_case.set_index("quantity")["value"].to_dict()


@pytest.mark.parametrize(("counts", "expected"), list(paradoxes()))
def test_two_by_two_equals_published_values(counts, expected):
    a, b = np.repeat([["y", "y"], ["y", "n"], ["n", "y"], ["n", "n"]], counts, axis=0).T

    found = two_by_two(a, b, positive="y")

    quantities = {
        "po": found.percent_agreement,
        "kappa": found.kappa.value,
        "se": found.kappa.standard_error,
    } | {name: getattr(found, name) for name in expected.keys() - {"po", "kappa", "se"}}
    assert quantities == pytest.approx(expected, abs=1e-10)
    cells = (found.both_positive, found.first_only, found.second_only, found.both_negative)
    assert cells == tuple(counts)


def test_two_by_two_turned_round_keeps_what_has_no_direction():
    a, b = [1, 1, 1, 0, 0, 1, 0], [1, 1, 0, 0, 1, 1, 1]

    found, turned = two_by_two(a, b, positive=1), two_by_two(a, b, positive=0)

    assert turned.kappa.value == pytest.approx(found.kappa.value)
    assert turned.positive_agreement == found.negative_agreement
    assert turned.prevalence_index == pytest.approx(-found.prevalence_index)


@pytest.mark.parametrize(
    ("code", "missing"), [("yes", "negative_agreement"), ("no", "positive_agreement")]
)
def test_two_by_two_of_one_code_says_what_has_no_value(code, missing):
    found = two_by_two([code] * 3, [code] * 3, positive="yes")

    assert (found.kappa, found.scott_pi, getattr(found, missing)) == (None, None, None)
    assert found.undefined.keys() == {"kappa", "scott_pi", missing}
    assert found.undefined["kappa"].startswith("all 6 ratings are ")
    assert (found.percent_agreement, found.pabak) == (1, 1)


def test_two_by_two_counts_units_that_one_rater_left_out():
    found = two_by_two([1, 0, 1, None], [1, 0, 0, 1], positive=1)

    assert found.kappa.n_units == 3
    assert found.note == "1 of 4 units were coded by one rater only"
    assert found.to_frame()["kappa_n_units"].item() == 3


@pytest.mark.parametrize(
    ("a", "b", "error", "message"),
    [
        ([1, 2], [3, 1], RatingsError, r"besides 1 there are the codes \[2, 3\]"),
        (["Yes", "no"], ["no", "no"], RatingsError, "besides 1 there are the codes"),
        ([1, 2], [1], RatingsError, "two lists of one length"),
        ([1, NAN], [NAN, 1], UndefinedStatisticError, "none of the 2 units has two ratings"),
    ],
)
def test_two_by_two_refuses_what_is_not_yes_or_no(a, b, error, message):
    with pytest.raises(error, match=message):
        two_by_two(a, b, positive=1)
