"""Whether a rater has agreed to take part: what every service asks before anything is judged."""

from typing import Literal

from sqlmodel import Session, col, select

from rater_portal.models import Consent, Study
from rubrics.conduct import ConsentText

Agreement = Literal["not_needed", "open", "given", "declined"]


def agreement(session: Session, *, rater_id: int, consent: ConsentText | None) -> Agreement:
    """What the rater decided last about the study's text as it is now.

    A decision about an earlier version counts no longer: it is `open` again.
    """
    if consent is None:
        return "not_needed"
    last = last_decision(session, rater_id)
    if last is None or last.version != consent.version or last.decision == "withdrawn":
        return "open"
    return "given" if last.decision == "given" else "declined"


def has_agreed(session: Session, *, rater_id: int, study: Study) -> bool:
    """Whether nothing that the rater has to agree to is in the way of judging."""
    said = study.protocol.get("consent")
    if said is None:
        return True
    consent = ConsentText.model_validate(said)
    return agreement(session, rater_id=rater_id, consent=consent) == "given"


def last_decision(session: Session, rater_id: int) -> Consent | None:
    """The newest row of what this rater decided."""
    return session.exec(
        select(Consent)
        .where(Consent.rater_id == rater_id)
        .order_by(col(Consent.id).desc())
        .limit(1)
    ).first()
