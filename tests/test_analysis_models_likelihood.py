"""The integral over random effects, against integration on a grid, and its gradient."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis import design_matrix
from analysis.models.cumulative import CumulativeLogit
from analysis.models.intercepts import read_intercepts
from analysis.models.marginal import MarginalLikelihood

PUBLISHED = Path(__file__).parent / "published"


def product_grid(codes, index, thresholds, sds, n_nodes):
    """Integrate all random effects at once, on a grid of Gauss-Hermite nodes."""
    points, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    n_effects = index.max() + 1
    effects = np.stack(np.meshgrid(*[points] * n_effects), axis=-1).reshape(-1, n_effects)
    weight = np.stack(np.meshgrid(*[weights] * n_effects), axis=-1).reshape(-1, n_effects)
    edges = np.array([-np.inf, *thresholds, np.inf])
    likelihood = np.prod(weight / np.sqrt(2 * np.pi), axis=1)
    for code, place in zip(codes, index, strict=True):
        linear = effects[:, place] @ sds
        likelihood *= expit(edges[code + 1] - linear) - expit(edges[code] - linear)
    return np.log(likelihood.sum())


TINY = {"unit": [0, 0, 1, 1, 0, 0, 1, 1], "rater": [0, 1, 0, 1, 0, 1, 0, 1]}
TINY_CODES = np.array([0, 1, 2, 1, 2, 1, 0, 2])


def tiny_likelihood(factors, n_quadrature=1):
    intercepts = read_intercepts({name: TINY[name] for name in factors}, 8)
    return MarginalLikelihood(
        CumulativeLogit(TINY_CODES, np.zeros((8, 0)), 3), intercepts, n_quadrature
    )


@pytest.mark.parametrize(("sd", "near"), [(0.3, 0.002), (0.6, 0.015), (1.0, 0.05)])
def test_laplace_of_crossed_effects_is_near_the_whole_integral(sd, near):
    likelihood = tiny_likelihood(["unit", "rater"])
    sds = np.array([sd, 0.7 * sd])

    value, _ = likelihood.evaluate(np.array([-0.5, 0.8, *sds]))

    whole = product_grid(TINY_CODES, likelihood.intercepts.index, [-0.5, 0.8], sds, n_nodes=24)
    assert value == pytest.approx(whole, abs=near)
    assert value != pytest.approx(whole, abs=1e-4)  # it is an approximation, and says so


def test_quadrature_of_one_factor_equals_the_whole_integral():
    likelihood = tiny_likelihood(["unit"], n_quadrature=15)

    value, _ = likelihood.evaluate(np.array([-0.5, 0.8, 1.0]))

    index = likelihood.intercepts.index
    whole = product_grid(TINY_CODES, index, [-0.5, 0.8], np.array([1.0]), n_nodes=60)
    assert value == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize(
    ("factors", "n_quadrature"),
    [(["judge"], 1), (["judge"], 3), (["judge", "bottle"], 1), (["judge", "bottle", "third"], 1)],
)
def test_gradient_equals_differences_of_the_likelihood(factors, n_quadrature):
    wine = pd.read_csv(PUBLISHED / "randall_1989_wine.csv", comment="#")
    labels = wine.assign(third=np.arange(72) % 5)
    treatment = design_matrix(wine, ["temp", "contact"])
    intercepts = read_intercepts({name: labels[name] for name in factors}, 72)
    logit = CumulativeLogit(wine["rating"].to_numpy() - 1, treatment.to_numpy(), 5)
    likelihood = MarginalLikelihood(logit, intercepts, n_quadrature)
    at = np.array([-1.5, 1.4, 3.9, 5.6, 2.8, 1.7, *[0.9, 0.4, 0.7][: len(factors)]])

    _, gradient = likelihood.evaluate(at)

    steps = 1e-5 * np.eye(len(at))
    slopes = [
        (likelihood.evaluate(at + step)[0] - likelihood.evaluate(at - step)[0]) / 2e-5
        for step in steps
    ]
    assert gradient == pytest.approx(slopes, abs=1e-6)
