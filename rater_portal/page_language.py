"""Streamlit's one HTML file, dressed for its reader: language, direction and the study's title.

Streamlit serves the same English page to everybody. Screen readers choose their voice by its
language, and browsers lay everything out by its direction, so both must be right from the start.
"""

import re
from collections.abc import Callable
from html import escape
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rater_portal.language import Reader, language_of, mark
from rater_portal.routes.calling import in_database
from rater_portal.routes.own_pages import cookie_name
from rater_portal.services.first_page import first_page
from rater_portal.settings import Settings

NEEDS_SCRIPT: Final = mark(
    "This page needs JavaScript. Please allow it for this site, or use another browser."
)
TITLE: Final = mark("Judging answers")

REPLACED: Final = {
    "html": re.compile(r"<html[^>]*>"),
    "title": re.compile(r"<title>.*?</title>", re.DOTALL),
    "noscript": re.compile(r"<noscript>.*?</noscript>", re.DOTALL),
    # An interface for programs that the gate keeps shut: the page need not point to it.
    "programs": re.compile(r'<!--(?:(?!-->).)*?-->\s*<link rel="service-desc"[^>]*>', re.DOTALL),
}
"""What is put in the place of Streamlit's own, each once in its page."""

OF_THE_FILE: Final = ("content-length", "etag", "last-modified", "content-encoding")


class UnknownPageError(RuntimeError):
    """Streamlit's page is not the one that this was made for."""


def dressing(index: str) -> Callable[[Reader, str], str]:
    """How to dress this page for a reader: a function of the reader and the title.

    Raises
    ------
    UnknownPageError
        If the page lacks what is to be replaced.
    """
    for name, pattern in REPLACED.items():
        if len(pattern.findall(index)) != 1:
            raise UnknownPageError(f"Streamlit's page has no {name} to replace, or several")

    def dressed(reader: Reader, title: str) -> str:
        language = reader.language
        needs_script = escape(reader.say(NEEDS_SCRIPT))
        put = {
            "html": f'<html lang="{language.code}" dir="{language.direction}">',
            "title": f"<title>{escape(title or reader.say(TITLE))}</title>",
            "noscript": f"<noscript><p>{needs_script}</p></noscript>",
            "programs": "",
        }
        page = index
        for name, pattern in REPLACED.items():
            # A backslash would be an order to `sub`.
            page = pattern.sub(put[name].replace("\\", r"\\"), page)
        return page

    return dressed


class PageLanguage:
    """Serves the dressed page wherever Streamlit would serve its own; all else passes through."""

    def __init__(self, app: ASGIApp, *, settings: Settings, index: str) -> None:
        self._app = app
        self._settings = settings
        self._dressed = dressing(index)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and dress what comes back if it is Streamlit's page."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        replaced = False

        async def send_dressed(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and _is_bare_page(message):
                replaced = True
                await self._send_page(scope, message, send)
            elif not replaced:
                await send(message)

        await self._app(scope, receive, send_dressed)

    async def _send_page(self, scope: Scope, start: Message, send: Send) -> None:
        body = (await self._page(scope)).encode()
        headers = MutableHeaders(scope=start)
        for name in OF_THE_FILE:
            del headers[name]
        headers["content-length"] = str(len(body))
        headers["cache-control"] = "no-store"
        headers["vary"] = "accept-language, cookie"
        await send(start)
        is_asked_for = scope["method"] != "HEAD"
        await send({"type": "http.response.body", "body": body if is_asked_for else b""})

    async def _page(self, scope: Scope) -> str:
        cookie = HTTPConnection(scope).cookies.get(cookie_name(self._settings), "")
        known = await in_database(
            self._settings, lambda session: first_page(session, cookie_token=cookie)
        )
        accepted = Headers(scope=scope).get("accept-language")
        language = language_of(known.language if known else None, accepted)
        return self._dressed(Reader(language), known.title if known else "")


def _is_bare_page(start: Message) -> bool:
    """Whether an answer is Streamlit's page: pages of our own bring their content policy."""
    headers = Headers(raw=start["headers"])
    is_html = headers.get("content-type", "").startswith("text/html")
    return start["status"] == 200 and is_html and "content-security-policy" not in headers
