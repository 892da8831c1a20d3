"""Looking after raters: a word before what may distress, somebody to turn to, and a break."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import NotAllowedError
from rater_portal.language import mark
from rater_portal.models import Assignment, Rater, Study
from rater_portal.services.studies import JUDGES, check_unlocked, hold_study, protocol_of
from rubrics.conduct import Care, Support

TOPIC = "topic"
"""The attribute of a question that content notes look at."""

BETWEEN = "\n\n"


def content_note(care: Care, *, sets: Iterable[str], topics: Iterable[str]) -> str | None:
    """What is said before a unit of these sets and topics; None where nothing calls for it."""
    sets, topics = set(sets), set(topics)
    said = [note.text for note in care.notes if sets & {*note.sets} or topics & {*note.topics}]
    return BETWEEN.join(said) or None


def note_in(care: Care, note: str | None, language: str) -> str | None:
    """A unit's content note in this language, as far as the protocol has it."""
    if note is None:
        return None
    known = {one.text: one.translations.get(language, one.text) for one in care.notes}
    return BETWEEN.join(known.get(part, part) for part in note.split(BETWEEN))


def worded_note(session: Session, *, rater_id: int, note: str | None, language: str) -> str | None:
    """A unit's content note as this rater reads it."""
    return note and note_in(_care(session, _rater(session, rater_id)), note, language)


def support(session: Session, *, rater_id: int) -> Sequence[Support]:
    """Whom this rater can turn to."""
    return _care(session, _rater(session, rater_id)).support


def break_due(session: Session, rater_id: int) -> bool:
    """Whether the rater has been at work long enough since the last break."""
    rater = _rater(session, rater_id)
    minutes = _care(session, rater).break_after_minutes
    if minutes is None:
        return False
    return _active_seconds(session, rater) - rater.rested_seconds >= 60 * minutes


def rest(session: Session, rater_id: int) -> None:
    """Note that the rater took a break now: the minutes count from here."""
    with transaction(session):
        rater = _rater(session, rater_id)
        check_unlocked(hold_study(session, rater.study_id))
        rater.rested_seconds = _active_seconds(session, rater)


def _rater(session: Session, rater_id: int) -> Rater:
    rater = session.get(Rater, rater_id)
    if rater is None or rater.role not in JUDGES:
        raise NotAllowedError(mark("Only raters of a study can do this."))
    return rater


def _care(session: Session, rater: Rater) -> Care:
    return protocol_of(session.get_one(Study, rater.study_id)).care


def _active_seconds(session: Session, rater: Rater) -> float:
    """In all units of the study, finished or not."""
    total = func.coalesce(func.sum(col(Assignment.active_seconds)), 0.0)
    return float(session.exec(select(total).where(Assignment.rater_id == rater.id)).one())
