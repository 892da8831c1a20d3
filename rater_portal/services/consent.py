"""Taking part: what raters agree to, in which words, and how they leave again.

The text that was shown is kept under its hash, and every decision is a row of its own: nobody can
say later that another text was agreed to.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import NotAllowedError, PortalError
from rater_portal.language import catalogue, mark
from rater_portal.models import (
    Assignment,
    Consent,
    Decision,
    Judgment,
    Quota,
    Rater,
    ShownText,
    Study,
)
from rater_portal.services.agreement import Agreement, agreement, last_decision
from rater_portal.services.events import record_event
from rater_portal.services.permissions import study_for
from rater_portal.services.studies import check_unlocked, hold_study, protocol_of
from rubrics.conduct import ConsentText

KEPT: Final = mark(
    "You will get no more to judge. What you have judged so far stays in the study, under your "
    "pseudonym."
)
LEFT_OUT: Final = mark(
    "You will get no more to judge. What you have judged so far is left out of the study's results."
)
NOT_CHANGEABLE: Final = mark("The text has changed meanwhile. Please read it again.")


@dataclass(frozen=True)
class Sheet:
    """What a rater reads before deciding, and what was decided so far."""

    title: str
    """The study's."""

    version: str
    text: str
    language: str
    """Of the text; English stands for the file's own."""

    agreement: Agreement
    decided_at: datetime | None
    synthetic: bool


class ChangedTextError(PortalError):
    """The text is another by now than the one that was shown."""


def consent_sheet(session: Session, *, rater_id: int, language: str = "en") -> Sheet | None:
    """The text that this rater agrees to or has agreed to; None where the study has none."""
    rater, study = _rater_and_study(session, rater_id)
    consent = protocol_of(study).consent
    if consent is None:
        return None
    text, language = consent.worded(language)
    last = last_decision(session, rater_id)
    return Sheet(
        title=study.title,
        version=consent.version,
        text=text,
        language=language,
        agreement=agreement(session, rater_id=rater.id, consent=consent),
        decided_at=last.decided_at if last else None,
        synthetic=study.synthetic,
    )


def decide(
    session: Session, *, rater_id: int, sheet: Sheet, decision: Literal["given", "declined"]
) -> None:
    """Store what a rater decided about the text on the screen.

    Who declined may read the text again and agree: nothing is lost by saying no.

    Raises
    ------
    ChangedTextError
        If the study has another version by now.
    NotAllowedError
        If the person is no rater, or has left the study.
    """
    with transaction(session):
        rater, study = _rater_and_study(session, rater_id)
        check_unlocked(hold_study(session, study.id))
        consent = protocol_of(study).consent
        if rater.state != "active":
            raise NotAllowedError(mark("You have left this study."))
        if consent is None or consent.worded(sheet.language)[0] != sheet.text:
            raise ChangedTextError(NOT_CHANGEABLE)
        if agreement(session, rater_id=rater.id, consent=consent) == decision:
            return
        _store(session, rater, consent.version, sheet.text, sheet.language, decision)


def withdrawal_words(session: Session, *, rater_id: int, language: str = "en") -> str:
    """What leaving means for what was judged, in words: shown before it is confirmed."""
    _, study = _rater_and_study(session, rater_id)
    return catalogue(language).gettext(LEFT_OUT if _leaves_out(study) else KEPT)


def withdraw(session: Session, *, rater_id: int, language: str = "en") -> None:
    """Take a rater out of the study, for good; whoever has left already stays out.

    Units that were open go to others. Where the study leaves out what was judged, the places
    become free again, so that every unit still gets all its raters.
    """
    with transaction(session):
        rater, study = _rater_and_study(session, rater_id)
        hold_study(session, study.id)
        # Held by nobody else now: leaving on two devices at once is leaving once.
        session.refresh(rater, ["state"])
        if rater.state == "withdrawn":
            return
        check_unlocked(study)
        words = withdrawal_words(session, rater_id=rater_id, language=language)
        consent = protocol_of(study).consent
        version = consent.version if consent else "none"
        _store(session, rater, version, words, language, "withdrawn")
        rater.state = "withdrawn"
        _give_back_open_units(session, rater)
        if _leaves_out(study):
            _free_places(session, rater)


def left_out(session: Session, *, study: Study) -> set[int]:
    """Ids of raters whose judgments leave the portal in no table: they withdrew."""
    if not _leaves_out(study):
        return set()
    return set(
        session.exec(
            select(Consent.rater_id).where(
                Consent.study_id == study.id, Consent.decision == "withdrawn"
            )
        )
    )


def change_consent(
    session: Session, *, study: str, consent: ConsentText, asked_by: int | None = None
) -> None:
    """Give a study another text to agree to; under another version, everybody is asked again.

    Raises
    ------
    PortalError
        If the words differ and the version does not, or those who have left were told otherwise
        what becomes of their judgments.
    LockedStudyError
        If the study is locked.
    """
    with transaction(session):
        row = study_for(session, study=study, asked_by=asked_by, action="change_design")
        check_unlocked(hold_study(session, row.id))
        before = protocol_of(row).consent
        is_same = before is None or before.version != consent.version or before == consent
        if not is_same or _was_another(session, row, consent):
            raise PortalError(
                "The text differs from the one of version {version}. Give it a version of its own.",
                version=consent.version,
            )
        if (consent.on_withdrawal == "leave_out") != _leaves_out(row) and _has_left(session, row):
            raise PortalError(
                "Somebody has left already and was told what becomes of their judgments: "
                "`on_withdrawal` must stay as it was."
            )
        row.protocol = {**row.protocol, "consent": consent.model_dump(mode="json")}
        record_event(
            session,
            study_id=row.id,
            actor_id=asked_by,
            action="consent.changed",
            old=before.version if before else None,
            new=consent.version,
        )


def _rater_and_study(session: Session, rater_id: int) -> tuple[Rater, Study]:
    rater = session.get(Rater, rater_id)
    if rater is None or rater.role != "rater":
        raise NotAllowedError(mark("Only raters of a study can do this."))
    return rater, session.get_one(Study, rater.study_id)


def _was_another(session: Session, study: Study, consent: ConsentText) -> bool:
    """Whether anybody has decided about other words under this version."""
    hashes = {_text_hash(text) for text in (consent.text, *consent.translations.values())}
    decided = select(Consent.id).where(
        Consent.study_id == study.id,
        Consent.version == consent.version,
        Consent.decision != "withdrawn",
        col(Consent.text_hash).not_in(hashes),
    )
    return session.exec(decided.limit(1)).first() is not None


def _has_left(session: Session, study: Study) -> bool:
    left = select(Consent.id).where(Consent.study_id == study.id, Consent.decision == "withdrawn")
    return session.exec(left.limit(1)).first() is not None


def _leaves_out(study: Study) -> bool:
    said: dict[str, Any] | None = study.protocol.get("consent")
    return said is not None and said["on_withdrawal"] == "leave_out"


def _store(
    session: Session, rater: Rater, version: str, text: str, language: str, decision: Decision
) -> None:
    record_event(
        session,
        study_id=rater.study_id,
        actor_id=rater.id,
        action=f"consent.{decision}",
        new=version,
    )
    text_hash = _text_hash(text)
    if session.get(ShownText, text_hash) is None:
        session.add(ShownText(text_hash=text_hash, text=text))
        session.flush()
    session.add(
        Consent(
            study_id=rater.study_id,
            rater_id=rater.id,
            version=version,
            text_hash=text_hash,
            language=language,
            decision=decision,
            decided_at=datetime.now(UTC),
        )
    )


def _text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _give_back_open_units(session: Session, rater: Rater) -> None:
    session.execute(
        update(Assignment)
        .where(
            col(Assignment.rater_id) == rater.id,
            col(Assignment.submitted_at).is_(None),
            col(Assignment.leased_until) > datetime.now(UTC),
        )
        .values(leased_until=datetime.now(UTC))
    )


def _free_places(session: Session, rater: Rater) -> None:
    """Let others take the places that this rater's counted judgments held."""
    counted = (
        select(Assignment.quota_id, func.count(func.distinct(col(Assignment.id))))
        .join(Judgment, col(Judgment.assignment_id) == col(Assignment.id))
        .where(
            Assignment.rater_id == rater.id,
            Assignment.purpose == "study",
            col(Judgment.surplus).is_(False),
        )
        .group_by(col(Assignment.quota_id))
    )
    for quota_id, held in session.exec(counted).all():
        session.execute(
            update(Quota).where(col(Quota.id) == quota_id).values(accepted=Quota.accepted - held)
        )
