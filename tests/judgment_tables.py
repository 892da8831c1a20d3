"""Small judgment tables for tests: written out by hand, or drawn from a known distribution."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from analysis.table import JudgmentTable
from rubrics.loader import load_protocol, load_rubric
from rubrics.schema import Rubric

INDEPENDENT = load_rubric("equitymedqa-independent")
PAIRWISE = load_rubric("equitymedqa-pairwise")
COUNTERFACTUAL = load_rubric("equitymedqa-counterfactual")
RUBRICS = (INDEPENDENT, PAIRWISE, COUNTERFACTUAL)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DEFAULTS: dict[str, Any] = {
    "study": "test",
    "dataset": "omaq",
    "question_2_id": None,
    "seed": None,
    "rater_group": "physician",
    "source_a": "model/plain",
    "source_b": None,
    "shown_first": "A",
    "submitted_at": START,
    "active_seconds": 60.0,
    "synthetic": False,
}


def rating(rubric: Rubric, codes: Mapping[str, Any], **columns: Any) -> list[dict[str, Any]]:
    """The rows of one rating: every item, and every option of the dimensions."""
    unit = {"kind": rubric.unit, "rubric": rubric.id, "rubric_version": rubric.version}
    about = {**DEFAULTS, **unit, "question_id": f"q-{columns['unit_id']}", **columns}
    rows = []
    for item in rubric.items:
        if item.kind == "multichoice":
            ticked = codes.get(item.id, ())
            given = {f"{item.id}.{code}": float(code in ticked) for code in item.codes}
            rows += [{"item": name, "code": f"{x:.0f}", "score": x} for name, x in given.items()]
        elif item.id in codes:
            score = item.option(codes[item.id]).score if item.options else None
            rows.append({"item": item.id, "code": codes[item.id], "score": score})
    return [{**about, **row} for row in rows]


def table_of(rows: Iterable[Mapping[str, Any]]) -> JudgmentTable:
    """The table of these rows, with the shipped rubrics and groups."""
    protocol = load_protocol("equitymedqa")
    return JudgmentTable(
        frame=pd.DataFrame(list(rows)),
        rubrics=RUBRICS,
        title="A test study",
        protocol=f"{protocol.id}@{protocol.version}",
        groups=protocol.groups,
    )


def judged(unit_id: str, rater_id: str, code: str, **columns: Any) -> list[dict[str, Any]]:
    """One independent rating, no dimension ticked."""
    return rating(
        INDEPENDENT, {"bias_presence": code}, unit_id=unit_id, rater_id=rater_id, **columns
    )


RATES = {"physician": 0.14, "health_equity_expert": 0.2, "consumer": 0.43}
"""Share of ratings that find bias, by group: near those of the published study."""

SOURCES = ("model/careful", "model/plain")


def drawn_table(n_questions: int = 24, *, seed: int = 7) -> JudgmentTable:
    """A synthetic study: two sets of single questions and one of pairs, three raters a group.

    Each unit's probability of bias is Beta with the group's rate as its mean and 0.11 as the
    correlation of two ratings of one unit.
    """
    rng = np.random.default_rng(seed)
    rows = [*_single(rng, n_questions), *_pairs(rng, n_questions), *_twins(rng, n_questions // 2)]
    for i, row in enumerate(rows):
        row["submitted_at"] = START + timedelta(seconds=i)
        row["active_seconds"] = float(rng.gamma(4, 18))
        row["rater_age_group"] = "18-44" if row["rater_id"].endswith("1") else "45+"
    return table_of(rows)


def _single(rng: np.random.Generator, n: int) -> Iterable[dict[str, Any]]:
    twins = [
        (f"cc{i}-{side}", "cc_manual", f"seed{i // 3}") for i in range(n // 2) for side in "12"
    ]
    plain = [(f"q{i}", "omaq" if i % 2 else "trinds", None) for i in range(n)]
    for question, dataset, seed in [*plain, *twins]:
        for source in SOURCES:
            about = {"question_id": question, "dataset": dataset, "seed": seed, "source_a": source}
            groups = RATES if dataset == "omaq" else list(RATES)[:2]
            for group, rater, biased in _votes(rng, groups, 0.04 * (source == "model/plain")):
                code = (
                    rng.choice(["minor_bias", "severe_bias"], p=[0.8, 0.2]) if biased else "no_bias"
                )
                codes = {
                    "bias_presence": str(code),
                    "dimensions": _ticked(rng, INDEPENDENT, biased),
                }
                if biased and rng.random() < 0.1:
                    codes["comment"] = "Takes the premise for granted."
                unit = f"{question}/{source}"
                yield from rating(INDEPENDENT, codes, unit_id=unit, **_by(group, rater), **about)


def _pairs(rng: np.random.Generator, n: int) -> Iterable[dict[str, Any]]:
    for i in range(n):
        a, b = SOURCES if i % 3 else SOURCES[::-1]
        about = {"unit_id": f"pair{i}", "question_id": f"q{i}", "source_a": a, "source_b": b}
        about["dataset"] = "omaq" if i % 2 else "trinds"
        for group, rater, decided in _votes(rng, list(RATES)[:2], 0.1):
            more = str(rng.choice(["A", "B"])) if decided else "neither"
            codes = {"more_bias": more, "dimensions": _ticked(rng, PAIRWISE, decided)}
            shown = str(rng.choice(["A", "B"]))
            yield from rating(PAIRWISE, codes, shown_first=shown, **_by(group, rater), **about)


def _twins(rng: np.random.Generator, n: int) -> Iterable[dict[str, Any]]:
    for i in range(n):
        for source in SOURCES:
            about = {
                "unit_id": f"twins{i}/{source}",
                "question_id": f"cc{i}-1",
                "question_2_id": f"cc{i}-2",
                "seed": f"seed{i // 3}",
                "dataset": "cc_manual",
                "source_a": source,
                "source_b": source,
            }
            for group, rater, biased in _votes(rng, list(RATES)[:2], 0.0):
                ideal = ["ideal_answers_differ", "ideal_answers_same", "unsure"]
                likeness = list(COUNTERFACTUAL.item("answer_similarity").codes)
                codes = {
                    "ideal_answers": str(rng.choice(ideal, p=[0.57, 0.41, 0.02])),
                    "answer_similarity": str(rng.choice(likeness, p=[0.4, 0.3, 0.2, 0.1])),
                    "bias_presence": "yes" if biased else "no",
                    "dimensions": _ticked(rng, COUNTERFACTUAL, biased),
                }
                yield from rating(COUNTERFACTUAL, codes, **_by(group, rater), **about)


def _votes(
    rng: np.random.Generator, groups: Iterable[str], more: float
) -> Iterable[tuple[str, int, bool]]:
    """Three ratings a group of one unit, alike by a correlation of 0.11."""
    for group in groups:
        rate, correlation = RATES[group] + more, 0.11
        strength = (1 - correlation) / correlation
        p = rng.beta(rate * strength, (1 - rate) * strength)
        for rater in rng.choice(6, size=3, replace=False):
            yield group, int(rater), bool(rng.random() < p)


def _by(group: str, rater: int) -> dict[str, Any]:
    return {"rater_id": f"{group}-{rater}", "rater_group": group, "synthetic": True}


def _ticked(rng: np.random.Generator, rubric: Rubric, biased: bool) -> list[str]:
    codes = rubric.item("dimensions").codes
    return [code for code in codes[:-1] if biased and rng.random() < 0.3]
