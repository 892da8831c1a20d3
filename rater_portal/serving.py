"""Starting the portal: Streamlit's options, the parts of its one ASGI app, the checks at start."""

import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil
import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from streamlit import config

from rater_portal.database import open_database
from rater_portal.errors import PortalError
from rater_portal.gate import Gate
from rater_portal.page_language import PageLanguage
from rater_portal.policy import inline_scripts
from rater_portal.routes.desk import Desk
from rater_portal.routes.images import Images
from rater_portal.routes.oidc import Oidc
from rater_portal.routes.panels import Panels
from rater_portal.routes.password import Password
from rater_portal.routes.signin import SignIn
from rater_portal.routes.studies import Studies
from rater_portal.session import IDENTITY_HEADERS
from rater_portal.settings import Settings

FRONT: Final = Path(__file__).parent / "pages" / "front.py"
"""The script that Streamlit runs for every page."""

INDEX: Final = Path(st.__file__).parent / "static" / "index.html"

OPTIONS: Final[Mapping[str, Any]] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "logger.hideWelcomeMessage": True,
    "runner.magicEnabled": False,
    # A full collection after every run takes four fifths of the interpreter's time.
    "runner.postScriptGC": False,
    # A closed laptop or a tunnel is no reason to start over.
    "server.disconnectedSessionTTL": 600,
    "server.enableAgentApi": False,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxMessageSize": 20,
    "server.maxUploadSize": 5,
    "server.runOnSave": False,
    "server.scriptHealthCheckEnabled": False,
    "server.trustedUserHeaders": IDENTITY_HEADERS,
    "theme.base": "light",
    "theme.primaryColor": "#0f6a66",
    "theme.backgroundColor": "#ffffff",
    "theme.secondaryBackgroundColor": "#f1f6f5",
    # Streamlit fades this for captions; a lighter one would take them below 4.5 : 1.
    "theme.textColor": "#101418",
    "theme.linkColor": "#0f6a66",
    "theme.borderColor": "#7d8b90",
    "theme.showWidgetBorder": True,
}
"""What the portal needs of Streamlit, whatever else is installed or configured."""


class OptionError(RuntimeError):
    """Streamlit runs with an option that the portal cannot be safe with."""


def options(settings: Settings) -> dict[str, Any]:
    """Streamlit's options for these settings."""
    return {
        **OPTIONS,
        "server.address": settings.address,
        "server.port": settings.port,
        "server.allowedHosts": list(settings.hosts),
        # Without it Streamlit would ask a service outside for this machine's address.
        "browser.serverAddress": settings.host,
    }


def check_options(needed: Mapping[str, Any]) -> None:
    """Refuse to serve with other options than these.

    Raises
    ------
    OptionError
        If one differs; the message names all that do.
    """
    found = {name: config.get_option(name) for name in needed}
    wrong = [
        f"{name} is {found[name]!r} and must be {value!r}"
        for name, value in needed.items()
        if found[name] != value
    ]
    if wrong:
        raise OptionError(
            f"Streamlit's options do not fit the portal: {'; '.join(wrong)}. "
            "Start it with `equitymedqa portal` or `python app.py`, which set them."
        )


def parts(settings: Settings, script: Path = FRONT) -> dict[str, Any]:
    """What `st.App` joins: the pages' script, the routes, the gate, the checks at start."""
    index = INDEX.read_text(encoding="utf-8")
    gate = Middleware(Gate, settings=settings, script_hashes=inline_scripts(index))
    language = Middleware(PageLanguage, settings=settings, index=index)

    @asynccontextmanager
    async def lifespan(app: st.App) -> AsyncIterator[None]:
        check_options(options(settings))
        answer_at_once()
        await run_in_threadpool(open_database, settings.database_url)
        yield

    return {
        "script_path": script,
        "routes": [
            route
            for part in (SignIn, Password, Studies, Oidc, Panels, Desk, Images)
            for route in part(settings).routes()
        ],
        "middleware": [gate, language],
        "lifespan": lifespan,
    }


def answer_at_once() -> None:
    """Send small answers without waiting for the browser to confirm the last one.

    asyncio sees to that itself, but for sockets made without naming TCP, as Streamlit's is: each
    page would come 40 ms late. What is set on a listening socket holds for all that come in by it.
    """
    for one in psutil.Process().net_connections(kind="tcp"):
        if one.status == psutil.CONN_LISTEN:
            with socket.socket(fileno=os.dup(one.fd)) as listening:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def check_place(settings: Settings) -> None:
    """Refuse a port that is taken and a CPU that is not there, before any work is done.

    Raises
    ------
    PortalError
        With the setting to change.
    """
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.address, settings.port))
        except OSError as error:
            raise PortalError(
                f"The portal cannot listen at {settings.address}:{settings.port}: "
                f"{error.strerror}. Set PORTAL_PORT to another port, or stop what uses this one."
            ) from error
    if settings.cpu is not None and hasattr(os, "sched_getaffinity"):
        allowed = os.sched_getaffinity(0)
        if settings.cpu not in allowed:
            raise PortalError(f"PORTAL_CPU is {settings.cpu}; there are {sorted(allowed)}.")


def run_portal(settings: Settings) -> None:
    """Serve the portal with these settings until Ctrl-C."""
    serve(st.App(**parts(settings)), settings)


def serve(app: st.App, settings: Settings) -> None:
    """Serve an application made of `parts` until Ctrl-C; its pages find the same settings."""
    check_place(settings)
    settings.export()
    if settings.cpu is not None:
        pin_to(settings.cpu)
    print(f"The portal answers at {settings.base_url} (Ctrl-C stops it)", flush=True)
    with suppress(KeyboardInterrupt):  # raised again by uvicorn after it has shut down
        app.run(config=options(settings))


def pin_to(cpu: int) -> None:
    """Keep this process and its threads on one CPU, where the system can do that.

    CPython runs one thread at a time; handing the lock from one CPU to another costs it a third
    of its speed.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cpu})
