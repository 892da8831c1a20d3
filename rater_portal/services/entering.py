"""Coming in through a crowd platform's door: exact about who comes, and how many.

A person is whom the platform's address names. So whoever holds a door's address and another
person's name on the platform could come in as that person, at this door alone: hand the address
to the platform and to nobody else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import SignInError
from rater_portal.language import mark
from rater_portal.models import Panel, Rater, Study
from rater_portal.services.accounts import open_session
from rater_portal.services.adapters import PanelSettings
from rater_portal.services.events import record_event
from rater_portal.services.invitations import newcomer
from rater_portal.services.links import token_hash
from rater_portal.services.studies import protocol_of

VALUE: Final = re.compile(r"[A-Za-z0-9._~:@-]{1,128}")
"""What platforms call people and visits; nothing in it means anything in a page or an address."""


class UnknownDoorError(SignInError):
    """No door has this address."""


class ClosedDoorError(SignInError):
    """The door lets nobody in who has not been in before."""


class FullDoorError(SignInError):
    """As many people as the study has room for have come in through this door."""


class StrangeParametersError(SignInError):
    """The address does not say who comes."""


@dataclass(frozen=True)
class Doorway:
    """What somebody in front of a door may know."""

    study_title: str
    group_label: str
    synthetic: bool


def show_door(session: Session, *, token: str, parameters: Mapping[str, str]) -> Doorway:
    """What stands in front of a door; looking lets nobody in.

    Raises
    ------
    UnknownDoorError, StrangeParametersError, ClosedDoorError, FullDoorError
        If it would let this person in neither.
    """
    panel = _behind(session, token)
    person, _ = _who(panel, parameters)
    study = session.get_one(Study, panel.study_id)
    if _known(session, panel, person) is None:
        _check_room(session, panel, study)
    labels = {group.id: group.label for group in protocol_of(study).groups}
    return Doorway(study.title, labels[panel.rater_group], study.synthetic)


def enter(
    session: Session,
    *,
    token: str,
    parameters: Mapping[str, str],
    valid_days: int = 14,
    replaces: str | None = None,
) -> str:
    """Let in whom the platform sends, and give back what the browser's cookie will hold.

    The same person comes back as the same rater, also when the door or the study is closed by
    then: their way out, with a code, is behind it.

    Raises
    ------
    UnknownDoorError, StrangeParametersError, ClosedDoorError, FullDoorError
        If the door lets this person in not, or no longer.
    """
    with transaction(session):
        # Held until the end: of all who come at once, one after another is counted.
        panel = _behind(session, token, hold=True)
        person, visit = _who(panel, parameters)
        rater = _known(session, panel, person)
        if rater is None:
            study = session.get_one(Study, panel.study_id, populate_existing=True)
            _check_room(session, panel, study)
            rater = newcomer(session, study, "rater", panel.rater_group)
            rater.panel_id, rater.panel_person = panel.id, person
            record_event(
                session,
                study_id=study.id,
                actor_id=rater.id,
                action="panel.entered",
                new=panel.name,
            )
        rater.panel_session = visit
        session.flush()
        until = datetime.now(UTC) + timedelta(days=valid_days)
        return open_session(session, rater_id=rater.id, until=until, replaces=replaces)


def people_inside(session: Session, panel: Panel) -> int:
    """How many have come in through this door, whatever became of them."""
    counted = select(func.count()).select_from(Rater).where(col(Rater.panel_id) == panel.id)
    return session.exec(counted).one()


def _behind(session: Session, token: str, *, hold: bool = False) -> Panel:
    found = select(Panel).where(Panel.token_hash == token_hash(token))
    panel = session.exec(found.with_for_update() if hold else found).one_or_none()
    if panel is None:
        raise UnknownDoorError(mark("We do not know this link."))
    return panel


def _who(panel: Panel, parameters: Mapping[str, str]) -> tuple[str, str | None]:
    """Who comes, and which visit it is."""
    settings = PanelSettings.model_validate(panel.settings)
    for name in settings.asked:
        if VALUE.fullmatch(parameters.get(name, "")) is None:
            raise StrangeParametersError(mark("This link does not say who you are."))
    visit = parameters[settings.visit] if settings.visit else None
    return parameters[settings.person], visit


def _known(session: Session, panel: Panel, person: str) -> Rater | None:
    """Who came in through this very door under this name."""
    return session.exec(
        select(Rater).where(Rater.panel_id == panel.id, Rater.panel_person == person)
    ).one_or_none()


def _check_room(session: Session, panel: Panel, study: Study) -> None:
    if panel.closed_at is not None or not study.is_open:
        raise ClosedDoorError(mark("This study takes nobody new at the moment."))
    if people_inside(session, panel) >= panel.capacity:
        raise FullDoorError(mark("This study has all the people that it needs."))
