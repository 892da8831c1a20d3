"""Abilities of sources, as a fitted Bradley-Terry or Davidson model gives them."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logsumexp, softmax

from analysis.estimates import Estimate, Interval, RatingsError, frame_of
from analysis.intervals.resampling import UNDEFINED_LIMIT
from analysis.pairs.sandwich import Covariance
from analysis.ratings import FloatArray


@dataclass(frozen=True)
class Scale:
    """From the scale on which an interval is made to the one on which it is read."""

    back: Callable[..., Any]
    slope: Callable[[float], float]
    """Derivative of `back`, given the value that it leads to."""


AS_IT_IS = Scale(lambda linear: linear, lambda value: 1.0)
FROM_LOG = Scale(np.exp, lambda value: value)
FROM_LOGIT = Scale(expit, lambda value: value * (1 - value))


@dataclass(frozen=True, eq=False)
class Abilities:
    """A fitted model of who is preferred to whom.

    With p the worth of a source, i is preferred to j with probability p_i / (p_i + p_j +
    nu sqrt(p_i p_j)); in the Bradley-Terry model nu is 0.
    """

    model: str
    sources: tuple[Hashable, ...]
    """The first one is the reference, whose log ability is 0."""

    coefficients: FloatArray
    """(n_coefficients,) log abilities in the order of the sources, then the order effect if it was
    fitted, then log nu if it was."""

    uncertainty: Covariance = field(repr=False)
    """Of the coefficients; 0 in the row and the column of the reference."""

    log_likelihood: float
    """At its maximum, multinomial constants left out. In the Bradley-Terry model a tie is half a
    win of either source, so the two models are not to be compared by it."""

    has_order: bool
    has_nu: bool
    n_comparisons: float
    n_ties: float
    n_clusters: int
    """0 where each comparison was taken as independent."""

    n_raters: int
    """0 where it is not known who compared."""

    confidence: float
    resampled: FloatArray | None = field(repr=False)
    """(n_resamples, n_coefficients), NaN where a resample has no finite abilities; or None."""

    @property
    def covariance(self) -> FloatArray:
        """(n_coefficients, n_coefficients); 0 in the row and the column of the reference."""
        return self.uncertainty.matrix

    @property
    def worths(self) -> dict[Hashable, float]:
        """Abilities on the scale of odds, adding up to 1."""
        shares = softmax(self.coefficients[: len(self.sources)])
        return dict(zip(self.sources, shares.tolist(), strict=True))

    @property
    def order_effect(self) -> Estimate | None:
        """Log odds that the source shown first beats an equal one; None where no order was given.

        Its exponential is what R calls home advantage.
        """
        if not self.has_order:
            return None
        return self._linear("order_effect", self._unit(len(self.sources)))

    @property
    def nu(self) -> Estimate | None:
        """How readily sources tie: equal ones do with probability nu / (2 + nu).

        0 without an interval where nothing tied; None in the Bradley-Terry model.
        """
        if self.model == "Bradley-Terry":
            return None
        if not self.has_nu:
            why = "no comparison is a tie: nu is 0, the end of its range"
            return replace(self._bare("nu", 0.0), refusal=why)
        unit = self._unit(-1)
        draws = None if self.resampled is None else self.resampled @ unit
        return self._estimate("nu", float(self.coefficients[-1]), unit, draws, FROM_LOG)

    def log_ability(self, source: Hashable) -> Estimate:
        """Log odds that the source is preferred to the reference, ties set aside.

        Raises
        ------
        RatingsError
            If there is no such source.
        """
        place = self._place(source)
        name = f"log_ability[{source}]"
        if place == 0:
            return replace(self._bare(name, 0.0), refusal="the reference, 0 by definition")
        return self._linear(name, self._unit(place))

    def difference(self, source: Hashable, other: Hashable) -> Estimate:
        """Log odds that the source is preferred to the other one, ties set aside.

        Raises
        ------
        RatingsError
            If there is no such source, or both are the same.
        """
        name = f"log_ability[{source}] - log_ability[{other}]"
        return self._linear(name, self._lead(source, other))

    def win_probability(self, source: Hashable, other: Hashable) -> Estimate:
        """Probability that the source is preferred to the other one, neither being shown first.

        The interval is made on the logit. What the probabilities of both directions lack to 1 is
        that of a tie.

        Raises
        ------
        RatingsError
            If there is no such source, or both are the same.
        """
        lead = self._lead(source, other)
        # Log odds of the other outcomes against this one.
        rivals = np.array([-lead, self._unit(-1) - lead / 2] if self.has_nu else [-lead])
        against = rivals @ self.coefficients
        draws = None if self.resampled is None else -logsumexp(self.resampled @ rivals.T, axis=1)
        name = f"P({source} preferred to {other})"
        value, gradient = -float(logsumexp(against)), -softmax(against) @ rivals
        return self._estimate(name, value, gradient, draws, FROM_LOGIT)

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each log ability, with its worth; then the order effect, then nu."""
        abilities = [self.log_ability(source) for source in self.sources]
        others = [one for one in (self.order_effect, self.nu) if one is not None]
        frame = frame_of([*abilities, *others])
        frame.insert(0, "source", [*self.sources, *(None for _ in others)])
        frame.insert(1, "worth", [*self.worths.values(), *(np.nan for _ in others)])
        return frame.assign(model=self.model, log_likelihood=self.log_likelihood)

    def _unit(self, place: int) -> FloatArray:
        unit: FloatArray = np.zeros(len(self.coefficients))
        unit[place] = 1.0
        return unit

    def _place(self, source: Hashable) -> int:
        if source not in self.sources:
            raise RatingsError(f"source {source!r} is not among {list(self.sources)}")
        return self.sources.index(source)

    def _lead(self, source: Hashable, other: Hashable) -> FloatArray:
        if source == other:
            raise RatingsError(f"{source!r} cannot be compared with itself: give two sources")
        return self._unit(self._place(source)) - self._unit(self._place(other))

    def _linear(self, statistic: str, contrast: FloatArray) -> Estimate:
        draws = None if self.resampled is None else self.resampled @ contrast
        value = float(contrast @ self.coefficients)
        return self._estimate(statistic, value, contrast, draws, AS_IT_IS)

    def _estimate(
        self,
        statistic: str,
        linear: float,
        gradient: FloatArray,
        draws: FloatArray | None,
        scale: Scale,
    ) -> Estimate:
        """Make the interval where it is linear (delta method, or percentiles), read it where not.

        Parameters
        ----------
        statistic
        linear
            Function of the coefficients on the scale where the interval is made.
        gradient : (n_coefficients,)
            Derivative of that function.
        draws : (n_resamples,)
            That function of the resampled coefficients.
        scale
        """
        value = float(scale.back(linear))
        bare = self._bare(statistic, value)
        if draws is None:
            error = float(np.sqrt(self.uncertainty.variance(gradient)))
            interval = self._wald(linear, error, scale)
            return replace(bare, interval=interval, standard_error=scale.slope(value) * error)

        defined = draws[~np.isnan(draws)]
        undefined = 1 - len(defined) / len(draws)
        bare = replace(bare, n_resamples=len(draws), undefined_share=undefined)
        if undefined > UNDEFINED_LIMIT:
            why = f"{undefined:.1%} of the resamples have no finite abilities, more than 5%"
            return replace(bare, refusal=why)
        read = np.asarray(scale.back(defined))
        low, high = (float(limit) for limit in np.quantile(read, self._tails))
        interval = Interval(low, high, self.confidence, method="percentile, clusters resampled")
        return replace(bare, interval=interval, standard_error=float(read.std(ddof=1)))

    def _wald(self, linear: float, error: float, scale: Scale) -> Interval:
        reach = error * self.uncertainty.quantile(self._tails[1])
        low, high = (float(scale.back(linear + step)) for step in (-reach, reach))
        return Interval(low, high, self.confidence, method=self.uncertainty.method)

    @property
    def _tails(self) -> tuple[float, float]:
        return (1 - self.confidence) / 2, (1 + self.confidence) / 2

    def _bare(self, statistic: str, value: float) -> Estimate:
        n = round(self.n_comparisons)
        return Estimate(statistic, value, None, self.n_clusters or n, self.n_raters, n)
