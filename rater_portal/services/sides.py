"""Which of two answers is shown first: balanced within each rater, and over each unit.

A rater meets as many pairs one way as the other, and is never more than one ahead. Where that
leaves a choice, it goes against the way that the unit was shown to others, and where that is even
too, it follows from the study's seed alone. So it is derived, and it is recorded as well.
"""

import hashlib

from sqlalchemy import case, func
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Purpose, Quota, Rater, Side


def side_first(*, rater_lead: int, unit_lead: int, drawn_from: str) -> Side:
    """The slot to show first.

    Parameters
    ----------
    rater_lead
        How many more units this rater saw with A first than with B first: -1, 0 or 1.
    unit_lead
        The same of the unit, over other raters.
    drawn_from
        What names this rater and unit in this study.
    """
    lead = rater_lead or unit_lead
    if lead:
        return "B" if lead > 0 else "A"
    return "A" if number_from(drawn_from) % 2 else "B"


def rater_lead(session: Session, *, rater: Rater, rubric_id: str, purpose: Purpose) -> int:
    """How many more units this rater saw with A first than with B first, under one rubric."""
    ahead = func.sum(case((col(Assignment.shown_first) == "A", 1), else_=-1))
    lead = session.exec(
        select(ahead)
        .join(Quota, col(Quota.id) == Assignment.quota_id)
        .where(
            Assignment.rater_id == rater.id,
            Assignment.purpose == purpose,
            col(Assignment.skipped_at).is_(None),
            Quota.rubric_id == rubric_id,
        )
    ).one()
    return int(lead or 0)


def number_from(text: str) -> int:
    """A number that nobody can guess from the outside but everybody can recompute."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])
