"""Ordinal mixed models with crossed units and raters: seconds, memory, and distance to R.

Seconds are of one processor. R is not run: on the wine data the published values of `ordinal::clm`
and `clmm` are compared. The simulated studies have the shape of the published one (1,722 units, two
groups, 20 raters, three levels) and the size of all its ratings (16,587 by 262 raters).
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy: one thread each
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import resource
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from analysis import (
    MixedModel,
    design_matrix,
    group_odds_ratios,
    ordinal_mixed_model,
    proportional_odds,
)

PUBLISHED = Path(__file__).parents[1] / "tests" / "published"
BITTERNESS = [1, 2, 3, 4, 5]


def simulated(n_units: int, n_raters: int, n_ratings: int) -> pd.DataFrame:
    """Units of sd 1.2, raters of sd .8, every other rater of a group that is .6 more severe."""
    rng = np.random.default_rng(20240923)
    cells = rng.permutation(n_units * n_raters)[:n_ratings]
    unit, rater = np.divmod(np.sort(cells), n_raters)
    latent = 0.6 * (rater % 2) + 1.2 * rng.standard_normal(n_units)[unit]
    latent += 0.8 * rng.standard_normal(n_raters)[rater] + rng.logistic(size=n_ratings)
    codes = (latent > 1.5).astype(int) + (latent > 3.2)
    group = np.where(rater % 2, "physician", "consumer")
    return pd.DataFrame({"code": codes, "unit": unit, "rater": rater, "group": group})


def largest_differences(model: MixedModel, case: str) -> str:
    """Largest difference to R's estimates (with sd and log-likelihood) and standard errors."""
    published = pd.read_csv(PUBLISHED / "values" / "randall_1989_wine_clmm.csv", comment="#")
    expected = published[published["statistic"] == case].set_index("quantity")["value"]
    fixed = {**model.coefficients, **model.thresholds}
    estimates = [abs(fixed[name].value - expected[f"coef.{name}"]) for name in fixed]
    estimates += [abs(sd.value - expected["sd"]) for sd in model.sds.values()]
    estimates += [abs(model.log_likelihood - expected["loglik"])]
    errors = [abs((e.standard_error or 0) - expected[f"se.{n}"]) for n, e in fixed.items()]
    errors += [abs((e.standard_error or 0) - expected["se.ST1"]) for e in model.log_sds.values()]
    return f"estimates differ from R by {max(estimates):.1e}, standard errors by {max(errors):.1e}"


def wine() -> None:
    ratings = pd.read_csv(PUBLISHED / "randall_1989_wine.csv", comment="#")
    fixed = design_matrix(ratings, ["temp", "contact"])
    random = {"judge": ratings["judge"]}
    start = process_time()
    plain = proportional_odds(ratings["rating"], fixed, categories=BITTERNESS)
    print(f"wine, clm: {process_time() - start:.3f} s; ", end="")
    print(largest_differences(plain, "clm_proportional_odds"))
    for nodes, case in ((1, "clmm_random_judge_laplace"), (20, "clmm_random_judge_agq20")):
        start = process_time()
        model = ordinal_mixed_model(
            ratings["rating"], fixed, categories=BITTERNESS, random=random, n_quadrature=nodes
        )
        print(f"wine, {nodes} node(s): {process_time() - start:.3f} s; ", end="")
        print(largest_differences(model, case))


def crossed(n_units: int, n_raters: int, n_ratings: int) -> None:
    study = simulated(n_units, n_raters, n_ratings)
    start = process_time()
    found = group_odds_ratios(
        study["code"],
        groups=study["group"],
        units=study["unit"],
        raters=study["rater"],
        categories=[0, 1, 2],
    )
    seconds = process_time() - start
    slope = found.model.coefficients["groupphysician"]
    sds = ", ".join(f"{name} {sd.value:.3f}" for name, sd in found.model.sds.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{n_ratings:>9,} ratings, {n_units:,} units by {n_raters} raters: {seconds:.2f} s; "
        f"group {slope.value:.3f} ({slope.standard_error:.3f}), true .6; sds {sds}, true 1.2, .8; "
        f"peak memory {peak:,.0f} MiB"
    )


def main() -> None:
    wine()
    crossed(1_722, 20, 1_722 * 6)
    crossed(4_600, 262, 16_587)


if __name__ == "__main__":
    main()
