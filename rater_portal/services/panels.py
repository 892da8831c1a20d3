"""Doors for people whom a crowd platform sends, for coordinators: opened, closed, and looked at.

No study has a door unless one is opened. How people come in is in `entering`.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import StudyError
from rater_portal.models import AuditEvent, Panel, Rater, Study
from rater_portal.services.adapters import PanelSettings, panel_settings
from rater_portal.services.assignment import judged_count
from rater_portal.services.entering import people_inside
from rater_portal.services.events import record_event
from rater_portal.services.links import token_hash
from rater_portal.services.permissions import study_for
from rater_portal.services.studies import check_group, hold_study
from rater_portal.settings import current_settings

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
PARTICIPANT_COLUMNS: Final = (
    "panel",
    "person",
    "visit",
    "state",
    "judged",
    "entered_at",
    "code_given",
)


@dataclass(frozen=True)
class PanelDoor:
    """A door, and the address to hand to the platform. Its secret is kept nowhere else."""

    name: str
    adapter: str
    url: str
    """With the platform's own signs for what it puts in, where it has such signs."""


def open_panel(
    session: Session,
    *,
    study: str,
    name: str,
    adapter: str,
    group: str,
    capacity: int,
    settings: Mapping[str, Any],
    base_url: str | None = None,
    asked_by: int | None = None,
) -> PanelDoor:
    """Open a door into a study for the people of a crowd platform.

    A door of this name that was closed opens again, for as many people in all, with the same
    people behind it; its address is a new one, and the old one ends.

    Parameters
    ----------
    adapter
        `prolific` or `generic`.
    capacity
        How many people may come in through it.
    settings
        What the adapter needs; see `PanelSettings`. Prolific needs its `codes` alone.

    Raises
    ------
    AdapterError
        If the settings cannot work.
    StudyError
        If the name is taken or cannot be one, there is no such group, or the capacity is not
        positive.
    NotAllowedError
        If the caller may not invite people.
    """
    known = panel_settings(adapter, settings)
    if not NAME.fullmatch(name) or capacity < 1:
        raise StudyError(
            f"A door needs a name of letters and digits and room for 1 or more; it is {name!r} "
            f"with room for {capacity}."
        )
    token = secrets.token_urlsafe(32)
    with transaction(session):
        row = study_for(session, study=study, asked_by=asked_by, action="invite")
        hold_study(session, row.id)
        check_group(row, group)
        panel = _reopened(session, row, name, adapter)
        now: dict[str, Any] = {
            "rater_group": group,
            "capacity": capacity,
            "settings": known.model_dump(mode="json"),
            "token_hash": token_hash(token),
            "closed_at": None,
        }
        if panel is None:
            made: dict[str, Any] = {"adapter": adapter, "created_at": datetime.now(UTC)}
            session.add(Panel(study_id=row.id, name=name, **made, **now))
        else:
            panel.sqlmodel_update(now)
        said = {"name": name, "adapter": adapter, "group": group, "capacity": capacity}
        record_event(session, study_id=row.id, actor_id=asked_by, action="panel.opened", new=said)
    base = current_settings().base_url if base_url is None else base_url
    return PanelDoor(name, adapter, f"{base}/panel/{token}{_example(adapter, known)}")


def close_panel(session: Session, *, study: str, name: str, asked_by: int | None = None) -> None:
    """Let nobody new in through this door; who came before still comes back.

    Raises
    ------
    StudyError
        If the study has no such door.
    NotAllowedError
        If the caller may not invite people.
    """
    with transaction(session):
        row = study_for(session, study=study, asked_by=asked_by, action="invite")
        panel = _named(session, row, name)
        if panel is None:
            raise StudyError(f"Study {study!r} has no door {name!r}.")
        if panel.closed_at is None:
            panel.closed_at = datetime.now(UTC)
            record_event(
                session, study_id=row.id, actor_id=asked_by, action="panel.closed", new=name
            )


def panels(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """Every door of a study: name, adapter, group, open or not, people inside, room for."""
    row = study_for(session, study=study, asked_by=asked_by, action="invite")
    doors = session.exec(select(Panel).where(Panel.study_id == row.id).order_by(col(Panel.id)))
    return pd.DataFrame(
        [
            {
                "panel": door.name,
                "adapter": door.adapter,
                "rater_group": door.rater_group,
                "open": door.closed_at is None,
                "entered": people_inside(session, door),
                "capacity": door.capacity,
            }
            for door in doors
        ],
        columns=["panel", "adapter", "rater_group", "open", "entered", "capacity"],
    )


def panel_participants(
    session: Session, *, study: str, asked_by: int | None = None
) -> pd.DataFrame:
    """Whom the platforms sent and which code each was given: to settle what people are owed.

    Without pseudonyms, so that it does not tell whose judgments are whose.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="invite")
    people = session.exec(
        select(Rater, Panel.name)
        .join(Panel, col(Panel.id) == col(Rater.panel_id))
        .where(Rater.study_id == row.id)
        .order_by(col(Panel.id), col(Rater.panel_person))
    )
    given = _codes_given(session, row.id)
    rows = [
        (
            panel,
            rater.panel_person,
            rater.panel_session,
            rater.state,
            judged_count(session, rater.id),
            rater.created_at,
            given.get(rater.id, ""),
        )
        for rater, panel in people
    ]
    return pd.DataFrame(rows, columns=list(PARTICIPANT_COLUMNS))


def _named(session: Session, study: Study, name: str) -> Panel | None:
    found = select(Panel).where(Panel.study_id == study.id, Panel.name == name)
    return session.exec(found.with_for_update()).one_or_none()


def _reopened(session: Session, study: Study, name: str, adapter: str) -> Panel | None:
    panel = _named(session, study, name)
    if panel is None:
        return None
    if panel.closed_at is None:
        raise StudyError(f"The door {name!r} is open already. Close it first, or take a new name.")
    if panel.adapter != adapter:
        raise StudyError(
            f"The people behind the door {name!r} came from {panel.adapter!r}. Take a new name."
        )
    return panel


def _codes_given(session: Session, study_id: int) -> dict[int | None, str]:
    """The code that each rater was given last, by its outcome."""
    events = session.exec(
        select(AuditEvent.actor_id, AuditEvent.new)
        .where(AuditEvent.study_id == study_id, AuditEvent.action == "panel.code_given")
        .order_by(col(AuditEvent.id))
    )
    return dict(events.all())


def _example(adapter: str, settings: PanelSettings) -> str:
    """The rest of the address: each parameter with the platform's own sign for its value."""
    sign = "{{{{%{}%}}}}" if adapter == "prolific" else "[{}]"
    return "?" + "&".join(f"{name}={sign.format(name)}" for name in settings.asked)
