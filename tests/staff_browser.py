"""A browser at the pages of those who have an account, and two studies for it to work in."""

import re
from pathlib import Path

from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from rater_portal.database import open_database, session_on
from rater_portal.gate import Gate
from rater_portal.routes.password import Password
from rater_portal.routes.signin import SignIn
from rater_portal.routes.studies import Studies
from rater_portal.services.intake import create_study
from rater_portal.services.members import (
    add_account,
)
from rater_portal.settings import Settings
from tests.portal_client import hidden_fields
from tests.studies import protocol, tiny_answers, write_answers

GOOD = "seven green kettles sing"
OTHER = "nine blue ladders hum"


def two_studies(database_url: str, folder: Path) -> Engine:
    """A database with the studies `one` and `two`."""
    engine = open_database(database_url)
    paths = write_answers(folder, tiny_answers())
    with session_on(engine) as session:
        for name in ("one", "two"):
            create_study(
                session, protocol=protocol(), answers=paths, name=name, title=f"Study <{name}>"
            )
    return engine


def new_browser() -> TestClient:
    settings = Settings()
    gate = Middleware(Gate, settings=settings, script_hashes=())
    routes = [r for part in (SignIn, Password, Studies) for r in part(settings).routes()]
    app = Starlette(routes=routes, middleware=[gate])
    return TestClient(app, base_url=settings.base_url, follow_redirects=False)


def new_account(engine: Engine, username: str = "ana", *, role: str = "coordinator") -> str:
    """The path of the link behind which its password is chosen."""
    with session_on(engine) as session:
        return add_account(session, username=username, study="one", role=role, base_url="").url


def choose(browser: TestClient, link: str, new: str = GOOD, again: str | None = None):
    fields = hidden_fields(browser.get(link).text)
    return browser.post("/password/first", data=fields | {"new": new, "again": again or new})


def sign_in(browser: TestClient, username: str = "ana", password: str = GOOD):
    fields = hidden_fields(browser.get("/signin").text)
    return browser.post("/signin", data=fields | {"username": username, "password": password})


def is_signed_in(browser: TestClient) -> bool:
    """Let through the gate, to a page that this small application lacks."""
    return browser.get("/").status_code == 404


def problem_on(answer) -> str:
    (found,) = re.findall(r'role="alert" id="problem">(.*?)</p>', answer.text)
    return found
