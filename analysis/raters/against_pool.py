"""One rater's share of something against the share of all other raters together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from analysis.estimates import Interval
from analysis.rates.proportions import clopper_pearson
from analysis.ratings import IntArray

More = Literal["more", "fewer"]


@dataclass(frozen=True)
class PoolShare:
    """Hits of one rater out of n, and the share of hits of all others."""

    hits: int
    n: int
    others: float | None
    """None where there are no others."""

    interval: Interval | None
    """Exact, of the rater's share."""

    p_value: float | None
    """Fisher's, one-sided."""

    @property
    def value(self) -> float | None:
        """The rater's share, None where there is nothing to count."""
        return self.hits / self.n if self.n else None


def shares_against_pool(
    hit: NDArray[np.bool_], rater: IntArray, n_raters: int, *, look_for: More, confidence: float
) -> Iterator[PoolShare]:
    """Count each rater's hits, and ask how likely so many (or few) are, given all hits."""
    n = np.bincount(rater, minlength=n_raters)
    hits = np.bincount(rater, hit, n_raters).astype(np.int64)
    total, all_hits = int(n.sum()), int(hits.sum())
    for own, of in zip(hits.tolist(), n.tolist(), strict=True):
        interval = clopper_pearson(own, of, confidence=confidence).interval if of else None
        if of == 0 or of == total:
            yield PoolShare(own, of, None, interval, None)
            continue
        law = hypergeom(total, all_hits, of)
        p = law.sf(own - 1) if look_for == "more" else law.cdf(own)
        others = (all_hits - own) / (total - of)
        yield PoolShare(own, of, others, interval, min(1.0, float(p)))
