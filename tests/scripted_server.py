"""A server on this machine that answers as a test tells it to, and counts what it is asked."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from equitymedqa.generation.served.probing import QUESTION, SOON_THOUGHT_OF

PROBES = (QUESTION, SOON_THOUGHT_OF)
Act = Callable[[BaseHTTPRequestHandler], None]


def send(status: int, content: object, **headers: str) -> Act:
    """Answer with JSON, or with bytes as they are."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return act


def say(text: str | None, *, finish: str | None = "stop", **message: object) -> Act:
    """Answer a question."""
    return send(200, reply(text, finish=finish, **message))


def reply(text: str | None, *, finish: str | None = "stop", **message: object) -> dict[str, Any]:
    """The wire format of an answer, with a secret-looking id as vendors send it."""
    return {
        "id": "chatcmpl-not-to-be-kept",
        "model": "tiny-2026-01-01",
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"content": text, **message}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5},
    }


def refuse(status: int, message: str, code: str | None = None, **headers: str) -> Act:
    """Refuse a request in OpenAI's form."""
    return send(status, {"error": {"message": message, "code": code}}, **headers)


def hang(handler: BaseHTTPRequestHandler) -> None:
    """Say nothing until the other side gives up."""
    handler.connection.settimeout(20)
    handler.rfile.read(1)
    handler.close_connection = True


def dribble(handler: BaseHTTPRequestHandler) -> None:
    """Keep the line open with a space now and then, and never come to the answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.flush()
    with suppress(OSError):
        for _ in range(100):
            handler.connection.sendall(b" ")
            time.sleep(0.1)
    handler.close_connection = True


def half_a_body(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than comes."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True


def disconnect(handler: BaseHTTPRequestHandler) -> None:
    """Close the line without a word."""
    handler.close_connection = True


def obey(body: Mapping[str, Any]) -> Act:
    """Answer the probe as an honest server does: by the seed where tokens are drawn."""
    words = f"Seed {body['seed']}." if body["temperature"] else "The most likely words."
    return say(words)


class ScriptedServer:
    """What the server does, and what it was asked."""

    def __init__(self) -> None:
        self.address = ""
        self.models: object = {"data": [{"id": "tiny", "owned_by": "vllm", "root": "org/tiny"}]}
        self.paths: dict[str, object] = {}
        """What further GETs bring."""

        self.probe: Callable[[Mapping[str, Any]], Act] = obey
        self.act: Callable[[str, int], Act] = lambda question, nth: say(f"On {question}")
        """What is done about a question that is asked for the n-th time, from 1."""

        self.asked: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.probes: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.moments: list[float] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def got(self, body: dict[str, Any], headers: dict[str, str]) -> Act:
        """Count a request, and find what is to be done about it."""
        question = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
        with self._lock:
            self.headers.append(headers)
            if question in PROBES:
                self.probes.append(body)
                return self.probe(body)
            question = question if isinstance(question, str) else question[-1]["text"]
            self.asked[question] += 1
            self.bodies.append(body)
            self.moments.append(time.monotonic())
            return self.act(question, self.asked[question])

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count what is under way at once."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1


@contextmanager
def serving() -> Iterator[ScriptedServer]:
    """A scripted server on a free port."""
    script = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: the second would wait for the first to be acknowledged.
        wbufsize = -1

        def do_GET(self) -> None:
            told = script.models if self.path == "/v1/models" else script.paths.get(self.path)
            act = told if callable(told) else send(200 if told is not None else 404, told)
            act(self)

        def do_POST(self) -> None:
            with script.at_work():
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                script.got(body, dict(self.headers))(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.address = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
