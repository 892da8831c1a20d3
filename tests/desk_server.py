"""A running portal, and raters who sit at it with a unit open: for tests of the desk's routes."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine
from sqlmodel import Session, select

from rater_portal.database import make_engine, migrate
from rater_portal.models import Draft, Judgment
from rater_portal.services.accounts import identify, invite_rater
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.intake import create_study
from rater_portal.wire import codes_to_wire
from tests.portal_client import COOKIE, free_port, serving, sign_in
from tests.studies import complete_codes, protocol, tiny_answers, write_answers

SECRET = "words of a rater's own"
ROUTES = ("draft", "beat", "submit", "skip", "rest", "preferences")
_numbers = itertools.count(1)


@dataclass
class Server:
    """A running portal and its database."""

    base: str
    engine: Engine
    log: Path

    def new_study(self, folder: Path, **design: Any) -> str:
        name = f"study-{next(_numbers)}"
        paths = write_answers(folder, tiny_answers())
        with Session(self.engine) as session:
            create_study(session, protocol=protocol(**design), answers=paths, name=name)
        return name


@dataclass
class Sitting:
    """A rater's browser, and the unit that is open in it."""

    browser: httpx.Client
    engine: Engine
    study: str
    rater_id: int
    unit: ShownUnit

    @property
    def about(self) -> dict[str, Any]:
        return {"assignment": self.unit.assignment_id}

    def post(self, name: str, **message: Any) -> httpx.Response:
        return self.browser.post(f"/desk/{name}", json=message)

    def draft(self, codes: dict[str, Any], **changes: Any) -> httpx.Response:
        changed = dict.fromkeys(codes, 0)
        return self.post("draft", **{**self.about, "codes": codes, "changed": changed, **changes})

    def complete(self) -> dict[str, Any]:
        """A whole judgment, as the wire has it."""
        return codes_to_wire(
            complete_codes(self.unit), rubric=self.unit.rubric, shown_first=self.unit.shown_first
        )

    def submit(self, **changes: Any) -> httpx.Response:
        message = {"submission": self.unit.submission_id, "codes": self.complete()}
        return self.post("submit", **{**self.about, **message, "marks": [], **changes})

    def stored(self) -> list[dict[str, Any]]:
        statement = select(Judgment).where(Judgment.assignment_id == self.unit.assignment_id)
        with Session(self.engine) as session:
            return [judgment.codes for judgment in session.exec(statement)]

    def drafted(self) -> dict[str, Any] | None:
        with Session(self.engine) as session:
            draft = session.get(Draft, self.unit.assignment_id)
            return draft.codes if draft else None


@contextmanager
def desk_server(folder: Path) -> Iterator[Server]:
    """A portal whose pages show nothing; its routes are all there."""
    port = free_port()
    url = f"sqlite:///{folder}/study.db"
    engine = make_engine(url)
    migrate(engine)
    script = folder / "page.py"
    script.write_text("")
    with serving(script, port=port, PORTAL_DATABASE_URL=url):
        yield Server(f"http://127.0.0.1:{port}", engine, folder / f"server-{port}.log")
    engine.dispose()


def sit_down(server: Server, study: str) -> Sitting:
    """Sign a new rater in and open the first unit."""
    with Session(server.engine) as session:
        (link,) = invite_rater(session, study=study, group="physician", base_url=server.base)
    browser = sign_in(link.url)
    with Session(server.engine) as session:
        rater_id = identify(session, cookie_token=browser.cookies[COOKIE]).rater_id
        unit = next_assignment(session, rater_id=rater_id)
    assert unit is not None
    return Sitting(browser, server.engine, study, rater_id, unit)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json()["error"]
