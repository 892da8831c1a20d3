"""What the portal's own pages have in common: a notice as an answer, its form, and the cookies."""

import hmac
import secrets
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from rater_portal.language import best_language
from rater_portal.notices import Notice, render
from rater_portal.policy import SIGN_IN_POLICY
from rater_portal.settings import Settings

LARGEST_FORM: Final = 4_096
"""Bytes. Ours have at most a username and three passwords."""

KEPT_DAYS: Final = 400
"""How long a browser is asked to keep the cookie of who came by a link; the server decides
earlier, and anew each time the browser is seen."""


def cookie_name(settings: Settings) -> str:
    """Name of the sign-in cookie; `__Host-` binds it to HTTPS and to this very host."""
    return "__Host-portal" if settings.secure else "portal"


def form_cookie_name(settings: Settings) -> str:
    """Name of the cookie that a form must repeat, so that no other site can send the form."""
    return f"{cookie_name(settings)}-form"


def page(notice: Notice, headers: Headers | None = None) -> HTMLResponse:
    """A notice as an answer, in the browser's language: never kept, and without any script."""
    language = best_language(headers.get("accept-language") if headers else None)
    own = {
        "cache-control": "no-store",
        "content-security-policy": SIGN_IN_POLICY,
        "content-language": language,
        "vary": "accept-language",
    }
    return HTMLResponse(render(notice, language), notice.status, own)


def redirect(address: str) -> RedirectResponse:
    """Go on there with a GET; never kept by the browser."""
    return RedirectResponse(address, 303, {"cache-control": "no-store"})


def signed_in(settings: Settings, token: str, *, to: str = "/", staff: bool = False) -> Response:
    """Go on as whoever the token stands for; staff's browsers forget it when they are closed."""
    response = redirect(to)
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=None if staff else KEPT_DAYS * 24 * 3600,
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )
    return response


def new_form_token(request: Request, settings: Settings) -> str:
    """The browser's form token; kept, so that two open pages do not spoil each other."""
    return request.cookies.get(form_cookie_name(settings)) or secrets.token_urlsafe(32)


def page_with_form(
    notice: Notice, request: Request, settings: Settings, *, form_token: str
) -> Response:
    """A notice with a form, and the cookie that the form must repeat."""
    response = page(notice, request.headers)
    response.set_cookie(
        form_cookie_name(settings),
        form_token,
        max_age=24 * 3600,
        secure=settings.secure,
        httponly=True,
        samesite="strict",
    )
    return response


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a small form; a body too large to be one of ours has none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("latin-1"), encoding="utf-8", errors="replace"))


def is_our_form(request: Request, form: dict[str, str], settings: Settings) -> bool:
    """Whether the form repeats the cookie, which other sites can neither read nor send."""
    cookie = request.cookies.get(form_cookie_name(settings), "")
    sent = form.get("form_token", "")
    return bool(cookie) and hmac.compare_digest(cookie.encode(), sent.encode())


def address_of(request: Request) -> str:
    """Where the request came from; the server has put a trusted proxy's word in its place."""
    return request.client.host if request.client else "unknown"
