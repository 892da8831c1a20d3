"""A running portal with a small page of its own, for attacks over the protocols of browsers."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy import Engine

from rater_portal.database import open_database, writing
from rater_portal.models import Study, Unit
from rater_portal.services.accounts import identify, invite_coordinator, invite_rater, sign_out
from tests.portal_client import COOKIE, Tab, free_port, serving, sign_in

CANARY = "canary-7f1d9c0a5e3b4862"
"""Name of a source, and what stands in files that nobody may read."""

PROTOCOL = {
    "id": "pilot",
    "version": "1",
    "title": "Pilot",
    "source": "made for this test",
    "groups": [{"id": "physician", "label": "Physician", "released_as": "physician"}],
    "assessments": [{"rubric": "r", "sets": ["s"], "raters": {"physician": 1}}],
}
PAGE = """
import pathlib
import random
import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from rater_portal.errors import PortalError
from rater_portal.session import current_caller

files = ComponentManifest("attacked", "1", [ComponentConfig("part", asset_dir="assets")])
get_bidi_component_manager().register_from_manifest(files, pathlib.Path(__file__).parent)

@st.cache_data
def drawn():
    return random.random()

def act():
    pseudonym = current_caller().pseudonym
    with open("acted.txt", "a") as file:
        file.write(pseudonym + " ")

try:
    st.text(f"caller {current_caller().pseudonym}")
except PortalError as error:
    st.error(str(error))
    st.stop()
st.text(f"drawn {drawn()}")
st.text("note " + st.text_input("note"))
st.button("act", on_click=act)
"""


@dataclass(frozen=True)
class Portal:
    """A running portal."""

    port: int
    folder: Path
    engine: Engine

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rater(self) -> httpx.Client:
        """A new rater's browser."""
        with writing(self.engine) as session:
            (link,) = invite_rater(
                session, study="pilot", group="physician", base_url=self.base, valid_days=1
            )
        return sign_in(link.url)

    def coordinator(self) -> httpx.Client:
        """A new coordinator's browser."""
        with writing(self.engine) as session:
            link = invite_coordinator(session, study="pilot", base_url=self.base, valid_days=1)
        return sign_in(link.url)

    def tab(self, browser: httpx.Client, **how: str) -> Tab:
        """A websocket with the browser's cookie."""
        return Tab(self.port, cookie=cookie(browser), **how)

    def say(self, request: bytes) -> bytes:
        """What is answered to these very bytes, whatever path or header they hold."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            answer = b""
            # A server that has read enough may hang up before all was sent.
            with suppress(ConnectionResetError):
                while part := connection.recv(65_536):
                    answer += part
        return answer

    def revoke(self, browser: httpx.Client) -> None:
        with writing(self.engine) as session:
            caller = identify(session, cookie_token=browser.cookies[COOKIE])
            sign_out(session, session_id=caller.session_id)


def cookie(browser: httpx.Client) -> str:
    return f"{COOKIE}={browser.cookies[COOKIE]}"


@contextmanager
def guarded_portal(folder: Path) -> Iterator[Portal]:
    """A portal with one study, served from this folder until the tests have done with it."""
    (folder / "page.py").write_text(f"# {CANARY}\n{PAGE}")
    for name, text in {"assets": "part", "assets-evil": CANARY}.items():
        (folder / name).mkdir()
        (folder / name / "part.js").write_text(f"export default () => '{text}'")
    url = f"sqlite:///{folder}/study.db"
    engine = open_database(url)
    with writing(engine) as session:
        study = Study(
            name="pilot", title="A pilot", protocol=PROTOCOL, created_at=datetime.now(UTC)
        )
        session.add(study)
        session.flush()
        session.add(
            Unit(
                study_id=study.id,
                unit_id="u1",
                kind="single",
                dataset="s",
                question_id="q1",
                source_a=CANARY,
                panels=[{"kind": "question", "text": "Is it so?"}],
            )
        )
    port = free_port()
    with serving(folder / "page.py", port=port, PORTAL_DATABASE_URL=url):
        yield Portal(port, folder, engine)
    engine.dispose()
