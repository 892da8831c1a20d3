"""How far a study is: coverage of its places, for coordinators."""

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import case, func, select
from sqlmodel import Session, col

from rater_portal.models import Assignment, Judgment, Quota, Rater, Study, Unit
from rater_portal.services.studies import (
    check_coordinator,
    find_study,
    protocol_of,
    rubrics_of,
)

COVERAGE_COLUMNS = ("unit_id", "kind", "dataset", "rubric", "rater_group", "accepted", "capacity")
GROUP_COLUMNS = ("Rubric", "Group", "Judged", "Needed", "Units complete", "Units")
RATER_COLUMNS = (
    "rater_id",
    "rater_group",
    "judged",
    "active_minutes",
    "last_active_at",
    "synthetic",
)


@dataclass(frozen=True)
class Progress:
    """A study at a glance."""

    name: str
    title: str
    is_open: bool
    synthetic: bool
    accepted: int
    capacity: int
    surplus: int
    """Judgments that came when their unit was complete: kept, not counted."""

    @property
    def share(self) -> float:
        """Part of the needed judgments that is there, 0 to 1."""
        return self.accepted / self.capacity if self.capacity else 0.0


def coverage(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """Accepted judgments against those needed, a row for each unit, rubric and group."""
    row = _allowed(session, study, asked_by)
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
        .where(col(Quota.study_id) == row.id)
        .order_by(col(Quota.id))
    )
    return pd.DataFrame(session.execute(statement).all(), columns=list(COVERAGE_COLUMNS))


def group_coverage(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """Coverage summed up, a row for each rubric and group, in the words of the study."""
    row = _allowed(session, study, asked_by)
    complete = case((col(Quota.accepted) == col(Quota.capacity), 1), else_=0)
    statement = (
        select(
            col(Quota.rubric_id),
            col(Quota.rater_group),
            func.sum(col(Quota.accepted)),
            func.sum(col(Quota.capacity)),
            func.sum(complete),
            func.count(),
        )
        .where(col(Quota.study_id) == row.id)
        .group_by(col(Quota.rubric_id), col(Quota.rater_group))
        .order_by(func.min(col(Quota.id)))
    )
    titles = {rubric.id: rubric.title for rubric in rubrics_of(session, row.id).values()}
    labels = {group.id: group.label for group in protocol_of(row).groups}
    rows = [(titles[r], labels[g], *counts) for r, g, *counts in session.execute(statement)]
    return pd.DataFrame(rows, columns=list(GROUP_COLUMNS))


def overview(session: Session, *, study: str, asked_by: int | None = None) -> Progress:
    """Totals of a study."""
    row = _allowed(session, study, asked_by)
    accepted, capacity = session.execute(
        select(
            func.coalesce(func.sum(col(Quota.accepted)), 0),
            func.coalesce(func.sum(col(Quota.capacity)), 0),
        ).where(col(Quota.study_id) == row.id)
    ).one()
    surplus = session.execute(
        select(func.count())
        .select_from(Judgment)
        .where(col(Judgment.study_id) == row.id, col(Judgment.surplus).is_(True))
    ).scalar_one()
    return Progress(
        name=row.name,
        title=row.title,
        is_open=row.is_open,
        synthetic=row.synthetic,
        accepted=accepted,
        capacity=capacity,
        surplus=surplus,
    )


def question_ids(session: Session, *, study: str) -> set[str]:
    """Ids of all questions that the study's units ask about."""
    row = find_study(session, study)
    columns = select(col(Unit.question_id), col(Unit.question_2_id)).where(
        col(Unit.study_id) == row.id
    )
    return {one for both in session.execute(columns) for one in both if one is not None}


def raters(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """What each rater has done, a row for each invited person."""
    row = _allowed(session, study, asked_by)
    judged = func.count(col(Assignment.submitted_at))
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


def _allowed(session: Session, study: str, asked_by: int | None) -> Study:
    row = find_study(session, study)
    check_coordinator(session, row, asked_by)
    return row
