"""How far a study is: coverage of its places, for coordinators."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import case, func, select
from sqlmodel import Session, col

from rater_portal.models import Assignment, Judgment, Quota, Rater, StudyState, Unit
from rater_portal.services.permissions import study_for
from rater_portal.services.studies import find_study, protocol_of, rubrics_of
from rubrics.schema import UnitKind

COVERAGE_COLUMNS = ("unit_id", "kind", "dataset", "rubric", "rater_group", "accepted", "capacity")
GROUP_COLUMNS = (
    "kind",
    "rubric",
    "rater_group",
    "accepted",
    "capacity",
    "share",
    "units_complete",
    "units",
)
RATER_COLUMNS = (
    "rater_id",
    "rater_group",
    "judged",
    "active_minutes",
    "last_active_at",
    "synthetic",
)
KINDS: Mapping[UnitKind, str] = {
    "single": "One answer",
    "pair": "Two answers to a question",
    "counterfactual": "Two questions and their answers",
}
"""What units are called where people read of them."""


@dataclass(frozen=True)
class Progress:
    """A study at a glance."""

    name: str
    title: str
    state: StudyState
    message: str | None
    """What raters are told while the study is paused or closed."""

    back_at: datetime | None
    synthetic: bool
    accepted: int
    capacity: int
    surplus: int
    """Judgments that came when their unit was complete: kept, not counted."""

    @property
    def is_open(self) -> bool:
        """Whether the study takes judgments."""
        return self.state == "open"

    @property
    def share(self) -> float:
        """Part of the needed judgments that is there, 0 to 1."""
        return self.accepted / self.capacity if self.capacity else 0.0


def coverage(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """Accepted judgments against those needed, a row for each unit, rubric and group."""
    row = study_for(session, study=study, asked_by=asked_by, action="see_progress")
    statement = (
        select(
            col(Unit.unit_id),
            col(Unit.kind),
            col(Unit.dataset),
            col(Quota.rubric_id),
            col(Quota.rater_group),
            col(Quota.accepted),
            col(Quota.capacity),
        )
        .join(Quota, col(Quota.unit_pk) == Unit.id)
        .where(col(Quota.study_id) == row.id, col(Quota.capacity) > 0)
        .order_by(col(Quota.id))
    )
    return pd.DataFrame(session.execute(statement).all(), columns=list(COVERAGE_COLUMNS))


def group_coverage(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """Coverage summed up, a row for each kind of unit, rubric and group, in the study's words.

    `share` is the part of the needed judgments that is there, 0 to 1.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="see_progress")
    complete = case((col(Quota.accepted) == col(Quota.capacity), 1), else_=0)
    statement = (
        select(
            col(Unit.kind),
            col(Quota.rubric_id),
            col(Quota.rater_group),
            func.sum(col(Quota.accepted)),
            func.sum(col(Quota.capacity)),
            func.sum(complete),
            func.count(),
        )
        .join(Unit, col(Unit.id) == col(Quota.unit_pk))
        .where(col(Quota.study_id) == row.id, col(Quota.capacity) > 0)
        .group_by(col(Unit.kind), col(Quota.rubric_id), col(Quota.rater_group))
        .order_by(func.min(col(Quota.id)))
    )
    titles = {rubric.id: rubric.title for rubric in rubrics_of(session, row.id).values()}
    labels = {group.id: group.label for group in protocol_of(row).groups}
    rows = [
        (KINDS[kind], titles[rubric], labels[group], judged, needed, judged / needed, *units)
        for kind, rubric, group, judged, needed, *units in session.execute(statement)
    ]
    return pd.DataFrame(rows, columns=list(GROUP_COLUMNS))


def group_names(session: Session, *, study: str, asked_by: int | None = None) -> dict[str, str]:
    """What the study's groups are called, by id."""
    row = study_for(session, study=study, asked_by=asked_by, action="see_progress")
    return {group.id: group.label for group in protocol_of(row).groups}


def overview(session: Session, *, study: str, asked_by: int | None = None) -> Progress:
    """Totals of a study."""
    row = study_for(session, study=study, asked_by=asked_by, action="see_progress")
    accepted, capacity = session.execute(
        select(
            func.coalesce(func.sum(col(Quota.accepted)), 0),
            func.coalesce(func.sum(col(Quota.capacity)), 0),
        ).where(col(Quota.study_id) == row.id)
    ).one()
    surplus = session.execute(
        select(func.count())
        .select_from(Judgment)
        .where(
            col(Judgment.study_id) == row.id,
            col(Judgment.surplus).is_(True),
            col(Judgment.purpose) == "study",
            col(Judgment.revision) == 1,
        )
    ).scalar_one()
    return Progress(
        name=row.name,
        title=row.title,
        state=row.state,
        message=row.message,
        back_at=row.back_at,
        synthetic=row.synthetic,
        accepted=accepted,
        capacity=capacity,
        surplus=surplus,
    )


def question_ids(session: Session, *, study: str) -> set[str]:
    """Ids of all questions that the study's units ask about."""
    row = find_study(session, study)
    columns = select(col(Unit.question_id), col(Unit.question_2_id)).where(
        col(Unit.study_id) == row.id, col(Unit.purpose) == "study"
    )
    return {one for both in session.execute(columns) for one in both if one is not None}


def raters(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """What each rater has done, a row for each invited person.

    `judged` counts units of the study itself; the minutes are those of all units together.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="see_progress")
    of_study = case((col(Assignment.purpose) == "study", col(Assignment.submitted_at)))
    judged = func.count(of_study)
    minutes = func.coalesce(func.sum(col(Assignment.active_seconds)), 0) / 60
    statement = (
        select(
            col(Rater.pseudonym),
            col(Rater.rater_group),
            judged,
            minutes,
            func.max(col(Assignment.last_active_at)),
            col(Rater.synthetic),
        )
        .outerjoin(Assignment, col(Assignment.rater_id) == Rater.id)
        .where(col(Rater.study_id) == row.id, col(Rater.role) == "rater")
        .group_by(col(Rater.id))
        .order_by(col(Rater.id))
    )
    return pd.DataFrame(session.execute(statement).all(), columns=list(RATER_COLUMNS))
