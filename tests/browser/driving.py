"""A real browser and a real portal, for the browser tests and the screenshots."""

import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    expect,
    sync_playwright,
)
from sqlalchemy import Engine
from sqlmodel import Session

from rater_portal.database import make_engine, migrate
from rater_portal.services.accounts import (
    identify,
    invite_coordinator,
    invite_rater,
    redeem_invite,
)
from rater_portal.services.guidance import finish_guide
from tests.portal_client import free_port, running

ROOT = Path(__file__).parents[2]
PATH_FILE = ROOT / ".venv" / "chromium-path"

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Chromium in a container, as root, without a graphics card, and with no calls home."""

WIDE = (1440, 900)
PATIENCE_MS = 20_000
"""How long to wait for what must come; a first run on a busy machine takes seconds."""


class NoChromiumError(RuntimeError):
    """There is no browser to drive."""


def chromium_path() -> Path:
    """The Chromium that `scripts/chromium.sh` found, else one on the PATH.

    Raises
    ------
    NoChromiumError
        If there is none; the message says how to get one.
    """
    named = PATH_FILE.read_text().strip() if PATH_FILE.exists() else ""
    found = named or shutil.which("chromium") or ""
    if not Path(found).is_file():
        raise NoChromiumError(
            f"No Chromium at {found!r}, which {PATH_FILE.name} or the PATH named. "
            "Run scripts/chromium.sh, or install one: sudo apt-get install chromium"
        )
    return Path(found)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; each test opens contexts of its own in it."""
    expect.set_options(timeout=PATIENCE_MS)
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@dataclass
class Portal:
    """A portal in a process of its own that can be killed and started again at one address."""

    folder: Path
    url: str
    """Of the database."""

    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self._exits = ExitStack()
        self.engine: Engine = make_engine(self.url)
        migrate(self.engine)

    def __enter__(self) -> Self:
        self._exits.callback(self.engine.dispose)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    @property
    def host(self) -> str:
        """Name and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        """Where browsers find it."""
        return f"http://{self.host}"

    @property
    def log(self) -> str:
        """All that the server has printed since it was started."""
        return (self.folder / f"server-{self.port}.log").read_text()

    def start(self) -> None:
        """Serve, and come back when the first answer came."""
        command = [sys.executable, str(ROOT / "app.py")]
        server = running(command, folder=self.folder, port=self.port, PORTAL_DATABASE_URL=self.url)
        self._process = self._exits.enter_context(server)

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Let the server hear nothing more, though its connections stay open."""
        self._process.send_signal(signal.SIGSTOP)

    def rater_token(self, study: str, group: str = "physician") -> str:
        """What the browser of a new rater holds who has signed in and read the guide."""
        with Session(self.engine) as session:
            (link,) = invite_rater(session, study=study, group=group, base_url=self.base)
            token = redeem_invite(session, token=link.url.rpartition("/")[2])
            finish_guide(session, rater_id=identify(session, cookie_token=token).rater_id)
        return token

    def rater_link(self, study: str, group: str = "physician") -> str:
        """A fresh link for a new rater of this group."""
        with Session(self.engine) as session:
            (link,) = invite_rater(session, study=study, group=group, base_url=self.base)
        return link.url

    def coordinator_link(self, study: str) -> str:
        """A fresh link for a new coordinator."""
        with Session(self.engine) as session:
            return invite_coordinator(session, study=study, base_url=self.base).url


@dataclass
class Watch:
    """What a browser did that it should not have done."""

    hosts: set[str]
    """Names and ports that may be asked."""

    expected: Sequence[str] = ()
    """Parts of console messages that a test brings about on purpose."""

    requests: list[str] = field(default_factory=list)
    """Addresses asked for, on this machine or not."""

    messages: list[str] = field(default_factory=list)
    """Console errors, broken content policies and scripts' own errors among them."""

    def follow(self, context: BrowserContext) -> None:
        """Note all that any page of this context asks for and complains about."""
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("weberror", lambda error: self.messages.append(str(error.error)))
        context.on(
            "console",
            lambda message: (
                self.messages.append(message.text)
                if message.type == "error" or "Content Security Policy" in message.text
                else None
            ),
        )

    @property
    def problems(self) -> list[str]:
        """Requests to other hosts, and unexpected complaints."""
        foreign = [url for url in self.requests if not self._is_ours(url)]
        loud = [m for m in self.messages if not any(part in m for part in self.expected)]
        return [*foreign, *loud]

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in ("data", "blob") or parts.netloc in self.hosts
