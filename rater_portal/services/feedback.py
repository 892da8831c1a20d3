"""What a rater in training is told after a unit: what was chosen, what was expected, and why."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, select

from rater_portal.database import transaction
from rater_portal.errors import NotAllowedError
from rater_portal.language import mark
from rater_portal.models import Assignment, Judgment, Quota, Rater, Side, Study, Unit
from rater_portal.services.assignment import own_assignment
from rater_portal.services.events import record_event
from rater_portal.services.keys import right_items
from rater_portal.services.showing import Panel, on_screen
from rater_portal.services.studies import check_unlocked, hold_study, protocol_of, rubric_of
from rater_portal.services.training import SEEN, Standing, settle, standing
from rubrics.conduct import Training
from rubrics.schema import Code, Item


@dataclass(frozen=True)
class ItemFeedback:
    """One item of a training unit, in the rater's language."""

    text: str
    chosen: tuple[str, ...]
    """Labels of what the rater chose; empty where nothing was."""

    expected: tuple[str, ...]
    """Labels of what was expected; empty where nothing was to be chosen."""

    is_right: bool | None
    """None where any judgment is as good as another."""

    why: str | None


@dataclass(frozen=True)
class Feedback:
    """All that is said about one training unit."""

    panels: tuple[Panel, ...]
    items: tuple[ItemFeedback, ...]
    """Empty where the unit was skipped, or the study shows no feedback."""

    standing: Standing


def feedback(session: Session, *, rater_id: int, language: str | None = None) -> Feedback:
    """What this rater is told about the training unit that was finished last.

    Raises
    ------
    NotAllowedError
        If there is nothing to tell.
    """
    rater, study, stands, assignment = _unread(session, rater_id)
    unit = session.get_one(Unit, assignment.unit_pk)
    rules = protocol_of(study).training or Training()
    items: Iterable[ItemFeedback] = ()
    if rules.show_feedback and assignment.submitted_at is not None:
        items = _items(session, assignment, unit, rater, language)
    return Feedback(on_screen(unit, assignment.shown_first), tuple(items), stands)


def read_feedback(session: Session, *, rater_id: int) -> None:
    """Go on from the feedback: to the next unit, to another attempt, or out of the training.

    Raises
    ------
    NotAllowedError
        If there is no feedback to go on from.
    """
    with transaction(session):
        rater, study, stands, assignment = _unread(session, rater_id)
        check_unlocked(hold_study(session, study.id))
        record_event(
            session,
            study_id=study.id,
            actor_id=rater.id,
            action=SEEN,
            assignment_id=assignment.id,
        )
        if stands.result in ("passed", "failed"):
            settle(session, rater=rater, stands=stands)


def _unread(session: Session, rater_id: int) -> tuple[Rater, Study, Standing, Assignment]:
    rater = session.get(Rater, rater_id)
    if rater is None or rater.role != "rater":
        raise NotAllowedError(mark("Only raters of a study can do this."))
    study = session.get_one(Study, rater.study_id)
    stands = standing(session, rater=rater, study=study)
    if rater.state != "active" or stands is None or stands.unread is None:
        raise NotAllowedError(mark("There is no feedback to read now."))
    return rater, study, stands, own_assignment(session, stands.unread, rater_id)


def _items(
    session: Session, assignment: Assignment, unit: Unit, rater: Rater, language: str | None
) -> Iterable[ItemFeedback]:
    """The items that have a key or a reason, in the order of the form."""
    quota = session.get_one(Quota, assignment.quota_id)
    rubric = rubric_of(session, assignment.study_id, quota.rubric_id)
    judgment = session.exec(
        select(Judgment).where(Judgment.assignment_id == assignment.id, Judgment.revision == 1)
    ).one()
    key, why = unit.key or {}, unit.feedback or {}
    right = right_items(key, judgment.codes)
    for item in rubric.in_language(language, rater.rater_group).items:
        if item.id in key or item.id in why:
            yield ItemFeedback(
                text=item.text,
                chosen=_labels(item, judgment.codes.get(item.id), assignment.shown_first),
                expected=_labels(item, key.get(item.id), assignment.shown_first),
                is_right=right.get(item.id),
                why=why.get(item.id),
            )


def _labels(item: Item, codes: Code | None, shown_first: Side) -> tuple[str, ...]:
    """Codes as the rater reads them: answers by their place on the screen."""
    given = codes if isinstance(codes, list) else [] if codes in (None, "") else [codes]
    labels = {option.code: option.label for option in item.options}
    return tuple(
        labels.get(str(code), str(code)).replace("{position}", "1" if code == shown_first else "2")
        for code in given
    )
