"""Signing in through an organisation's identity provider, where the settings name one."""

import hmac
import logging
import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rater_portal.database import Session
from rater_portal.errors import SignInError
from rater_portal.notices import NOT_HERE, REFUSALS
from rater_portal.provider import Provider, ProviderAwayError, Ticket, UntrustedAnswerError
from rater_portal.routes.calling import in_database, let_in
from rater_portal.routes.own_pages import address_of, cookie_name, page, redirect
from rater_portal.services.attempts import attempt_at
from rater_portal.services.links import UnknownLinkError
from rater_portal.services.staff import Identity, NoAccountError, account_for
from rater_portal.settings import Settings
from rater_portal.staff_notices import NO_ACCOUNT, NOT_VOUCHED_FOR, PROVIDER_AWAY

BACK: Final = "/signin/provider/back"
TICKET_S: Final = 600
"""How long somebody may take on the provider's pages."""

log = logging.getLogger(__name__)


class Oidc:
    """The way to the provider and back."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._provider = _provider(settings)

    def routes(self) -> list[Route]:
        """All of them, for the application."""
        return [
            Route("/signin/provider", self.leave, methods=["GET"]),
            Route(BACK, self.come_back, methods=["GET"]),
        ]

    async def leave(self, request: Request) -> Response:
        """Send the browser to the provider; an operator's link is kept for the way back."""
        if self._provider is None:
            return page(NOT_HERE, request.headers)
        ticket = Ticket()
        try:
            response: Response = redirect(await self._provider.address_for(ticket))
        except ProviderAwayError as error:
            log.warning("%s", error)
            return page(PROVIDER_AWAY, request.headers)
        response.set_cookie(
            self._cookie,
            f"{ticket.secret}.{request.query_params.get('link', '')[:100]}",
            max_age=TICKET_S,
            secure=self._settings.secure,
            httponly=True,
            # The way back starts on the provider's site.
            samesite="lax",
        )
        return response

    async def come_back(self, request: Request) -> Response:
        """Sign in whom the provider vouches for; a ticket is good for one way back."""
        if self._provider is None:
            return page(NOT_HERE, request.headers)
        response = await self._answer(request, self._provider)
        response.delete_cookie(self._cookie, secure=self._settings.secure, httponly=True)
        return response

    async def _answer(self, request: Request, provider: Provider) -> Response:
        secret, _, link = request.cookies.get(self._cookie, "").partition(".")
        # Without a cookie, a ticket that nobody holds: whatever came back does not fit it.
        ticket = Ticket(secret or secrets.token_urlsafe(32))
        state, code = request.query_params.get("state", ""), request.query_params.get("code", "")
        if not code or not hmac.compare_digest(state.encode(), ticket.state.encode()):
            return page(NOT_VOUCHED_FOR, request.headers)
        try:
            identity = await provider.identity(ticket, code=code)
            account_id = await self._account(identity, link, address_of(request))
        except UntrustedAnswerError as error:
            log.warning("%s", error)
            return page(NOT_VOUCHED_FOR, request.headers)
        except ProviderAwayError as error:
            log.warning("%s", error)
            return page(PROVIDER_AWAY, request.headers)
        except NoAccountError:
            return page(NO_ACCOUNT, request.headers)
        except SignInError as error:
            return page(REFUSALS[type(error)], request.headers)
        return await let_in(request, self._settings, account_id)

    async def _account(self, identity: Identity, link: str, address: str) -> int:
        def find(session: Session) -> int:
            with attempt_at(session, kind="link", address=address, guess=UnknownLinkError):
                return account_for(session, identity=identity, link=link or None)

        return await in_database(self._settings, find)

    @property
    def _cookie(self) -> str:
        return f"{cookie_name(self._settings)}-provider"


def _provider(settings: Settings) -> Provider | None:
    issuer, client_id = settings.oidc_issuer, settings.oidc_client_id
    secret = settings.oidc_client_secret
    if issuer is None or client_id is None or secret is None:
        return None
    return Provider(
        issuer=issuer,
        client_id=client_id,
        client_secret=secret,
        redirect_uri=f"{settings.base_url}{BACK}",
    )
