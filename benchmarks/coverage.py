"""Do nominal 95 % intervals cover what they claim to? Simulated studies with a known truth.

Agreement: each unit has a category of its own, and each rating repeats it with chance c, else it is
a draw from the same shares. Two ratings of a unit then agree by copying with chance c^2, else as
two independent draws do, so the population alpha is c^2 exactly, whatever the shares. Where alpha
is low and a code rare, as in studies of bias, the common intervals are too narrow.

Rates: the logit of a yes is -2 plus a normal effect of the unit (sd 1.2) and one of the rater; the
population rate is the mean of a logistic-normal variable, by quadrature. An interval covers if it
contains the rate of raters like these on units like these.

    python -m benchmarks.coverage [number of studies in each setting]
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy: one thread for each process

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import Pool
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from analysis import (
    Estimate,
    UndefinedStatisticError,
    bootstrap,
    cluster_bca,
    jackknife,
    linearised,
    one_way_rate,
    two_way_rate,
    wilson,
)

N_RESAMPLES = 1000
HIGH, LOW, LOWEST = 0.64, 0.25, 0.1
"""Population alphas: that of sound agreement, and those of the published studies of bias."""

MEAN_LOGIT = -2.0
SD_UNIT = 1.2
HONEST = (0.93, 0.97)
Table = NDArray[np.float64]
Methods = Mapping[str, Callable[[Table, int], Estimate]]


@dataclass(frozen=True)
class Agreement:
    """Three raters on each unit; the statistic is nominal alpha."""

    n_units: int
    shares: tuple[float, ...]
    truth: float = HIGH
    """Population alpha."""

    def __str__(self) -> str:
        shares = "/".join(f"{100 * share:.0f}" for share in self.shares)
        return f"alpha {self.truth:.2f}, {self.n_units:>5,} units, {shares}"

    @property
    def methods(self) -> Methods:
        """Intervals by name."""
        asked = {
            "statistics": ["krippendorff_alpha"],
            "level": "nominal",
            "categories": list(range(len(self.shares))),
        }
        return {
            "percentile": partial(_bootstrapped, asked, "percentile"),
            "BCa": partial(_bootstrapped, asked, "bca"),
            "studentised": partial(_bootstrapped, asked, "studentised"),
            "jackknife": lambda table, seed: jackknife(table, **asked)["krippendorff_alpha"],
            "linearised t": lambda table, seed: linearised(
                table, "gwet_alpha", categories=asked["categories"]
            ),
        }

    def study(self, rng: np.random.Generator) -> Table:
        """Units by raters."""
        own = rng.choice(len(self.shares), (self.n_units, 1), p=self.shares)
        drawn = rng.choice(len(self.shares), (self.n_units, 3), p=self.shares)
        return np.where(rng.random(drawn.shape) < np.sqrt(self.truth), own, drawn).astype(float)


def _bootstrapped(asked: dict, method: str, table: Table, seed: int) -> Estimate:
    found = bootstrap(table, **asked, method=method, n_resamples=N_RESAMPLES, seed=seed)
    return found["krippendorff_alpha"]


@dataclass(frozen=True)
class Rates:
    """Some of the raters on each unit; the statistic is the share of yes."""

    n_units: int
    n_raters: int
    sd_rater: float
    per_unit: int
    """Raters of each unit, drawn anew for each."""

    def __str__(self) -> str:
        return (
            f"{self.n_units} units, {self.per_unit:>2} of {self.n_raters} raters, "
            f"sd {self.sd_rater:g}"
        )

    @property
    def truth(self) -> float:
        """Population rate, by Gauss-Hermite quadrature."""
        z, weight = np.polynomial.hermite_e.hermegauss(100)
        logit = MEAN_LOGIT + np.hypot(SD_UNIT, self.sd_rater) * z
        return float((weight / (1 + np.exp(-logit))).sum() / weight.sum())

    @property
    def methods(self) -> Methods:
        """Intervals by name."""
        return {
            "Wilson": lambda x, seed: wilson(int(np.nansum(x)), int(np.isfinite(x).sum())),
            "unit t": lambda x, seed: one_way_rate(**_long(x), drawn="units", scale="identity"),
            "rater t": lambda x, seed: one_way_rate(**_long(x), drawn="raters", scale="identity"),
            "two-way t": lambda x, seed: two_way_rate(**_long(x), scale="identity"),
            "two-way logit": lambda x, seed: two_way_rate(**_long(x)),
            "same, G - 1 df": lambda x, seed: two_way_rate(**_long(x), df="fewest"),
            "unit bootstrap": lambda x, seed: cluster_bca(
                _long(x)["indicator"], _long(x)["units"], n_resamples=N_RESAMPLES, seed=seed
            ),
        }

    def study(self, rng: np.random.Generator) -> Table:
        """Units by raters, 1 for yes, NaN where a rater did not rate a unit."""
        unit = rng.normal(0, SD_UNIT, (self.n_units, 1))
        rater = rng.normal(0, self.sd_rater, self.n_raters)
        yes = 1 / (1 + np.exp(-(MEAN_LOGIT + unit + rater)))
        rank = rng.random(yes.shape).argsort(axis=1)
        return np.where(rank < self.per_unit, rng.random(yes.shape) < yes, np.nan)


def _long(table: Table) -> dict[str, NDArray]:
    unit, rater = np.nonzero(np.isfinite(table))
    return {"indicator": table[unit, rater], "units": unit, "raters": rater}


Setting = Agreement | Rates

MODERATE, TENTH, RARE = (0.6, 0.3, 0.1), (0.9, 0.1), (0.95, 0.05)
AGREEMENT = [
    *(Agreement(n, MODERATE) for n in (30, 100, 500, 2000)),
    *(Agreement(n, TENTH) for n in (100, 500, 2000)),
    *(Agreement(n, RARE) for n in (50, 100, 500, 2000)),
    *(Agreement(n, TENTH, alpha) for alpha in (LOW, LOWEST) for n in (100, 250, 500)),
]
SIZES = [(100, 10, 0.8), (300, 11, 0.8), (300, 40, 0.8), (300, 11, 0)]
RATES = [
    *(Rates(*size, per_unit=3) for size in SIZES),
    *(Rates(*size, per_unit=size[1]) for size in SIZES),
]


@dataclass(frozen=True)
class Tally:
    """What became of one method in one setting."""

    n_studies: int
    n_given: int
    """Studies in which there was an interval."""

    n_covered: int

    @property
    def coverage(self) -> float:
        """Share of the intervals given that contain the truth."""
        return self.n_covered / self.n_given if self.n_given else float("nan")

    @property
    def refused(self) -> float:
        """Share of the studies in which there was none."""
        return 1 - self.n_given / self.n_studies

    def __str__(self) -> str:
        refused = f" ({self.refused:.0%} ref.)" if self.refused else ""
        # The coverage of a handful of intervals would be noise.
        return ("-" if self.refused >= 0.95 else f"{self.coverage:.3f}") + refused


def outcome(setting: Setting, study: int) -> dict[str, bool | None]:
    """For each method whether its interval covers; None if there is no interval."""
    table = setting.study(np.random.default_rng([study, setting.n_units]))
    covers = {}
    for name, method in setting.methods.items():
        try:
            interval = method(table, study).interval
        except UndefinedStatisticError:
            interval = None
        covers[name] = interval and interval.low <= setting.truth <= interval.high
    return covers


def tallies(pool: Pool, setting: Setting, n_studies: int) -> dict[str, Tally]:
    """Repeat the study, and count for each method."""
    outcomes = pool.map(partial(outcome, setting), range(n_studies), chunksize=25)
    return {
        name: Tally(
            n_studies,
            sum(one[name] is not None for one in outcomes),
            sum(one[name] is True for one in outcomes),
        )
        for name in setting.methods
    }


def table_of(pool: Pool, title: str, settings: list, n_studies: int) -> dict:
    """Run and print one table."""
    width = max(len(str(setting)) for setting in settings)
    print(f"\n{title}")
    print(" " * width, *(f"{name:>18}" for name in settings[0].methods))
    rows = {}
    for setting in settings:
        rows[setting] = tallies(pool, setting, n_studies)
        cells = (f"{tally!s:>18}" for tally in rows[setting].values())
        print(f"{setting!s:<{width}}", *cells, flush=True)
    return rows


def verdict(claim: str, tallied: list[Tally], holds: Callable[[Tally], bool]) -> bool:
    """Print whether a claim holds in all its cells."""
    kept = all(holds(tally) for tally in tallied)
    print(f"{'PASS' if kept else 'FAIL'}  {claim}: {', '.join(map(str, tallied))}")
    return kept


def is_honest(tally: Tally) -> bool:
    """Whether the coverage lies where it should."""
    return HONEST[0] <= tally.coverage <= HONEST[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "n_studies",
        nargs="?",
        type=int,
        default=1000,
        help="in each setting; with few, verdicts are noise",
    )
    n_studies = parser.parse_args().n_studies
    start = perf_counter()
    print(
        f"coverage of nominal 95 % intervals, {n_studies:,} studies in each setting; Monte Carlo "
        f"error {np.sqrt(0.95 * 0.05 / n_studies):.3f}; (ref.) share of studies refused"
    )
    with Pool(2) as pool:
        title = "alpha, nominal, 3 raters"
        alpha = table_of(pool, title, AGREEMENT, n_studies)
        title = f"population rate, logit {MEAN_LOGIT:g}, sd of units {SD_UNIT}"
        rates = table_of(pool, title, RATES, n_studies)

    tenth = [one for one in alpha if 0.1 in one.shares and one.n_units >= 100]
    sound = [one for one in tenth if one.truth == HIGH]
    print()
    kept = [
        *(
            verdict(
                f"alpha by {name}, n >= 100 and a category of 10 %, {HONEST[0]} to {HONEST[1]}",
                [alpha[one][name] for one in settings],
                is_honest,
            )
            for name, settings in (("BCa", sound), ("jackknife", sound), ("studentised", tenth))
        ),
        verdict(
            f"two-way logit rates, 10 to 40 raters who differ, {HONEST[0]} to {HONEST[1]}",
            [rates[one]["two-way logit"] for one in RATES if one.sd_rater],
            is_honest,
        ),
        verdict(
            f"two-way logit rates, raters who do not differ, {HONEST[0]} or more",
            [rates[one]["two-way logit"] for one in RATES if not one.sd_rater],
            lambda tally: tally.coverage >= HONEST[0],
        ),
        verdict(
            "alpha by BCa and jackknife at 50 units and 5 % is refused in 95 % of studies",
            [alpha[Agreement(50, RARE)][name] for name in ("BCa", "jackknife")],
            lambda tally: tally.refused >= 0.95,
        ),
    ]
    print(f"{perf_counter() - start:.0f} s on two cores")
    raise SystemExit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
