"""Signing in with an account, and choosing its password.

Passwords are hashed by one thread, one after another: two hundred people who sign in at once wait
a few seconds, and the raters notice nothing.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rater_portal.database import Session, open_database, session_on
from rater_portal.errors import PortalError, SignInError
from rater_portal.language import best_language, catalogue, mark
from rater_portal.notices import NEED_LINK, REFUSALS, TOO_MANY, Notice
from rater_portal.routes.calling import caller_of, in_database, let_in
from rater_portal.routes.own_pages import (
    address_of,
    is_our_form,
    new_form_token,
    page,
    page_with_form,
    read_form,
)
from rater_portal.services import attempts, staff
from rater_portal.services.links import Invitation, UnknownLinkError, show_invite
from rater_portal.services.passwords import (
    WeakPasswordError,
    check_password,
    hash_password,
    is_password,
)
from rater_portal.settings import Settings
from rater_portal.staff_notices import (
    ONLY_ACCOUNTS,
    PASSWORD_CHANGED,
    SIGN_IN_AGAIN,
    choose_password,
    new_password,
    sign_in,
)

DIFFERENT: Final = mark("The two new passwords are not the same.")

T = TypeVar("T")

_hashing: Final = ThreadPoolExecutor(1, thread_name_prefix="hashing")


async def hashed(work: Callable[[], T]) -> T:
    """Do what hashes a password in the one thread that does."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, work)


class Password:
    """The routes around passwords."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """All of them, for the application."""
        return [
            Route("/signin", self.ask, methods=["GET"]),
            Route("/signin", self.enter, methods=["POST"]),
            Route("/password/first", self.choose, methods=["POST"]),
            Route("/password", self.ask_for_change, methods=["GET"]),
            Route("/password", self.change, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Show the form for username and password."""
        return self._with_form(request, self._sign_in, None)

    async def enter(self, request: Request) -> Response:
        """Sign in with username and password."""
        form = await read_form(request)
        if not is_our_form(request, form, self._settings):
            return page(SIGN_IN_AGAIN, request.headers)
        name = form.get("username", "").strip().lower()
        stored = await in_database(
            self._settings, lambda session: staff.stored_password(session, username=name)
        )
        try:
            account_id = await self._prove(request, stored, form.get("password", ""))
        except attempts.TooManyAttemptsError:
            return page(TOO_MANY, request.headers)
        except staff.WrongPasswordError as error:
            return self._with_form(request, self._sign_in, error)
        return await let_in(request, self._settings, account_id)

    async def choose(self, request: Request) -> Response:
        """Choose the password of the account behind a link, and sign in."""
        form = await read_form(request)
        if not is_our_form(request, form, self._settings):
            return page(SIGN_IN_AGAIN, request.headers)
        token = form.get("token", "")
        try:
            invitation = await self._invitation(token, address_of(request))
            kept = await _hash_of_new(form, invitation.username or "")
            account_id = await in_database(
                self._settings,
                lambda session: staff.set_first_password(session, token=token, password_hash=kept),
            )
        except SignInError as error:
            return page(REFUSALS[type(error)], request.headers)
        except WeakPasswordError as error:
            return self._with_form(request, self._choice_behind(invitation, token), error)
        return await let_in(request, self._settings, account_id)

    async def ask_for_change(self, request: Request) -> Response:
        """Show the form for a new password."""
        caller = await caller_of(request, self._settings)
        if caller is None or caller.account_id is None:
            return page(ONLY_ACCOUNTS if caller else NEED_LINK, request.headers)
        return self._with_form(request, new_password, None)

    async def change(self, request: Request) -> Response:
        """Change one's own password, and sign out everywhere."""
        form, caller = await read_form(request), await caller_of(request, self._settings)
        if not is_our_form(request, form, self._settings):
            return page(SIGN_IN_AGAIN, request.headers)
        if caller is None or caller.account_id is None:
            return page(ONLY_ACCOUNTS if caller else NEED_LINK, request.headers)
        try:
            await self._change(request, caller.account_id, form)
        except attempts.TooManyAttemptsError:
            return page(TOO_MANY, request.headers)
        except (staff.WrongPasswordError, WeakPasswordError) as error:
            return self._with_form(request, new_password, error)
        return page(PASSWORD_CHANGED, request.headers)

    async def _change(self, request: Request, account_id: int, form: Mapping[str, str]) -> None:
        # Counted like signing in: a browser left open is no place to try out passwords either.
        stored = await in_database(
            self._settings,
            lambda session: staff.stored_password_of(session, account_id=account_id),
        )
        await self._prove(request, stored, form.get("current", ""))
        kept = await _hash_of_new(form, stored.username)
        await in_database(
            self._settings,
            lambda session: staff.change_password(
                session, account_id=account_id, password_hash=kept
            ),
        )

    async def _prove(self, request: Request, stored: staff.Stored, password: str) -> int:
        """The account, if this is its password and not too many others were tried before."""
        address, name = address_of(request), stored.username

        def compared() -> bool:
            with session_on(open_database(self._settings.database_url)) as session:
                attempt = attempts.enter(session, kind="password", address=address, name=name)
                is_right = is_password(password, kept=stored.password_hash)
                if is_right:
                    attempts.forget(session, attempt=attempt)
                return is_right

        if not await hashed(compared) or stored.account_id is None:
            raise staff.WrongPasswordError(staff.WRONG)
        return stored.account_id

    async def _invitation(self, token: str, address: str) -> Invitation:
        def look(session: Session) -> Invitation:
            with attempts.attempt_at(session, kind="link", address=address, guess=UnknownLinkError):
                invitation = show_invite(session, token=token)
                if invitation.username is None:
                    raise UnknownLinkError(mark("We do not know this link."))
                return invitation

        return await in_database(self._settings, look)

    def _sign_in(self, *, form_token: str, problem: str) -> Notice:
        return sign_in(form_token=form_token, problem=problem, has_provider=self._has_provider)

    def _choice_behind(self, invitation: Invitation, token: str) -> Callable[..., Notice]:
        return partial(choose_password, invitation, token=token, has_provider=self._has_provider)

    @property
    def _has_provider(self) -> bool:
        return self._settings.oidc_issuer is not None

    def _with_form(
        self, request: Request, notice: Callable[..., Notice], error: PortalError | None
    ) -> Response:
        """A page with a form, with what was wrong the last time."""
        form_token = new_form_token(request, self._settings)
        translate = catalogue(best_language(request.headers.get("accept-language"))).gettext
        made = notice(form_token=form_token, problem=error.worded(translate) if error else "")
        return page_with_form(made, request, self._settings, form_token=form_token)


async def _hash_of_new(form: Mapping[str, str], username: str) -> str:
    """The hash of the password that was typed twice, if it is a good one."""
    password = form.get("new", "")
    if password != form.get("again", ""):
        raise WeakPasswordError(DIFFERENT)
    check_password(password, username=username)
    return await hashed(lambda: hash_password(password))
