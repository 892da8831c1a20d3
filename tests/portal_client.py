"""A real portal in a process of its own, and a browser reduced to the protocol that it speaks."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

START_LIMIT_S = 60.0
STOP_LIMIT_S = 20.0
COOKIE = "portal"

SERVE_A_SCRIPT = """
import pathlib, sys
import streamlit as st
from rater_portal.serving import parts, serve
from rater_portal.settings import Settings
settings = Settings()
serve(st.App(**parts(settings, pathlib.Path(sys.argv[1]))), settings)
"""


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serving(script: Path, *, port: int, **env: str) -> AbstractContextManager[Any]:
    """A portal whose pages are the script's, with its gate and its sign-in routes."""
    command = [sys.executable, "-c", SERVE_A_SCRIPT, str(script)]
    return running(command, folder=script.parent, port=port, **env)


@contextmanager
def running(
    command: Sequence[str], *, folder: Path, port: int, **env: str
) -> Iterator[subprocess.Popen[str]]:
    """A server from its first answer until Ctrl-C."""
    environment = os.environ | {"PORTAL_PORT": str(port), "OMP_NUM_THREADS": "1"} | env
    log = folder / f"server-{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, text=True
        )
    try:
        _wait_until_it_answers(process, port, log)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _wait_until_it_answers(process: subprocess.Popen[str], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/_stcore/health", timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"no answer, exit status {process.poll()}: {log.read_text()}")


def sign_in(link: str, *, browser: httpx.Client | None = None) -> httpx.Client:
    """A browser that has opened an invite link and pressed the button there."""
    base, _, token = link.partition("/invite/")
    browser = browser or httpx.Client(base_url=base, timeout=30)
    shown = browser.get(f"/invite/{token}")
    answer = browser.post("/invite", data=hidden_fields(shown.text))
    assert answer.status_code == 303, answer.text
    return browser


def hidden_fields(html: str) -> dict[str, str]:
    """What the form on a page sends along."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))


class Tab:
    """One websocket to the portal: runs the script, fills widgets, reads what is drawn."""

    def __init__(
        self,
        port: int,
        *,
        cookie: str | None = None,
        host: str | None = None,
        origin: str | None = None,
        resume: str | None = None,
        headers: Mapping[str, str] | None = None,
        path: str = "/_stcore/stream",
    ) -> None:
        host = host or f"127.0.0.1:{port}"
        self.received = b""
        self.texts: list[str] = []
        self.widgets: dict[str, str] = {}
        """Ids by label, of what was drawn last."""

        self.session_id = ""
        self._exits = ExitStack()
        connection = connect(
            f"ws://{host}{path}",
            sock=socket.create_connection(("127.0.0.1", port)),
            origin=origin or f"http://{host}",
            # Streamlit's second place is for a token, its third for a session to go on with.
            subprotocols=["streamlit", "none", *([resume] if resume else [])],
            additional_headers=dict(headers or {}) | ({"Cookie": cookie} if cookie else {}),
            open_timeout=30,
        )
        self._socket = self._exits.enter_context(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the websocket."""
        self._exits.close()

    def run(self, **values: Any) -> Self:
        """Run the script once; `press=label` or `label=text` fill widgets first."""
        message = BackMsg()
        message.rerun_script.query_string = ""
        for label, value in values.items():
            state = message.rerun_script.widget_states.widgets.add()
            if label == "press":
                state.id, state.trigger_value = self.widgets[value], True
            else:
                state.id, state.string_value = self.widgets[label], value
        self.send(message.SerializeToString())
        return self.read()

    def send(self, frame: bytes | str) -> None:
        self._socket.send(frame)

    def read(self) -> Self:
        """Read until the script has finished."""
        self.texts, self.widgets = [], {}
        while True:
            frame = self._socket.recv(timeout=30)
            self.received += frame
            message = ForwardMsg.FromString(frame)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session_id = message.new_session.initialize.session_id
            elif kind == "delta":
                self._draw(message.delta.new_element)
            elif kind == "script_finished":
                return self

    def _draw(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        drawn = getattr(element, kind) if kind else None
        if kind in ("text", "markdown", "alert"):
            self.texts.append(drawn.body)
        elif kind == "exception":
            self.texts.append(f"exception {drawn.type} {drawn.message}")
        elif kind in ("button", "text_input"):
            self.widgets[drawn.label] = drawn.id
