"""Run one other package on a table of ratings and print what it took, as a line of JSON.

It runs in the peers' own environment: `python measure.py PEER RATINGS.npy RESAMPLES`. A loop gives
the seconds of one resample (the median of those measured), which the caller scales up.
"""

import json
import resource
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

CODES = [0, 1, 2]
Table = Any
Statistic = Callable[[Table], float]


def krippendorff_alpha() -> Statistic:
    import krippendorff

    return lambda ratings: krippendorff.alpha(
        reliability_data=ratings.T, level_of_measurement="ordinal", value_domain=CODES
    )


def irrcac_ac1() -> Statistic:
    import pandas as pd
    from irrCAC.raw import CAC

    return lambda ratings: CAC(pd.DataFrame(ratings), categories=CODES).gwet()["est"][
        "coefficient_value"
    ]


def statsmodels_fleiss() -> Statistic:
    """Complete data only, so on the units that five raters rated, or as many as they share."""
    from statsmodels.stats.inter_rater import fleiss_kappa

    def kappa(ratings: Table) -> float:
        counts = np.stack([(ratings == code).sum(axis=1) for code in CODES], axis=1)
        per_unit = counts.sum(axis=1)
        commonest = np.bincount(per_unit).argmax()
        return float(fleiss_kappa(counts[per_unit == commonest]))

    return kappa


def loop(statistic: Statistic, ratings: Table, n_measured: int) -> dict[str, float]:
    """One resample of units after the other, as a person would write it."""
    rng = np.random.default_rng(1)
    seconds = []
    for _ in range(n_measured):
        start = perf_counter()
        statistic(ratings[rng.integers(0, len(ratings), len(ratings))])
        seconds.append(perf_counter() - start)
    return {"value": float(statistic(ratings)), "seconds": median(seconds)}


def evalaudit_alpha(ratings: Table, n_measured: int) -> dict[str, float]:
    """Its own bootstrap; the seconds are those of all resamples over their number."""
    import pandas as pd
    from evalaudit import rater_agreement

    unit, rater = np.nonzero(~np.isnan(ratings))
    long = pd.DataFrame({"item_id": unit, "rater_id": rater, "rating": ratings[unit, rater]})
    start = perf_counter()
    result = rater_agreement(long, level="ordinal", n_boot=n_measured, seed=1)
    return {"value": float(result.alpha), "seconds": (perf_counter() - start) / n_measured}


def main(peer: str, path: str, n_measured: int) -> None:
    ratings = np.load(path)
    if peer == "evalaudit":
        measured = evalaudit_alpha(ratings, n_measured)
    else:
        statistic = {
            "krippendorff": krippendorff_alpha,
            "irrCAC": irrcac_ac1,
            "statsmodels": statsmodels_fleiss,
        }[peer]()
        measured = loop(statistic, ratings, n_measured)
    measured["mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(measured))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
