"""Small studies whose units are lent, and a clock that a test moves."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from equitymedqa.records import AnswerRecord
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.intake import create_study
from rubrics.conduct import Limits
from tests.studies import protocol, tiny_answers, write_answers

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


def study_with(
    engine: Engine,
    folder: Path,
    *,
    limits: Limits | None = None,
    answers: list[AnswerRecord] | None = None,
    **changes: Any,
) -> None:
    """A study `tiny` of two questions, each answered by both sources, unless told otherwise."""
    asked = protocol(**{"raters": 1, "rubrics": ["independent"], **changes})
    paths = write_answers(folder, answers or tiny_answers(n_pairs=0))
    with Session(engine) as session:
        create_study(
            session,
            protocol=asked.model_copy(update={"limits": limits or Limits()}),
            answers=paths,
            name="tiny",
        )


def shown(engine: Engine, rater_id: int) -> ShownUnit | None:
    with Session(engine) as session:
        return next_assignment(session, rater_id=rater_id)
