"""Migrations from empty, against the models, on both databases; transactions; and addresses."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlmodel import Session, select

from rater_portal.database import make_engine, migrate, open_database, transaction, writing
from rater_portal.errors import DatabaseError
from rater_portal.models import Study, Table


def test_migrations_from_empty_make_exactly_the_models_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, Table.metadata) == []


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    before = inspect(engine).get_table_names()

    migrate(engine)

    assert inspect(engine).get_table_names() == before


def test_two_servers_that_start_at_once_migrate_once(database_url: str) -> None:
    start = f"from rater_portal.database import open_database; open_database({database_url!r})"

    servers = [subprocess.Popen([sys.executable, "-c", start]) for _ in range(2)]

    assert [server.wait() for server in servers] == [0, 0]
    with make_engine(database_url).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1


def test_new_file_that_another_is_just_writing_to_is_waited_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    other = sqlite3.connect(tmp_path / "study.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE mine (x)")
    Timer(0.3, other.execute, ["COMMIT"]).start()

    with make_engine(url).connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


class Recovering(sqlite3.Connection):
    """A file whose log another process is just mending: busy, the first time, and it says why."""

    is_mended = False

    def execute(self, sql: str, /, *values: object) -> sqlite3.Cursor:
        """What was asked, from the second time on."""
        if not Recovering.is_mended:
            Recovering.is_mended = True
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
            raise error
        return super().execute(sql, *values)


def test_file_that_is_busy_for_a_reason_of_its_own_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = partial(sqlite3.connect, factory=Recovering)
    monkeypatch.setattr(sqlite3.dbapi2, "connect", connect)

    with make_engine(f"sqlite:///{tmp_path / 'study.db'}").connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"

    assert Recovering.is_mended


def test_failing_transaction_leaves_nothing_behind(engine: Engine) -> None:
    def fail(session: Session) -> None:
        session.add(Study(name="half", title="half", protocol={}, created_at=_now()))
        session.flush()
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"), writing(engine) as session:
        fail(session)

    with Session(engine) as session:
        assert session.exec(select(Study)).all() == []


def test_transaction_inside_another_is_stored_only_with_it(engine: Engine) -> None:
    def add_study_then_fail(session: Session) -> None:
        with transaction(session):
            session.add(Study(name="inner", title="inner", protocol={}, created_at=_now()))
        raise RuntimeError("later")

    with Session(engine) as session:
        with pytest.raises(RuntimeError, match="later"), transaction(session):
            add_study_then_fail(session)

        assert session.exec(select(Study)).all() == []


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////nowhere/at/all.db", "unable to open database file"),
        ("nonsense", "names no SQLite file"),
        ("mysql://me:secret@db/portal", "names no SQLite file"),
        ("postgresql://me:secret@127.0.0.1:1/portal", "cannot be opened"),
    ],
    ids=["no folder", "no address", "other database", "no server"],
)
def test_database_that_cannot_be_opened_is_explained_without_its_password(
    url: str, said: str
) -> None:
    with pytest.raises(DatabaseError, match=said) as caught:
        open_database(url)

    assert "PORTAL_DATABASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("not a database, " * 100)

    with pytest.raises(DatabaseError, match="file is not a database"):
        open_database(f"sqlite:///{tmp_path}/study.db")
