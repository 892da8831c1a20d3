"""What the database itself refuses, whoever asks: the tables' owner too."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session

from rater_portal.services.assignment import next_assignment
from rater_portal.services.audit import verify
from rater_portal.services.drafts import save_draft
from rater_portal.services.export import judgment_table, revisions
from rater_portal.services.states import lock_study
from tests.studies import add_raters, judge_one, make_study

APPEND_ONLY = {
    "judgment": "codes = '{}'",
    "audit_event": "action = 'nothing'",
    "consent": "decision = 'given'",
    "shown_text": "text = 'another'",
}
CONSENT = (
    "INSERT INTO consent "
    "(study_id, rater_id, version, text_hash, language, decision, decided_at) VALUES "
    "(1, 1, '1', 'hash', 'en', 'given', '2026-01-01 00:00:00')"
)
JUDGMENT = (
    "INSERT INTO judgment (study_id, assignment_id, revision, submission_id, codes, marks, "
    "rubric_hash, shown_first, purpose, active_seconds, surplus, submitted_at, previous_hash, "
    "row_hash) VALUES (1, 1, 2, 'stale', '{}', '[]', 'x', 'A', 'study', 1, false, "
    "'2026-01-01 00:00:00', 'y', 'z')"
)
ASSIGNMENT = (
    "INSERT INTO assignment (study_id, unit_pk, quota_id, rater_id, shown_first, purpose, "
    "attempt, created_at, leased_until, last_active_at, active_seconds) VALUES (1, 1, 1, 1, 'A', "
    "'repeat', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 0)"
)
DRAFT = (
    "INSERT INTO draft (assignment_id, codes, changed_at, marks, saved_at) VALUES "
    "(1, '{}', '{}', '[]', '2026-01-01 00:00:00')"
)


@pytest.fixture
def filled(engine: Engine, tmp_path: Path) -> Engine:
    """A study with one judgment, a draft for a second, and a consent."""
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    judge_one(engine, rater)
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater)
        assert unit is not None
        save_draft(
            session, assignment_id=unit.assignment_id, rater_id=rater, codes={"comment": "x"}
        )
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO shown_text VALUES ('hash', 'text')"))
        connection.execute(text(CONSENT))
    return engine


def refused(engine: Engine, statement: str, match: str) -> None:
    with pytest.raises(DatabaseError, match=match), engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_database_refuses_to_change_what_only_grows(filled: Engine, table: str) -> None:
    refused(filled, f"UPDATE {table} SET {APPEND_ONLY[table]}", "append-only")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_database_refuses_to_remove_what_only_grows(filled: Engine, table: str) -> None:
    refused(filled, f"DELETE FROM {table}", "append-only")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_database_refuses_to_empty_what_only_grows(filled: Engine, table: str) -> None:
    # SQLite has no TRUNCATE: there, removing is emptying.
    if filled.dialect.name == "postgresql":
        refused(filled, f"TRUNCATE {table} CASCADE", "append-only")
        refused(filled, "TRUNCATE study CASCADE", "append-only")
    else:
        refused(filled, f"DELETE FROM {table} WHERE true", "append-only")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_database_refuses_to_replace_a_row_under_its_own_number(filled: Engine, table: str) -> None:
    # On SQLite a replaced row is removed without any trigger that hears of removals.
    if filled.dialect.name == "postgresql":
        key = "text_hash" if table == "shown_text" else "id"
        statement = (
            f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ({key}) "
            f"DO UPDATE SET {APPEND_ONLY[table]}"
        )
    else:
        statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    refused(filled, statement, "append-only")


def test_judgment_cannot_be_replaced_by_one_of_the_same_submission(filled: Engine) -> None:
    insert = "INSERT" if filled.dialect.name == "postgresql" else "INSERT OR REPLACE"
    same = JUDGMENT.replace("INSERT", insert, 1).replace(
        "'stale'", "(SELECT submission_id FROM judgment)"
    )

    refused(filled, same, "append-only|uq_judgment_submission_id")


@pytest.fixture
def locked(filled: Engine) -> Engine:
    with Session(filled) as session:
        lock_study(session, study="tiny")
    return filled


@pytest.mark.parametrize("statement", [JUDGMENT, ASSIGNMENT, DRAFT, CONSENT])
def test_database_takes_no_new_row_of_a_locked_study(locked: Engine, statement: str) -> None:
    refused(locked, statement, "the study is locked")


@pytest.mark.parametrize("statement", [JUDGMENT, ASSIGNMENT, DRAFT, CONSENT])
def test_database_takes_the_same_row_of_an_open_study(filled: Engine, statement: str) -> None:
    with filled.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE draft SET codes = '{}'",
        "DELETE FROM draft",
        "UPDATE assignment SET submitted_at = '2026-01-01 00:00:00'",
        "UPDATE quota SET accepted = 0",
        "UPDATE unit SET source_a = 'another'",
        "UPDATE study_rubric SET version = '9'",
        "DELETE FROM study_rubric",
    ],
)
def test_rows_of_a_locked_study_stay_as_they_are(locked: Engine, statement: str) -> None:
    refused(locked, statement, "the study is locked")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE study SET state = 'open'",
        "UPDATE study SET title = 'Another'",
        "DELETE FROM study",
    ],
)
def test_lock_cannot_be_undone_in_the_database(locked: Engine, statement: str) -> None:
    refused(locked, statement, "the study is locked")


def test_locked_study_cannot_be_replaced_by_an_open_one(locked: Engine) -> None:
    columns = "id, name, title, protocol, synthetic, seed, created_at"
    if locked.dialect.name == "postgresql":
        statement = (
            f"INSERT INTO study ({columns}, state) SELECT {columns}, 'open' FROM study "
            "ON CONFLICT (id) DO UPDATE SET state = 'open'"
        )
    else:
        statement = (
            f"INSERT OR REPLACE INTO study ({columns}, state) SELECT {columns}, 'open' FROM study"
        )
    refused(locked, statement, "the study is locked")


def test_locked_study_can_still_be_exported_and_verified(locked: Engine) -> None:
    with Session(locked) as session:
        table = judgment_table(session, study="tiny")
        changes = revisions(session, study="tiny")
        found = verify(session, study="tiny")

    assert len(table.frame) == len(changes) > 0
    # The consent was put in by hand, and its text has another hash.
    assert found.problems == ("The text of consent 1 is not the one that was agreed to.",)
