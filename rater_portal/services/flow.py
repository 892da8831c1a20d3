"""How a study flows: at which pace, until when, and what raters leave out on the way."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd
from sqlalchemy import func
from sqlmodel import Session, col, select

from rater_portal import clock
from rater_portal.desk_words import SKIP_REASONS
from rater_portal.models import Assignment, Judgment, Quota, Study
from rater_portal.services.permissions import study_for

DAYS: Final = 7
"""How far back the pace is looked at: a whole week has its weekend in it."""

SKIP_COLUMNS: Final = ("reason", "skipped", "could_not_judge")


@dataclass(frozen=True)
class Pace:
    """How fast a study goes now, and when it will have all its judgments."""

    judged: int
    """Counted judgments of the last days."""

    days: float
    """How long those days are: a week, or less in a study that has just begun; 1 at least."""

    left: int
    """Judgments that are still needed."""

    done_at: datetime | None
    """When the study is complete if it goes on like this; None if that cannot be said."""

    @property
    def per_day(self) -> float:
        """Counted judgments a day."""
        return self.judged / self.days


def pace(session: Session, *, study: str, asked_by: int | None = None) -> Pace:
    """The pace of the last seven days, and where it leads."""
    row = study_for(session, study=study, asked_by=asked_by, action="see_progress")
    now = clock.now()
    at, counted = col(Judgment.submitted_at), _counted(row)
    first = session.exec(select(func.min(at)).where(*counted)).one()
    since = now - timedelta(days=DAYS)
    judged = session.exec(
        select(func.count()).select_from(Judgment).where(*counted, at >= since)
    ).one()
    left = session.exec(
        select(func.coalesce(func.sum(col(Quota.capacity) - col(Quota.accepted)), 0)).where(
            Quota.study_id == row.id
        )
    ).one()
    # A study that is an hour old would promise to be done tomorrow.
    days = DAYS if first is None else min(max((now - first) / timedelta(days=1), 1.0), DAYS)
    done_at = now + timedelta(days=left * days / judged) if judged and left else None
    return Pace(judged=judged, days=float(days), left=int(left), done_at=done_at)


def skip_reasons(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """How many units were left out for which reason, the most frequent first."""
    row = study_for(session, study=study, asked_by=asked_by, action="see_progress")
    counts = session.exec(
        select(Assignment.skip_reason, Assignment.skip_kind, func.count())
        .where(
            Assignment.study_id == row.id,
            Assignment.purpose != "adjudication",
            col(Assignment.skipped_at).is_not(None),
        )
        .group_by(col(Assignment.skip_reason), col(Assignment.skip_kind))
    ).all()
    found = {(reason, kind): count for reason, kind, count in counts}
    rows = [
        (label, found.get((code, "skip"), 0), found.get((code, "cannot_judge"), 0))
        for code, label in SKIP_REASONS.items()
    ]
    rows = [row for row in rows if row[1] + row[2]]
    rows.sort(key=lambda row: -(row[1] + row[2]))
    return pd.DataFrame(rows, columns=list(SKIP_COLUMNS))


def _counted(study: Study) -> tuple[Any, ...]:
    return (
        Judgment.study_id == study.id,
        Judgment.purpose == "study",
        Judgment.revision == 1,
        col(Judgment.surplus).is_(False),
    )
