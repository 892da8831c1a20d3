"""Signing in and out: a one-time link becomes a cookie, after a person has pressed a button.

A link alone changes nothing: mail scanners open every link they see.
"""

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from rater_portal.database import open_database, session_on, writing
from rater_portal.errors import SignInError
from rater_portal.notices import FORM_STALE, REFUSALS, SIGNED_OUT, leave, welcome
from rater_portal.routes.own_pages import (
    address_of,
    cookie_name,
    form_cookie_name,
    is_our_form,
    new_form_token,
    page,
    page_with_form,
    read_form,
    redirect,
    signed_in,
)
from rater_portal.services.accounts import identify, redeem_invite, sign_out
from rater_portal.services.attempts import attempt_at
from rater_portal.services.links import Invitation, UnknownLinkError, show_invite
from rater_portal.settings import Settings
from rater_portal.staff_notices import choose_password

ASSETS = Path(__file__).parents[1] / "assets"


class SignIn:
    """The routes around links, and the way out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

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
        token = request.path_params["token"]
        try:
            invitation = await run_in_threadpool(self._show, token, address_of(request))
        except SignInError as error:
            return page(REFUSALS[type(error)], request.headers)
        form_token = new_form_token(request, self._settings)
        if invitation.username is not None:
            provider = self._settings.oidc_issuer is not None
            notice = choose_password(
                invitation, token=token, form_token=form_token, has_provider=provider
            )
        else:
            held = cookie_name(self._settings) in request.cookies
            notice = welcome(invitation, token=token, form_token=form_token, is_signed_in=held)
        return page_with_form(notice, request, self._settings, form_token=form_token)

    async def use_link(self, request: Request) -> Response:
        """Use a link up and sign this browser in."""
        form = await read_form(request)
        if not is_our_form(request, form, self._settings):
            return page(FORM_STALE, request.headers)
        earlier = request.cookies.get(cookie_name(self._settings))
        link, address = form.get("token", ""), address_of(request)
        try:
            cookie = await run_in_threadpool(self._redeem, link, address, earlier)
        except SignInError as error:
            return page(REFUSALS[type(error)], request.headers)
        return signed_in(self._settings, cookie)

    async def ask_to_leave(self, request: Request) -> Response:
        """Ask before signing out."""
        form_token = new_form_token(request, self._settings)
        notice = leave(form_token=form_token)
        return page_with_form(notice, request, self._settings, form_token=form_token)

    async def leave(self, request: Request) -> Response:
        """Sign this browser out."""
        if not is_our_form(request, await read_form(request), self._settings):
            return page(FORM_STALE, request.headers)
        cookie = request.cookies.get(cookie_name(self._settings))
        if cookie is not None:
            await run_in_threadpool(self._sign_out, cookie)
        response = redirect("/signed-out")
        # What was chosen and not yet sent is kept in there: not for the next person.
        response.headers["clear-site-data"] = '"storage"'
        for name in (cookie_name(self._settings), form_cookie_name(self._settings)):
            response.delete_cookie(name, secure=self._settings.secure, httponly=True)
        return response

    async def signed_out(self, request: Request) -> Response:
        """Say that it is done."""
        return page(SIGNED_OUT, request.headers)

    async def asset(self, request: Request) -> Response:
        """The style sheet and the mark of these pages; no other file."""
        name = request.path_params["name"]
        if name not in ("sign_in.css", "icon.svg"):
            return Response(status_code=404)
        return FileResponse(ASSETS / name, headers={"cache-control": "public, max-age=3600"})

    # Who opens a used or old link has had a real one in hand; only unknown ones are guesses.

    def _show(self, token: str, address: str) -> Invitation:
        with (
            session_on(open_database(self._settings.database_url)) as session,
            attempt_at(session, kind="link", address=address, guess=UnknownLinkError),
        ):
            return show_invite(session, token=token)

    def _redeem(self, token: str, address: str, earlier: str | None) -> str:
        days = self._settings.session_days
        with (
            session_on(open_database(self._settings.database_url)) as session,
            attempt_at(session, kind="link", address=address, guess=UnknownLinkError),
        ):
            return redeem_invite(session, token=token, valid_days=days, replaces=earlier)

    def _sign_out(self, cookie: str) -> None:
        with writing(open_database(self._settings.database_url)) as session:
            try:
                caller = identify(session, cookie_token=cookie)
            except SignInError:
                return
            sign_out(session, session_id=caller.session_id)
