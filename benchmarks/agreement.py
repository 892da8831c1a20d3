"""Agreement with intervals: `analysis.bootstrap` beside what one would pick instead.

Ours resamples 10,000 times and gives alpha, AC1, Fleiss, free-marginal, percent and specific
agreement, each with a BCa interval. The others give one statistic without BCa; irrCAC, statsmodels
and krippendorff in a loop over resamples, evalaudit by its own bootstrap. A few of their resamples
are measured and scaled up, because at a million ratings the whole would take hours. Every package
runs in a process of its own, one thread, on the same ratings.

    python -m benchmarks.agreement
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy: one thread each

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.memory import peak_mib
from benchmarks.peers.environment import measured

N_RESAMPLES = 10_000
STATISTICS = [
    "krippendorff_alpha",
    "gwet_ac",
    "fleiss_kappa",
    "brennan_prediger",
    "percent_agreement",
    "specific_agreement",
]
SCALES = (
    # units, raters, ratings, seconds allowed, resamples measured of each peer
    (4_600, 9, 16_587, 0.2, {"krippendorff": 200, "irrCAC": 100, "statsmodels": 200}),
    (265_000, 9, 1_000_000, 1.0, {"krippendorff": 10, "irrCAC": 10, "statsmodels": 20}),
)
GIVES = {
    "krippendorff": "ordinal alpha",
    "irrCAC": "AC1",
    "statsmodels": "Fleiss, units of one size",
    "evalaudit": "ordinal alpha, percentile",
}


def simulated(n_units: int, n_raters: int, n_ratings: int) -> NDArray[np.float64]:
    """Three levels of bias, shares about 80, 15 and 5 %, and exactly this many ratings."""
    rng = np.random.default_rng(20240923)
    own = rng.choice(3, (n_units, 1), p=[0.8, 0.15, 0.05])
    chance = rng.choice(3, (n_units, n_raters), p=[0.8, 0.15, 0.05])
    ratings = np.where(rng.random((n_units, n_raters)) < 0.4, own, chance).astype(float)
    left_out = rng.permutation(ratings.size)[n_ratings:]
    ratings.ravel()[left_out] = np.nan
    return ratings


def ours(path: Path) -> dict[str, float]:
    """Median of five runs, reading and counting included."""
    from analysis import bootstrap, krippendorff_alpha

    ratings = np.load(path)
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
    value = krippendorff_alpha(ratings, level="ordinal").value
    return {"value": value, "seconds": median(seconds), "mib": peak_mib()}


def in_own_process(path: Path) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.agreement", str(path)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    numbers: dict[str, float] = json.loads(done.stdout)
    return numbers


def compare(folder: Path) -> None:
    for n_units, n_raters, n_ratings, allowed, n_measured in SCALES:
        path = folder / f"{n_ratings}.npy"
        np.save(path, simulated(n_units, n_raters, n_ratings))
        own = in_own_process(path)
        verdict = "within" if own["seconds"] <= allowed else "ABOVE"
        print(
            f"\n{n_ratings:,} ratings of {n_units:,} units\n"
            f"  {'analysis.bootstrap':<14} {len(STATISTICS)} statistics, BCa: "
            f"{own['seconds']:.3f} s ({verdict} the {allowed} s claimed), {own['mib']:,.0f} MiB"
        )
        for peer, n in {**n_measured, "evalaudit": 1_000}.items():
            other = measured(peer, path, n)
            seconds = other["seconds"] * N_RESAMPLES
            difference = f", alpha differs by {abs(other['value'] - own['value']):.0e}"
            print(
                f"  {peer:<14} {GIVES[peer]}: {seconds:,.0f} s ({n} resamples measured), "
                f"{other['mib']:,.0f} MiB, {seconds / own['seconds']:,.0f} x"
                f"{difference if 'alpha' in GIVES[peer] else ''}"
            )


def main() -> None:
    print(f"{N_RESAMPLES:,} resamples of units, one thread each")
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(ours(Path(sys.argv[1]))))
    else:
        main()
