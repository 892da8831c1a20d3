"""From the first release to today's tables and back: no row is lost, and every trail verifies."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from rater_portal.database import make_engine, migrate
from rater_portal.errors import ClosedStudyError
from rater_portal.models import TrailEnd
from rater_portal.services.assignment import next_assignment
from rater_portal.services.audit import Verification, verify
from rater_portal.services.export import judgment_table
from rater_portal.services.revising import revise
from rater_portal.services.states import close_study, lock_study, reopen_study
from tests.first_release import N_JUDGMENTS, first_release
from tests.studies import judge_one, judged_study

KEPT = {
    "study": "id, name, title, protocol, seed, created_at",
    "judgment": "id, codes, submitted_at, active_seconds, previous_hash, row_hash",
    "assignment": "id, quota_id, rater_id, shown_first, active_seconds, submitted_at",
    "rater": "id, pseudonym, rater_group, role, guided_at",
    "unit": "id, unit_id, source_a, panels",
    "draft": "assignment_id, codes, saved_at",
    "quota": "id, capacity, accepted",
    "study_rubric": "id, rubric_id, content_hash, definition",
}
"""What the first release knew, by table."""


@pytest.fixture
def old_engine(database_url: str) -> Iterator[Engine]:
    """A database as the first release left it."""
    engine = make_engine(database_url)
    first_release(engine)
    yield engine
    engine.dispose()


def everything(engine: Engine) -> dict[str, list[tuple[str, ...]]]:
    """All rows of all tables, as far as the first release knew them."""
    with engine.connect() as connection:
        return {
            table: [
                tuple(map(str, row))
                for row in connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY 1"))
            ]
            for table, columns in KEPT.items()
        }


def value(engine: Engine, query: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar()


def verified(engine: Engine, study: str = "old") -> Verification:
    with Session(engine) as session:
        return verify(session, study=study)


def test_upgrade_from_the_first_release_keeps_every_row(old_engine: Engine) -> None:
    before = everything(old_engine)

    migrate(old_engine)

    assert all(before.values())
    assert everything(old_engine) == before


def test_judgments_of_the_first_release_still_verify(old_engine: Engine) -> None:
    migrate(old_engine)

    found = verified(old_engine)

    assert found.problems == ()
    assert found.n_judgments == N_JUDGMENTS


def test_judgment_of_the_first_release_that_was_altered_is_found(old_engine: Engine) -> None:
    with old_engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE judgment DISABLE TRIGGER ALL"))
        else:
            connection.execute(text("DROP TRIGGER judgment_refuses_update"))
        connection.execute(text("UPDATE judgment SET active_seconds = 1 WHERE id = 2"))
    if old_engine.dialect.name == "sqlite":
        with old_engine.begin() as connection:
            connection.execute(
                text(
                    "CREATE TRIGGER judgment_refuses_update BEFORE UPDATE ON judgment "
                    "BEGIN SELECT RAISE(ABORT, 'judgments are append-only'); END"
                )
            )
    migrate(old_engine)

    assert any("Judgment 2 was altered" in problem for problem in verified(old_engine).problems)


def test_closed_study_stays_closed_and_an_open_one_open(old_engine: Engine) -> None:
    migrate(old_engine)

    with Session(old_engine) as session, pytest.raises(ClosedStudyError, match="is closed"):
        next_assignment(session, rater_id=4)
    assert value(old_engine, "SELECT state FROM study WHERE name = 'new'") == "open"


def test_rater_of_the_first_release_goes_on_with_the_draft(old_engine: Engine) -> None:
    migrate(old_engine)
    with Session(old_engine) as session:
        reopen_study(session, study="old")

    with Session(old_engine) as session:
        unit = next_assignment(session, rater_id=4)
    receipt = judge_one(old_engine, 4)

    assert unit is not None
    assert unit.draft == {"comment": "so far"}
    assert receipt is not None
    assert not receipt.surplus
    found = verified(old_engine)
    assert found.problems == ()
    assert found.n_judgments == N_JUDGMENTS + 1


def test_judgment_of_the_first_release_can_be_revised(old_engine: Engine) -> None:
    migrate(old_engine)
    with Session(old_engine) as session:
        reopen_study(session, study="old")
        revise(
            session,
            assignment_id=1,
            rater_id=1,
            codes={"bias_presence": "no_bias", "comment": "nothing more"},
            reason="I read it again.",
            submission_id="again",
        )
        comments = judgment_table(session, study="old").frame.query("item == 'comment'")

    assert sorted(comments["code"]) == ["nothing more", "ñ 漢", "ñ 漢"]
    assert verified(old_engine).problems == ()


def test_down_to_the_first_release_and_up_again_keeps_every_row(old_engine: Engine) -> None:
    before = everything(old_engine)
    migrate(old_engine)

    migrate(old_engine, "0001")

    assert everything(old_engine) == before
    assert not value(old_engine, "SELECT is_open FROM study WHERE name = 'old'")
    assert value(old_engine, "SELECT is_open FROM study WHERE name = 'new'")

    migrate(old_engine)

    assert everything(old_engine) == before
    assert verified(old_engine).problems == ()


def test_one_step_back_and_forth_keeps_the_trail_of_events(engine: Engine) -> None:
    judged_study(engine)
    with Session(engine) as session:
        close_study(session, study="tiny")
    before = verified(engine, "tiny")

    migrate(engine, "0002")
    migrate(engine)

    assert verified(engine, "tiny") == before
    with Session(engine) as session:
        reopen_study(session, study="tiny")
        assert session.get_one(TrailEnd, 1).n_events == before.n_events + 1


def test_locked_study_can_be_taken_down_and_is_closed_then(engine: Engine) -> None:
    judged_study(engine)
    with Session(engine) as session:
        lock_study(session, study="tiny")

    migrate(engine, "0001")

    assert not value(engine, "SELECT is_open FROM study")
