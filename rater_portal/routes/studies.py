"""Choosing in which of one's studies to work: a browser works in one at a time."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rater_portal.errors import NotAllowedError
from rater_portal.notices import NEED_LINK, NOT_HERE
from rater_portal.routes.calling import caller_of, in_database
from rater_portal.routes.own_pages import (
    is_our_form,
    new_form_token,
    page,
    page_with_form,
    read_form,
    signed_in,
)
from rater_portal.services.members import memberships
from rater_portal.services.staff import switch_study
from rater_portal.settings import Settings
from rater_portal.staff_notices import ONLY_ACCOUNTS, SIGN_IN_AGAIN, choose_study


class Studies:
    """The routes of the page that lists an account's studies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """All of them, for the application."""
        return [
            Route("/studies", self.ask, methods=["GET"]),
            Route("/studies", self.switch, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Show a button for each study of the account."""
        caller = await caller_of(request, self._settings)
        if caller is None or caller.account_id is None:
            return page(ONLY_ACCOUNTS if caller else NEED_LINK, request.headers)
        account_id = caller.account_id
        own = await in_database(
            self._settings, lambda session: memberships(session, account_id=account_id)
        )
        form_token = new_form_token(request, self._settings)
        notice = choose_study(own, form_token=form_token)
        return page_with_form(notice, request, self._settings, form_token=form_token)

    async def switch(self, request: Request) -> Response:
        """Go on in another study."""
        form, caller = await read_form(request), await caller_of(request, self._settings)
        if not is_our_form(request, form, self._settings):
            return page(SIGN_IN_AGAIN, request.headers)
        if caller is None:
            return page(NEED_LINK, request.headers)
        session_id, study = caller.session_id, form.get("study", "")
        try:
            token = await in_database(
                self._settings,
                lambda session: switch_study(session, session_id=session_id, study=study),
            )
        except NotAllowedError:
            return page(NOT_HERE, request.headers)
        return signed_in(self._settings, token, staff=True)
