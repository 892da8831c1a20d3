"""The work of a study before it starts: ratings by rubric, set and group, and by rater."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analysis.estimates import RatingsError, frame_of
from rubrics.schema import Protocol

PUBLISHED_STUDY = Path(__file__).with_name("published_study.csv")
PUBLISHED_RATINGS = 17_099
"""Ratings in all, as Pfohl et al. (2024) count them."""

PUBLISHED_RATERS = {"physician": 11, "health_equity_expert": 9, "consumer": 262}
"""Raters by group, Pfohl et al. (2024)."""


@dataclass(frozen=True)
class PlanLine:
    """One set under one rubric, as one group rates it."""

    rubric: str
    dataset: str
    group: str
    n_units: int
    raters_per_unit: int
    n_ratings: int
    """Units x raters per unit; of a study that was run, the ratings that came in."""

    verified: bool
    """False where the number is an assumption or one of several that fit."""


@dataclass(frozen=True)
class StudyPlan:
    """All the work of a study."""

    lines: tuple[PlanLine, ...]
    raters: Mapping[str, int] = field(default_factory=dict)
    """Raters by group, where they are known."""

    @property
    def n_ratings(self) -> int:
        """Ratings in all."""
        return sum(line.n_ratings for line in self.lines)

    def per_rater(self) -> dict[str, float]:
        """Ratings that fall to one rater, by group, for the groups whose size is known."""
        return {
            group: sum(line.n_ratings for line in self.lines if line.group == group) / n
            for group, n in self.raters.items()
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for each line."""
        return frame_of(self.lines)


def published_plan() -> StudyPlan:
    """Give the plan of the EquityMedQA study, as it follows from what was published.

    It comes to 17,093 ratings; 17,099 are published. No source says which six are missing here:
    how often single answers of CC-Manual, and pairs of Mixed MMQA-OMAQ and of Omiye et al., were
    rated had to be inferred from totals (`verified` is False there).
    """
    frame = pd.read_csv(PUBLISHED_STUDY, comment="#")
    lines = (PlanLine(*row) for row in frame.itertuples(index=False, name=None))
    return StudyPlan(tuple(lines), PUBLISHED_RATERS)


def study_plan(
    protocol: Protocol,
    n_units: Mapping[tuple[str, str], int],
    *,
    raters: Mapping[str, int] | None = None,
) -> StudyPlan:
    """Count the work that a protocol makes of question sets.

    Parameters
    ----------
    protocol
    n_units
        Units by rubric and set. A set that the protocol does not name falls under its line `own`.
    raters
        Raters by group, to tell what falls to each.

    Raises
    ------
    RatingsError
        If the protocol has no line for a rubric and set, or `raters` names a group that it lacks.
    """
    known = {group.id for group in protocol.groups}
    if strange := sorted(set(raters or {}) - known):
        raise RatingsError(f"groups {strange} are not among the protocol's {sorted(known)}")
    named = {name for line in protocol.assessments for name in line.sets} - {"own"}
    lines: list[PlanLine] = []
    for (rubric, dataset), n in n_units.items():
        wanted = dataset if dataset in named else "own"
        found = [
            PlanLine(rubric, dataset, group, n, k, n * k, line.verified)
            for line in protocol.assessments
            if line.rubric == rubric and wanted in line.sets
            for group, k in line.raters.items()
        ]
        if not found:
            raise RatingsError(
                f"protocol {protocol.id!r} does not have {dataset!r} under {rubric!r}"
            )
        lines.extend(found)
    return StudyPlan(tuple(lines), dict(raters or {}))
