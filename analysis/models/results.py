"""What a fitted model says: effects, spreads, and how well it explains the ratings."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from math import exp, log, pi, sqrt

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import chi2, norm

from analysis.estimates import Estimate, HypothesisTest, Interval, RatingsError, frame_of
from analysis.models.design import INTERCEPT

LOGISTIC_VARIANCE = pi**2 / 3
"""Of a rating on the latent scale, given its unit and its rater."""


@dataclass(frozen=True, eq=False)
class MixedModel:
    """A logistic or ordinal regression, with random intercepts or without."""

    coefficients: Mapping[str, Estimate]
    """Log-odds of a higher code (of yes), by covariate; with two codes, first `(Intercept)`."""

    thresholds: Mapping[str, Estimate]
    """Of the ordinal model, by name, such as `1|2`."""

    sds: Mapping[str, Estimate]
    """Standard deviations of the random intercepts on the logit scale, by factor."""

    modes: Mapping[str, pd.DataFrame]
    """By factor, one row a level: `level`, `mode` (its most likely effect, logit scale),
    `standard_error` given the parameters, `n_ratings`."""

    covariance: pd.DataFrame
    """Of coefficients, thresholds and sds (named `sd[factor]`); no row for an sd of 0."""

    log_likelihood: float
    n_parameters: int
    counts: Mapping[Hashable, int]
    """Ratings of each category that occurs."""

    confidence: float
    method: str
    note: str | None = None
    """What a reader must know, such as an sd of 0."""

    @property
    def n_ratings(self) -> int:
        """Ratings that the model was fitted to."""
        return sum(self.counts.values())

    @property
    def slopes(self) -> list[str]:
        """Names of the coefficients of covariates."""
        return [name for name in self.coefficients if name != INTERCEPT]

    @property
    def odds_ratios(self) -> dict[str, Estimate]:
        """Odds of a higher code (of yes) for one more of the covariate, all else equal.

        All else includes the unit and the rater. Averaged over them, odds ratios lie nearer to 1.
        """
        return {name: odds_ratio(self.coefficients[name]) for name in self.slopes}

    @property
    def log_sds(self) -> dict[str, Estimate]:
        """Logarithms of the sds above 0: the scale of their intervals, and of R's `ST1`."""
        return {name: _log(estimate) for name, estimate in self.sds.items() if estimate.value > 0}

    @property
    def intraclass_correlations(self) -> dict[str, Estimate]:
        """Share of the latent variance between the levels of each factor, 0 to 1.

        sd^2 / (sum of sd^2 + pi^2 / 3), with a delta-method interval on its logit.
        """
        return {name: self._intraclass_correlation(name) for name in self.sds}

    def wald_test(self, *names: str) -> HypothesisTest:
        """Test that these coefficients are all 0.

        Raises
        ------
        RatingsError
            If a name is none of the coefficients, or none is given.
        """
        unknown = sorted(set(names) - set(self.coefficients))
        if unknown or not names:
            raise RatingsError(f"{unknown or 'no name'}: give some of {list(self.coefficients)}")
        values = np.array([self.coefficients[name].value for name in names])
        covariance = self.covariance.loc[list(names), list(names)].to_numpy()
        statistic = float(values @ np.linalg.solve(covariance, values))
        return HypothesisTest(
            test="Wald chi-squared",
            hypothesis=f"{', '.join(names)}: no effect (n counts ratings)",
            value=statistic,
            p_value=float(chi2.sf(statistic, len(names))),
            n=self.n_ratings,
            df=len(names),
        )

    def to_frame(self) -> pd.DataFrame:
        """One row for each coefficient, threshold and sd; Wald p-values for coefficients."""
        parts = {"coefficient": self.coefficients, "threshold": self.thresholds, "sd": self.sds}
        rows = [(part, one) for part, found in parts.items() for one in found.values()]
        frame = frame_of([one for _, one in rows])
        frame.insert(0, "part", [part for part, _ in rows])
        is_coefficient = frame["part"] == "coefficient"
        z = frame["value"] / frame["standard_error"].astype(float)
        return frame.assign(
            odds_ratio=np.exp(frame["value"]).where(frame["statistic"].isin(self.slopes)),
            p_value=pd.Series(2 * norm.sf(z.abs())).where(is_coefficient),
        )

    def _intraclass_correlation(self, name: str) -> Estimate:
        sds = {one: estimate.value for one, estimate in self.sds.items() if estimate.value > 0}
        own = replace(self.sds[name], statistic=f"icc[{name}]", interval=None, standard_error=None)
        if name not in sds:
            return replace(own, value=0.0)

        total = sum(sd**2 for sd in sds.values()) + LOGISTIC_VARIANCE
        share = sds[name] ** 2 / total
        others = total - sds[name] ** 2
        # Derivatives of log(share / (1 - share)).
        slopes = [2 / sd if one == name else -2 * sd / others for one, sd in sds.items()]
        labels = [f"sd[{one}]" for one in sds]
        error = sqrt(np.array(slopes) @ self.covariance.loc[labels, labels].to_numpy() @ slopes)
        reach = normal_quantile(self.confidence) * error
        low, high = expit(logit(share) - reach), expit(logit(share) + reach)
        interval = Interval(
            float(low), float(high), self.confidence, method="Wald on the logit, delta method"
        )
        error *= share * (1 - share)
        return replace(own, value=share, interval=interval, standard_error=error)


def odds_ratio(estimate: Estimate) -> Estimate:
    """Exponentiate log-odds and their interval; the error by the delta method."""
    value, limits = exp(estimate.value), estimate.interval
    if limits is not None:
        limits = replace(limits, low=float(np.exp(limits.low)), high=float(np.exp(limits.high)))
    error = estimate.standard_error
    return replace(
        estimate,
        statistic=f"odds_ratio[{estimate.statistic}]",
        value=value,
        interval=limits,
        standard_error=None if error is None else value * error,
    )


def _log(sd: Estimate) -> Estimate:
    limits, error = sd.interval, sd.standard_error
    return replace(
        sd,
        statistic=f"log_{sd.statistic}",
        value=log(sd.value),
        interval=limits and replace(limits, low=log(limits.low), high=log(limits.high)),
        standard_error=None if error is None else error / sd.value,
    )


def wald_interval(value: float, error: float, confidence: float) -> Interval:
    """Give the value and as many standard errors to each side as the confidence asks for."""
    reach = normal_quantile(confidence) * error
    return Interval(value - reach, value + reach, confidence, method="Wald")


def sd_interval(sd: float, error: float, confidence: float) -> Interval:
    """Give Wald limits on the log scale, as an sd cannot be negative."""
    factor = float(np.exp(normal_quantile(confidence) * error / sd))
    return Interval(sd / factor, sd * factor, confidence, method="Wald on the log sd")


def normal_quantile(confidence: float) -> float:
    """Standard errors to each side.

    Raises
    ------
    RatingsError
        If the confidence does not lie between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise RatingsError(f"confidence is {confidence}: between 0 and 1, such as 0.95")
    return float(norm.ppf((1 + confidence) / 2))
