"""Finding a study, its protocol and its rubrics, and holding it while something is written."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import and_, bindparam
from sqlmodel import Session, col, select

from rater_portal.errors import (
    ClosedStudyError,
    LockedStudyError,
    NotAllowedError,
    PausedStudyError,
    StudyError,
)
from rater_portal.language import mark
from rater_portal.models import Rater, Role, Study, StudyRubric
from rater_portal.services.agreement import has_agreed
from rubrics.schema import Protocol, Rubric

JUDGES: Final[frozenset[Role]] = frozenset({"rater", "adjudicator"})

_READ: Final[dict[str, Rubric]] = {}
"""Rubrics by content hash. `rubrics_of` reads each time what the database holds: audits use it."""

GONE: Final = mark("You no longer take part in this study.")
LOCKED: Final = mark(
    "This study is finished and takes no more changes. Thank you for your judgments."
)
CLOSED: Final[Mapping[tuple[str, ...], str]] = {
    (): mark("This study is closed. Thank you for your judgments."),
    ("words",): mark("This study is closed. {words}"),
}
PAUSED: Final[Mapping[tuple[str, ...], str]] = {
    (): mark("This study is paused for now. What you have chosen so far is kept."),
    ("words",): mark("This study is paused for now. {words}"),
    ("back_at",): mark(
        "This study is paused until {back_at}. What you have chosen so far is kept."
    ),
    ("words", "back_at"): mark("This study is paused until {back_at}. {words}"),
}
"""By what there is to say: the coordinator's own words, and when to come back."""


# Rows that point to the study may have been written already: `key_share` lets two writers of such
# rows wait for each other here, where a stronger lock would be a deadlock.
HELD: Final = (
    select(Study)
    .where(col(Study.id) == bindparam("study"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
THIS_RUBRIC: Final = and_(
    col(StudyRubric.study_id) == bindparam("study"),
    col(StudyRubric.rubric_id) == bindparam("rubric"),
)
HASH_OF_RUBRIC: Final = select(StudyRubric.content_hash).where(THIS_RUBRIC)


def study_names(session: Session) -> Sequence[str]:
    """Names of all studies, the oldest first."""
    return session.exec(select(Study.name).order_by(col(Study.id))).all()


def find_study(session: Session, name: str) -> Study:
    """The study with this name.

    Raises
    ------
    StudyError
        If there is none; the message lists those there are.
    """
    study = session.exec(select(Study).where(Study.name == name)).one_or_none()
    if study is None:
        known = ", ".join(study_names(session)) or "none yet"
        raise StudyError(f"There is no study {name!r}. Known: {known}.")
    return study


def only_study(session: Session, name: str | None) -> str:
    """The name that was given, or that of the only study there is.

    Raises
    ------
    StudyError
        If none was given and there is not exactly one study.
    """
    if name is not None:
        return name
    names = study_names(session)
    if len(names) != 1:
        known = ", ".join(names) or "none yet"
        raise StudyError(f"Say which study with --study NAME. There are: {known}.")
    return names[0]


def hold_study(session: Session, study_id: int) -> Study:
    """The study as it is now, held until the transaction ends: its trail grows one at a time.

    Asked for again in the same transaction, it costs nothing.
    """
    if session.info.get("held_study") == study_id:
        return session.get_one(Study, study_id)
    study = session.exec(HELD, params={"study": study_id}).one()
    if session.info.get("in_transaction"):
        session.info["held_study"] = study_id
    return study


def protocol_of(study: Study) -> Protocol:
    """The protocol as it was when the study was made."""
    return Protocol.model_validate(study.protocol)


def check_group(study: Study, group: str) -> None:
    """Refuse a rater group that the study's protocol does not name, with the ones it does."""
    groups = [known.id for known in protocol_of(study).groups]
    if group not in groups:
        raise StudyError(
            f"Study {study.name!r} has no group {group!r}. Known: {', '.join(groups)}."
        )


def rubrics_of(session: Session, study_id: int) -> dict[str, Rubric]:
    """The rubrics as they were when the study was made, by id, in the order of the protocol."""
    rows = session.exec(
        select(StudyRubric)
        .where(StudyRubric.study_id == study_id)
        .order_by(col(StudyRubric.position))
    )
    return {row.rubric_id: Rubric.model_validate(row.definition) for row in rows}


def rubric_of(session: Session, study_id: int, rubric_id: str) -> Rubric:
    """One rubric as it was when the study was made; read once, and known by its hash then."""
    this = {"study": study_id, "rubric": rubric_id}
    content_hash = session.connection().execute(HASH_OF_RUBRIC, this).scalar_one()
    if content_hash not in _READ:
        rows = session.exec(select(StudyRubric).where(THIS_RUBRIC), params=this)
        _READ[content_hash] = Rubric.model_validate(rows.one().definition)
    return _READ[content_hash]


def rater_in_open_study(session: Session, rater_id: int) -> tuple[Rater, Study]:
    """The rater and the study, held, if this person may judge in it now.

    Raises
    ------
    NotAllowedError, ClosedStudyError
        As for `rater_in_study` and `check_takes_judgments`.
    """
    rater, study = rater_in_study(session, rater_id)
    check_takes_judgments(session, rater, study)
    return rater, study


def rater_in_unlocked_study(session: Session, rater_id: int) -> tuple[Rater, Study]:
    """The rater and the study, held, if what this person chooses may still be kept as a draft.

    A pause or a closing takes nobody's work away: what was chosen is kept until the study opens
    again. A locked study takes no write at all.

    Raises
    ------
    NotAllowedError
        As for `rater_in_study`, or if the rater has not agreed to take part.
    LockedStudyError
        If the study is locked.
    """
    rater, study = rater_in_study(session, rater_id)
    check_unlocked(study)
    check_agreed(session, rater, study)
    return rater, study


def rater_in_study(session: Session, rater_id: int) -> tuple[Rater, Study]:
    """The rater and the study, held, whatever state it is in.

    Raises
    ------
    NotAllowedError
        If the person is unknown, judges nothing here, or takes part no longer.
    """
    rater = session.get(Rater, rater_id)
    if rater is None or rater.role not in JUDGES:
        raise NotAllowedError(mark("Only raters of this study can judge its units."))
    if rater.state != "active":
        raise NotAllowedError(GONE)
    study = hold_study(session, rater.study_id)
    # While the study was held by another the rater may have left it.
    session.refresh(rater, ["state"])
    if rater.state != "active":
        raise NotAllowedError(GONE)
    return rater, study


def check_takes_judgments(session: Session, rater: Rater, study: Study) -> None:
    """Let pass who may judge in the study now.

    Raises
    ------
    ClosedStudyError
        If the study is paused, closed or locked, as one of the three kinds of it.
    NotAllowedError
        If the rater has not agreed to take part.
    """
    if not study.is_open:
        raise not_open(study)
    check_agreed(session, rater, study)


def check_agreed(session: Session, rater: Rater, study: Study) -> None:
    """NotAllowedError if there is something that this person has not agreed to yet."""
    is_person = rater.role == "rater" and not rater.synthetic
    if is_person and not has_agreed(session, rater_id=rater.id, study=study):
        raise NotAllowedError(mark("Please read and answer first whether you take part."))


def check_unlocked(study: Study) -> None:
    """LockedStudyError if the study takes no write ever again."""
    if study.state == "locked":
        raise not_open(study)


def not_open(study: Study) -> ClosedStudyError:
    """Why a study takes no judgments now, in the words that its coordinator left."""
    if study.state == "locked":
        return LockedStudyError(LOCKED)
    kind = PausedStudyError if study.state == "paused" else ClosedStudyError
    wording = PAUSED if study.state == "paused" else CLOSED
    back_at = study.back_at if study.state == "paused" else None
    values = {
        "words": study.message,
        "back_at": f"{back_at:%Y-%m-%d %H:%M} UTC" if back_at else None,
    }
    said = {name: value for name, value in values.items() if value}
    return kind(wording[tuple(said)], **said)
