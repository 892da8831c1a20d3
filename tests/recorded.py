"""A study with all that a record can hold, and a connection that may do anything to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlmodel import Session

from rater_portal.database import make_engine, migrate
from rater_portal.reading import answer_html, plain_text
from rater_portal.services.assignment import next_assignment
from rater_portal.services.audit import Verification, verify
from rater_portal.services.drafts import save_draft
from rater_portal.services.judging import submit
from rater_portal.services.revising import own_judgments, revise
from rater_portal.services.states import pause_study, reopen_study
from tests.studies import add_raters, complete_codes, make_study


def recorded_study(engine: Engine, folder: Path) -> None:
    """Judgments with marks, revisions, drafts changed on the way, and a pause."""
    make_study(engine, folder, n_questions=1)
    for rater in add_raters(engine, count=2):
        while True:
            with Session(engine) as session:
                unit = next_assignment(session, rater_id=rater)
                if unit is None:
                    break
                codes = complete_codes(unit)
                mine = {"assignment_id": unit.assignment_id, "rater_id": rater}
                save_draft(session, codes=codes, **mine)
                words = plain_text(answer_html(unit.panels[-1].text))[:6]
                marked = {
                    "id": "m1",
                    "item": unit.rubric.items[0].id,
                    "slot": unit.panels[-1].slot,
                    "panel": unit.panels[-1].kind,
                    "start": 0,
                    "end": 6,
                    "quote": words,
                }
                submit(
                    session, codes=codes, marks=[marked], submission_id=unit.submission_id, **mine
                )
        with Session(engine) as session:
            for one in own_judgments(session, rater_id=rater)[-3:]:
                revise(
                    session,
                    assignment_id=one.assignment_id,
                    rater_id=rater,
                    codes={"bias_presence": "minor_bias", "dimensions": ["other_bias"]},
                    reason="I read it again.",
                    submission_id=f"again {one.assignment_id}",
                )
    with Session(engine) as session:
        pause_study(session, study="tiny", message="Lunch.")
        reopen_study(session, study="tiny")


@contextmanager
def unguarded_record(folder: Path) -> Iterator[Connection]:
    """A connection to such a study, in which no trigger and no foreign key is left."""
    engine = make_engine(f"sqlite:///{folder}/portal.db")
    migrate(engine)
    recorded_study(engine, folder)
    with engine.connect() as connection:
        triggers = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='trigger'")
        for (name,) in triggers.all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.commit()
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        yield connection
    engine.dispose()


def found(connection: Connection) -> Verification:
    """What verifying finds, on this connection and in its transaction."""
    with Session(connection) as session:
        return verify(session, study="tiny")
