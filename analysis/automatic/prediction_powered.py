"""A rate by people's judgment, made more precise by an automatic rater that judged many more.

The automatic rater's rate over the many units is corrected by how it errs on the few units that
people judged too. However wrong it is, the result stays right; the better it is, the more it helps.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.estimates import Estimate, Interval, RatingsError, UndefinedStatisticError, frame_of
from analysis.intervals.clustered_errors import ClusteredError
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.ratios import finite_numbers
from analysis.intervals.resampling import check_confidence
from analysis.ratings import FloatArray, check_same_index

Kind = Literal["classical", "PPI", "PPI++", "given"]


@dataclass(frozen=True)
class PredictionPoweredRow:
    """One way to weigh the automatic rater."""

    kind: Kind
    """`classical`: people only; `PPI`: full weight; `PPI++`: the weight of least variance; `given`.
    """

    lam: float
    """Weight of the automatic rater, 0 to 1."""

    estimate: Estimate
    effective_n: float | None
    """How many units people would have had to judge for the same standard error without it; None
    where an error is 0."""


@dataclass(frozen=True)
class PredictionPowered:
    """A rate (or mean) of people's judgments with the help of an automatic rater."""

    chosen: PredictionPoweredRow
    """`given` if a weight was given, else `PPI++`."""

    rows: tuple[PredictionPoweredRow, ...]
    """All ways, side by side."""

    n_labelled: int
    """Units that people judged."""

    n_unlabelled: int
    """Units that only the automatic rater judged."""

    n_clusters_labelled: int
    n_clusters_unlabelled: int

    @property
    def value(self) -> float:
        """The chosen estimate."""
        return self.chosen.estimate.value

    @property
    def interval(self) -> Interval | None:
        """Of the chosen estimate."""
        return self.chosen.estimate.interval

    @property
    def lam(self) -> float:
        """The chosen weight."""
        return self.chosen.lam

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each way; nothing is rounded."""
        return frame_of(self.rows)


@dataclass(frozen=True, eq=False)
class Influences:
    """What each cluster adds to the errors of the three means, (n_clusters,) each.

    Each is scaled so that its squares sum to the cluster-robust variance of its mean.
    """

    human: FloatArray
    """Of people's judgments."""

    labelled: FloatArray
    """Of the automatic rater's judgments of the same units."""

    unlabelled: FloatArray
    """Of its judgments of all other units."""

    n_labelled: int
    n_unlabelled: int
    drawn: Literal["units", "clusters"]

    def best_weight(self) -> float:
        """The weight of least variance, kept within 0 and 1: a regression through the origin."""
        correction = self.labelled - self.unlabelled
        spread = correction @ correction
        return float(np.clip(self.human @ correction / spread, 0, 1)) if spread > 0 else 0.0

    def error(self, lam: float, *, is_fitted: bool = False) -> ClusteredError:
        """The error with this weight; degrees of freedom after Satterthwaite.

        A weight fitted to these clusters costs one of them, as any regression coefficient does.
        """
        df_human = self.n_labelled - 1 - is_fitted
        df_model = self.n_unlabelled - 1
        if df_human < 1 or (lam and df_model < 1):
            return ClusteredError(None, 0.0)
        rectifier = (self.human - lam * self.labelled) * np.sqrt(1 + is_fitted / df_human)
        imputed = lam * self.unlabelled
        variance = float(np.square(rectifier + imputed).sum())
        parts, dfs = np.square([rectifier, imputed]).sum(axis=1), np.array([df_human, df_model])
        # Of a part that is not used, the degrees of freedom do not matter.
        spread = float((parts**2 / np.maximum(dfs, 1)).sum())
        df = float(parts.sum()) ** 2 / spread if spread > 0 else float(df_human)
        return ClusteredError(float(np.sqrt(variance)), df)


def ppi_rate(
    human: ArrayLike,
    predicted: ArrayLike,
    unlabelled_predicted: ArrayLike,
    *,
    lam: float | None = None,
    clusters: ArrayLike | None = None,
    clusters_unlabelled: ArrayLike | None = None,
    confidence: float = 0.95,
) -> PredictionPowered:
    """Prediction-powered inference for a rate or a mean, by unit or by cluster.

    The units that people judged must be drawn at random from all of them. One value a unit: if
    several people judged it, their mean.

    Parameters
    ----------
    human, predicted : (n_labelled,)
        What people and the automatic rater said of the same units: True, 1 or a number.
    unlabelled_predicted : (n_unlabelled,)
        What the automatic rater said of the units that no person judged.
    lam
        Weight of the automatic rater from 0 (people only) to 1; without it, that of least variance.
    clusters, clusters_unlabelled : (n_labelled,), (n_unlabelled,)
        What varies together, such as the seed of the question. A label may be in both.

    Returns
    -------
    mean(human) + lam (mean(unlabelled_predicted) - mean(predicted)), with a t interval from the
    cluster-robust variance of all three means: on the logit scale if people's values lie from 0 to
    1, as for a rate.

    Raises
    ------
    RatingsError
        If lists differ in length, hold what is no finite number, or `lam` is not from 0 to 1.
    UndefinedStatisticError
        If one of the two sets of units is empty.

    References
    ----------
    Angelopoulos, Bates, Fannjiang, Jordan and Zrnic (2023), Science 382, 669-674; Angelopoulos,
    Duchi and Zrnic (2024), PPI++, arXiv 2311.01453.
    """
    check_confidence(confidence)
    check_same_index(human, predicted)
    if lam is not None and not 0 <= lam <= 1:
        raise RatingsError(f"lam is {lam}: a weight from 0 to 1")
    y, f, g = (finite_numbers(values) for values in (human, predicted, unlabelled_predicted))
    if len(y) != len(f):
        raise RatingsError(f"{len(y)} judgments by people, {len(f)} of the same units by the model")
    if not len(y) or not len(g):
        raise UndefinedStatisticError(
            f"{len(y)} units judged by people, {len(g)} by the model only"
        )
    influences = _influences(y, f, g, clusters, clusters_unlabelled)

    is_share = bool(((y >= 0) & (y <= 1)).all())

    def row(kind: Kind, weight: float) -> PredictionPoweredRow:
        value = float(y.mean() + weight * (g.mean() - f.mean()))
        return _row(kind, weight, value, influences, (len(y), len(g)), confidence, is_share)

    rows = [row("classical", 0.0), row("PPI", 1.0), row("PPI++", influences.best_weight())]
    if lam is not None:
        rows.append(row("given", lam))
    return PredictionPowered(
        chosen=rows[-1],
        rows=tuple(rows),
        n_labelled=len(y),
        n_unlabelled=len(g),
        n_clusters_labelled=influences.n_labelled,
        n_clusters_unlabelled=influences.n_unlabelled,
    )


def _influences(
    y: FloatArray,
    f: FloatArray,
    g: FloatArray,
    clusters: ArrayLike | None,
    clusters_unlabelled: ArrayLike | None,
) -> Influences:
    if (clusters is None) != (clusters_unlabelled is None):
        raise RatingsError("give `clusters` and `clusters_unlabelled`, both or neither")
    if clusters is None or clusters_unlabelled is None:
        numbers = np.arange(len(y) + len(g))
    else:
        for labels, length in ((clusters, len(y)), (clusters_unlabelled, len(g))):
            cluster_numbers(labels, length)
        both = [*pd.Series(clusters, dtype=object), *pd.Series(clusters_unlabelled, dtype=object)]
        numbers = cluster_numbers(both, len(both))
    own, other = numbers[: len(y)], numbers[len(y) :]
    n_clusters = int(numbers.max()) + 1
    n_own, n_other = len(np.unique(own)), len(np.unique(other))

    def influence(values: FloatArray, cluster: NDArray[np.int64], n: int) -> FloatArray:
        sums = np.bincount(cluster, (values - values.mean()) / len(values), n_clusters)
        scaled: FloatArray = sums * np.sqrt(n / max(n - 1, 1))
        return scaled

    return Influences(
        human=influence(y, own, n_own),
        labelled=influence(f, own, n_own),
        unlabelled=influence(g, other, n_other),
        n_labelled=n_own,
        n_unlabelled=n_other,
        drawn="units" if clusters is None else "clusters",
    )


def _row(
    kind: Kind,
    lam: float,
    value: float,
    influences: Influences,
    n_units: tuple[int, int],
    confidence: float,
    is_share: bool,
) -> PredictionPoweredRow:
    n_labelled, n_unlabelled = n_units
    error = influences.error(lam, is_fitted=kind == "PPI++")
    classical = influences.error(0.0)
    effective_n = None
    if not error.refusal() and error.standard_error and classical.standard_error:
        effective_n = n_labelled * (classical.standard_error / error.standard_error) ** 2
    method = f"{influences.drawn} drawn, cluster-robust"
    if is_share:
        interval = error.share_interval(value, confidence, method)
        refusal = error.share_refusal(value)
    else:
        interval, refusal = error.interval(value, confidence, method), error.refusal()
    estimate = Estimate(
        statistic="mean of people's judgments",
        value=value,
        interval=interval,
        n_units=n_labelled + (n_unlabelled if lam else 0),
        n_raters=0,
        n_ratings=n_labelled,
        refusal=refusal,
        standard_error=error.standard_error,
    )
    return PredictionPoweredRow(kind, lam, estimate, effective_n)
