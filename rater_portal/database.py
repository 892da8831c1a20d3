"""The one door to the database: engine, migrations at start, and sessions that write alone."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session as Session  # what routes hand to services, without knowing SQL
from sqlmodel import create_engine

from rater_portal.errors import DatabaseError
from rater_portal.settings import current_settings

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_S: Final = 30.0
"""How long one process waits for another to let an SQLite file go."""

PRIMARY: Final = 0xFF
"""The bits of an SQLite result that say what happened; those above them say why."""

_migrating = threading.Lock()
_writers: WeakKeyDictionary[Engine, threading.RLock] = WeakKeyDictionary()
"""Who writes next to an SQLite file: in turn. SQLite itself would have them sleep and try again."""


@lru_cache(maxsize=8)
def open_database(url: str) -> Engine:
    """An engine on a migrated database; the same one for the same address.

    Raises
    ------
    DatabaseError
        If the address names no database that can be opened; no password is repeated.
    """
    engine = make_engine(url)
    try:
        migrate(engine)
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise DatabaseError(
            f"The study database {engine.url.render_as_string()} cannot be opened: {reason}. "
            "Set PORTAL_DATABASE_URL to an SQLite file, as in sqlite:///study.db, or to a "
            "PostgreSQL database that is running, as in postgresql://portal@localhost/portal."
        ) from error
    return engine


def database() -> Engine:
    """The engine on the database that the settings name."""
    return open_database(current_settings().database_url)


def make_engine(url: str) -> Engine:
    """An engine that waits for locks, checks foreign keys, and lets one writer in at a time."""
    try:
        address = make_url(url)
        backend = address.get_backend_name()
    except ArgumentError:
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        raise DatabaseError(
            "PORTAL_DATABASE_URL names no SQLite file (sqlite:///study.db) and no PostgreSQL "
            "database (postgresql://portal@localhost/portal)."
        )
    if backend == "postgresql":
        # psycopg 3 is what is installed; a bare `postgresql://` would ask for psycopg 2.
        return create_engine(address.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    engine = create_engine(address, connect_args={"timeout": BUSY_S, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    _writers[engine] = threading.RLock()
    return engine


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to a revision, the newest unless told; whoever comes second waits."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    # Alembic keeps its state in the module, so threads wait here; processes wait in the database.
    with _migrating, engine.connect().execution_options(migrates=True) as connection:
        config.attributes["connection"] = connection
        going_back = revision != "head" and revision < (current_revision(connection) or "")
        (command.downgrade if going_back else command.upgrade)(config, revision)
        connection.commit()
        # A migration may have moved tables while nothing checked what refers to them.
        connection.invalidate()


def current_revision(connection: Connection) -> str | None:
    """The revision that the tables are at; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def transaction(session: Session) -> Iterator[None]:
    """Store what is done inside wholly or not at all; inside another one, together with it."""
    if session.info.get("in_transaction"):
        yield
        return
    session.commit()  # a reader must end before it may write: SQLite could not turn it into one
    session.info["in_transaction"] = True
    try:
        with _turn_to_write(session), session.begin():
            session.connection(execution_options={"writes": True})
            yield
    finally:
        session.info["in_transaction"] = False


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session of its own whose work is stored wholly or not at all."""
    with Session(engine) as session, transaction(session):
        yield session


@contextmanager
def session_on(engine: Engine) -> Iterator[Session]:
    """A session for services, each of which stores its own work wholly or not at all."""
    with Session(engine) as session:
        yield session


def _turn_to_write(session: Session) -> AbstractContextManager[object]:
    return _writers.get(session.get_bind().engine) or nullcontext()


@event.listens_for(Session, "loaded_as_persistent")
def _hold_on(session: Any, row: object) -> None:
    # Held by nobody else, a row would be forgotten and read again by the next who asks for it.
    session.info.setdefault("rows", []).append(row)


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_rollback")
def _let_go(session: Any) -> None:
    session.info.pop("rows", None)
    session.info.pop("held_study", None)


def _prepare_sqlite(connection: Any, entry: ConnectionPoolEntry) -> None:
    # The driver would begin by itself, and late: a reader that turns writer can then fail at once.
    connection.isolation_level = None
    _keep_a_write_ahead_log(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _keep_a_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Servers that open a new file at once: SQLite fails here at once where else it would wait."""
    patience = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if (
                error.sqlite_errorcode & PRIMARY != sqlite3.SQLITE_BUSY
                or time.monotonic() > patience
            ):
                raise
            time.sleep(0.05)


def _begin_sqlite(connection: Any) -> None:
    options = connection.get_execution_options()
    if options.get("migrates"):
        # SQLite changes a table by making it anew, which foreign keys would take for a removal.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    writes = options.get("writes") or options.get("migrates")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
