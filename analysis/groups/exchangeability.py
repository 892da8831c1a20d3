"""Whether labels of raters may change places: only if groups got the same kind of units.

If who rated what has nothing to do with the group, two raters of different groups meet on a unit as
often as two of one group. Where two of one group meet more often, that group worked on units of its
own, and a difference between groups could as well be one between units.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.groups.relabelling import (
    NOTHING_TO_DEAL,
    ROUNDING,
    Null,
    Relabelling,
    or_zero,
    permuted,
)
from analysis.ratings import MISSING, FloatArray, IntArray, Units

DRAWS = 999
MOST_UNITS = 5_000
"""Of more units a random part is enough to see who rated what."""

EVIDENCE = 3.0
"""Standard errors by which raters of one group must meet too often, if meetings are taken as
independent. Raters who were given whole blocks of units meet less evenly than that, so their
relabellings are asked as well."""

RARE, UNUSUAL = 0.001, 0.05
"""Shares of relabellings in which raters of one group meet as much too often: with the first they
are refused, with the second if they also meet much more often."""

MUCH = 0.7
"""Meetings of raters of different groups over those of raters of one group, beside the usual."""

UNEQUAL = 1.5
"""Ratings of one group's raters over those of the other's, on average: from here on the null
distribution of a statistic that knows nothing of its own error is that of another study. With 1.5
times the ratings a test at .05 finds up to 14 % of nothing, with 3.3 times up to half."""


@dataclass(frozen=True)
class Exchangeability:
    """Whether two groups rated the same kind of units, which relabelling takes for granted."""

    share: float
    """How much of the groups' ratings fall alike on the units, 0 (no common unit) to 1: one minus
    the total variation distance. Groups with few ratings cannot reach 1."""

    refusal: str | None
    """Why labels must not be dealt out anew, if so."""


def presence_of(units: Units) -> csr_array:
    """Say who rated what, (n_units, n_raters)."""
    return csr_array((units.codes != MISSING).astype(float))


def exchangeability(presence: csr_array, relabelling: Relabelling, *, seed: int) -> Exchangeability:
    """Ask whether the groups' raters got the same kind of units.

    Parameters
    ----------
    presence : (n_units, n_raters)
        Ratings of each unit by each rater.
    relabelling
        With labels 0 and 1 for the groups that are compared, others for other raters.
    """
    share = _shared(presence, relabelling.labels)
    if share <= ROUNDING and not np.ptp(relabelling.strata):
        return Exchangeability(
            share,
            "the groups have no unit in common: a difference between groups "
            "could as well be one between units",
        )
    if relabelling.n_distinct() == 1:
        return Exchangeability(share, NOTHING_TO_DEAL)

    if presence.shape[0] > MOST_UNITS:
        chosen = np.random.default_rng(seed).choice(presence.shape[0], MOST_UNITS, replace=False)
        presence = presence[np.sort(chosen)]
    excess, ratio = Meetings.of(presence, relabelling.labels[None]).compared()[0].tolist()
    null = permuted(
        relabelling,
        lambda labels: Meetings.of(presence, labels).compared(),
        n_permutations=DRAWS,
        seed=seed,
        numbers_each=4 * max(presence.shape),
    )
    too_often, usual = Null(null.values[:, 0], null.is_exact), float(np.median(null.values[:, 1]))
    rank = float(too_often.p_upper(excess))
    is_unusual = rank <= UNUSUAL or excess >= too_often.values.max() - ROUNDING
    is_far = is_unusual and ratio < MUCH * min(usual, 1.0)
    if excess <= EVIDENCE or not (rank <= RARE or is_far):
        return Exchangeability(share, None)
    return Exchangeability(
        share,
        f"the groups rated different units: {share:.0%} of their ratings fall alike, and for each "
        "time that two raters of one group meet on a unit, two of different groups meet "
        f"{ratio:.2f} times; give the sets or blocks that raters were given as `strata`",
    )


def unequal_work(presence: csr_array, relabelling: Relabelling, *, seed: int) -> str | None:
    """Say that one group's raters gave many more ratings each than the other's, if so.

    The statistic of a relabelled group then rests on another number of ratings than that of the
    actual one, and spreads otherwise. Statistics that are divided by their own error need not ask.
    """
    n_ratings = np.asarray(presence.sum(axis=0)).ravel()

    def log_ratio(labels: IntArray) -> FloatArray:
        sides = [(labels == side).astype(float) for side in (0, 1)]
        first, second = ((side @ n_ratings) / side.sum(axis=1) for side in sides)
        ratio: FloatArray = np.log(first / second)
        return ratio

    observed = float(log_ratio(relabelling.labels[None])[0])
    if abs(observed) < np.log(UNEQUAL):
        return None
    null = permuted(
        relabelling, log_ratio, n_permutations=DRAWS, seed=seed, numbers_each=presence.shape[1]
    )
    is_furthest = abs(observed) >= np.abs(null.values).max() - ROUNDING
    if float(null.p_absolute(observed)) > UNUSUAL and not is_furthest:
        return None
    return (
        f"raters of one group gave {np.exp(abs(observed)):.1f} times as many ratings each as those "
        "of the other: with their labels exchanged, groups would rest on other numbers of ratings "
        "than they do"
    )


@dataclass(frozen=True, eq=False)
class Meetings:
    """How often two raters meet on a unit, for many labellings: pairs of ratings of one unit."""

    within: NDArray[np.float64]
    """(2, n_labellings), meetings of two raters of one group"""

    within_pairs: NDArray[np.float64]
    """(2, n_labellings), all pairs of ratings by two raters of one group, of any units"""

    across: FloatArray
    """(n_labellings,), meetings of raters of different groups"""

    across_pairs: FloatArray

    @classmethod
    def of(cls, presence: csr_array, labels: IntArray) -> "Meetings":
        """Count them for labels (n_labellings, n_raters)."""
        per_rater, with_himself = (
            np.asarray(one.sum(axis=0)).ravel() for one in (presence, presence.power(2))
        )
        sides = [(labels == side).astype(float) for side in (0, 1)]
        per_unit = [side @ presence.T for side in sides]
        totals = [one.sum(axis=1) for one in per_unit]
        return cls(
            within=np.array(
                [
                    (np.square(one).sum(axis=1) - side @ with_himself) / 2
                    for one, side in zip(per_unit, sides, strict=True)
                ]
            ),
            within_pairs=np.array(
                [
                    (np.square(total) - side @ np.square(per_rater)) / 2
                    for total, side in zip(totals, sides, strict=True)
                ]
            ),
            across=(per_unit[0] * per_unit[1]).sum(axis=1),
            across_pairs=totals[0] * totals[1],
        )

    def compared(self) -> FloatArray:
        """Hold meetings across groups against those within the group whose raters meet most.

        Returns
        -------
        (n_labellings, 2)
            By how many standard errors raters of that group meet more often, and across over
            within; infinite where two of one group never meet.
        """
        frequency = or_zero(self.within, self.within_pairs)
        across = or_zero(self.across, self.across_pairs)
        n_met = self.within.sum(axis=0) + self.across
        overall = or_zero(n_met, self.within_pairs.sum(axis=0) + self.across_pairs)
        # A share of rare meetings has its own size over the number of pairs as variance.
        variance = overall * (or_zero(1.0, self.within_pairs) + or_zero(1.0, self.across_pairs))
        excess = or_zero(frequency - across, np.sqrt(variance)).max(axis=0)
        most = frequency.max(axis=0)
        ratio = np.where(most > 0, or_zero(across, most), np.inf)
        return np.column_stack([excess, ratio])


def _shared(presence: csr_array, labels: IntArray) -> float:
    """One minus the total variation distance of two groups' ratings over the units."""
    per_unit = [presence @ (labels == side).astype(float) for side in (0, 1)]
    first, second = (one / max(one.sum(), 1.0) for one in per_unit)
    return float(np.minimum(first, second).sum())
