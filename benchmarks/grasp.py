"""GRASP with its permutations of raters: 1,000 of them, three metrics, at the size of a paper.

Side by side with a loop that computes the same three in-group and cross-group metrics once, pair by
pair, as the definitions read; its time for 1,000 permutations is scaled up from one.

    python -m benchmarks.grasp
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy: one thread

from itertools import combinations, product
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from analysis import grasp, krippendorff_alpha, xrr
from benchmarks.memory import peak_mib

N_PERMUTATIONS = 1_000
SECONDS_CLAIMED = 10.0
CODES = [0, 1, 2]
Table = NDArray[np.float64]


def simulated(n_units: int, n_raters: int, per_unit: int) -> Table:
    """Ratings of units by some of the raters, NaN elsewhere."""
    rng = np.random.default_rng(20240923)
    own = rng.choice(3, (n_units, 1), p=[0.7, 0.2, 0.1])
    chance = rng.choice(3, (n_units, n_raters), p=[0.7, 0.2, 0.1])
    ratings = np.where(rng.random((n_units, n_raters)) < 0.3, own, chance).astype(float)
    order = rng.random((n_units, n_raters)).argsort(axis=1).argsort(axis=1)
    ratings[order >= per_unit] = np.nan
    return ratings


def loop_once(ratings: Table, labels: NDArray[np.str_]) -> list[float]:
    """Cohesion within each group and across, in plain Python over pairs of ratings."""
    found = []
    for group in np.unique(labels):
        inside, outside = ratings[:, labels == group], ratings[:, labels != group]
        found += [krippendorff_alpha(inside, level="nominal").value]
        found += [xrr(inside, outside, level="nominal").value]
        agree_in = [a == b for row in rated(inside) for a, b in combinations(row, 2)]
        both = zip(rated(inside), rated(outside), strict=True)
        agree_out = [a == b for one, other in both for a, b in product(one, other)]
        found += [float(np.mean(agree_in)), float(np.mean(agree_out))]
    return found


def rated(table: Table) -> list[list[float]]:
    return [row[~np.isnan(row)].tolist() for row in table]


def main() -> None:
    for n_units, n_raters, per_unit in ((240, 20, 20), (350, 104, 30), (262, 262, 3)):
        ratings = simulated(n_units, n_raters, per_unit)
        rng = np.random.default_rng(1)
        axes = {
            "sex": rng.choice(["female", "male"], n_raters),
            "region": rng.choice(["north", "south", "west"], n_raters),
            "age": rng.choice(["18-34", "35-64"], n_raters),
        }
        start = perf_counter()
        result = grasp(ratings, axes=axes, categories=CODES, n_permutations=N_PERMUTATIONS, seed=1)
        seconds = perf_counter() - start
        start = perf_counter()
        for labels in axes.values():
            loop_once(ratings, labels)
        slow = (perf_counter() - start) * N_PERMUTATIONS
        verdict = "within" if seconds <= SECONDS_CLAIMED else "ABOVE"
        print(
            f"{n_units} units x {n_raters} raters, {per_unit} each, 7 groups: {seconds:.1f} s "
            f"({verdict} the {SECONDS_CLAIMED:.0f} s claimed), {len(result.to_frame())} rows; loop "
            f"{slow:,.0f} s (one measured), {slow / seconds:,.0f} x; {peak_mib():,.0f} MiB",
            flush=True,
        )


if __name__ == "__main__":
    main()
