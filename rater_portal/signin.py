"""Signing in and out: a one-time link becomes a cookie, after a person has pressed a button.

A link alone changes nothing: mail scanners open every link they see.
"""

import hmac
import secrets
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from rater_portal.database import open_database, session_on, writing
from rater_portal.errors import SignInError
from rater_portal.notices import (
    FORM_STALE,
    REFUSALS,
    SIGNED_OUT,
    TOO_MANY,
    Notice,
    leave,
    render,
    welcome,
)
from rater_portal.policy import SIGN_IN_POLICY
from rater_portal.services.accounts import (
    Invitation,
    UnknownLinkError,
    identify,
    redeem_invite,
    show_invite,
    sign_out,
)
from rater_portal.settings import Settings
from rater_portal.throttle import Throttle

ASSETS = Path(__file__).parent / "assets"
LARGEST_FORM = 2_048
"""Bytes. Ours have about 150."""


def cookie_name(settings: Settings) -> str:
    """Name of the sign-in cookie; `__Host-` binds it to HTTPS and to this very host."""
    return "__Host-portal" if settings.secure else "portal"


def form_cookie_name(settings: Settings) -> str:
    """Name of the cookie that a form must repeat, so that no other site can send the form."""
    return f"{cookie_name(settings)}-form"


def page(notice: Notice) -> HTMLResponse:
    """A notice as an answer: never kept by the browser, and without any script."""
    headers = {"cache-control": "no-store", "content-security-policy": SIGN_IN_POLICY}
    return HTMLResponse(render(notice), notice.status, headers)


class SignIn:
    """The routes around signing in."""

    def __init__(self, settings: Settings, throttle: Throttle | None = None) -> None:
        self._settings = settings
        self._throttle = throttle or Throttle()

    def routes(self) -> list[Route]:
        """All of them, for the application."""
        return [
            Route("/invite/{token}", self.open_link, methods=["GET"]),
            Route("/invite", self.use_link, methods=["POST"]),
            Route("/signout", self.ask_to_leave, methods=["GET"]),
            Route("/signout", self.leave, methods=["POST"]),
            Route("/signed-out", self.signed_out, methods=["GET"]),
            Route("/gate/{name:str}", self.asset, methods=["GET"]),
        ]

    async def open_link(self, request: Request) -> Response:
        """Show where a link leads, and the button that uses it."""
        if not self._throttle.is_open(_address(request)):
            return page(TOO_MANY)
        token = request.path_params["token"]
        try:
            invitation = await run_in_threadpool(self._show, token)
        except SignInError as error:
            return self._refuse(request, error)
        form_token = self._form_token(request)
        notice = welcome(
            invitation,
            token=token,
            form_token=form_token,
            is_signed_in=cookie_name(self._settings) in request.cookies,
        )
        return self._with_form(notice, form_token)

    async def use_link(self, request: Request) -> Response:
        """Use a link up and sign this browser in."""
        if not self._throttle.is_open(_address(request)):
            return page(TOO_MANY)
        form = await _form(request)
        if not self._is_our_form(request, form):
            return page(FORM_STALE)
        earlier = request.cookies.get(cookie_name(self._settings))
        try:
            cookie = await run_in_threadpool(self._redeem, form.get("token", ""), earlier)
        except SignInError as error:
            return self._refuse(request, error)
        response = RedirectResponse("/", 303, {"cache-control": "no-store"})
        response.set_cookie(
            cookie_name(self._settings),
            cookie,
            max_age=self._settings.session_days * 24 * 3600,
            secure=self._settings.secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def ask_to_leave(self, request: Request) -> Response:
        """Ask before signing out."""
        form_token = self._form_token(request)
        return self._with_form(leave(form_token=form_token), form_token)

    async def leave(self, request: Request) -> Response:
        """Sign this browser out."""
        if not self._is_our_form(request, await _form(request)):
            return page(FORM_STALE)
        cookie = request.cookies.get(cookie_name(self._settings))
        if cookie is not None:
            await run_in_threadpool(self._sign_out, cookie)
        response = RedirectResponse("/signed-out", 303, {"cache-control": "no-store"})
        for name in (cookie_name(self._settings), form_cookie_name(self._settings)):
            response.delete_cookie(name, secure=self._settings.secure, httponly=True)
        return response

    async def signed_out(self, request: Request) -> Response:
        """Say that it is done."""
        return page(SIGNED_OUT)

    async def asset(self, request: Request) -> Response:
        """The style sheet and the mark of these pages; no other file."""
        name = request.path_params["name"]
        if name not in ("sign_in.css", "icon.svg"):
            return Response(status_code=404)
        return FileResponse(ASSETS / name, headers={"cache-control": "public, max-age=3600"})

    def _show(self, token: str) -> Invitation:
        with session_on(open_database(self._settings.database_url)) as session:
            return show_invite(session, token=token)

    def _redeem(self, token: str, earlier: str | None) -> str:
        with writing(open_database(self._settings.database_url)) as session:
            days = self._settings.session_days
            return redeem_invite(session, token=token, valid_days=days, replaces=earlier)

    def _sign_out(self, cookie: str) -> None:
        with writing(open_database(self._settings.database_url)) as session:
            try:
                caller = identify(session, cookie_token=cookie)
            except SignInError:
                return
            sign_out(session, session_id=caller.session_id)

    def _refuse(self, request: Request, error: SignInError) -> Response:
        # Who opens a used or old link has had a real one in hand; only guesses are counted.
        if isinstance(error, UnknownLinkError):
            self._throttle.count_failure(_address(request))
        return page(REFUSALS[type(error)])

    def _form_token(self, request: Request) -> str:
        """The browser's form token; kept, so that two open links do not spoil each other."""
        return request.cookies.get(form_cookie_name(self._settings)) or secrets.token_urlsafe(32)

    def _with_form(self, notice: Notice, form_token: str) -> Response:
        response = page(notice)
        response.set_cookie(
            form_cookie_name(self._settings),
            form_token,
            max_age=24 * 3600,
            secure=self._settings.secure,
            httponly=True,
            samesite="strict",
        )
        return response

    def _is_our_form(self, request: Request, form: dict[str, str]) -> bool:
        """Whether the form repeats the cookie, which other sites can neither read nor send."""
        cookie = request.cookies.get(form_cookie_name(self._settings), "")
        sent = form.get("form_token", "")
        return bool(cookie) and hmac.compare_digest(cookie.encode(), sent.encode())


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form; a body too large to be one of ours has none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("latin-1")))


def _address(request: Request) -> str:
    """Where the request came from; the server has put a trusted proxy's word in its place."""
    return request.client.host if request.client else "unknown"
