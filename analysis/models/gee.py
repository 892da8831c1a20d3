"""Population-averaged logistic regression, clusters taken into account by their residuals (GEE).

It asks less than a mixed model: no distribution of effects, one kind of cluster. Its coefficients
are averaged over units and raters, hence nearer to 0 than those given unit and rater.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import t as t_distribution

from analysis.estimates import (
    Estimate,
    Interval,
    RatingsError,
    UndefinedStatisticError,
    frame_of,
)
from analysis.intervals.patterns import cluster_numbers
from analysis.models.cumulative import CumulativeLogit
from analysis.models.design import INTERCEPT, read_codes, read_covariates, refuse_separation
from analysis.models.results import normal_quantile, odds_ratio
from analysis.ratings import FloatArray, IntArray

Working = Literal["exchangeable", "independence"]

FEWEST_CLUSTERS = 10
"""For each further covariate, one more: with fewer, even the corrected errors are too small."""


@dataclass(frozen=True, eq=False)
class GeeModel:
    """A population-averaged logistic regression."""

    coefficients: Mapping[str, Estimate]
    """Log-odds of yes, `(Intercept)` first; `n_units` counts the clusters."""

    covariance: pd.DataFrame
    working_correlation: float
    """Of two ratings of a cluster, -1 to 1; 0 where independence was asked for."""

    n_ratings: int
    n_clusters: int
    df: int
    """Degrees of freedom of the intervals: clusters less coefficients."""

    method: str

    @property
    def odds_ratios(self) -> dict[str, Estimate]:
        """Odds of yes for one more of the covariate, averaged over all clusters."""
        return {name: odds_ratio(e) for name, e in self.coefficients.items() if name != INTERCEPT}

    def to_frame(self) -> pd.DataFrame:
        """One row for each coefficient, with the p-value of its t-test."""
        frame = frame_of(self.coefficients.values())
        t = frame["value"] / frame["standard_error"].astype(float)
        return frame.assign(
            odds_ratio=np.exp(frame["value"]).where(frame["statistic"] != INTERCEPT),
            p_value=2 * t_distribution.sf(t.abs(), self.df),
        )


def gee_logistic(
    yes: ArrayLike,
    fixed: pd.DataFrame | None = None,
    *,
    clusters: ArrayLike,
    working: Working = "exchangeable",
    confidence: float = 0.95,
) -> GeeModel:
    """Fit logit P(yes) = intercept + covariates . coefficients, ratings of a cluster being alike.

    Errors are the bias-corrected sandwich of Mancl and DeRouen, limits those of Student's t.

    Parameters
    ----------
    yes : (n_ratings,)
        True or 1 where the rating says yes, none missing.
    fixed : (n_ratings, n_covariates)
        As for `ordinal_mixed_model`.
    clusters : (n_ratings,)
        What varies independently: units (or their seeds) to speak of units like these, raters to
        speak of raters like these. For both at once, use `logistic_mixed_model`.
    working
        How alike ratings of a cluster are taken to be: the estimate is sound either way, and more
        precise the nearer to the truth.

    Raises
    ------
    RatingsError
        If answers, covariates or labels are missing or unknown, or a covariate is a combination of
        others.
    UndefinedStatisticError
        If all answers are the same, covariates separate them, there are too few clusters, or the
        estimating equations have no solution.

    References
    ----------
    Liang and Zeger (1986), Biometrika 73, 13-22; Mancl and DeRouen (2001), Biometrics 57, 126-134.
    """
    normal_quantile(confidence)  # refuses a confidence that is none, before the work
    if working not in get_args(Working):
        raise RatingsError(f"working {working!r} is not among {list(get_args(Working))}")
    codes = read_codes(yes, [0, 1])
    covariates = read_covariates(fixed, len(codes.index))
    logit = CumulativeLogit(codes.index, covariates.to_numpy(), 2)
    names = [str(name) for name in covariates.columns]
    refuse_separation(logit, names)
    numbers = cluster_numbers(clusters, len(codes.index))
    n_clusters, fewest = int(numbers.max()) + 1, FEWEST_CLUSTERS + len(names)
    if n_clusters < fewest:
        raise UndefinedStatisticError(
            f"{n_clusters} clusters for {len(names)} covariates: with fewer than {fewest} the "
            "standard errors of GEE are too small; use `logistic_mixed_model`, or rate more"
        )

    values, covariance, correlation = _solved(logit, numbers, working)
    labels = [INTERCEPT, *names]
    return GeeModel(
        coefficients=_estimates(labels, values, covariance, n_clusters, len(numbers), confidence),
        covariance=pd.DataFrame(covariance, index=labels, columns=labels),
        working_correlation=correlation,
        n_ratings=len(numbers),
        n_clusters=n_clusters,
        df=n_clusters - len(labels),
        method=f"GEE, {working} working correlation, Mancl-DeRouen covariance",
    )


def _solved(
    logit: CumulativeLogit, clusters: IntArray, working: Working
) -> tuple[FloatArray, FloatArray, float]:
    """Give coefficients, their covariance, and the working correlation."""
    # Here, because no other model needs it, and it takes a second to import.
    import statsmodels.api as sm

    structures = {
        "exchangeable": sm.cov_struct.Exchangeable,
        "independence": sm.cov_struct.Independence,
    }
    model = sm.GEE(
        logit.codes,
        np.column_stack([np.ones(len(clusters)), logit.covariates]),
        groups=clusters,
        family=sm.families.Binomial(),
        cov_struct=structures[working](),
    )
    result = model.fit(cov_type="bias_reduced")
    covariance = np.asarray(result.cov_params(), dtype=float)
    if not result.converged or not (np.diag(covariance) > 0).all():
        raise UndefinedStatisticError(
            "the estimating equations have no solution within 60 steps: leave out covariates, or "
            "take working='independence'"
        )
    correlation = float(model.cov_struct.dep_params) if working == "exchangeable" else 0.0
    return np.asarray(result.params, dtype=float), covariance, correlation


def _estimates(
    labels: list[str],
    values: FloatArray,
    covariance: FloatArray,
    n_clusters: int,
    n_ratings: int,
    confidence: float,
) -> dict[str, Estimate]:
    df = n_clusters - len(labels)
    errors = np.sqrt(np.diag(covariance))
    quantile = float(t_distribution.ppf((1 + confidence) / 2, df))
    method = f"Wald, t with {df} degrees of freedom"
    return {
        label: Estimate(
            label,
            value,
            Interval(value - quantile * error, value + quantile * error, confidence, method=method),
            n_units=n_clusters,
            n_raters=0,
            n_ratings=n_ratings,
            standard_error=error,
        )
        for label, value, error in zip(labels, values.tolist(), errors.tolist(), strict=True)
    }
