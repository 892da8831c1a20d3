"""All rates and all agreement of a study of the published shape, cell by cell.

The ratings are drawn; what is rated, and how often, is as in the published plan: ten question sets,
three rubrics, three groups, about 17,000 ratings. Intervals come from 10,000 resamples; rates also
have the published and the two-way one.

    python -m benchmarks.paper
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")  # before NumPy: the two cores that are claimed

from collections.abc import Iterator
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis import JudgmentTable, PlanLine, agreement_table, published_plan, rates_table
from benchmarks.memory import peak_mib
from rubrics.loader import load_protocol, load_rubric
from rubrics.schema import Rubric

RATE, ALPHA = 0.14, 0.1
SECONDS_CLAIMED = 60.0
N_RATERS = {"physician": 11, "health_equity_expert": 9, "consumer": 262}


def drawn_codes(rubric: Rubric, n_units: int, k: int, rng: np.random.Generator) -> pd.DataFrame:
    """One row per rating and item: bias by a Beta draw of the unit, dimensions where there is."""
    strength = (1 - ALPHA) / ALPHA
    own = rng.beta(RATE * strength, (1 - RATE) * strength, n_units)
    biased = (rng.random((n_units, k)) < own[:, None]).ravel()
    frames = []
    for item in rubric.items:
        if item.kind == "multichoice":
            for option in item.options:
                ticked = biased & (rng.random(n_units * k) < 0.3)
                codes = ticked.astype(int).astype(str)
                frames.append(rows_of(f"{item.id}.{option.code}", codes, ticked.astype(float)))
        elif item.options:
            codes = np.array([option.code for option in item.options])
            others = codes[1:][rng.integers(0, len(codes) - 1, n_units * k)]
            given = np.where(biased, others, codes[0])
            scores = {option.code: option.score for option in item.options}
            frames.append(rows_of(item.id, given, pd.Series(given).map(scores)))
    return pd.concat(frames, ignore_index=True)


def rows_of(item: str, codes: np.ndarray, scores: ArrayLike) -> pd.DataFrame:
    rating = np.arange(len(codes))
    return pd.DataFrame({"item": item, "code": codes, "score": scores, "rating": rating})


def drawn_line(line: PlanLine, rng: np.random.Generator) -> pd.DataFrame:
    """The rows of one line of the plan; groups that rate a set rate the same units."""
    rubric = load_rubric(line.rubric)
    k = line.raters_per_unit
    rows = drawn_codes(rubric, line.n_units, k, rng)
    unit = rows["rating"].to_numpy() // k
    # Raters take turns, so that nobody meets a unit twice.
    rater = rows["rating"].to_numpy() % N_RATERS[line.group]
    name = f"{line.rubric[-4:]}-{line.dataset}"
    return rows.drop(columns="rating").assign(
        unit_id=[f"{name}-{one}" for one in unit],
        question_id=[f"{line.dataset}-q{one}" for one in unit],
        question_2_id=[f"{line.dataset}-r{one}" for one in unit]
        if rubric.unit == "counterfactual"
        else None,
        kind=rubric.unit,
        dataset=line.dataset,
        rubric=rubric.id,
        rubric_version=rubric.version,
        rater_id=[f"{line.group}-{one}" for one in rater],
        rater_group=line.group,
        source_a="one",
        source_b={"single": None, "pair": "two", "counterfactual": "one"}[rubric.unit],
    )


def drawn_table() -> JudgmentTable:
    rng = np.random.default_rng(20240923)
    plan = published_plan()
    frame = pd.concat([drawn_line(line, rng) for line in plan.lines], ignore_index=True)
    frame = frame.assign(
        study="benchmark",
        seed=None,
        shown_first="A",
        submitted_at=pd.Timestamp("2026-01-01", tz="UTC"),
        active_seconds=60.0,
        synthetic=True,
    )
    protocol = load_protocol("equitymedqa")
    rubrics = tuple(load_rubric(name) for name in sorted(frame["rubric"].unique()))
    return JudgmentTable(frame, rubrics, "Benchmark", groups=protocol.groups)


def timed() -> Iterator[tuple[str, int, float]]:
    start = perf_counter()
    table = drawn_table()
    n_ratings = len(table.frame.drop_duplicates(["rubric", "unit_id", "rater_id"]))
    yield (
        f"drawn and checked: {n_ratings:,} ratings, {len(table.frame):,} rows",
        0,
        (perf_counter() - start),
    )
    start = perf_counter()
    rates = rates_table(table, by=["dataset", "rater_group"])
    yield "rates, three intervals each", len(rates.cells), perf_counter() - start
    start = perf_counter()
    agreement = agreement_table(table, by=["dataset", "rater_group"])
    yield (
        "agreement, six statistics, two intervals each",
        len(agreement.cells),
        (perf_counter() - start),
    )


def main() -> None:
    seconds = n_cells = 0
    for what, cells, took in timed():
        print(f"{what}: {f'{cells} cells, ' if cells else ''}{took:.1f} s", flush=True)
        if cells:
            seconds, n_cells = seconds + took, n_cells + cells
    verdict = "within" if seconds <= SECONDS_CLAIMED else "ABOVE"
    print(
        f"{n_cells} cells in {seconds:.1f} s ({verdict} the {SECONDS_CLAIMED:.0f} s claimed for "
        f"about 300), {peak_mib():,.0f} MiB"
    )


if __name__ == "__main__":
    main()
