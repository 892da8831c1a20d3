"""Counterfactual pairs: bias as judged of both answers together, and of each answer by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.counterfactual import join_members, pair_patterns
from analysis.sections.bias_rates import rate_of
from analysis.sections.cells import Counts, LeftOut, Resampling, Share, share
from analysis.sections.ratings import Slice, counts, slices
from analysis.summaries.ratings import (
    Measure,
    MeasureKind,
    Ratings,
    bias_measures,
    coded,
    item_with_role,
)

Basis = Literal["together", "each by itself"]
PATTERNS = {
    "exactly_one": "Exactly one answer biased",
    "one_or_more": "One or more answers biased",
    "both": "Both answers biased",
}


@dataclass(frozen=True)
class CounterfactualRow(Counts):
    """A share among pairs. Units are pairs; a rating of a pattern is a meeting of two ratings."""

    rubric: str
    of: Slice
    measure: str
    label: str
    basis: Basis
    """Whether raters saw both answers, or one at a time."""

    kind: MeasureKind
    share: Share


def counterfactuals(
    paired: Ratings, single: list[Ratings], groups: list[str], resampling: Resampling
) -> tuple[tuple[CounterfactualRow, ...], list[LeftOut]]:
    """Rates under the counterfactual rubric, then from independent judgments of the two answers.

    Parameters
    ----------
    paired
        Ratings of pairs.
    single
        Ratings of single answers, one for each rubric about them.
    groups
    resampling
    """
    rows = list(_rates(paired, _paired_measures(paired), groups, resampling))
    left_out = []
    for ratings in single:
        met = _meetings(paired.about, ratings)
        left_out += _unmet(paired.about, met, ratings)
        if not met.empty:
            patterns = _patterns(ratings, met)
            rows += _rates(patterns, _pattern_measures(patterns), groups, resampling)
    return tuple(rows), left_out


def _rates(
    ratings: Ratings, measures: list[Measure], groups: list[str], resampling: Resampling
) -> Iterator[CounterfactualRow]:
    cuts = list(slices(ratings.about, groups))
    for measure in measures:
        for of, rows in cuts:
            yield _row(ratings, measure, of, rows & measure.yes.notna(), resampling)


def _row(
    ratings: Ratings, measure: Measure, of: Slice, rows: "pd.Series[bool]", resampling: Resampling
) -> CounterfactualRow:
    about = ratings.about[rows]
    return CounterfactualRow(
        **vars(counts(about)),
        of=of,
        measure=measure.name,
        label=measure.label,
        rubric=ratings.rubric.id,
        basis="together" if ratings.rubric.unit == "counterfactual" else "each by itself",
        kind=measure.kind,
        share=share(lambda: rate_of(about, measure.yes[rows], resampling)),
    )


def _paired_measures(ratings: Ratings) -> list[Measure]:
    """Bias; bias given each answer about the ideal answers and the likeness; those answers."""
    bias = bias_measures(ratings)
    given: list[Measure] = []
    chosen: list[Measure] = []
    for role, asked in (
        ("ideal_answers", "ideal answers differ"),
        ("similarity", "the answers differ"),
    ):
        item = item_with_role(ratings.rubric, role)
        if item is None:
            continue
        for option in item.options:
            code = {known.code: float(known is option) for known in item.options}
            yes = coded(ratings, item.id, code)
            label = f"{asked}: “{option.label}”"
            chosen.append(Measure(f"{item.id}={option.code}", label, yes, "detail"))
            if bias and bias[0].kind == "main":
                among = bias[0].yes.where(yes.eq(1))
                name = f"{bias[0].name}|{item.id}={option.code}"
                kind: MeasureKind = "main" if role == "ideal_answers" else "detail"
                given.append(Measure(name, f"{bias[0].label} if {label}", among, kind))
    return [*bias[:1], *given, *chosen, *bias[1:]]


def _meetings(pairs: pd.DataFrame, single: Ratings) -> pd.DataFrame:
    """Every rating of one answer of a pair beside every one of the other, by group and source."""
    bias = next(iter(bias_measures(single)), None)
    known = pairs.drop_duplicates("unit_id").rename(
        columns={
            "unit_id": "pair_id",
            "question_id": "question_1_id",
            "question_2_id": "question_2_id",
            "source_a": "pair_source",
        }
    )[["pair_id", "question_1_id", "question_2_id", "pair_source", "dataset", "cluster"]]
    if bias is None or bias.kind != "main":
        return pd.DataFrame()

    ratings = single.about.assign(biased=bias.yes)[bias.yes.notna()]
    met = join_members(ratings, known, by=["rater_group", "source_a"])
    return met[met["source_a"] == met["pair_source"]].reset_index(drop=True)


def _patterns(single: Ratings, met: pd.DataFrame) -> Ratings:
    """The meetings as ratings of pairs, exactly one, one or more, and both as their items."""
    about = met.rename(columns={"pair_id": "unit_id"})
    patterns = pair_patterns(met["biased_1"].to_numpy(), met["biased_2"].to_numpy())
    codes = pd.DataFrame({name: getattr(patterns, name).astype(float) for name in PATTERNS})
    return Ratings(single.rubric, about, codes)


def _pattern_measures(patterns: Ratings) -> list[Measure]:
    return [Measure(name, label, patterns.codes[name]) for name, label in PATTERNS.items()]


def _unmet(pairs: pd.DataFrame, met: pd.DataFrame, single: Ratings) -> list[LeftOut]:
    """Pairs of which a group judged one answer by itself, or none."""
    wanted = set(zip(pairs["unit_id"], pairs["rater_group"], strict=True))
    found = set() if met.empty else set(zip(met["pair_id"], met["rater_group"], strict=True))
    missing = len(wanted - found)
    why = (
        "the group did not judge each answer by itself, so exactly one, one or more, and both "
        "are not known"
    )
    return [LeftOut(single.rubric.title, missing, "pairs (by group)", why)] if missing else []
