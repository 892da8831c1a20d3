"""The doors that crowd platforms send their people to: a page with a button, and the way in.

What the platform says of a person stays in the address, which the button sends back as it is: no
page repeats it.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rater_portal.database import Session
from rater_portal.errors import SignInError
from rater_portal.language import mark
from rater_portal.notices import FORM_STALE, LINK_UNKNOWN, SYNTHETIC, TOO_MANY, Form, Notice
from rater_portal.routes.calling import in_database
from rater_portal.routes.own_pages import (
    address_of,
    cookie_name,
    is_our_form,
    new_form_token,
    page,
    page_with_form,
    read_form,
    signed_in,
)
from rater_portal.services.attempts import TooManyAttemptsError, attempt_at
from rater_portal.services.entering import (
    ClosedDoorError,
    Doorway,
    FullDoorError,
    StrangeParametersError,
    UnknownDoorError,
    enter,
    show_door,
)
from rater_portal.settings import Settings

BACK: Final = mark(
    "Please go back to the site that sent you: there you can give back your place in this study."
)
NOTHING_STARTED: Final = mark("You have not started anything here, so nothing is lost.")

DOOR_CLOSED: Final = Notice(
    403,
    mark("This study takes nobody new at the moment"),
    (NOTHING_STARTED, BACK),
)
DOOR_FULL: Final = Notice(
    403,
    mark("This study has all the people that it needs"),
    (mark("Thank you for coming."), NOTHING_STARTED, BACK),
)
NOBODY_NAMED: Final = Notice(
    400,
    mark("This link does not say who you are"),
    (
        mark(
            "The site that sent you adds your number to the link. Here it is missing or damaged, "
            "so that we could not tell the site what you have done."
        ),
        mark("Nothing is lost. Please go back to that site and open the study from there again."),
    ),
)
REFUSALS: Final[dict[type[SignInError], Notice]] = {
    UnknownDoorError: LINK_UNKNOWN,
    ClosedDoorError: DOOR_CLOSED,
    FullDoorError: DOOR_FULL,
    StrangeParametersError: NOBODY_NAMED,
    TooManyAttemptsError: TOO_MANY,
}

T = TypeVar("T")


class Panels:
    """The routes of all doors."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """All of them, for the application."""
        return [
            Route("/panel/{token}", self.look, methods=["GET"]),
            Route("/panel/{token}", self.come_in, methods=["POST"]),
        ]

    async def look(self, request: Request) -> Response:
        """Show where the door leads, and the button that opens it."""
        token, said = request.path_params["token"], _said(request)
        try:
            doorway = await self._counted(
                request, lambda session: show_door(session, token=token, parameters=said)
            )
        except SignInError as error:
            return page(REFUSALS[type(error)], request.headers)
        form_token = new_form_token(request, self._settings)
        is_held = cookie_name(self._settings) in request.cookies
        notice = front_of(doorway, form_token=form_token, is_signed_in=is_held)
        return page_with_form(notice, request, self._settings, form_token=form_token)

    async def come_in(self, request: Request) -> Response:
        """Let in whom the address names, and sign this browser in."""
        token, said = request.path_params["token"], _said(request)
        if not is_our_form(request, await read_form(request), self._settings):
            return page(FORM_STALE, request.headers)
        earlier = request.cookies.get(cookie_name(self._settings))
        days = self._settings.session_days
        try:
            cookie = await self._counted(
                request,
                lambda session: enter(
                    session, token=token, parameters=said, valid_days=days, replaces=earlier
                ),
            )
        except SignInError as error:
            return page(REFUSALS[type(error)], request.headers)
        return signed_in(self._settings, cookie)

    async def _counted(self, request: Request, work: Callable[[Session], T]) -> T:
        """Do something that a guessed address must not do often."""

        def counted(session: Session) -> T:
            address = address_of(request)
            with attempt_at(session, kind="panel", address=address, guess=UnknownDoorError):
                return work(session)

        return await in_database(self._settings, counted)


def front_of(doorway: Doorway, *, form_token: str, is_signed_in: bool) -> Notice:
    """The page in front of a door."""
    sentences = [
        mark("You are invited to take part in this study. Your part: {part}."),
        mark("If you have been here before, you go on where you left off."),
        mark(
            "Your number on the site that sent you is kept apart from what you judge, and is in "
            "no result of the study."
        ),
    ]
    if doorway.synthetic:
        sentences.append(SYNTHETIC)
    if is_signed_in:
        sentences.append(
            mark(
                "Somebody is signed in on this device already. If that is not you, starting here "
                "signs that person out."
            )
        )
    return Notice(
        200,
        "{study}",
        tuple(sentences),
        # Without an address of its own the form goes back to the page's, parameters included.
        form=Form("", mark("Start"), {"form_token": form_token}),
        values={"study": doorway.study_title, "part": doorway.group_label},
    )


def _said(request: Request) -> dict[str, str]:
    """The address's parameters; one that is said twice says nothing."""
    pairs = request.query_params.multi_items()
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}
