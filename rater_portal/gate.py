"""The gate around the whole web: who is this, may they come in, which headers go in and out.

Pure ASGI, so that the websocket passes through it like every page. It knows who asks; what they
may see and do is decided again by pages and services.
"""

import logging
import re
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rater_portal.database import open_database, session_on
from rater_portal.errors import SignInError
from rater_portal.frames import UnreadableFrameError, is_allowed
from rater_portal.language import best_language, catalogue
from rater_portal.notices import ELSEWHERE, NEED_LINK, NOT_HERE, TOO_LARGE, Notice
from rater_portal.policy import page_policy, security_headers
from rater_portal.routes.own_pages import cookie_name, page
from rater_portal.services.accounts import Caller, identify
from rater_portal.settings import Settings

Area = Literal["open", "desk", "signed in", "coordinator", "closed"]

STREAM = "/_stcore/stream"
METRICS = "/_stcore/metrics"
DESK = "/desk/"
"""Where the rating page sends drafts and judgments: the only place that may be written to."""

ACTS = ("draft", "beat", "submit", "skip", "rest", "preferences")
"""What it can send there; besides, it fetches images, and there is nothing else below it."""

IMAGE = re.compile(rf"{DESK}image/[0-9a-f]{{64}}")
"""An image that the desk shows."""

OPEN = (
    "/invite",
    "/signin",
    "/password/first",
    "/signout",
    "/signed-out",
    "/favicon.png",
    "/manifest.json",
    "/_stcore/health",
)
"""For everybody: signing in and out, the sign of life, and icons."""

OPEN_BELOW = ("/invite/", "/signin/", "/panel/", "/gate/", "/static/")
"""`/static/` holds Streamlit's own published scripts and fonts, and nothing of a study."""

OWN_FORMS = ("/password", "/studies")
"""Pages of ours with a form, for whoever is signed in."""

SIGNED_IN = (STREAM, "/_stcore/host-config")
SIGNED_IN_BELOW = ("/_stcore/bidi-components/",)

CLOSED_BELOW = ("/_stcore/", "/auth/", "/oauth2callback", "/component/", "/app/")
"""Uploads, the interface for programs, Streamlit's own sign-in, old components, script checks."""

HOST = re.compile(r"(?P<name>[\w.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?", re.ASCII)
"""A name or an address, and a port; nothing else may come near a header of ours."""

LARGEST_BODY = 512 * 1024
"""Bytes; what reads a body has a limit of its own, and a smaller one."""

LARGEST_FRAME = 1024 * 1024
"""Bytes of one message over the websocket: nobody uploads files through it."""

IDENTITY_PREFIX = b"x-portal-"
SAFE_METHODS = ("GET", "HEAD")

log = logging.getLogger(__name__)


def area_of(path: str) -> Area:
    """Who may ask for a path; all that is not listed is a page, for whoever is signed in."""
    if path in OPEN or path.startswith(OPEN_BELOW):
        return "open"
    if path.startswith(DESK):
        is_known = path.removeprefix(DESK) in ACTS or IMAGE.fullmatch(path)
        return "desk" if is_known else "closed"
    if path in SIGNED_IN or path.startswith(SIGNED_IN_BELOW):
        return "signed in"
    if path == METRICS:
        return "coordinator"
    return "closed" if f"{path}/".startswith(CLOSED_BELOW) else "signed in"


def is_from_elsewhere(headers: Headers) -> bool:
    """Whether a page of another site made the browser send this.

    An `Origin` of `null` says nothing: browsers send it for our own forms, because our pages
    keep the referrer to themselves. Forms carry a token of their own besides.
    """
    host = headers.get("host")
    return headers.get("origin", "null") not in ("null", f"https://{host}", f"http://{host}")


class Gate:
    """Lets in who is signed in, and nothing that Streamlit offers beyond the portal's need."""

    def __init__(self, app: ASGIApp, *, settings: Settings, script_hashes: tuple[str, ...]) -> None:
        self._app = app
        self._settings = settings
        self._script_hashes = script_hashes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the caller's identity, what may come in; answer the rest."""
        if scope["type"] == "http":
            await self._http(_without_identity(scope), receive, self._with_headers(scope, send))
        elif scope["type"] == "websocket":
            await self._websocket(_without_identity(scope), receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        notice = await self._notice(scope)
        if notice is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, notice)(scope, receive, send)

    async def _notice(self, scope: Scope) -> Notice | None:
        """Why a request is not let in, or None."""
        headers, area = Headers(scope=scope), area_of(scope["path"])
        safe = scope["method"] in SAFE_METHODS
        site = headers.get("sec-fetch-site", "same-origin")
        if not self._is_ours(headers) or (not safe and site != "same-origin"):
            return ELSEWHERE
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            return TOO_LARGE
        if area == "open":
            return None
        if area == "closed" or not _takes(scope, headers):
            return NOT_HERE
        if area == "desk":  # who it is, its routes look up on the session that they write with
            return None
        caller = await self._caller(scope)
        if caller is None:
            return NEED_LINK
        if area == "coordinator" and caller.role != "coordinator":
            return NOT_HERE
        return None

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        is_welcome = (
            scope["path"] == STREAM
            and self._is_ours(headers)
            and headers.get("origin", "null") != "null"
        )
        caller = await self._caller(scope) if is_welcome else None
        if caller is None:
            # Before the handshake is accepted, this is answered as 403.
            await send({"type": "websocket.close", "code": 1008})
            return
        socket = _WatchedSocket(receive, send)
        await self._app(_with_identity(scope, caller), socket.receive, socket.send)

    def _is_ours(self, headers: Headers) -> bool:
        """Whether the request is for a name of this portal, and not from another site's page."""
        host = HOST.fullmatch(headers.get("host", ""))
        known = host is not None and host["name"].strip("[]").lower() in self._settings.hosts
        return known and not is_from_elsewhere(headers)

    async def _caller(self, scope: Scope) -> Caller | None:
        token = HTTPConnection(scope).cookies.get(cookie_name(self._settings))
        return await run_in_threadpool(self._look_up, token) if token else None

    def _look_up(self, token: str) -> Caller | None:
        with session_on(open_database(self._settings.database_url)) as session:
            try:
                return identify(session, cookie_token=token)
            except SignInError:
                return None

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        """Add the security headers to an answer, unless it brings a content policy of its own."""
        host = Headers(scope=scope).get("host", "")
        host = host if HOST.fullmatch(host) else self._settings.host

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(security_headers(secure=self._settings.secure))
                policy = page_policy(self._script_hashes, host, secure=self._settings.secure)
                headers.setdefault("content-security-policy", policy)
            await send(message)

        return send_with_headers


def _takes(scope: Scope, headers: Headers) -> bool:
    """Whether the path is there for this method: acts of the desk for JSON, all else for looking.

    A page of another site cannot send JSON without asking first, which is refused.
    """
    if scope["path"].removeprefix(DESK) in ACTS:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        return bool(scope["method"] == "POST") and kind == "application/json"
    is_form = scope["method"] == "POST" and scope["path"] in OWN_FORMS
    return is_form or scope["method"] in SAFE_METHODS


def refusal(scope: Scope, notice: Notice) -> Response:
    """A notice as a page, or as JSON where a script asked."""
    headers = Headers(scope=scope)
    if not scope["path"].startswith(DESK):
        return page(notice, headers)
    translate = catalogue(best_language(headers.get("accept-language"))).gettext
    code = "signed_out" if notice is NEED_LINK else "refused"
    said = {"error": code, "message": translate(notice.title)}
    return JSONResponse(said, notice.status, {"cache-control": "no-store"})


class _WatchedSocket:
    """A websocket whose frames are read before Streamlit sees them."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._closed = False

    async def receive(self) -> Message:
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            frame = message.get("bytes") or b""
            if len(frame) > LARGEST_FRAME:
                return await self._hang_up(1009)
            try:
                if is_allowed(frame):
                    return message
            except UnreadableFrameError:
                return await self._hang_up(1002)
            log.warning("A browser asked over the websocket for what the portal does not offer")

    async def _hang_up(self, code: int) -> Message:
        log.warning("A browser sent a frame that is no message of Streamlit's; closed")
        self._closed = True
        await self._send({"type": "websocket.close", "code": code})
        return {"type": "websocket.disconnect", "code": code}

    async def send(self, message: Message) -> None:
        if not self._closed:
            await self._send(message)


def _without_identity(scope: Scope) -> Scope:
    """The request without headers that only the gate may set, however they are spelled."""
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if not name.lower().replace(b"_", b"-").startswith(IDENTITY_PREFIX)
    ]
    return {**scope, "headers": headers}


def _with_identity(scope: Scope, caller: Caller) -> Scope:
    """The request with the caller in it; Streamlit binds its session to all three together."""
    identity = [
        (b"x-portal-user", str(caller.rater_id).encode()),
        (b"x-portal-role", caller.role.encode()),
        (b"x-portal-sid", str(caller.session_id).encode()),
    ]
    return {**scope, "headers": [*scope["headers"], *identity]}
