"""What people from a crowd platform take back to it: the right code at the right state, or none.

The code is shown and the way back is a link: nothing here asks the platform anything, so that
nothing is lost when it cannot be reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.models import AuditEvent, Panel, Rater, Study
from rater_portal.services.adapters import Outcome, PanelSettings
from rater_portal.services.events import record_event
from rater_portal.services.journey import Step, StepKind

CODE_GIVEN: Final = "panel.code_given"

OUTCOMES: Final[Mapping[StepKind, Outcome]] = {
    "finished": "complete",
    "closed": "complete",
    "screened_out": "screened_out",
    "withdrawn": "withdrawn",
    "declined": "withdrawn",
}
"""All other steps have something left to do, today or later, and so no code."""


@dataclass(frozen=True)
class Handover:
    """The end of somebody's part, as their platform knows it."""

    outcome: Outcome
    code: str | None
    """To be typed in where the link does not work."""

    address: str | None
    """Where the link leads."""


def outcome_of(step: Step) -> Outcome | None:
    """How this step ends a person's part; None while it does not."""
    if step.kind in ("closed", "finished") and step.judged == 0:
        # Nothing was judged, and that may be nobody's fault: to be settled by the coordinator.
        return None
    return OUTCOMES.get(step.kind)


def hand_over(session: Session, *, rater_id: int, step: Step) -> Handover | None:
    """What this person takes back at this step; None for whom no platform sent.

    The first time that a code is given is noted in the trail: who sends a platform a code that
    they were never given can be told.
    """
    outcome = outcome_of(step)
    rater = session.get_one(Rater, rater_id)
    if outcome is None or rater.panel_id is None or rater.panel_person is None:
        return None
    panel = session.get_one(Panel, rater.panel_id)
    settings = PanelSettings.model_validate(panel.settings)
    code = settings.codes.get(outcome)
    address = settings.address(outcome, person=rater.panel_person, visit=rater.panel_session)
    if code is None and address is None:
        return None
    _note(session, rater, outcome)
    return Handover(outcome, code, address)


def _note(session: Session, rater: Rater, outcome: Outcome) -> None:
    """Once for each outcome; a locked study takes no note."""
    with transaction(session):
        given = select(AuditEvent.new).where(
            AuditEvent.study_id == rater.study_id,
            AuditEvent.actor_id == rater.id,
            AuditEvent.action == CODE_GIVEN,
        )
        is_locked = session.get_one(Study, rater.study_id).state == "locked"
        if not is_locked and outcome not in session.exec(given.order_by(col(AuditEvent.id))).all():
            record_event(
                session,
                study_id=rater.study_id,
                actor_id=rater.id,
                action=CODE_GIVEN,
                new=outcome,
            )
