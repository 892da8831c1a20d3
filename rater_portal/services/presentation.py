"""How one assignment stands on its rater's screen: what turns positions into slots and back."""

from dataclasses import dataclass

from sqlmodel import Session

from rater_portal.models import Quota, Side
from rater_portal.services.assignment import own_assignment
from rater_portal.services.studies import rater_in_study, rubric_of
from rubrics.schema import Rubric, UnitKind


@dataclass(frozen=True)
class Presentation:
    """What was shown, and which slot came first."""

    kind: UnitKind
    rubric: Rubric
    shown_first: Side


def presentation(session: Session, *, assignment_id: int, rater_id: int) -> Presentation:
    """How this rater's assignment is shown.

    It holds the study first: whoever goes on to write in the same transaction has read nothing
    that another writer may still change.

    Raises
    ------
    NotAllowedError
        If it is another's or none, or the rater takes part no longer.
    """
    rater_in_study(session, rater_id)
    assignment = own_assignment(session, assignment_id, rater_id)
    quota = session.get_one(Quota, assignment.quota_id)
    rubric = rubric_of(session, assignment.study_id, quota.rubric_id)
    return Presentation(
        kind=rubric.unit,
        rubric=rubric,
        shown_first=assignment.shown_first,
    )
