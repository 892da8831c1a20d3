import numpy as np
import pytest
import statsmodels.api as sm

from analysis import bradley_terry, davidson
from tests.comparisons import fitted, played

MODELS = pytest.mark.parametrize("model", [bradley_terry, davidson])


def test_cluster_robust_errors_equal_those_of_a_logistic_model():
    rows = played(400, seed=2, nu=1e-12)
    units = np.random.default_rng(3).integers(60, size=400)
    fit = bradley_terry(**rows, clusters=units)

    x = np.column_stack(
        [np.select([rows["first"] == s, rows["second"] == s], [1, -1]) for s in "bc"]
    )
    x = np.column_stack([x, np.where(rows["shown_first"] == "first", 1, -1)])
    oracle = sm.GLM(rows["outcome"] == "first", x, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": units}
    )
    # statsmodels also has (N - 1) / (N - k), N ratings; ours is about clusters alone.
    errors = oracle.bse / np.sqrt(399 / 397)
    assert fit.coefficients[1:] == pytest.approx(oracle.params, abs=1e-8)
    assert np.sqrt(np.diag(fit.covariance))[1:] == pytest.approx(errors, rel=1e-8)


@MODELS
def test_five_copies_of_each_judgment_add_nothing_once_clustered(model):
    rows = played(150, seed=4)
    copies = {name: np.repeat(column, 5) for name, column in rows.items()}

    once = model(**rows, clusters=np.arange(150)).difference("b", "c")
    copied = model(**copies, clusters=np.repeat(np.arange(150), 5)).difference("b", "c")

    assert copied.standard_error == pytest.approx(once.standard_error)
    assert copied.interval.high == pytest.approx(once.interval.high)


def test_raters_who_differ_widen_the_two_way_interval():
    rng = np.random.default_rng(5)
    rows = played(600, seed=5)
    raters = np.repeat(np.arange(10), 60)
    # Half of the raters always prefer the source that they like, a or b.
    for side in ("first", "second"):
        liked = rows[side] == np.where(raters % 2, "a", "b")
        rows["outcome"] = np.where(liked & (rng.random(600) < 0.7), side, rows["outcome"])
    units = rng.permutation(np.repeat(np.arange(200), 3))

    one_way = bradley_terry(**rows, clusters=units).difference("a", "b")
    two_way = bradley_terry(**rows, clusters=units, raters=raters).difference("a", "b")

    assert two_way.standard_error > 2 * one_way.standard_error
    assert two_way.interval.method.endswith("t with 9 df")


def test_two_way_error_is_no_smaller_than_the_one_way_error():
    rows = played(300, seed=6)
    units, raters = np.repeat(np.arange(100), 3), np.tile(np.arange(15), 20)

    fit = davidson(**rows, clusters=units, raters=raters)

    one_way = davidson(**rows, clusters=units)
    for pair in (("a", "b"), ("b", "c"), ("a", "c")):
        assert fit.difference(*pair).standard_error >= one_way.difference(*pair).standard_error


@MODELS
def test_bootstrap_interval_is_near_the_sandwich_interval(model):
    rows = played(600, seed=9)
    units = np.repeat(np.arange(200), 3)

    sandwich = model(**rows, clusters=units).difference("b", "c")
    bootstrap = model(**rows, clusters=units, n_resamples=2000, seed=1).difference("b", "c")

    # The percentiles of 2,000 resamples have an error of some .03 standard errors.
    assert bootstrap.value == sandwich.value
    assert bootstrap.interval.low == pytest.approx(sandwich.interval.low, abs=0.05)
    assert bootstrap.standard_error == pytest.approx(sandwich.standard_error, rel=0.1)


def test_resamples_without_finite_abilities_are_counted_and_refuse_the_interval():
    # c won once: a third of the resamples of its three units have no win of c.
    fit = fitted(
        bradley_terry,
        [("a", "b", 1, 1, 0)] * 8 + [("a", "c", 1, 0, 0)] * 2 + [("a", "c", 0, 1, 0)],
        clusters=np.tile(np.arange(11), 3),
        n_resamples=400,
        seed=1,
    )

    estimate = fit.log_ability("c")
    assert estimate.interval is None
    assert estimate.undefined_share > 0.3
    assert "have no finite abilities" in estimate.refusal


def test_progress_of_the_bootstrap_reaches_its_end():
    steps = []
    rows = played(60, seed=10)

    davidson(
        **rows,
        clusters=np.arange(60),
        n_resamples=100,
        seed=1,
        progress=lambda done, total: steps.append((done, total)),
    )

    assert steps[-1] == (100, 100)
