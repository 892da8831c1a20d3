"""The likelihood of ratings with the random effects integrated out, and its exact gradient.

Laplace's method takes the integrand as a Gaussian around its mode; adaptive Gauss-Hermite adds
nodes around it, for one factor only. The random effects b are standardised (sd 1), so that the
likelihood is smooth in the standard deviations, 0 included. Parameters are the thresholds, the
slopes, then one standard deviation for each factor.

References
----------
Pinheiro and Bates (1995), Journal of Computational and Graphical Statistics 4, 12-35.
Christensen (2019), Cumulative Link Models for Ordinal Regression with the R Package ordinal.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, softmax

from analysis.models.cumulative import CumulativeLogit, Position, Slopes
from analysis.models.intercepts import Curvature, Intercepts
from analysis.ratings import FloatArray

MAX_STEPS = 50
SETTLED = 1e-8
"""Newton's method converges quadratically: after so small a step, the next is rounding."""


@dataclass(frozen=True, eq=False)
class Modes:
    """The most likely random effects at some parameters."""

    effects: FloatArray
    curvature: Curvature
    position: Position
    """Of each rating, its random effects included."""

    penalised: float
    """Log-probability of the ratings given the modes, less half their squares."""


@dataclass(frozen=True, eq=False)
class _Nodes:
    """What the gradient needs of an integral over b, already averaged over its nodes."""

    value: float
    fixed: Slopes
    sds: FloatArray
    shift: FloatArray
    """Derivative by the modes; 0 for Laplace, whose only node is the mode."""

    rows: FloatArray
    """(n_ratings, n_factors): for Laplace, the rows of J H^-1. The value falls with each rating's
    entries of J in H by its weight times these."""


@dataclass(eq=False)
class MarginalLikelihood:
    """The log-likelihood as a function of the parameters; it remembers where the last modes lay."""

    logit: CumulativeLogit
    intercepts: Intercepts
    n_quadrature: int = 1
    _last: FloatArray | None = None

    def evaluate(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Give the log-likelihood and its gradient."""
        fixed, sds = np.split(parameters, [self.logit.n_fixed])
        modes = self.modes(parameters)
        if self.n_quadrature == 1:
            nodes = self._laplace(modes)
        else:
            nodes = self._quadrature(fixed, sds, modes)
        return nodes.value, self._gradient(sds, modes, nodes)

    def modes(self, parameters: FloatArray) -> Modes:
        """Find the modes by Newton's method; the penalised log-likelihood is strictly concave."""
        fixed, sds = np.split(parameters, [self.logit.n_fixed])
        effects = np.zeros(self.intercepts.n_effects) if self._last is None else self._last
        now = self._at(fixed, sds, effects)
        for _ in range(MAX_STEPS):
            slope = self.intercepts.gather(now.position.score, sds) - now.effects
            step = now.curvature.solve(slope)
            now = self._climbed(fixed, sds, now, step)
            if np.abs(step).max() < SETTLED:
                break
        self._last = now.effects
        return now

    def _climbed(self, fixed: FloatArray, sds: FloatArray, now: Modes, step: FloatArray) -> Modes:
        """Halve the step until the penalised log-likelihood does not fall."""
        for _ in range(30):
            tried = self._at(fixed, sds, now.effects + step)
            if tried.penalised >= now.penalised - 1e-9 * (1 + abs(now.penalised)):
                return tried
            step = step / 2
        return now

    def _at(self, fixed: FloatArray, sds: FloatArray, effects: FloatArray) -> Modes:
        predictor = self.logit.predictor(fixed) + self.intercepts.spread(effects, sds)
        position = self.logit.at(fixed, predictor)
        log_probability = self.logit.log_probability(fixed, predictor).sum()
        return Modes(
            effects=effects,
            curvature=Curvature.of(self.intercepts, sds, position.curvature),
            position=position,
            penalised=float(log_probability - effects @ effects / 2),
        )

    def _laplace(self, modes: Modes) -> _Nodes:
        """log-likelihood = penalised - log|H| / 2."""
        return _Nodes(
            value=modes.penalised - modes.curvature.log_determinant / 2,
            fixed=modes.position.log_probability_slopes,
            sds=modes.position.score @ modes.effects[self.intercepts.index],
            shift=np.zeros_like(modes.effects),
            rows=modes.curvature.inverse_rows(),
        )

    def _quadrature(self, fixed: FloatArray, sds: FloatArray, modes: Modes) -> _Nodes:
        """Sum over nodes b = mode + sqrt(2) x / sqrt(H), one integral for each level."""
        level, n_levels = self.intercepts.index[:, 0], self.intercepts.n_effects
        points, weights = np.polynomial.hermite.hermgauss(self.n_quadrature)
        scale = 1 / np.sqrt(modes.curvature.diagonal)
        effects = modes.effects + np.sqrt(2) * points[:, None] * scale
        logs = np.array([self._given(fixed, sds, node) for node in effects])
        logs += (np.log(weights) + points**2)[:, None] - effects**2 / 2
        share = softmax(logs, axis=0)

        slopes, by_sd = Slopes(np.zeros(len(level)), np.zeros(len(level))), 0.0
        shift, by_scale = np.zeros(n_levels), 1 / scale
        linear = self.logit.predictor(fixed)
        for point, node, part in zip(points, effects, share, strict=True):
            position = self.logit.at(fixed, linear + sds[0] * node[level])
            slopes = slopes + position.log_probability_slopes.times(part[level])
            by_sd += float((part[level] * position.score) @ node[level])
            pull = part * (self.intercepts.gather(position.score, sds) - node)
            shift += pull
            by_scale = by_scale + np.sqrt(2) * point * pull
        # scale = H^-1/2, and the derivative of H by the sd is twice its row times the weight.
        rows = sds[0] * by_scale * scale**3
        return _Nodes(
            value=float((logsumexp(logs, axis=0) + np.log(scale) - np.log(np.pi) / 2).sum()),
            fixed=slopes,
            sds=np.array([by_sd]),
            shift=shift,
            rows=rows[level][:, None],
        )

    def _given(self, fixed: FloatArray, sds: FloatArray, effects: FloatArray) -> FloatArray:
        """Log-probability of the ratings of each level of the only factor, given its effect."""
        predictor = self.logit.predictor(fixed) + self.intercepts.spread(effects, sds)
        log_probability = self.logit.log_probability(fixed, predictor)
        sums = np.bincount(self.intercepts.index[:, 0], log_probability, len(effects))
        return sums.astype(np.float64)

    def _gradient(self, sds: FloatArray, modes: Modes, nodes: _Nodes) -> FloatArray:
        """Add to the direct derivatives those through H and through the modes.

        `bend` is the derivative of the value by each rating's weight in H; `drift` is how far the
        value moves with each rating's score, because the score moves the modes.
        """
        position = modes.position
        bend = -(nodes.rows @ sds) / 2
        turn = bend * position.curvature_slopes.by_predictor
        pulled = modes.curvature.solve(nodes.shift + self.intercepts.gather(turn, sds))
        drift = self.intercepts.spread(pulled, sds)

        slopes = nodes.fixed + position.curvature_slopes.times(bend)
        slopes = slopes + position.score_slopes.times(drift)
        index = self.intercepts.index
        by_sds = nodes.sds + (turn - drift * position.curvature) @ modes.effects[index]
        by_sds += position.score @ pulled[index] - position.curvature @ nodes.rows
        return np.concatenate([self.logit.pull_back(slopes), by_sds])
