"""May an automatic rater take a person's place? The alternative annotator test.

One person after the other is left out. On each unit, both this person and the automatic rater are
held against the remaining people: which of the two is closer to them?
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtr
from scipy.stats import false_discovery_control, rankdata

from analysis.automatic.alignment import Alignment, LeftOut, leave_out, pair_values, read_both
from analysis.estimates import Estimate, RatingsError, UndefinedStatisticError, frame_of
from analysis.intervals.clustered_errors import ClusteredError, clustered_error
from analysis.intervals.patterns import cluster_numbers
from analysis.intervals.resampling import check_confidence
from analysis.ratings import Categories, FloatArray, IntArray, Units

FEWEST_UNITS = 30
MOST_SIGNED = 1000
"""Differences for which all signs can be tossed in a moment."""

WINS_NEEDED = 0.5
ROUNDING = 1e-12


@dataclass(frozen=True)
class AltTestHuman:
    """The automatic rater against one person."""

    rater: Hashable
    automatic_advantage: float
    """Share of units on which the automatic rater is as close to the rest or closer."""

    human_advantage: float
    """Share of units on which the person is as close to the rest or closer; ties count for both."""

    p_value: float
    """Of the hypothesis that the person's share is larger by epsilon or more, one-sided."""

    adjusted_p: float
    """Benjamini-Yekutieli over the people."""

    wins: bool
    """Whether the automatic rater beats this person, given the allowance epsilon."""

    n_units: int
    test: str


@dataclass(frozen=True)
class AltTest:
    """Whether the automatic rater could take the place of a person drawn from these."""

    winning_rate: float
    """Share of people that the automatic rater beats, 0 to 1."""

    passed: bool
    """Whether that is half of them or more."""

    advantage: Estimate
    """Chance to be as close to the rest as a person drawn from these, or closer; the interval is
    for these people on units like these."""

    humans: tuple[AltTestHuman, ...]
    epsilon: float
    n_units: int
    n_left_out: int
    """Units with fewer than two people, or without the automatic rater's code."""

    raters_left_out: tuple[Hashable, ...]
    """People who share no unit with another and the automatic rater."""

    note: str | None

    @property
    def value(self) -> float:
        """The winning rate."""
        return self.winning_rate

    def to_frame(self) -> pd.DataFrame:
        """Give one row for each person; nothing is rounded."""
        return frame_of(self.humans)


def alt_test(
    human: ArrayLike,
    automatic: ArrayLike,
    *,
    epsilon: float,
    alignment: Alignment,
    categories: Categories | None = None,
    raters: Sequence[Hashable] | None = None,
    clusters: ArrayLike | None = None,
    min_units: int = FEWEST_UNITS,
    q: float = 0.05,
    confidence: float = 0.95,
) -> AltTest:
    """The alternative annotator test of Calderon, Reichart and Dror.

    Parameters
    ----------
    human : (n_units, n_raters)
        NaN or None for missing; two people or more, better three.
    automatic : (n_units,)
        The automatic rater's code, in the same codes; NaN or None for missing.
    epsilon
        How much worse than a person the automatic rater may be for being cheaper, 0 to 1. The
        authors: 0.2 against experts, 0.15 against skilled raters, 0.1 against crowd workers.
    alignment
        How close a code is to those of the rest: `accuracy`, the share with the same code;
        `negative_rmse`, less the root mean square difference; `negative_distance`, less the mean
        absolute difference; or a function of two codes (such as two sets), averaged over the rest.
    categories
        All codes in rank order; labels that are no numbers need them for differences.
    raters : (n_raters,)
        Names of the columns; else their numbers.
    clusters : (n_units,)
        What varies together, such as the seed of the question; the t-test then has the
        cluster-robust error, Wilcoxon's ranks are those of clusters. The authors take units as
        independent.
    min_units
        With fewer, Wilcoxon's signed-rank test (exact, ties averaged) in place of the t-test.
    q
        False discovery rate over the people, Benjamini-Yekutieli.

    Raises
    ------
    RatingsError
        If ratings, lengths, labels, the measure or a number cannot be what was meant.
    UndefinedStatisticError
        If fewer than two people can be compared.

    References
    ----------
    Calderon, Reichart and Dror (2025), Proceedings of the 63rd Annual Meeting of the Association
    for Computational Linguistics.
    """
    check_confidence(confidence)
    if not 0 <= epsilon <= 1 or not 0 < q < 1:
        raise RatingsError(f"epsilon is {epsilon}, q is {q}: both are shares, from 0 to 1")
    if not 0 <= min_units <= MOST_SIGNED:
        raise RatingsError(f"min_units is {min_units}: a number from 0 to {MOST_SIGNED}")
    units, model = read_both(human, automatic, categories)
    n_raters = units.codes.shape[1]
    names = tuple(range(n_raters)) if raters is None else tuple(raters)
    if len(names) != n_raters or len(set(names)) < n_raters:
        raise RatingsError(f"{len(names)} rater labels for {n_raters} columns: give each its own")
    cluster = np.arange(len(units)) if clusters is None else cluster_numbers(clusters, len(units))
    compared, left_out = _compare(units, model, names, alignment)
    if len(compared) < 2:
        raise UndefinedStatisticError(
            f"{len(compared)} people share units with others and the automatic rater: the test "
            "needs two, better three"
        )

    is_clustered = clusters is not None
    one_by_one = [
        _against(name, one, cluster, epsilon, min_units, is_clustered=is_clustered)
        for name, one in compared.items()
    ]
    people = _adjusted(one_by_one, q)
    winning_rate = sum(one.wins for one in people) / len(people)
    return AltTest(
        winning_rate=winning_rate,
        passed=winning_rate >= WINS_NEEDED,
        advantage=_advantage(
            list(compared.values()), cluster, confidence, is_clustered=is_clustered
        ),
        humans=people,
        epsilon=epsilon,
        n_units=_n_units(compared.values()),
        n_left_out=len(units) - _n_units(compared.values()),
        raters_left_out=left_out,
        note=_note(people),
    )


def _compare(
    units: Units, model: IntArray, names: tuple[Hashable, ...], alignment: Alignment
) -> tuple[dict[Hashable, LeftOut], tuple[Hashable, ...]]:
    """Hold each person and the automatic rater against the rest; name those without any unit."""
    values = pair_values(alignment, units)
    all_people = {
        name: leave_out(units, model, number, values) for number, name in enumerate(names)
    }
    compared = {name: one for name, one in all_people.items() if len(one.unit)}
    return compared, tuple(name for name in names if name not in compared)


def _n_units(compared: Iterable[LeftOut]) -> int:
    return len(np.unique(np.concatenate([one.unit for one in compared])))


def _against(
    name: Hashable,
    one: LeftOut,
    cluster: IntArray,
    epsilon: float,
    min_units: int,
    *,
    is_clustered: bool,
) -> AltTestHuman:
    lead = one.human_as_good - one.automatic_as_good
    _, own_cluster = np.unique(cluster[one.unit], return_inverse=True)
    error = clustered_error((lead - lead.mean()) / len(lead), own_cluster)
    if len(lead) < min_units or error.refusal():
        p_value = _signed_rank_p(np.bincount(own_cluster, lead - epsilon).astype(float))
        test = "Wilcoxon signed rank, exact" + (", over clusters" if is_clustered else "")
    else:
        p_value = _t_p(float(lead.mean()) - epsilon, error)
        test = "t, cluster-robust" if is_clustered else "t"
    return AltTestHuman(
        rater=name,
        automatic_advantage=float(one.automatic_as_good.mean()),
        human_advantage=float(one.human_as_good.mean()),
        p_value=p_value,
        adjusted_p=p_value,
        wins=False,
        n_units=len(lead),
        test=test,
    )


def _t_p(excess: float, error: ClusteredError) -> float:
    return float(stdtr(error.df, excess / (error.standard_error or np.nan)))


def _signed_rank_p(differences: FloatArray) -> float:
    """Chance that the ranks of positive differences add up to as little, were signs tossed.

    Exact for tied ranks as well: twice the mean ranks are whole numbers.
    """
    differences = differences[np.abs(differences) > ROUNDING]
    if (differences < 0).all():
        return 0.5 ** len(differences)
    if (differences > 0).all():
        return 1.0
    ranks = np.rint(2 * rankdata(np.abs(differences).round(12))).astype(int)
    positive = int(ranks[differences > 0].sum())
    chances = np.ones(1)
    for rank in ranks:
        longer = np.zeros(len(chances) + rank)
        longer[: len(chances)] += chances / 2
        longer[rank:] += chances / 2
        chances = longer
    return min(1.0, float(chances[: positive + 1].sum()))


def _adjusted(people: list[AltTestHuman], q: float) -> tuple[AltTestHuman, ...]:
    adjusted = false_discovery_control([one.p_value for one in people], method="by")
    return tuple(
        replace(one, adjusted_p=float(p), wins=bool(p <= q))
        for one, p in zip(people, adjusted, strict=True)
    )


def _advantage(
    compared: list[LeftOut], cluster: IntArray, confidence: float, *, is_clustered: bool
) -> Estimate:
    """Mean over people of the share of units on which the automatic rater is as close."""
    influence = np.zeros(len(cluster))
    shares = []
    for one in compared:
        as_good = one.automatic_as_good
        shares.append(float(as_good.mean()))
        influence[one.unit] += (as_good - as_good.mean()) / len(as_good) / len(compared)
    used = np.unique(np.concatenate([one.unit for one in compared]))
    _, own_cluster = np.unique(cluster[used], return_inverse=True)
    error = clustered_error(influence[used], own_cluster)
    value = float(np.mean(shares))
    drawn = "clusters drawn" if is_clustered else "units drawn"
    return Estimate(
        statistic="advantage_probability",
        value=value,
        interval=error.share_interval(value, confidence, f"{drawn}, cluster-robust"),
        n_units=len(used),
        n_raters=len(compared),
        n_ratings=sum(len(one.unit) for one in compared),
        refusal=error.share_refusal(value),
        standard_error=error.standard_error,
    )


def _note(people: tuple[AltTestHuman, ...]) -> str | None:
    notes = []
    if len(people) < 3:
        notes.append("with two people there is no consensus to be close to: have three or more")
    if any(one.test.startswith("Wilcoxon") for one in people):
        notes.append(
            "few units, or units all alike, for some people: Wilcoxon's test, which is about the "
            "median of the differences and not their mean"
        )
    return "; ".join(notes) or None
