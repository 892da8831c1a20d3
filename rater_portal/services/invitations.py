"""Bringing people into a study: raters and coordinators, a one-time link for each."""

import secrets
from collections.abc import Collection
from datetime import UTC, datetime

from sqlmodel import Session, select

from rater_portal.database import transaction
from rater_portal.errors import StudyError
from rater_portal.models import Rater, Role, Study
from rater_portal.services.links import (
    InviteLink,
    link_for,
    withdraw_links,
)
from rater_portal.services.permissions import check, study_for
from rater_portal.services.studies import check_group

LEGIBLE = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits that nobody mistakes for another when reading a pseudonym aloud."""


def invite_rater(
    session: Session,
    *,
    study: str,
    group: str,
    count: int = 1,
    base_url: str | None = None,
    valid_days: int | None = None,
    synthetic: bool = False,
    asked_by: int | None = None,
) -> list[InviteLink]:
    """Make new raters of a group, and a one-time link for each.

    Parameters
    ----------
    base_url, valid_days
        Where the links lead and how long they work; the settings say so unless given.

    Raises
    ------
    StudyError
        If there is no such study, or the study has no such group; the message lists the known
        ones. Also if `count` is below 1.
    NotAllowedError
        If the caller does not coordinate this study.
    """
    with transaction(session):
        found = study_for(session, study=study, asked_by=asked_by, action="invite")
        raters = _newcomers(session, found, group, count, synthetic)
        return [link_for(session, rater, base_url, valid_days) for rater in raters]


def invite_again(
    session: Session,
    *,
    study: str,
    pseudonym: str,
    base_url: str | None = None,
    valid_days: int | None = None,
    asked_by: int | None = None,
) -> InviteLink:
    """Make a further link for a person who is in the study already, for example on a new device.

    Links of that person that were never opened stop working.

    Parameters
    ----------
    base_url, valid_days
        As for `invite_rater`.

    Raises
    ------
    StudyError
        If there is no such study, or nobody of this pseudonym in it.
    NotAllowedError
        If the caller does not coordinate this study, or asks for a link of somebody who works in
        other roles: it would let the caller in as that person.
    """
    with transaction(session):
        found = study_for(session, study=study, asked_by=asked_by, action="invite")
        rater = session.exec(
            select(Rater).where(Rater.study_id == found.id, Rater.pseudonym == pseudonym)
        ).one_or_none()
        if rater is None:
            raise StudyError(f"Nobody in study {study!r} has the pseudonym {pseudonym!r}.")
        if rater.role != "rater":
            check(session, study=found, asked_by=asked_by, action="appoint")
        withdraw_links(session, rater.id)
        return link_for(session, rater, base_url, valid_days)


def enrol_raters(
    session: Session,
    *,
    study: str,
    group: str,
    count: int = 1,
    synthetic: bool = False,
    asked_by: int | None = None,
) -> list[int]:
    """Make new raters of a group who get no link, and give back their numbers.

    Raises
    ------
    StudyError, NotAllowedError
        As for `invite_rater`.
    """
    with transaction(session):
        found = study_for(session, study=study, asked_by=asked_by, action="invite")
        raters = _newcomers(session, found, group, count, synthetic)
        return [rater.id for rater in raters]


def _newcomers(
    session: Session, study: Study, group: str, count: int, synthetic: bool
) -> list[Rater]:
    if count < 1:
        raise StudyError(f"The number of raters must be at least 1, and it is {count}.")
    check_group(study, group)
    return [newcomer(session, study, "rater", group, synthetic) for _ in range(count)]


def invite_coordinator(
    session: Session,
    *,
    study: str,
    base_url: str | None = None,
    valid_days: int | None = None,
    asked_by: int | None = None,
) -> InviteLink:
    """Make a new coordinator of a study, and a one-time link; only the operator may.

    Parameters
    ----------
    base_url, valid_days
        As for `invite_rater`.

    Raises
    ------
    StudyError
        If there is no such study; the message lists the known ones.
    NotAllowedError
        If anyone but the operator asks.
    """
    with transaction(session):
        found = study_for(session, study=study, asked_by=asked_by, action="appoint")
        return link_for(session, newcomer(session, found, "coordinator"), base_url, valid_days)


def newcomer(
    session: Session, study: Study, role: Role, group: str | None = None, synthetic: bool = False
) -> Rater:
    """A new person in a study, under a pseudonym that nobody else has there."""
    taken = session.exec(select(Rater.pseudonym).where(Rater.study_id == study.id)).all()
    rater = Rater(
        study_id=study.id,
        pseudonym=_pseudonym(role, taken),
        rater_group=group,
        role=role,
        synthetic=synthetic,
        created_at=datetime.now(UTC),
    )
    session.add(rater)
    session.flush()
    return rater


def _pseudonym(role: Role, taken: Collection[str]) -> str:
    while True:
        name = f"{role[0]}-" + "".join(secrets.choice(LEGIBLE) for _ in range(6))
        if name not in taken:
            return name
