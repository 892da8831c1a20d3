import numpy as np
import pytest

from analysis import RatingsError, brennan_prediger, gwet_ac
from analysis.weights import agreement_weights


# Five ranks; the first row, distances 0 to 4.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("identity", [1, 0, 0, 0, 0]),
        ("linear", [1, 3 / 4, 2 / 4, 1 / 4, 0]),
        ("quadratic", [1, 15 / 16, 12 / 16, 7 / 16, 0]),
        ("radical", [1, 1 / 2, 1 - np.sqrt(1 / 2), 1 - np.sqrt(3 / 4), 0]),
        ("ordinal", [1, 1 - 1 / 10, 1 - 3 / 10, 1 - 6 / 10, 0]),  # 1 - C(d + 1, 2) / C(5, 2)
    ],
)
def test_weights_fall_with_the_distance_as_named(name, expected):
    assert agreement_weights(name, 5)[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("cubic", "weights 'cubic' are not among"),
        (np.eye(3), r"shape \(3, 3\) for 2 categories"),
        (np.array([[1, 0.2], [0.1, 1]]), "symmetric"),
        (np.ones((2, 2)), "some below 1"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    with pytest.raises(RatingsError, match=message):
        gwet_ac([[1, 2]], categories=[1, 2], weights=weights)


def test_a_single_declared_category_is_refused_where_chance_needs_two():
    with pytest.raises(RatingsError, match="at least two"):
        brennan_prediger([[1, 1]], categories=[1])
