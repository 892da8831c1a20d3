import numpy as np
import pytest

from analysis import (
    UndefinedStatisticError,
    agreement_with_automatic,
    bootstrap,
    krippendorff_alpha,
)
from tests.rating_models import people_and_model

NAN = float("nan")


def test_agreement_with_the_model_compares_alpha_on_the_same_units():
    people, model = people_and_model()
    model[0] = NAN
    used = (~np.isnan(people)).sum(axis=1) >= 2
    used[0] = False
    everybody = np.column_stack([people, model])

    found = agreement_with_automatic(people, model, level="ordinal", seed=1, n_resamples=500)

    without = krippendorff_alpha(people[used], level="ordinal").value
    with_model = krippendorff_alpha(everybody[used], level="ordinal").value
    assert found.people.value == pytest.approx(without)
    assert found.with_automatic.value == pytest.approx(with_model)
    assert found.value == pytest.approx(with_model - without)
    assert found.n_left_out == (~used).sum()
    assert found.interval.low < found.value < found.interval.high


def test_interval_of_agreement_among_people_is_that_of_the_bootstrap():
    people, model = people_and_model(missing=0)
    options = {"seed": 1, "n_resamples": 4000, "level": "nominal", "categories": [1, 2, 3]}

    found = agreement_with_automatic(people, model, **options).people

    expected = bootstrap(people, "krippendorff_alpha", **options)["krippendorff_alpha"]
    assert found.interval.low == pytest.approx(expected.interval.low, abs=0.01)
    assert found.interval.high == pytest.approx(expected.interval.high, abs=0.01)


def test_model_that_disagrees_with_all_lowers_agreement():
    people, _ = people_and_model(errors=0.05, missing=0)
    wrong = people[:, 0] % 3 + 1

    found = agreement_with_automatic(people, wrong, level="nominal", seed=1, n_resamples=500)

    assert found.interval.high < 0
    assert found.to_frame()["statistic"].str.endswith("difference").tolist() == [False, False, True]


def test_agreement_where_all_say_the_same_is_undefined():
    with pytest.raises(UndefinedStatisticError, match="all 4 ratings fall in one category"):
        agreement_with_automatic([[0, 0], [0, 0]], [0, 1], level="nominal", seed=1)
