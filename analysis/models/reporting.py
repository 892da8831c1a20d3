"""From a fit's numbers to named estimates with intervals and notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.estimates import Estimate, Interval
from analysis.models.cumulative import CumulativeLogit
from analysis.models.design import INTERCEPT, Codes
from analysis.models.marginal import MarginalLikelihood
from analysis.models.optimisation import MixedFit
from analysis.models.results import MixedModel, sd_interval, wald_interval
from analysis.ratings import FloatArray

FEW_LEVELS = 5
AT_ZERO = "the likelihood is largest at 0, the least possible: no standard error there"


@dataclass(frozen=True, eq=False)
class ModelData:
    """Checked ratings, and what their parameters are called."""

    logit: CumulativeLogit
    codes: Codes
    covariates: Sequence[str]
    is_logistic: bool = False
    """Whether to give an intercept, the threshold with its sign turned."""

    @property
    def thresholds(self) -> list[str]:
        """Names of the neighbours on both sides, or that of the intercept."""
        known = self.codes.categories
        pairs = [f"{low}|{high}" for low, high in pairwise(known)]
        return [INTERCEPT] if self.is_logistic else pairs


@dataclass(frozen=True, eq=False)
class Effects:
    """The random effects of one factor."""

    sd: float
    table: pd.DataFrame
    """`level`, `mode`, `standard_error`, `n_ratings`"""


def effects(likelihood: MarginalLikelihood, parameters: FloatArray) -> dict[str, Effects]:
    """Give the modes of the random effects with their conditional errors, widest factor first."""
    intercepts = likelihood.intercepts
    modes = likelihood.modes(parameters)
    errors = np.sqrt(modes.curvature.inverse_diagonal())
    n_ratings = np.bincount(intercepts.index.ravel(), minlength=intercepts.n_effects)
    sds = parameters[likelihood.logit.n_fixed :].tolist()
    return {
        name: Effects(
            sd=sd,
            table=pd.DataFrame(
                {
                    "level": pd.Series(levels, dtype=object),
                    "mode": sd * modes.effects[block],
                    "standard_error": sd * errors[block],
                    "n_ratings": n_ratings[block],
                }
            ),
        )
        for name, levels, block, sd in zip(
            intercepts.names, intercepts.levels, intercepts.blocks, sds, strict=True
        )
    }


def mixed_model(
    data: ModelData,
    fit: MixedFit,
    *,
    factors: Mapping[str, Effects],
    confidence: float,
    method: str,
) -> MixedModel:
    """Name the parameters, and give each its error, interval and note."""
    named = _Named(data, fit, factors, confidence)
    n_thresholds = len(data.thresholds)
    fixed = named.fixed()
    is_coefficient = [data.is_logistic or place >= n_thresholds for place in range(len(fixed))]
    return MixedModel(
        coefficients={e.statistic: e for e, own in zip(fixed, is_coefficient, strict=True) if own},
        thresholds={
            e.statistic: e for e, own in zip(fixed, is_coefficient, strict=True) if not own
        },
        sds={name: named.sd(name) for name in factors},
        modes={name: found.table for name, found in factors.items()},
        covariance=named.covariance,
        log_likelihood=fit.log_likelihood,
        n_parameters=len(fit.parameters),
        counts=dict(zip(data.codes.categories, data.codes.counts, strict=True)),
        confidence=confidence,
        method=method,
        note=_note(data, factors),
    )


@dataclass(frozen=True, eq=False)
class _Named:
    """The parameters by their names."""

    data: ModelData
    fit: MixedFit
    factors: Mapping[str, Effects]
    confidence: float

    @cached_property
    def covariance(self) -> pd.DataFrame:
        """Of the parameters that have an error; the intercept with the sign of an intercept."""
        labels = [*self.data.thresholds, *self.data.covariates]
        labels += [f"sd[{name}]" for name, found in self.factors.items() if found.sd > 0]
        signs = np.ones(len(labels))
        signs[0] = -1 if self.data.is_logistic else 1
        return pd.DataFrame(
            self.fit.covariance * np.outer(signs, signs), index=labels, columns=labels
        )

    def fixed(self) -> list[Estimate]:
        """Thresholds (or the intercept), then slopes."""
        values = self.fit.parameters[: self.data.logit.n_fixed].copy()
        values[0] *= -1 if self.data.is_logistic else 1
        labels = [*self.data.thresholds, *self.data.covariates]
        found = []
        for label, value in zip(labels, values.tolist(), strict=True):
            error = self._error(label)
            interval = wald_interval(value, error, self.confidence)
            found.append(self._estimate(label, value, interval, error))
        return found

    def sd(self, name: str) -> Estimate:
        """Of one factor; without an interval where it is 0."""
        label, sd = f"sd[{name}]", self.factors[name].sd
        if sd == 0:
            return self._estimate(label, 0.0, None, None)
        error = self._error(label)
        return self._estimate(label, sd, sd_interval(sd, error, self.confidence), error)

    def _error(self, label: str) -> float:
        place = self.covariance.columns.get_loc(label)
        return float(np.sqrt(np.diag(self.covariance)[place]))

    def _estimate(
        self, label: str, value: float, interval: Interval | None, error: float | None
    ) -> Estimate:
        units, raters = self.factors.get("unit"), self.factors.get("rater")
        n_ratings = len(self.data.codes.index)
        return Estimate(
            label,
            value,
            interval,
            n_units=n_ratings if units is None else len(units.table),
            n_raters=0 if raters is None else len(raters.table),
            n_ratings=n_ratings,
            refusal=AT_ZERO if interval is None else None,
            standard_error=error,
        )


def _note(data: ModelData, factors: Mapping[str, Effects]) -> str | None:
    notes = [data.codes.note] if data.codes.note else []
    for name, found in factors.items():
        if found.sd == 0:
            notes.append(f"the sd of {name!r} is 0: {AT_ZERO}")
        if len(found.table) < FEW_LEVELS:
            notes.append(f"{len(found.table)} levels of {name!r} say little of their sd")
    return "; ".join(notes) or None
