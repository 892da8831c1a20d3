"""How much raters of a group are of one mind, and how much with the others: GRASP's six measures.

Each takes the counts of many groupings at once, and how often each unit stands for others with the
same ratings. Letters: p shares of the codes in the group, K codes, i units.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from analysis.agreement.alpha import Alpha, mean_ranks
from analysis.agreement.corrected import quotient
from analysis.ratings import FloatArray, Units

Counts = NDArray[np.int64]
"""Ratings per unit and code, (n_groupings, n_units, n_categories)."""


def irr(counts: Counts, times: FloatArray, alpha: Alpha, units: Units) -> FloatArray:
    """Krippendorff's alpha within the group, (n_groupings,)."""
    flat = counts.reshape(-1, counts.shape[-1])
    each = alpha.per_unit(replace(units, codes=np.empty((len(flat), 0), np.int64), counts=flat))
    return alpha.value(np.einsum("gup,u->gp", each.reshape(*counts.shape[:2], -1), times))


def xrr(first: Counts, second: Counts, times: FloatArray, alpha: Alpha) -> FloatArray:
    """Cross-replication reliability of two groups, (n_groupings,).

    1 - d_o / d_e over the units that both rated: d_o is the mean distance between ratings of the
    two groups of one unit, weighted by the unit's ratings; d_e that between any two ratings of the
    two groups. At level ordinal, the ranks are those of both groups' ratings together.

    References
    ----------
    Wong, Paritosh and Aroyo (2021), Proceedings of ACL-IJCNLP, 7053-7065.
    """
    n_first, n_second = first.sum(axis=-1), second.sum(axis=-1)
    both = times * ((n_first > 0) & (n_second > 0))
    weight = both * (n_first + n_second) / np.maximum(n_first * n_second, 1)
    pairs = np.swapaxes(first * weight[..., None], -1, -2) @ second.astype(float)
    margins, other_margins = (np.einsum("guk,gu->gk", one, both) for one in (first, second))
    distance = alpha.distance
    if distance is None:
        ranks = mean_ranks(margins + other_margins)
        distance = np.square(ranks[:, :, None] - ranks[:, None, :])
    total, other_total = margins.sum(axis=-1), other_margins.sum(axis=-1)
    observed = (pairs * distance).sum(axis=(-1, -2)) * total * other_total
    by_chance = margins[:, :, None] * other_margins[:, None, :]
    expected = (by_chance * distance).sum(axis=(-1, -2)) * (total + other_total)
    return 1 - quotient(observed, expected)


def negentropy(counts: Counts, times: FloatArray) -> FloatArray:
    """Mean over units of ln K - H(p_i), in nats, (n_groupings,).

    0 if codes are used evenly, ln K if all agree. Units with two ratings or more: a single rating
    agrees with itself.
    """
    shares = _shares(counts)
    per_unit = np.log(counts.shape[-1]) + xlogy(shares, shares).sum(axis=-1)
    return _mean(per_unit, times * (counts.sum(axis=-1) >= 2))


def cross_negentropy(
    first: Counts, second: Counts, times: FloatArray, smoothing: float
) -> FloatArray:
    """Mean over units that both rated of ln K - H(p_i, q_i), in nats, (n_groupings,).

    H(p, q) = -sum p ln q is infinite where the others never used a code of the group's. So their
    shares are smoothed: q = (n + s) / (m + s K).
    """
    expected = second + smoothing
    others = np.log(expected / expected.sum(axis=-1, keepdims=True))
    per_unit = np.log(first.shape[-1]) + (_shares(first) * others).sum(axis=-1)
    return _mean(per_unit, times * (first.sum(axis=-1) > 0) * (second.sum(axis=-1) > 0))


def plurality_size(counts: Counts, times: FloatArray) -> FloatArray:
    """Mean over units of max p_i, the share of the group that chose its commonest code.

    Units with two ratings or more, as in `negentropy`.
    """
    return _mean(_shares(counts).max(axis=-1), times * (counts.sum(axis=-1) >= 2))


def voting_agreement(first: Counts, second: Counts, times: FloatArray, alpha: Alpha) -> FloatArray:
    """Krippendorff's alpha of two voters: the commonest code of each group, (n_groupings,).

    A tie splits the vote evenly among the tied codes; to take the smallest of them, as is common,
    would make both groups agree on low codes.
    """
    votes, others = _votes(first), _votes(second)
    both = times * (votes.sum(axis=-1) > 0) * (others.sum(axis=-1) > 0)
    pairs = np.swapaxes(votes * both[..., None], -1, -2) @ others
    pairs = pairs + np.swapaxes(pairs, -1, -2)
    if alpha.distance is None:
        lower, upper = np.triu_indices(first.shape[-1], k=1)
        within = 2 * pairs[:, lower, upper]
    else:
        within = (pairs * alpha.distance).sum(axis=(-1, -2))[:, None]
    margins = np.einsum("guk,gu->gk", votes + others, both)
    return alpha.value(np.hstack([within, margins]))


MEASURES = ("reliability", "negentropy", "plurality")


def cohesions(
    own: Counts,
    others: Counts,
    times: FloatArray,
    *,
    alpha: Alpha,
    units: Units,
    smoothing: float,
) -> tuple[FloatArray, FloatArray]:
    """Give cohesion within a group and with the others, each (n_groupings, n_measures)."""
    within = [irr(own, times, alpha, units), negentropy(own, times), plurality_size(own, times)]
    across = [
        xrr(own, others, times, alpha),
        cross_negentropy(own, others, times, smoothing),
        voting_agreement(own, others, times, alpha),
    ]
    return np.column_stack(within), np.column_stack(across)


def _shares(counts: Counts) -> FloatArray:
    shares: FloatArray = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    return shares


def _votes(counts: Counts) -> FloatArray:
    most = counts.max(axis=-1, keepdims=True)
    tied = (counts == most) & (most > 0)
    votes: FloatArray = tied / np.maximum(tied.sum(axis=-1, keepdims=True), 1)
    return votes


def _mean(per_unit: FloatArray, times: FloatArray) -> FloatArray:
    return quotient((per_unit * times).sum(axis=-1), times.sum(axis=-1))
