"""Bootstrap of agreement: `analysis.bootstrap` beside a loop over the krippendorff package.

Ours resamples 10,000 times and gives alpha, AC1, Fleiss, free-marginal, percent and specific
agreement with BCa intervals. The loop gives ordinal alpha alone, without BCa; the median seconds of
a few resamples are scaled up, because at a million ratings the whole would take most of an hour.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy: one thread each

import resource
from statistics import median
from time import perf_counter

import krippendorff
import numpy as np
from numpy.typing import NDArray

from analysis import bootstrap, krippendorff_alpha

N_RESAMPLES = 10_000
STATISTICS = [
    "krippendorff_alpha",
    "gwet_ac",
    "fleiss_kappa",
    "brennan_prediger",
    "percent_agreement",
    "specific_agreement",
]
Table = NDArray[np.float64]


def simulated(n_units: int, n_raters: int, n_ratings: int) -> Table:
    """Three levels of bias, shares about 80, 15 and 5 %, and exactly this many ratings."""
    rng = np.random.default_rng(20240923)
    own = rng.choice(3, (n_units, 1), p=[0.8, 0.15, 0.05])
    chance = rng.choice(3, (n_units, n_raters), p=[0.8, 0.15, 0.05])
    ratings = np.where(rng.random((n_units, n_raters)) < 0.4, own, chance).astype(float)
    left_out = rng.permutation(ratings.size)[n_ratings:]
    ratings.ravel()[left_out] = np.nan
    return ratings


def seconds_of_ours(ratings: Table) -> float:
    """Median of five runs, reading and counting included."""
    seconds = []
    for _ in range(5):
        start = perf_counter()
        bootstrap(
            ratings,
            STATISTICS,
            level="ordinal",
            categories=[0, 1, 2],
            n_resamples=N_RESAMPLES,
            seed=1,
        )
        seconds.append(perf_counter() - start)
    return median(seconds)


def seconds_of_loop(ratings: Table, n_measured: int) -> float:
    """Median of the measured resamples, scaled up to all."""
    rng = np.random.default_rng(1)
    seconds = []
    for _ in range(n_measured):
        start = perf_counter()
        drawn = ratings[rng.integers(0, len(ratings), len(ratings))]
        krippendorff.alpha(
            reliability_data=drawn.T, level_of_measurement="ordinal", value_domain=[0, 1, 2]
        )
        seconds.append(perf_counter() - start)
    return median(seconds) * N_RESAMPLES


def main() -> None:
    print(f"{N_RESAMPLES:,} resamples of units, one thread")
    for n_units, n_raters, n_ratings, n_measured in (
        (4_600, 9, 16_587, 200),
        (265_000, 9, 1_000_000, 25),
    ):
        ratings = simulated(n_units, n_raters, n_ratings)
        ours = krippendorff_alpha(ratings, level="ordinal").value
        theirs = krippendorff.alpha(reliability_data=ratings.T, level_of_measurement="ordinal")
        fast, slow = seconds_of_ours(ratings), seconds_of_loop(ratings, n_measured)
        print(
            f"{n_ratings:>9,} ratings: ours {fast:.3f} s for {len(STATISTICS)} statistics; "
            f"loop {slow:,.0f} s for alpha ({n_measured} resamples measured); "
            f"ratio {slow / fast:,.0f}; alpha differs by {abs(ours - theirs):.1e}"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MiB, both included")


if __name__ == "__main__":
    main()
