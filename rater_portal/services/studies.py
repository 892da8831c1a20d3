"""Finding a study, its protocol and its rubrics, and holding it while something is written."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from rater_portal.errors import ClosedStudyError, NotAllowedError, StudyError
from rater_portal.models import Rater, Study, StudyRubric
from rubrics.schema import Protocol, Rubric


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
    """The study, locked until the transaction ends: its places and its trail grow one at a time."""
    return session.exec(select(Study).where(Study.id == study_id).with_for_update()).one()


def protocol_of(study: Study) -> Protocol:
    """The protocol as it was when the study was made."""
    return Protocol.model_validate(study.protocol)


def rubrics_of(session: Session, study_id: int) -> dict[str, Rubric]:
    """The rubrics as they were when the study was made, by id, in the order of the protocol."""
    rows = session.exec(
        select(StudyRubric)
        .where(StudyRubric.study_id == study_id)
        .order_by(col(StudyRubric.position))
    )
    return {row.rubric_id: Rubric.model_validate(row.definition) for row in rows}


def rater_in_open_study(session: Session, rater_id: int) -> tuple[Rater, Study]:
    """The rater and the study, held, if this person may judge in it now.

    Raises
    ------
    NotAllowedError
        If the person is unknown or no rater.
    ClosedStudyError
        If the study is closed.
    """
    rater = session.get(Rater, rater_id)
    if rater is None or rater.role != "rater" or rater.rater_group is None:
        raise NotAllowedError("Only raters of this study can judge its units.")
    study = hold_study(session, rater.study_id)
    if not study.is_open:
        raise ClosedStudyError("This study is closed. Thank you for your judgments.")
    return rater, study


def check_coordinator(session: Session, study: Study, asked_by: int | None) -> None:
    """Let pass a coordinator of this study, or the operator at the shell (None).

    Raises
    ------
    NotAllowedError
        For everyone else.
    """
    if asked_by is None:
        return
    caller = session.get(Rater, asked_by)
    if caller is None or caller.role != "coordinator" or caller.study_id != study.id:
        raise NotAllowedError("Only coordinators of this study can see this.")
