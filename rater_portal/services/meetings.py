"""How often raters share a unit: what balanced incomplete blocks are made of.

Agreement is measured between raters who judged the same units. If every two of them share about
equally many, no pair of raters weighs more than another. Among equally empty units a rater so gets
one whose raters have met this rater least. That keeps the sum of squares of all meetings as low as
it can be at each step.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from rater_portal.models import Assignment, Rater, Side
from rater_portal.services.leases import is_held

MINE, THEIRS = aliased(Assignment), aliased(Assignment)


@dataclass
class Company:
    """Who judges a unit already."""

    raters: list[int] = field(default_factory=list)
    lead: int = 0
    """How many more of them saw A first than B first."""


def company(
    session: Session, *, rater: Rater, quota_ids: Sequence[int], now: datetime
) -> Mapping[int, Company]:
    """Who judged these places or holds them at this moment, this rater apart."""
    found: dict[int, Company] = defaultdict(Company)
    statement = select(Assignment.quota_id, Assignment.rater_id, Assignment.shown_first).where(
        col(Assignment.quota_id).in_(quota_ids),
        Assignment.rater_id != rater.id,
        Assignment.purpose == "study",
        or_(col(Assignment.submitted_at).is_not(None), is_held(now)),
    )
    for quota_id, other, side in session.exec(statement):
        found[quota_id].raters.append(other)
        found[quota_id].lead += _step(side)
    return found


def meetings(session: Session, *, rater: Rater, others: Iterable[int]) -> Mapping[int, int]:
    """How many units this rater shares with each of the others; those with none are left out."""
    statement = (
        select(THEIRS.rater_id, func.count())
        .join(MINE, col(MINE.quota_id) == col(THEIRS.quota_id))
        .where(
            MINE.rater_id == rater.id,
            MINE.purpose == "study",
            col(MINE.submitted_at).is_not(None),
            col(THEIRS.rater_id).in_(set(others)),
            THEIRS.purpose == "study",
            col(THEIRS.skipped_at).is_(None),
        )
        .group_by(col(THEIRS.rater_id))
    )
    return dict(session.exec(statement).all())


def lead_with(company: Company, side: Side) -> int:
    """How uneven the unit's sides would be, once it is shown with this side first too."""
    return abs(company.lead + _step(side))


def _step(side: str) -> int:
    return 1 if side == "A" else -1
