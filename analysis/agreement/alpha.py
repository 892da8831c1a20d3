"""Krippendorff's alpha as a function of sums over units, for any distance between categories."""

from dataclasses import dataclass

import numpy as np

from analysis.agreement.reasons import no_pair_or_one_category
from analysis.ratings import FloatArray, Units


@dataclass(frozen=True, eq=False)
class Alpha:
    """Krippendorff's alpha, one minus observed over expected disagreement."""

    n_categories: int
    distance: FloatArray | None
    """Distances of the categories, squared where alpha squares them; None for the ordinal metric,
    which the ratings themselves make."""

    name: str = "krippendorff_alpha"
    needs_raters: bool = False

    def per_unit(self, units: Units) -> FloatArray:
        """Disagreement within the unit (by pair of categories if ordinal), then its ratings."""
        counts = np.where(units.per_unit[:, None] >= 2, units.counts, 0).astype(float)
        partners = np.maximum(units.per_unit - 1, 1)[:, None]
        if self.distance is None:
            lower, upper = np.triu_indices(counts.shape[1], k=1)
            within = 2 * counts[:, lower] * counts[:, upper] / partners
        else:
            within = (counts @ self.distance * counts).sum(axis=1, keepdims=True) / partners
        return np.hstack([within, counts])

    def value(self, sums: FloatArray) -> FloatArray:
        """One minus observed over expected disagreement, the ordinal metric from these ratings."""
        within, margins = np.split(sums, [sums.shape[-1] - self.n_categories], axis=-1)
        total = margins.sum(axis=-1)
        observed, expected = self._disagreements(within, margins, total)
        varied = np.count_nonzero(margins, axis=-1) >= 2
        ratio: FloatArray = np.full(total.shape, np.nan)
        np.divide((total - 1) * observed, expected, out=ratio, where=varied)
        return 1 - ratio

    def _disagreements(
        self, within: FloatArray, margins: FloatArray, total: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        if self.distance is not None:
            return within[..., 0], (margins @ self.distance * margins).sum(axis=-1)

        rank = mean_ranks(margins)
        lower, upper = np.triu_indices(margins.shape[-1], k=1)
        observed = (within * np.square(rank[..., lower] - rank[..., upper])).sum(axis=-1)
        spread = (margins * np.square(rank - total[..., None] / 2)).sum(axis=-1)
        return observed, 2 * total * spread

    def reason(self, units: Units) -> str:
        """Say that there is no pair, or no second category."""
        return no_pair_or_one_category(units.pairable(), len(units))


def mean_ranks(margins: FloatArray) -> FloatArray:
    """Give the mean rank of each category's ratings, (..., n_categories).

    Their squared differences are Krippendorff's ordinal metric in closed form: the ratings from
    one category to another, less half of those in the two.
    """
    ranks: FloatArray = np.cumsum(margins, axis=-1) - margins / 2
    return ranks
