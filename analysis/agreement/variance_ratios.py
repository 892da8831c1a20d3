"""Limits of variance ratios where cells are missing: exact by Wald's method, or by pivots.

At the true ratio of a factor's variance to the residual one, the factor's weighted sum of squares
over the residual one follows an F distribution, however many cells are missing. Wald's limits are
the ratios at which the observed quotient equals a quantile of it.
"""

from collections.abc import Callable

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq
from scipy.stats import chi2, f, qmc

from analysis.agreement.crossed import Crossed
from analysis.ratings import FloatArray

Spread = Callable[[float], float]
"""A factor's sum of squares, weighted as if this were its variance ratio; falls with the ratio."""

GRID = np.linspace(-14, 28, 180)
"""Logarithms of the distance of a ratio from its lower bound, where a spread is tabulated."""

N_DRAWS = 2**14


def wald_limits(
    spread: Spread, residual: float, *, df: tuple[int, int], lower_bound: float, confidence: float
) -> tuple[float, float]:
    """Give exact limits of a variance ratio, under normality.

    Parameters
    ----------
    residual
        Residual sum of squares.
    df
        Degrees of freedom of the factor and of the residual.
    lower_bound
        The largest negative ratio at which the model has no covariance any more.

    References
    ----------
    Wald (1947), Annals of Mathematical Statistics 18, 586-589; Harville and Fenech (1985),
    Biometrics 41, 137-152.
    """
    tails = np.array([(1 + confidence) / 2, (1 - confidence) / 2])
    targets = residual * df[0] / df[1] * f.ppf(tails, *df)

    def ratio_at(target: float) -> float:
        def excess(log_distance: float) -> float:
            return spread(lower_bound + float(np.exp(log_distance))) / target - 1

        low, high = GRID[0], GRID[-1]
        if excess(low) <= 0:
            return lower_bound
        # Beyond the grid the share is 1 to twelve digits.
        log_distance = high if excess(high) >= 0 else brentq(excess, low, high, xtol=1e-13)
        return lower_bound + float(np.exp(log_distance))

    low, high = (ratio_at(float(target)) for target in targets)
    return low, high


def unit_share_limits(sums: Crossed, confidence: float) -> tuple[float, float]:
    """Limits of unit / (unit + residual), the raters taken as fixed: Wald's, exact."""
    spread, lower_bound, df = _factor(sums, is_unit=True)
    ratios = wald_limits(
        spread,
        sums.adjusted.residual,
        df=(df, sums.adjusted.df_residual),
        lower_bound=lower_bound,
        confidence=confidence,
    )
    low, high = (ratio / (1 + ratio) for ratio in ratios)
    return low, high


def unit_share_limits_among_raters(sums: Crossed, confidence: float) -> tuple[float, float]:
    """Limits of unit / (unit + rater + residual), by generalised pivots.

    The sums of squares of units, raters and residual are replaced by what chi-square draws say of
    the variances behind them, no less than 0; the limits are quantiles of the share that results.
    With missing cells the sums of squares of units and raters are not quite independent, which
    this ignores.

    References
    ----------
    Tian and Cappelleri (2004), Statistics in Medicine 23, 2125-2135.
    """
    unit, unit_bound, unit_df = _factor(sums, is_unit=True)
    rater, rater_bound, rater_df = _factor(sums, is_unit=False)
    # A low-discrepancy sequence: the same limits on every run, and exact to three digits.
    uniform = qmc.Halton(3, scramble=False).random(N_DRAWS + 1)[1:].T
    residual = sums.adjusted.residual / chi2.ppf(uniform[0], sums.adjusted.df_residual)
    of_unit = _inverse(unit, unit_bound)(residual * chi2.ppf(uniform[1], unit_df))
    of_rater = _inverse(rater, rater_bound)(residual * chi2.ppf(uniform[2], rater_df))
    share = of_unit / (1 + of_unit + of_rater)
    low, high = np.quantile(share, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _factor(sums: Crossed, *, is_unit: bool) -> tuple[Spread, float, int]:
    """Spread, lower bound of the ratio, and degrees of freedom of units or of raters."""
    adjusted = sums.adjusted
    if is_unit == sums.are_units_eliminated:
        return sums.eliminated_spread, -1 / float(sums.size.max()), adjusted.df_eliminated
    return adjusted.kept_spread, -1 / float(adjusted.eigenvalues.max()), adjusted.df_kept


def _inverse(spread: Spread, lower_bound: float) -> Callable[[FloatArray], FloatArray]:
    """Tabulate a spread and give the ratios, 0 at least, at which it takes given values."""
    table = np.array([spread(lower_bound + distance) for distance in np.exp(GRID)])
    fewest_before = np.minimum.accumulate(np.append(np.inf, table[:-1]))
    falls = (table > 0) & (table < fewest_before)
    if falls.sum() < 2:
        return np.zeros_like
    logs = -np.log(table[falls])
    log_distance = PchipInterpolator(logs, GRID[falls])

    def ratios(values: FloatArray) -> FloatArray:
        within = np.clip(-np.log(values), logs[0], logs[-1])
        return np.maximum(lower_bound + np.exp(log_distance(within)), 0.0)

    return ratios
