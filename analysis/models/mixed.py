"""Ordinal and logistic regression, with crossed random intercepts or without.

Several raters rate each unit and each rater rates many units, so that ratings of one unit, and
ratings by one rater, are alike. A regression that leaves this out has standard errors that are too
small, often by half.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.estimates import RatingsError
from analysis.models.cumulative import CumulativeLogit
from analysis.models.design import read_codes, read_covariates, refuse_separation
from analysis.models.intercepts import read_intercepts
from analysis.models.marginal import MarginalLikelihood
from analysis.models.maximum_likelihood import fit_fixed
from analysis.models.optimisation import MixedFit, fit_mixed
from analysis.models.reporting import ModelData, effects, mixed_model
from analysis.models.results import MixedModel, normal_quantile
from analysis.progress import Progress, silent
from analysis.ratings import Categories

MOST_NODES = 100


def proportional_odds(
    codes: ArrayLike,
    fixed: pd.DataFrame | None = None,
    *,
    categories: Categories,
    confidence: float = 0.95,
) -> MixedModel:
    """Ordinal regression without random effects: right if all ratings are independent.

    P(code <= j) = F(threshold_j - covariates . coefficients), F logistic: one odds ratio for every
    cut of the scale.

    Parameters
    ----------
    codes : (n_ratings,)
        None missing.
    fixed : (n_ratings, n_covariates)
        Finite numbers, such as `design_matrix` gives; without it, thresholds alone.
    categories
        All codes in rank order.

    Raises
    ------
    RatingsError
        If codes or covariates are missing or unknown, or a covariate is a combination of others.
    UndefinedStatisticError
        If all codes are the same, or covariates separate them.

    References
    ----------
    McCullagh (1980), Journal of the Royal Statistical Society B 42, 109-142.
    """
    data = _read(codes, fixed, categories)
    fit = fit_fixed(data.logit)
    found = MixedFit(fit.parameters, fit.covariance, fit.log_likelihood)
    return mixed_model(data, found, factors={}, confidence=confidence, method="maximum likelihood")


def ordinal_mixed_model(
    codes: ArrayLike,
    fixed: pd.DataFrame | None = None,
    *,
    categories: Categories,
    random: Mapping[str, ArrayLike],
    n_quadrature: int = 1,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> MixedModel:
    """Ordinal regression with a random intercept for each level of each factor.

    P(code <= j) = F(threshold_j - covariates . coefficients - effects of unit, rater, ...), the
    effects of each factor normal with mean 0.

    Parameters
    ----------
    codes : (n_ratings,)
        None missing.
    fixed : (n_ratings, n_covariates)
        Finite numbers, such as `design_matrix` gives; without it, thresholds alone.
    categories
        All codes in rank order.
    random
        For each factor, such as `"unit"` and `"rater"`, a label for each rating, (n_ratings,).
    n_quadrature
        1 for Laplace's approximation. More nodes of adaptive Gauss-Hermite quadrature for a single
        factor; 10 are plenty.

    Raises
    ------
    RatingsError
        If codes, covariates or labels are missing or unknown, a covariate is a combination of
        others, or nodes are asked for with several factors.
    UndefinedStatisticError
        If all codes are the same, covariates separate them, a factor has one level only or one for
        each rating, or the likelihood has no maximum.

    References
    ----------
    Christensen (2019), Cumulative Link Models for Ordinal Regression with the R Package ordinal.
    Pinheiro and Bates (1995), Journal of Computational and Graphical Statistics 4, 12-35.
    """
    data = _read(codes, fixed, categories)
    return _fitted(data, random, n_quadrature, confidence, progress)


def logistic_mixed_model(
    yes: ArrayLike,
    fixed: pd.DataFrame | None = None,
    *,
    random: Mapping[str, ArrayLike],
    n_quadrature: int = 1,
    confidence: float = 0.95,
    progress: Progress = silent,
) -> MixedModel:
    """Logistic regression with a random intercept for each level of each factor.

    The ordinal model of two codes, with an intercept where that has a threshold:
    logit P(yes) = intercept + covariates . coefficients + effects of unit, rater, ...

    Parameters
    ----------
    yes : (n_ratings,)
        True or 1 where the rating says yes, none missing.
    fixed, random, n_quadrature
        As for `ordinal_mixed_model`.

    Raises
    ------
    RatingsError, UndefinedStatisticError
        As `ordinal_mixed_model`.
    """
    data = _read(yes, fixed, [0, 1])
    return _fitted(replace(data, is_logistic=True), random, n_quadrature, confidence, progress)


def _read(codes: ArrayLike, fixed: pd.DataFrame | None, categories: Categories) -> ModelData:
    read = read_codes(codes, categories)
    covariates = read_covariates(fixed, len(read.index))
    logit = CumulativeLogit(read.index, covariates.to_numpy(), len(read.categories))
    names = [str(name) for name in covariates.columns]
    refuse_separation(logit, names)
    return ModelData(logit, read, names)


def _fitted(
    data: ModelData,
    random: Mapping[str, ArrayLike],
    n_quadrature: int,
    confidence: float,
    progress: Progress,
) -> MixedModel:
    normal_quantile(confidence)  # refuses a confidence that is none, before the work
    intercepts = read_intercepts(random, len(data.codes.index))
    if not isinstance(n_quadrature, int | np.integer) or not 1 <= n_quadrature <= MOST_NODES:
        raise RatingsError(
            f"n_quadrature is {n_quadrature}: a whole number from 1 (Laplace) to {MOST_NODES}"
        )
    if n_quadrature > 1 and len(random) > 1:
        raise RatingsError(
            f"n_quadrature is {n_quadrature} for {len(random)} factors: quadrature is for one; "
            "leave it at 1 (Laplace)"
        )

    likelihood = MarginalLikelihood(data.logit, intercepts, n_quadrature)
    fit = fit_mixed(likelihood, progress)
    nodes = f"adaptive Gauss-Hermite quadrature, {n_quadrature} nodes"
    return mixed_model(
        data,
        fit,
        factors=effects(likelihood, fit.parameters),
        confidence=confidence,
        method=f"maximum likelihood, {'Laplace' if n_quadrature == 1 else nodes}",
    )
