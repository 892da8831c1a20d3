"""Who may do what in a study: one table, and the one check that every service makes by it.

A page is never the only guard: whatever it shows or hides, the service behind it asks again.
"""

from collections.abc import Mapping
from typing import Final, Literal

from sqlmodel import Session, select

from rater_portal.errors import NotAllowedError
from rater_portal.language import mark
from rater_portal.models import Account, Rater, Role, Study
from rater_portal.services.studies import find_study

Action = Literal[
    "judge",
    "see_images",
    "adjudicate",
    "see_progress",
    "see_results",
    "take_table",
    "verify",
    "see_quality",
    "invite",
    "change_state",
    "change_design",
    "lock",
    "see_questions",
    "add_questions",
    "decide_questions",
    "appoint",
]

RATERS: Final[frozenset[Role]] = frozenset({"rater"})
ADJUDICATORS: Final[frozenset[Role]] = frozenset({"adjudicator"})
COORDINATORS: Final[frozenset[Role]] = frozenset({"coordinator"})
READERS: Final[frozenset[Role]] = frozenset({"coordinator", "analyst"})
EVERYBODY: Final[frozenset[Role]] = RATERS | ADJUDICATORS | READERS
OPERATOR_ALONE: Final[frozenset[Role]] = frozenset()

ROLES_FOR: Final[Mapping[Action, frozenset[Role]]] = {
    "judge": RATERS,
    "see_images": EVERYBODY,
    "adjudicate": ADJUDICATORS,
    "see_progress": READERS,
    "see_results": READERS,
    "take_table": READERS,
    "verify": READERS,
    "see_quality": READERS,
    "invite": COORDINATORS,
    "change_state": COORDINATORS,
    "change_design": COORDINATORS,
    "lock": COORDINATORS,
    "see_questions": READERS,
    "add_questions": COORDINATORS,
    "decide_questions": COORDINATORS,
    "appoint": OPERATOR_ALONE,
}
"""Each role acts in its own study alone; the operator at the shell may do everything."""

NOT_YOURS: Final = mark("You may not do this in this study.")


def check(session: Session, *, study: Study, asked_by: int | None, action: Action) -> None:
    """Let pass who may do this in this study, and the operator at the shell (None).

    Raises
    ------
    NotAllowedError
        For everyone else, in the same words whatever the reason.
    """
    if asked_by is None:
        return
    caller = session.get(Rater, asked_by)
    if caller is None or caller.study_id != study.id or caller.role not in ROLES_FOR[action]:
        raise NotAllowedError(NOT_YOURS)
    if caller.state != "active" or _is_disabled(session, caller):
        raise NotAllowedError(NOT_YOURS)


def study_for(session: Session, *, study: str, asked_by: int | None, action: Action) -> Study:
    """The study with this name, for who may do this in it.

    Raises
    ------
    NotAllowedError
        If the caller may not; whether there is such a study is then not said.
    StudyError
        If the operator names no study that there is.
    """
    if asked_by is None:
        return find_study(session, study)
    found = session.exec(select(Study).where(Study.name == study)).one_or_none()
    if found is None:
        raise NotAllowedError(NOT_YOURS)
    check(session, study=found, asked_by=asked_by, action=action)
    return found


def check_operator(asked_by: int | None) -> None:
    """Let pass the operator at the shell (None) alone; NotAllowedError for everyone else."""
    if asked_by is not None:
        raise NotAllowedError(NOT_YOURS)


def _is_disabled(session: Session, caller: Rater) -> bool:
    if caller.account_id is None:
        return False
    return session.get_one(Account, caller.account_id).disabled_at is not None
