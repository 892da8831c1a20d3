"""Who calls a route, and work in the database on the caller's behalf, off the event loop."""

from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rater_portal.database import Session, open_database, session_on
from rater_portal.errors import SignInError
from rater_portal.routes.own_pages import cookie_name, page, signed_in
from rater_portal.services import staff
from rater_portal.services.accounts import Caller, identify
from rater_portal.services.members import memberships
from rater_portal.settings import Settings
from rater_portal.staff_notices import NO_ACCOUNT

T = TypeVar("T")


async def in_database(settings: Settings, work: Callable[[Session], T]) -> T:
    """Do something with a database session, in a thread of its own."""

    def working() -> T:
        with session_on(open_database(settings.database_url)) as session:
            return work(session)

    return await run_in_threadpool(working)


async def caller_of(request: Request, settings: Settings) -> Caller | None:
    """Who is signed in at the browser, if anybody is."""
    cookie = request.cookies.get(cookie_name(settings))
    if cookie is None:
        return None
    try:
        return await in_database(settings, lambda session: identify(session, cookie_token=cookie))
    except SignInError:
        return None


async def let_in(request: Request, settings: Settings, account_id: int) -> Response:
    """Sign a browser in for an account whose owner has just proved who that is."""
    earlier = request.cookies.get(cookie_name(settings))
    try:
        token = await in_database(
            settings,
            lambda session: staff.enter(session, account_id=account_id, replaces=earlier),
        )
    except staff.NoAccountError:
        return page(NO_ACCOUNT, request.headers)
    own = await in_database(settings, lambda session: memberships(session, account_id=account_id))
    return signed_in(settings, token, to="/" if len(own) == 1 else "/studies", staff=True)
